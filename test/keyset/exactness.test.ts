/** Capture by a column against a simulated database: nothing is lost, whatever commits late and wherever reading stops. */
import { describe, expect, test } from '@jest/globals';
import type { Position } from '../../engine/model';
import { beginAt } from '../../engine/capture/keyset/beginning';
import { readChunk } from '../../engine/capture/keyset/chunk';
import { createMemory } from '../../engine/capture/keyset/memory';
import type { WindowContext } from '../../engine/capture/keyset/window';
import { createRandom } from '../simulation/random';
import { createWorld, LONGEST_MS, ROUTE, type WorldRules } from './world';

const SEEDS = process.env['CDC_LONG'] === '1' ? 20_000 : 400;
/** Within so many something that is wrong must show. */
const MUTATED_SEEDS = 1_500;
const STEPS = 60;

/** What the replica lacks in the end, as text; empty when it is equal. */
async function lossesOf(rules: WorldRules & { readonly lookbackMs?: number }): Promise<string> {
  const world = createWorld(rules);
  const random = createRandom(rules.seed ^ 0x5bd1e995);
  const replica = new Map<number, readonly [number, number]>();
  const contextOf = (): WindowContext => ({
    reader: world.reader,
    memory: createMemory(world.now),
    columnOf: (route) => ({ route, column: 'changed', by: rules.by }),
    lookbackMs: rules.lookbackMs ?? (rules.sight === 'blind' ? LONGEST_MS : null),
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
