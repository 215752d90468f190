/** Capture by a column against a simulated database: nothing is lost, whatever commits late and wherever reading stops. */
import { describe, expect, test } from '@jest/globals';
import { chunkTooLarge, createFitting, encodeCursor } from '../../engine/model';
import type { KeysetColumn, KeysetReader, Position, TableRoute } from '../../engine/model';
import { beginAt } from '../../engine/capture/keyset/beginning';
import { readChunk } from '../../engine/capture/keyset/chunk';
import { decodeKeyset } from '../../engine/capture/keyset/position';
import { readWindow } from '../../engine/capture/keyset/window';
import { createMemory } from '../../engine/capture/keyset/memory';
import type { WindowContext } from '../../engine/capture/keyset/window';
import { createRandom } from '../simulation/random';
import { createWorld, LONGEST_MS, pageOf, ROUTE, type StoredRow, type WorldRules } from './world';

const SEEDS = process.env['CDC_LONG'] === '1' ? 20_000 : 200;
/** Within so many something that is wrong must show. */
const MUTATED_SEEDS = 1_500;
const STEPS = 60;

/** What the replica lacks in the end, as text; empty when it is equal. */
async function lossesOf(rules: WorldRules & { readonly lookbackMs?: number }): Promise<string> {
  const world = createWorld(rules);
  const random = createRandom(rules.seed ^ 0x5bd1e995);
  const replica = new Map<number, readonly [number, number]>();
  const contextOf = (): WindowContext => ({
    reader: {
      ...world.reader,
      read(ranges, limit, bytes = null) {
        // Sometimes rows take more memory than they may, where that is limited.
        if (bytes !== null && random.chance(0.1)) throw chunkTooLarge();
        return world.reader.read(ranges, limit);
      },
    },
    memory: createMemory(world.now),
    columnOf: (route) => ({ route, column: 'changed', by: rules.by }),
    lookbackMs: rules.lookbackMs ?? (rules.sight === 'blind' ? LONGEST_MS : null),
    pages: createFitting(),
    ranges: createFitting(),
    now: world.now,
  });
  let context = contextOf();
  for (let count = random.below(20); count > 0; count--) world.step();
  let position: Position = await beginAt(context, [ROUTE]);
  const advance = async (limit: number, isApplied: boolean): Promise<boolean> => {
    const chunk = await readChunk(
      context,
      {
        from: position,
        routes: [ROUTE],
        limit,
        schemaToken: '',
        snapshot: null,
      },
      [ROUTE],
    );
    if (!isApplied) return chunk.more;
    for (const { changes } of chunk.tables) {
      for (const change of changes) {
        if (change.kind === 'delete') continue;
        const [key, value, body] = change.row.map(Number);
        replica.set(key ?? 0, [value ?? 0, body ?? 0]);
      }
    }
    position = chunk.to;
    return chunk.more;
  };
  // The first copy, of a time after the position.
  for (const [key, { value, body }] of world.committed) replica.set(key, [value, body]);
  for (let turn = 0; turn < STEPS; turn++) {
    for (let count = random.below(6); count > 0; count--) world.step();
    if (random.chance(0.1)) context = contextOf();
    // An attempt that fails before its commit has read for nothing.
    await advance(1 + random.below(8), random.chance(0.9));
  }
  world.settle();
  // The window that was begun before, and, by a process that remembers nothing, a whole one.
  while (await advance(5, true));
  context = contextOf();
  while (await advance(5, true));
  return [...world.committed]
    .filter(([key, { value, body }]) => String(replica.get(key)) !== String([value, body]))
    .map(([key]) => String(key))
    .join();
}

const SIGHTS = ['since', 'ids', 'blind'] as const;
const KINDS = [
  { by: 'timestamp', resolution: 1 },
  { by: 'timestamp', resolution: 1_000 },
  { by: 'version', resolution: 1 },
] as const;

describe.each(KINDS)('by a $by of resolution $resolution', (kind) => {
  test.each(SIGHTS)('the replica ends equal where open transactions are told by: %s', async (sight) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const lost = await lossesOf({ seed, ...kind, sight });
      expect({ seed, lost }).toEqual({ seed, lost: '' });
    }
  });

  test('it is noticed when open transactions are hidden', async () => {
    expect(await noticedAt({ ...kind, sight: 'since', isHiding: true })).toBeGreaterThan(0);
  });

  test('it is noticed when transactions take longer than is looked back', async () => {
    expect(await noticedAt({ ...kind, sight: 'blind', lookbackMs: LONGEST_MS / 30 })).toBeGreaterThan(0);
  });
});

/** The first seed with which something is lost; 0 when none is. */
async function noticedAt(
  rules: Omit<WorldRules, 'seed'> & { readonly lookbackMs?: number },
): Promise<number> {
  for (let seed = 1; seed <= MUTATED_SEEDS; seed++) {
    if ((await lossesOf({ ...rules, seed })) !== '') return seed;
  }
  return 0;
}

test('what a look has found is read next, however long reading takes', async () => {
  let clock = 1_000_000;
  const rows: (readonly [number, StoredRow])[] = [[1, { value: 1, body: 0 }]];
  const world = createWorld({ seed: 1, by: 'version', resolution: 1, sight: 'since' });
  let isOpen = true;
  const reader: KeysetReader = {
    ...world.reader,
    look: (columns) => {
      const value = encodeCursor([BigInt(Math.max(...rows.map(([, row]) => row.value)))]);
      const open = isOpen ? [{ id: 'slow', since: 999_000, formerly: null, detached: false }] : [];
      return Promise.resolve({ newest: columns.map(() => ({ value, over: true })), at: clock, open });
    },
    read: (ranges) => {
      clock += 50;
      const sorted = rows.toSorted(([, one], [, other]) => one.value - other.value);
      return Promise.resolve(ranges.map((range) => pageOf(sorted, range, 100, 'version')));
    },
  };
  const now = (): number => clock;
  const columnOf = (route: TableRoute): KeysetColumn => ({ route, column: 'changed', by: 'version' });
  const context = {
    reader,
    memory: createMemory(now),
    columnOf,
    lookbackMs: null,
    pages: createFitting(),
    ranges: createFitting(),
    now,
  };
  let from = await beginAt(context, [ROUTE]);
  const read = async (): Promise<number> => {
    const chunk = await readChunk(
      context,
      { from, routes: [ROUTE], limit: 100, schemaToken: '', snapshot: null },
      [ROUTE],
    );
    from = chunk.to;
    return chunk.changes;
  };
  await read();
  rows.push([3, { value: 6, body: 0 }]);
  clock += 10_000;
  expect(await read()).toBe(1);
  // The transaction that was slow has a lower version than the one that was replicated.
  rows.push([2, { value: 5, body: 0 }]);
  isOpen = false;
  clock += 10_000;
  const position = decodeKeyset(from);
  const looked = await readWindow(context, {
    position,
    routes: [ROUTE],
    limit: 100,
    keep: 100,
    whole: true,
    dry: true,
  });
  expect(looked.passes.flatMap((pass) => pass.changes())).toHaveLength(1);
  expect(await read()).toBe(1);
});
