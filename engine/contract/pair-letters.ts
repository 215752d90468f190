/** Cases: rows are set aside, touched and read again alike, whichever way they travel. */
import assert from 'node:assert/strict';
import { oneRange } from '../model';
import type { ChunkRequest, SetAside, StagedChunk, Tuple } from '../model';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { assertSameTables, move, pairWith, WAYS } from './pair-scene';
import type { Pair, Way } from './pair-scene';
import { first } from './scene';
import { ITEMS, PAIRS } from './tables';

export function pairLetterCases(options: ContractOptions): readonly ContractCase[] {
  return WAYS.flatMap((way) => wayCases(options, way));
}

const ROWS = [
  `INSERT INTO items (id, name, amount) VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3)`,
  `INSERT INTO pairs (note, part, number) VALUES ('x', 'a', 1), ('y', 'b', 1), ('z', 'a', 2)`,
];

function wayCases(options: ContractOptions, way: Way): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, `${name} (${way})`, body);
  return [
    define('a row that the target refuses comes back with the values of the source', async (scene) => {
      const pair = await pairWith(scene, await scene.captured([ITEMS], ROWS.slice(0, 1)), way);
      await copy(pair);
      await pair.targetDatabase.execute(`CREATE UNIQUE INDEX one_amount ON items (amount)`);
      const from = await pair.source.head();
      await pair.database.execute(
        `UPDATE items SET amount = 0 WHERE id = 3`,
        `UPDATE items SET amount = 1, name = 'it''s "new"' WHERE id = 3`,
        `UPDATE items SET amount = NULL WHERE id = 2`,
        `INSERT INTO items (id, name, amount) VALUES (4, NULL, 1), (5, 'five', 5)`,
      );
      const { aside, touched } = await mergeNext(pair, { from }, [[1n], [2n], [3n], [4n], [5n], [6n]]);
      assertEqual(
        aside
          .map(({ column: _, table: __, ...rest }) => rest)
          .sort((a, b) => Number(a.key[0]) - Number(b.key[0])),
        [
          { ...ITEM, key: [3n], row: [3n, 'it\'s "new"', 1n], held: true },
          { ...ITEM, key: [4n], row: [4n, null, 1n], held: false },
        ],
      );
      assertEqual(touched, [false, true, true, true, true, false]);
      const dump = [...(await pair.targetDatabase.dump('items'))].length;
      assert.equal(dump, 4, 'the other rows are there, and what was there stays');
    }),

    define(
      'deletions, new keys and old ones are touched; so is every row of a truncated table',
      async (scene) => {
        const pair = await pairWith(scene, await scene.captured([PAIRS], ROWS.slice(1)), way);
        const { to } = await copy(pair);
        await pair.database.execute(
          `UPDATE pairs SET number = 7 WHERE number = 2`,
          `DELETE FROM pairs WHERE part = 'b'`,
        );
        const keys = [
          [1n, 'a'],
          [1n, 'b'],
          [2n, 'a'],
          [7n, 'a'],
          [7n, 'b'],
        ];
        const next = await mergeNext(pair, { from: to }, keys);
        assertEqual(next.touched, [false, true, true, true, false]);
        await pair.database.execute(`DELETE FROM pairs`);
        const last = await mergeNext(pair, { from: next.chunk.to }, keys);
        assertEqual(last.touched, [true, false, false, true, false]);
        await assertSameTables(pair);
      },
    ),

    define('keys are read again at the end of a window, and made equal', async (scene) => {
      const pair = await pairWith(scene, await scene.captured([PAIRS], ROWS.slice(1)), way);
      const { to } = await copy(pair);
      const again = async (keys: readonly Tuple[], rows: number): Promise<void> => {
        const only = keys.map((key) => pair.source.cursorOf(key));
        const table = first(pair.routes).id;
        const snapshot = oneRange({ table, after: null, replace: true, only }, only.length);
        const { chunk } = await mergeNext(pair, { from: to, snapshot }, []);
        assertEqual(chunk.snapshot, [{ table, rows, cursor: null, finished: true }]);
      };
      await pair.targetDatabase.execute(
        `DELETE FROM pairs WHERE number = 2`,
        `INSERT INTO pairs (note, part, number) VALUES ('stray', 'b', 2), ('stray', 'c', 1)`,
        `UPDATE pairs SET note = 'old' WHERE part = 'a'`,
      );
      await again([[1n, 'a']], 1);
      await again(
        [
          [2n, 'b'],
          [2n, 'a'],
          [7n, 'a'],
        ],
        1,
      );
      assert.equal((await pair.targetDatabase.dump('pairs')).length, 4, 'what was not asked for stays');
      await again([[1n, 'c']], 0);
      await assertSameTables(pair);
    }),

    define('hundreds of keys are read again with the changes of their window', async (scene) => {
      const ids = Array.from({ length: 600 }, (_, place) => place + 1);
      const rows = ids.map((id) => `(${id}, 'n${id}', ${id})`).join(', ');
      const insert = `INSERT INTO items (id, name, amount) VALUES ${rows}`;
      const pair = await pairWith(scene, await scene.captured([ITEMS], [insert]), way);
      const { to } = await copy(pair, 1_000);
      await pair.targetDatabase.execute(
        `DELETE FROM items WHERE id % 3 = 0`,
        `UPDATE items SET name = 'old' WHERE id % 3 = 1`,
        `INSERT INTO items (id, name, amount) VALUES (1001, 'stray', 1), (1002, 'stray', 1)`,
      );
      await pair.database.execute(
        `UPDATE items SET amount = 0 WHERE id % 50 = 0`,
        `DELETE FROM items WHERE id % 70 = 0`,
      );
      const asked = [...ids.slice(0, 499), 1001, 1002].map((id): Tuple => [BigInt(id)]);
      const only = asked.map((key) => pair.source.cursorOf(key));
      const table = first(pair.routes).id;
      const snapshot = oneRange({ table, after: null, replace: true, only }, only.length);
      const { chunk } = await mergeNext(pair, { from: to, snapshot }, []);
      assertEqual(chunk.snapshot, [{ table, rows: 492, cursor: null, finished: true }]);
      const left = ids.slice(499).map((id) => pair.source.cursorOf([BigInt(id)]));
      const rest = oneRange({ table, after: null, replace: true, only: left }, left.length);
      await mergeNext(pair, { from: chunk.to, snapshot: rest }, []);
      await assertSameTables(pair);
    }),
  ];
}

const ITEM = { op: 'upsert', code: 'CONSTRAINT_FAILED', copied: false } as const;

function copy(pair: Pair, limit = 100): ReturnType<typeof move> {
  return move(pair, {
    from: pair.start,
    limit,
    snapshot: { routes: pair.routes, limit, replace: false },
  });
}

/** Merges the next chunk with rows set aside, and asks which of the first table's keys it held. */
async function mergeNext(
  pair: Pair,
  request: Pick<ChunkRequest, 'from'> & Partial<ChunkRequest>,
  keys: readonly Tuple[],
): Promise<{
  readonly chunk: StagedChunk;
  readonly aside: readonly SetAside[];
  readonly touched: readonly boolean[];
}> {
  const { source, target, transfer, routes } = pair;
  const chunk = await transfer.stage({
    routes,
    limit: 100,
    schemaToken: await source.check(request.from, routes),
    snapshot: null,
    ...request,
  });
  const table = first(routes).id;
  return target.transaction(chunk, async (tx) => {
    const aside = await tx.merge(chunk, { setAside: [table] });
    return { chunk, aside, touched: await tx.touched(chunk, table, keys) };
  });
}
