/** Cases: what happens to rows is captured once each, in order, with before and after values. */
import assert from 'node:assert/strict';
import type { Change, Source, TableRoute } from '../model';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { assertSameRows, currentRows, replay } from './replay';
import { first } from './scene';
import { ITEMS, PAIRS } from './tables';

/** Everything captured of a table, oldest first. */
export function history(source: Source, route: TableRoute): Promise<readonly Change[]> {
  const everything = { after: null, afterId: null, appliedUpTo: null, newest: false };
  return source.changes({ route, ...everything, limit: 1000 });
}

const ONE = `INSERT INTO items (id, name, amount) VALUES (1, 'one', 10)`;

export function sourceChangeCases(options: ContractOptions): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, name, body);
  return [
    define('an insert, an update and a delete are captured once each and in order', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS]);
      await database.execute(
        ONE,
        `UPDATE items SET name = 'uno' WHERE id = 1`,
        `DELETE FROM items WHERE id = 1`,
      );
      const changes = await history(source, first(routes));
      assertEqual(
        changes.map((change) => [change.table, change.op, change.key]),
        ['insert', 'update', 'delete'].map((op) => [first(routes).id, op, { id: 1n }]),
      );
      const chunk = first((await replay(source, routes, start, 100)).chunks);
      assert.equal(chunk.changes, 3);
      assertEqual(chunk.counts, [{ table: first(routes).id, inserted: 1, updated: 1, deleted: 1 }]);
    }),

    define('changes have the row before and after them', async (scene) => {
      const { database, source, routes } = await scene.captured([ITEMS]);
      await database.execute(
        ONE,
        `UPDATE items SET name = NULL, amount = 11 WHERE id = 1`,
        `DELETE FROM items WHERE id = 1`,
      );
      const images = (await history(source, first(routes))).map(({ before, after }) => ({ before, after }));
      const inserted = { id: 1n, name: 'one', amount: 10n };
      const updated = { id: 1n, name: null, amount: 11n };
      assertEqual(images, [
        { before: null, after: inserted },
        { before: inserted, after: updated },
        { before: updated, after: null },
      ]);
    }),

    define('changes have the time of their statement', async (scene) => {
      const earliest = Date.now();
      const { database, source, routes, start } = await scene.captured([ITEMS]);
      await database.execute(ONE, `DELETE FROM items WHERE id = 1`);
      const latest = Date.now();
      // A database's clock may be on another machine, and a statement's time may be rounded.
      const slack = 5_000;
      const chunk = first((await replay(source, routes, start, 100)).chunks);
      const times = (await history(source, first(routes))).map((change) => change.changedAt);
      for (const time of [chunk.oldestChangedAt, chunk.newestChangedAt, ...times]) {
        assert.ok(time !== null && time >= earliest - slack && time <= latest + slack, String(time));
      }
      assert.ok((chunk.oldestChangedAt ?? 0) <= (chunk.newestChangedAt ?? 0));
    }),

    define('a key update is captured as delete of the old and insert of the new key', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS], [ONE]);
      const before = await currentRows(source, routes);
      await database.execute(`UPDATE items SET id = 2 WHERE id = 1`);
      const changes = await history(source, first(routes));
      assertEqual(
        changes.map(({ op, key }) => [op, key]),
        [
          ['delete', { id: 1n }],
          ['insert', { id: 2n }],
        ],
      );
      await replay(source, routes, start, 1, before);
      await assertSameRows(source, routes, before);
    }),

    define('an update of all keys at once ends with the rows that the source has', async (scene) => {
      const rows = [1, 2, 3].map((n) => `INSERT INTO items (id, name, amount) VALUES (${n}, 'n${n}', ${n})`);
      const { database, source, routes, start } = await scene.captured([ITEMS], rows);
      const replica = await currentRows(source, routes);
      await database.execute(`UPDATE items SET id = id + 10`, `UPDATE items SET id = id + 1 WHERE id > 12`);
      await replay(source, routes, start, 100, replica);
      await assertSameRows(source, routes, replica);
    }),

    define('a row deleted and inserted again ends as the last one', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS], [ONE]);
      const replica = await currentRows(source, routes);
      const connection = await scene.connect(database);
      await connection.execute('BEGIN');
      await connection.execute(`DELETE FROM items WHERE id = 1`);
      await connection.execute(`INSERT INTO items (id, name, amount) VALUES (1, 'again', 1)`);
      await connection.execute('COMMIT');
      await replay(source, routes, start, 1, replica);
      await assertSameRows(source, routes, replica);
    }),

    define('a key of several columns is captured in its own order', async (scene) => {
      const { database, source, routes, start } = await scene.captured([PAIRS]);
      await database.execute(
        `INSERT INTO pairs (note, part, number) VALUES ('x', 'a', 1), ('y', 'a', 2), ('z', 'b', 1)`,
        `UPDATE pairs SET note = 'new' WHERE part = 'a' AND number = 2`,
        `UPDATE pairs SET part = 'c' WHERE part = 'b' AND number = 1`,
        `DELETE FROM pairs WHERE part = 'a' AND number = 1`,
      );
      const deleted = (await history(source, first(routes))).findLast((change) => change.op === 'delete');
      assertEqual(Object.entries(deleted?.key ?? {}).sort(), [
        ['number', 1n],
        ['part', 'a'],
      ]);
      const { replica } = await replay(source, routes, start, 2);
      await assertSameRows(source, routes, replica);
    }),

    define('a statement without rows leaves nothing', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS]);
      await database.execute(`UPDATE items SET amount = 0`, `DELETE FROM items WHERE id = 1`);
      assertEqual(await history(source, first(routes)), []);
      assert.equal((await source.pending(start, routes, 10)).count, 0);
    }),

    define('pages of changes join without a gap, and the newest are found from the end', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS]);
      await database.execute(
        ...[1, 2, 3, 4, 5].map((n) => `INSERT INTO items (id, name, amount) VALUES (${n}, 'n', ${n})`),
      );
      const route = first(routes);
      const ids = (changes: readonly Change[]) => changes.map((change) => change.key['id']);
      const asked = { route, after: null, afterId: null, appliedUpTo: null, limit: 2, newest: false };
      const page = await source.changes(asked);
      assertEqual(ids(page), [1n, 2n]);
      const next = await source.changes({ ...asked, afterId: page[1]?.id ?? null, limit: 10 });
      assertEqual(ids(next), [3n, 4n, 5n]);
      assertEqual(ids(await source.changes({ ...asked, newest: true })), [4n, 5n]);

      const { to } = await source.read({
        from: start,
        routes,
        limit: 3,
        schemaToken: await source.check(start, routes),
        snapshot: null,
      });
      const synced = (await source.changes({ ...asked, limit: 10, appliedUpTo: to })).map((c) => c.synced);
      assertEqual(synced, [true, true, true, false, false]);
      assertEqual(ids(await source.changes({ ...asked, limit: 10, after: to })), [4n, 5n]);
    }),
  ];
}
