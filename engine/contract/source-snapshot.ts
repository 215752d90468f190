/** Cases: existing rows are read in ranges that agree with the window they are read with. */
import assert from 'node:assert/strict';
import { oneRange } from '../model';
import type { Cursor, RowChunk, SnapshotRange, SnapshotRequest, Source, TableRoute } from '../model';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { copyAfter } from './pair-scene';
import {
  applyChanges,
  assertSameRows,
  describeTuple,
  emptyReplica,
  keyOf,
  readChunk,
  replay,
  rowsOf,
} from './replay';
import type { Replica } from './replay';
import { first } from './scene';
import { ITEMS, PAIRS, WORDS } from './tables';

function insertItems(from: number, to: number): string {
  const rows = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  return `INSERT INTO items (id, name, amount) VALUES ${rows.map((n) => `(${n}, 'n${n}', ${n})`).join(', ')}`;
}

export function sourceSnapshotCases(options: ContractOptions): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, name, body);
  return [
    define('ranges of every size together hold each row once, in the order of the key', async (scene) => {
      const { source, routes, start } = await scene.captured([ITEMS], [insertItems(1, 7)]);
      for (let limit = 1; limit <= 8; limit++) {
        const ranges = await copy(source, first(routes), start, limit);
        const keys = ranges.flatMap((chunk) => rangeOf(chunk).rows.map((row) => row[0]));
        assertEqual(keys, [1n, 2n, 3n, 4n, 5n, 6n, 7n], `ranges of ${limit}`);
      }
    }),

    define('ranges follow a key of several columns, of which the first repeats', async (scene) => {
      const rows = [1, 2, 3].flatMap((n) => ['a', 'b', 'c'].map((part) => `('x', '${part}', ${n})`));
      const { source, routes, start } = await scene.captured(
        [PAIRS],
        [`INSERT INTO pairs (note, part, number) VALUES ${rows.join(', ')}`],
      );
      for (const limit of [1, 2, 4, 9]) await assertCopied(source, first(routes), start, limit);
    }),

    define('ranges follow a key of text', async (scene) => {
      const words = ['b', 'a', 'B', 'aa', 'Z', 'z', '1', 'a b', '_'];
      const { source, routes, start } = await scene.captured(
        [WORDS],
        [`INSERT INTO words (word, meaning) VALUES ${words.map((word) => `('${word}', 'm')`).join(', ')}`],
      );
      for (const limit of [1, 2, 4, 9]) await assertCopied(source, first(routes), start, limit);
    }),

    define('the snapshot of an empty table is finished at once', async (scene) => {
      const { source, routes, start } = await scene.captured([ITEMS]);
      const [only, ...more] = await copy(source, first(routes), start, 5);
      assertEqual(more, []);
      assertEqual(only?.snapshot, [{ table: first(routes).id, rows: 0, cursor: null, finished: true }]);
      assertEqual(
        only?.ranges.map(({ upTo }) => upTo),
        [null],
      );
    }),

    define('a range is left for later when its chunk does not reach the end of the window', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS], [insertItems(1, 3)]);
      await database.execute(insertItems(4, 6));
      const snapshot = oneRange({ table: first(routes).id, after: null, replace: false }, 10);
      const early = await readChunk(source, routes, start, 2, snapshot);
      assert.equal(early.more, true);
      assertEqual([early.snapshot, early.ranges], [[], []]);
      const late = await readChunk(source, routes, early.to, 10, snapshot);
      assert.equal(late.more, false);
      assertEqual(
        late.snapshot.map(({ rows }) => rows),
        [6],
      );
    }),

    define('the bounds of a range follow on each other', async (scene) => {
      const { source, routes, start } = await scene.captured([ITEMS], [insertItems(1, 5)]);
      const ranges = await copy(source, first(routes), start, 2);
      let after: Cursor | null = null;
      for (const chunk of ranges) {
        const range = rangeOf(chunk);
        assert.equal(range.after, after);
        assertEqual(
          chunk.snapshot.map(({ finished, cursor }) => (finished ? null : cursor)),
          [range.upTo],
        );
        after = range.upTo;
      }
    }),

    define('ranges of several tables come in one chunk, and share its rows', async (scene) => {
      const pairs = [1, 2, 3, 4, 5].map((number) => `('n', 'p', ${number})`);
      const { source, routes, start } = await scene.captured(
        [ITEMS, PAIRS, WORDS],
        [
          insertItems(1, 9),
          `INSERT INTO words (word, meaning) VALUES ('a', 'b')`,
          `INSERT INTO pairs (note, part, number) VALUES ${pairs.join(', ')}`,
        ],
      );
      const [items, pair, word] = ['items', 'pairs', 'words'].map(
        (name) => first(routes.filter(({ source: table }) => table.name.name === name)).id,
      );
      assert.ok(items !== undefined && pair !== undefined && word !== undefined);
      const ranges = [items, word, pair].map((table) => ({ table, after: null, replace: false }));
      const rowsIn = async (snapshot: SnapshotRequest) =>
        (await readChunk(source, routes, start, 10, snapshot)).snapshot.map(
          ({ table, rows, finished }) => [table, rows, finished] as const,
        );
      assertEqual(await rowsIn({ ranges, limit: 6, atOnce: 2 }), [
        [items, 3, false],
        [word, 1, true],
        [pair, 2, false],
      ]);
      assertEqual(await rowsIn({ ranges, limit: 100, atOnce: 1 }), [
        [items, 9, true],
        [word, 1, true],
        [pair, 5, true],
      ]);
      assertEqual(await rowsIn({ ranges, limit: 3, atOnce: 1 }), [[items, 3, false]]);
      assertEqual(await rowsIn({ ranges, limit: 1, atOnce: 3 }), [[items, 1, false]]);
      const replica = emptyReplica(routes);
      let copying: SnapshotRequest | null = { ranges, limit: 4, atOnce: 3 };
      while (copying !== null) {
        const chunk: RowChunk = await readChunk(source, routes, start, 10, copying);
        assert.ok(chunk.snapshot.reduce((sum, { rows }) => sum + rows, 0) <= 4, 'no more rows than asked');
        applyRanges(replica, routes, chunk);
        copying = copyAfter(copying, chunk);
      }
      await assertSameRows(source, routes, replica);
    }),

    define('rows of single keys are read as a range of their own, each once', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS], [insertItems(1, 700)]);
      const { id: table } = first(routes);
      await database.execute(`DELETE FROM items WHERE id = 5`, `UPDATE items SET name = 'new' WHERE id = 6`);
      const read = async (keys: readonly number[]): Promise<RowChunk> => {
        const only = keys.map((key) => source.cursorOf([BigInt(key)]));
        const snapshot = oneRange({ table, after: null, replace: true, only }, Math.max(1, only.length));
        return readChunk(source, routes, start, 10, snapshot);
      };
      const few = await read([7, 5, 6, 9_999, 6]);
      const range = rangeOf(few);
      assertEqual(range.rows, [
        [6n, 'new', 6n],
        [7n, 'n7', 7n],
      ]);
      assertEqual([range.after, range.upTo, range.only?.length], [null, null, 5]);
      assertEqual(few.snapshot, [{ table, rows: 2, cursor: null, finished: true }]);
      const many = await read(Array.from({ length: 510 }, (_, place) => 101 + place));
      assert.equal(rangeOf(many).rows.length, 510);
      assert.equal(rangeOf(await read([])).rows.length, 0);
    }),

    define('rows and window agree while another connection writes', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS], [insertItems(1, 40)]);
      const route = first(routes);
      const connection = await scene.connect(database);
      let writing = true;
      const writer = (async () => {
        for (let n = 1; n <= 60; n++) {
          await connection.execute('BEGIN');
          await connection.execute(`UPDATE items SET amount = amount + 1 WHERE id % 5 = ${n % 5}`);
          await connection.execute(`DELETE FROM items WHERE id = ${((n * 7) % 40) + 1}`);
          await connection.execute(insertItems(100 + n, 100 + n));
          await connection.execute('COMMIT');
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
        writing = false;
      })();
      const replica = emptyReplica(routes);
      let to = start;
      let snapshot: SnapshotRequest | null = oneRange({ table: route.id, after: null, replace: false }, 3);
      try {
        while (snapshot !== null) {
          const chunk: RowChunk = await readChunk(source, routes, to, 50, snapshot);
          applyChanges(replica, routes, chunk);
          applyRanges(replica, routes, chunk);
          to = chunk.to;
          snapshot = copyAfter(snapshot, chunk);
        }
      } finally {
        await writer;
      }
      assert.equal(writing, false);
      await replay(source, routes, to, 50, replica);
      await assertSameRows(source, routes, replica);
    }),
  ];
}

