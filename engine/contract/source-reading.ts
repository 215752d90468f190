/** Cases: windows read in chunks of any size come to the same. */
import assert from 'node:assert/strict';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { assertSameRows, readChunk, replay } from './replay';
import { first, rejection } from './scene';
import { ACCOUNTS, ITEMS, PAIRS, WORDS } from './tables';

/** 14 changes of three tables, with keys deleted, made again and renamed. */
const STORY = [
  `INSERT INTO items (id, name, amount) VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3)`,
  `INSERT INTO words (word, meaning) VALUES ('up', 'not down'), ('in', 'not out')`,
  `UPDATE items SET amount = 10 WHERE id = 1`,
  `DELETE FROM items WHERE id = 2`,
  `INSERT INTO accounts (id, email, owner) VALUES (1, 'a', 'x'), (2, 'b', 'y')`,
  `UPDATE words SET word = 'on' WHERE word = 'in'`,
  `INSERT INTO items (id, name, amount) VALUES (2, 'again', 20)`,
  `DELETE FROM accounts WHERE id = 1`,
  `UPDATE accounts SET email = 'a' WHERE id = 2`,
];
const STORY_CHANGES = 14;

export function sourceReadingCases(options: ContractOptions): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, name, body);
  return [
    define('chunks of every size from one on come to the rows that the source has', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS, WORDS, ACCOUNTS]);
      await database.execute(...STORY);
      for (let limit = 1; limit <= STORY_CHANGES + 1; limit++) {
        const { chunks, replica } = await replay(source, routes, start, limit);
        const changes = chunks.reduce((sum, chunk) => sum + chunk.changes, 0);
        assert.equal(changes, STORY_CHANGES, `chunks of ${limit}`);
        const counted = chunks
          .flatMap((chunk) => chunk.counts)
          .reduce((sum, count) => sum + count.inserted + count.updated + count.deleted, 0);
        assert.equal(counted, STORY_CHANGES, `counts in chunks of ${limit}`);
        await assertSameRows(source, routes, replica);
      }
    }),

    define('a chunk read again is the same chunk', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS, WORDS, ACCOUNTS]);
      await database.execute(...STORY);
      const once = await readChunk(source, routes, start, 5);
      const again = await readChunk(source, routes, start, 5);
      assertEqual(again, once);
    }),

    define(
      'the end of a window covers what was committed before, whatever limit led there',
      async (scene) => {
        const { database, source, routes, start } = await scene.captured([ITEMS, WORDS, ACCOUNTS]);
        await database.execute(...STORY);
        const head = await source.head();
        for (const limit of [3, 100]) {
          const { to } = await replay(source, routes, start, limit);
          assert.equal(await source.covers(to, head), true);
          assert.equal((await source.pending(to, routes, 10)).count, 0);
        }
      },
    ),

    define('changes of tables that were not asked for are passed over', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS, WORDS, ACCOUNTS]);
      await database.execute(...STORY);
      const asked = routes.filter((route) => route.source.name.name === 'words');
      const { chunks, replica, to } = await replay(source, asked, start, 2);
      assertEqual(
        [...new Set(chunks.flatMap((chunk) => chunk.counts.map((count) => count.table)))],
        [first(asked).id],
      );
      await assertSameRows(source, asked, replica);
      assert.equal(await source.covers(to, await source.head()), true);
    }),

    define('an empty window is an empty chunk at its end', async (scene) => {
      const { source, routes, start } = await scene.captured([ITEMS]);
      const chunk = await readChunk(source, routes, start, 10);
      assert.equal(chunk.changes, 0);
      assert.equal(chunk.more, false);
      assertEqual([chunk.counts, chunk.tables], [[], []]);
      assertEqual([chunk.oldestChangedAt, chunk.newestChangedAt], [null, null]);
      assert.equal(await source.covers(chunk.to, start), true);
    }),

    define('routes with fewer columns get the values of these columns', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ACCOUNTS]);
      await database.execute(`INSERT INTO accounts (id, email, owner) VALUES (1, 'a', 'x')`);
      const narrow = routes.map((route) => ({ ...route, columns: ['id', 'owner'] }));
      const { chunks } = await replay(source, narrow, start, 10);
      const change = chunks[0]?.tables[0]?.changes[0];
      assertEqual(change?.kind === 'upsert' ? change.row : change, [1n, 'x']);
    }),

    define('pending counts exactly up to its limit, and knows the oldest change', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS, WORDS, ACCOUNTS]);
      const nothing = await source.pending(start, routes, 100);
      assertEqual(nothing, { count: 0, oldestChangedAt: null });
      await database.execute(...STORY);
      const all = await source.pending(start, routes, 100);
      assert.equal(all.count, STORY_CHANGES);
      const chunk = await readChunk(source, routes, start, 100);
      assert.equal(all.oldestChangedAt, chunk.oldestChangedAt);
      assert.equal((await source.pending(start, routes, 3)).count, 3);
    }),

    define(
      'a chunk is refused with SCHEMA_MOVED when a table has changed since it was checked',
      async (scene) => {
        const { database, source, routes, start } = await scene.captured([ITEMS]);
        const schemaToken = await source.check(start, routes);
        await database.execute(`ALTER TABLE items ADD COLUMN extra INTEGER`);
        const request = { from: start, routes, limit: 10, schemaToken, snapshot: null };
        await rejection(source.read(request), 'SCHEMA_MOVED');
      },
    ),

    define('rows are read by a list of their keys, as by a range', async (scene) => {
      const { database, source, routes } = await scene.captured([PAIRS]);
      await database.execute(
        `INSERT INTO pairs (note, part, number) VALUES ('v', 'a', 1), ('w', 'b', 1), ('x', 'a', 2), ('y', 'b', 2)`,
      );
      const { source: table, columns, key } = first(routes);
      const request = { table: table.name, columns, key, after: null, upTo: null, limit: null };
      const { rows } = await source.scan(request);
      const keys = [
        [2n, 'b'],
        [1n, 'a'],
        [9n, 'z'],
      ].map((values) => source.cursorOf(values));
      assertEqual((await source.scan({ ...request, keys })).rows, [rows[0], rows[3]]);
      assertEqual((await source.scan({ ...request, keys: [] })).rows, []);
    }),
  ];
}
