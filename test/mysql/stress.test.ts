/** Many writers, one reader: nothing lost, nothing twice, each row's changes in their order. And a reader who would. */
import { expect, test } from '@jest/globals';
import { own } from '../../engine/adapters/mysql/database';
import { decodePosition, encodePosition } from '../../engine/adapters/mysql/capture/position';
import { applyChanges, assertSameRows, emptyReplica } from '../../engine/contract/replay';
import type { Position, RowChunk, Source, TableRoute } from '../../engine/model';
import { captureMysql } from '../support/mysql-captured';
import { describeServers, select } from '../support/mysql';
import { runWriters, STRESS_TABLES } from '../support/mysql-writers';

const LONG = process.env['CDC_LONG'] === '1';
const WRITE_MS = LONG ? 75_000 : 6_000;
const WRITERS = LONG ? 10 : 6;

async function readOn(source: Source, routes: readonly TableRoute[], from: Position): Promise<RowChunk> {
  const schemaToken = await source.check(from, routes);
  return source.read({ from, routes, limit: 500, schemaToken, snapshot: null });
}

/** What a reader does who takes the greatest id for all that was committed. */
function withoutGaps(position: Position): Position {
  const { tables, ...rest } = decodePosition(position);
  return encodePosition({
    ...rest,
    tables: new Map([...tables].map(([id, table]) => [id, { ...table, gaps: [] }])),
  });
}

function gapsOf(position: Position): readonly unknown[] {
  return [...decodePosition(position).tables.values()].flatMap((table) => table.gaps);
}

describeServers('Windows while many write', (server) => {
  const play = async (take: (position: Position) => Position, longest: number) => {
    const { database, client, source, start, routes, end } = await captureMysql(server(), STRESS_TABLES);
    try {
      const all = await routes();
      const replica = emptyReplica(all);
      const writers = { over: false };
      const stopAt = Date.now() + WRITE_MS;
      const writing = runWriters(database, {
        writers: WRITERS,
        until: () => Date.now() > stopAt,
        longest,
        seed: 1,
      }).finally(() => (writers.over = true));
      writing.catch(() => undefined);
      let position = start;
      let changes = 0;
      let chunks = 0;
      const disorder: string[] = [];
      for (;;) {
        const wasOver = writers.over;
        const chunk = await readOn(source, all, position);
        disorder.push(...outOfOrder(replica, all, chunk));
        applyChanges(replica, all, chunk);
        changes += chunk.changes;
        chunks += 1;
        position = take(chunk.to);
        if (wasOver && !chunk.more && chunk.changes === 0) break;
      }
      await writing;
      let gaps = gapsOf(position);
      // Once all transactions are over, what is missing is proven dead by the next fences.
      for (let look = 0; gaps.length > 0 && look < 100; look++) {
        const chunk = await readOn(source, all, position);
        position = chunk.to;
        gaps = gapsOf(position);
      }
      const stored = await Promise.all(
        all.map(async ({ source: table }) => {
          const name = own({ ownDatabase: database.name }, `_cdc_changes_${table.name.name}`);
          return Number((await select(client, `SELECT COUNT(*) FROM ${name}`))[0]?.[0]);
        }),
      );
      if (take !== withoutGaps) await assertSameRows(source, all, replica);
      return { read: changes, stored: stored.reduce((sum, n) => sum + n, 0), gaps, disorder, chunks };
    } finally {
      await end();
    }
  };

  test('a reader who keeps the missing ids reads each change once, in the order of its row', async () => {
    const { read, stored, gaps, disorder, chunks } = await play((position) => position, 400);
    expect(disorder).toEqual([]);
    expect(read).toBe(stored);
    expect(gaps).toEqual([]);
    expect(chunks).toBeGreaterThan(10);
  });

  test('a reader who keeps the greatest id alone loses changes under the same writers', async () => {
    const { read, stored } = await play(withoutGaps, 400);
    expect(read).toBeLessThan(stored);
  });
});

/**
 * Updates that do not follow on what is known of their row: `n` counts them. Rows whose key was changed are read again,
 * and so are ahead of their log for a while: accounts never are.
 */
function outOfOrder(
  replica: ReadonlyMap<string, ReadonlyMap<string, readonly unknown[]>>,
  routes: readonly TableRoute[],
  chunk: RowChunk,
): readonly string[] {
  const found: string[] = [];
  for (const { table, changes } of chunk.tables) {
    const route = routes.find(({ id }) => id === table);
    if (route?.id !== 'accounts') continue;
    const place = route.columns.indexOf('n');
    const seen = new Map<string, bigint | null>();
    const before = (identity: string, row: readonly unknown[]): unknown => {
      if (seen.has(identity)) return seen.get(identity);
      const key = route.key.map((name) => row[route.columns.indexOf(name)]);
      const known = [...(replica.get(table)?.values() ?? [])].find((candidate) =>
        route.key.every((name, index) => candidate[route.columns.indexOf(name)] === key[index]),
      );
      return known?.[place] ?? null;
    };
    for (const change of changes) {
      if (change.kind === 'delete') {
        seen.set(change.identity, null);
        continue;
      }
      const n = change.row[place];
      const was = before(change.identity, change.row);
      if (change.op === 'update' && typeof n === 'bigint' && was !== n - 1n && was !== n) {
        found.push(`${table} ${change.identity}: ${String(was)} then ${String(n)}`);
      }
      seen.set(change.identity, typeof n === 'bigint' ? n : null);
    }
  }
  return found;
}