/** Reads a whole table in ranges. */
async function copy(
  source: Source,
  route: TableRoute,
  from: Parameters<typeof readChunk>[2],
  limit: number,
): Promise<readonly RowChunk[]> {
  const chunks: RowChunk[] = [];
  let after: Cursor | null = null;
  for (;;) {
    const snapshot = oneRange({ table: route.id, after, replace: false }, limit);
    const chunk: RowChunk = await readChunk(source, [route], from, 100, snapshot);
    chunks.push(chunk);
    const [done] = chunk.snapshot;
    assert.ok(done, 'a chunk at the end of its window has the range that was asked for');
    assert.equal(done.rows, rangeOf(chunk).rows.length);
    assert.ok(done.rows <= limit, 'a range holds no more rows than asked');
    if (done.finished) return chunks;
    after = done.cursor;
    assert.ok(after !== null && chunks.length < 1000, 'copying comes to an end');
  }
}

/** Asserts that ranges of this size hold what the table holds, each row once. */
async function assertCopied(
  source: Source,
  route: TableRoute,
  from: Parameters<typeof readChunk>[2],
  limit: number,
): Promise<void> {
  const replica = emptyReplica([route]);
  let rows = 0;
  for (const chunk of await copy(source, route, from, limit)) {
    rows += rangeOf(chunk).rows.length;
    applyRanges(replica, [route], chunk);
  }
  assert.equal(rows, rowsOf(replica, route.id).size, 'no row comes twice');
  await assertSameRows(source, [route], replica);
}

/** The only range of a chunk. */
function rangeOf({ ranges }: RowChunk): SnapshotRange {
  const [range, ...others] = ranges;
  assert.ok(range !== undefined && others.length === 0, 'a chunk with one range');
  return range;
}

function applyRanges(replica: Replica, routes: readonly TableRoute[], chunk: RowChunk): void {
  for (const { table, rows } of chunk.ranges) {
    const route = routes.find(({ id }) => id === table);
    assert.ok(route, `ranges are of asked tables only, not ${table}`);
    for (const row of rows) rowsOf(replica, table).set(describeTuple(keyOf(route, row)), row);
  }
}
