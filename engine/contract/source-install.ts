/** Cases: capture comes and goes without a trace. */
import assert from 'node:assert/strict';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { assertSameRows, replay } from './replay';
import { CONSUMER, first, installFor, routesOf } from './scene';
import { ITEMS, WORDS } from './tables';

const OTHER = { uuid: 'other-consumer', name: 'other' };
const ONE = `INSERT INTO items (id, name, amount) VALUES (1, 'one', 10)`;
const WORD = `INSERT INTO words (word, meaning) VALUES ('up', 'not down')`;

export function sourceInstallCases(options: ContractOptions): readonly ContractCase[] {
  const { fixture } = options;
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, name, body);
  return [
    define('planning capture and opening a source write nothing', async (scene) => {
      const database = await scene.database();
      await database.execute(...fixture.createTable(ITEMS));
      const before = await database.objects();
      const source = await scene.source(database);
      const schemas = (await routesOf(source, [ITEMS])).map((route) => route.source);
      const steps = await source.planCapture(schemas);
      assert.ok(steps.length > 0);
      assert.ok(steps.every((step) => step.on === 'source' && step.sql !== ''));
      await source.notices(schemas);
      assertEqual(await database.objects(), before);
    }),

    define('installing twice changes nothing and loses nothing', async (scene) => {
      const { database, source, routes, consumer, start } = await scene.captured([ITEMS, WORDS]);
      await database.execute(ONE, WORD);
      const schemas = routes.map((route) => route.source);
      assertEqual(await source.planCapture(schemas), []);
      const before = await database.objects();
      const again = await installFor(source, routes);
      assertEqual([again.uuid, again.position, again.seq], [consumer.uuid, start, 0]);
      assertEqual(await database.objects(), before);
      const { replica } = await replay(source, routes, start, 10);
      await assertSameRows(source, routes, replica);
    }),

    define('our own objects are not listed among the tables', async (scene) => {
      const { source } = await scene.captured([ITEMS, WORDS]);
      const names = (await source.tables()).map((table) => table.name.name).sort();
      assertEqual(names, ['items', 'words']);
    }),

    define('a source keeps its identity, and no two have the same', async (scene) => {
      const one = await scene.captured([ITEMS]);
      const two = await scene.captured([ITEMS]);
      const id = await one.source.sourceId();
      assert.ok(id !== null && id !== '');
      assert.notEqual(await two.source.sourceId(), id);
      await installFor(one.source, one.routes, OTHER);
      assert.equal(await one.source.sourceId(), id);
      assert.equal(await (await scene.source(one.database)).sourceId(), id);
    }),

    define('a table added later is captured from then on, the others without a break', async (scene) => {
      const { database, source, routes, consumer, start } = await scene.captured([ITEMS]);
      await database.execute(ONE, ...fixture.createTable(WORDS));
      const both = await routesOf(source, [ITEMS, WORDS]);
      const { position } = await installFor(source, both);
      assert.equal(position, consumer.position);
      const from = await source.head();
      await database.execute(WORD);
      await source.check(start, routes);
      const earlier = await replay(source, routes, start, 10);
      await assertSameRows(source, routes, earlier.replica);
      const words = both.slice(1);
      const later = await replay(source, words, from, 10);
      await assertSameRows(source, words, later.replica);
    }),

    define('a table that a consumer no longer names is not captured for it', async (scene) => {
      const { database, source, routes } = await scene.captured([ITEMS, WORDS]);
      const items = routes.slice(0, 1);
      const { tables } = await installFor(source, items);
      assertEqual(tables, [first(items).id]);
      await database.execute(WORD);
      const stored = await source.figures(routes);
      assert.equal(stored.find((entry) => entry.table !== first(items).id)?.stored ?? 0, 0);
    }),

    define('uninstalling the last consumer leaves nothing behind', async (scene) => {
      const database = await scene.database();
      await database.execute(...fixture.createTable(ITEMS), ...fixture.createTable(WORDS), ONE);
      const before = await database.objects();
      const source = await scene.source(database);
      const routes = await routesOf(source, [ITEMS, WORDS]);
      const { uuid } = await installFor(source, routes);
      await database.execute(WORD);
      await source.uninstall(uuid);
      assertEqual(await database.objects(), before);
      await database.execute(`UPDATE items SET amount = 0`, `DELETE FROM words`);
      assert.equal(await source.sourceId(), null);
      await source.uninstall(uuid);
      assertEqual(await database.objects(), before);
    }),

    define('uninstalling one consumer keeps what another needs', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS, WORDS]);
      const items = routes.slice(0, 1);
      await installFor(source, items, OTHER);
      await source.uninstall(CONSUMER.uuid);
      await database.execute(ONE, WORD);
      assertEqual(
        (await source.consumers()).map((consumer) => consumer.uuid),
        [OTHER.uuid],
      );
      const { replica } = await replay(source, items, start, 10);
      await assertSameRows(source, items, replica);
      await source.uninstall(OTHER.uuid);
    }),

    define('a table that was dropped does not stand in the way of uninstalling', async (scene) => {
      const database = await scene.database();
      const before = await database.objects();
      await database.execute(...fixture.createTable(ITEMS));
      const source = await scene.source(database);
      const { uuid } = await installFor(source, await routesOf(source, [ITEMS]));
      await database.execute(`DROP TABLE items`);
      await source.uninstall(uuid);
      assertEqual(await database.objects(), before);
    }),

    define('figures tell how many changes are stored', async (scene) => {
      const { database, source, routes } = await scene.captured([ITEMS, WORDS]);
      await database.execute(ONE, `UPDATE items SET amount = 0`);
      const stored = new Map((await source.figures(routes)).map((entry) => [entry.table, entry.stored]));
      assertEqual(
        routes.map((route) => stored.get(route.id) ?? 0),
        [2, 0],
      );
    }),
  ];
}
