/** Cases: positions compare, and reading is refused where changes may be missing. */
import assert from 'node:assert/strict';
import { asPosition } from '../model';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { assertSameRows, replay } from './replay';
import { first, installFor, rejection, routesOf } from './scene';
import { ITEMS, WORDS } from './tables';

const ONE = `INSERT INTO items (id, name, amount) VALUES (1, 'one', 10)`;
const TWO = `INSERT INTO items (id, name, amount) VALUES (2, 'two', 20)`;

export function sourcePositionCases(options: ContractOptions): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, name, body);
  return [
    define('a position covers itself and what was before it, not what came after', async (scene) => {
      const { database, source, start } = await scene.captured([ITEMS]);
      assert.equal(await source.covers(start, start), true);
      await database.execute(ONE);
      const head = await source.head();
      assert.equal(await source.covers(start, head), false);
      assert.equal(await source.covers(head, start), true);
      assert.equal(await source.covers(head, head), true);
    }),

    define('what is committed after head() is read from there', async (scene) => {
      const { database, source, routes } = await scene.captured([ITEMS]);
      await database.execute(ONE);
      const head = await source.head();
      await database.execute(TWO);
      const { chunks, to } = await replay(source, routes, head, 10);
      assert.equal(first(chunks).changes, 1);
      assert.equal(await source.covers(to, head), true);
    }),

    define('a source without capture has a newest position too', async (scene) => {
      const database = await scene.database();
      await database.execute(...options.fixture.createTable(ITEMS));
      const source = await scene.source(database);
      const head = await source.head();
      assert.equal(await source.covers(head, head), true);
      assert.equal(await source.sourceId(), null);
      assert.equal(await source.consumer('nobody'), null);
      assertEqual(await source.consumers(), []);
    }),

    define('check answers the same as long as nothing about the schema changes', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS]);
      const token = await source.check(start, routes);
      await database.execute(ONE);
      assert.equal(await source.check(start, routes), token);
      assert.equal(await source.check(await source.head(), routes), token);
    }),

    define('a position below the purge floor is POSITION_PURGED', async (scene) => {
      const { database, source, routes, consumer, start } = await scene.captured([ITEMS]);
      await database.execute(ONE, TWO);
      const { to } = await replay(source, routes, start, 10);
      await source.acknowledge(consumer.uuid, 1, to, Date.now());
      assert.equal(await source.purge({ before: Date.now() + 60_000, limit: 100 }), 2);
      await rejection(source.check(start, routes), 'POSITION_PURGED');
      await source.check(to, routes);
    }),

    define('a purge that found nothing leaves positions usable', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS]);
      await database.execute(ONE);
      assert.equal(await source.purge({ before: Date.now() + 60_000, limit: 100 }), 0);
      await source.check(start, routes);
      const { replica } = await replay(source, routes, start, 10);
      await assertSameRows(source, routes, replica);
    }),

    define('a table whose capture was damaged is CAPTURE_MISSING', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS, WORDS]);
      await database.damageCapture('items');
      const error = await rejection(source.check(start, routes), 'CAPTURE_MISSING');
      assert.equal(error.table, first(routes).id);
      await source.check(start, routes.slice(1));
    }),

    define('capture that was damaged and made whole again refuses positions from before', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS, WORDS]);
      await database.damageCapture('items');
      await database.execute(ONE, `DELETE FROM items`, TWO);
      const { position } = await installFor(source, routes);
      assert.equal(position, start, 'a consumer that exists keeps its position');
      await rejection(source.check(start, routes), 'POSITION_PURGED', 'CAPTURE_MISSING');
      await source.check(start, routes.slice(1));
      await source.check(await source.head(), routes);
    }),

    define('a table that was dropped and made again is not taken for the old one', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS]);
      await database.execute(ONE, `DROP TABLE items`, ...options.fixture.createTable(ITEMS), TWO);
      await rejection(
        source.check(start, await routesOf(source, [ITEMS])),
        'CAPTURE_MISSING',
        'SOURCE_SCHEMA_CHANGED',
      );
      await rejection(source.check(start, routes), 'CAPTURE_MISSING', 'SOURCE_SCHEMA_CHANGED');
    }),

    define('a column that was added is SOURCE_SCHEMA_CHANGED by its name', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS]);
      await database.execute(ONE, `ALTER TABLE items ADD COLUMN extra INTEGER`, TWO);
      const error = await rejection(
        source.check(start, await routesOf(source, [ITEMS])),
        'SOURCE_SCHEMA_CHANGED',
      );
      assert.equal(error.table, first(routes).id);
      assert.equal(error.column, 'extra');
      assert.match(error.message, /extra/);
    }),

    define('capture made whole after a column was added carries the column', async (scene) => {
      const { database, source } = await scene.captured([ITEMS]);
      await database.execute(`ALTER TABLE items ADD COLUMN extra INTEGER`);
      const routes = await routesOf(source, [ITEMS]);
      await installFor(source, routes);
      const from = await source.head();
      await database.execute(`INSERT INTO items (id, name, amount, extra) VALUES (1, 'one', 1, 42)`);
      const { replica } = await replay(source, routes, from, 10);
      await assertSameRows(source, routes, replica);
    }),

    define('text that is no position of this adapter is POSITION_INVALID', async (scene) => {
      const { source, routes } = await scene.captured([ITEMS]);
      for (const text of ['', 'nonsense', '{}', '[]', 'null', '{"v":999}']) {
        await rejection(source.check(asPosition(text), routes), 'POSITION_INVALID');
      }
    }),
  ];
}
