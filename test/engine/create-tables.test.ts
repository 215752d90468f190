/** `createTables: false`: target tables that are missing are refused by name, all of them, before anything is written. */
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { diagnosePipelines, createRegistry } from '../../engine';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { pipelinesIn } from '../support/file-pipelines';
import {
  CHAIN,
  parkedBy,
  rejection,
  replicate,
  setUp,
  specOf,
  started,
  testPorts,
} from '../support/pipelines';
import { postgresPerTest } from '../support/postgres-scratch';
import { ownObjects } from '../support/same-files';
import { SHOP } from '../support/shop';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();
const { open, expectEqual } = pipelinesIn(folder);
const { scratch, pipelineOf } = postgresPerTest();

const NONE = { createTables: false } as const;

describe('createTables: false', () => {
  test('plan and setup name every target table that is missing, and nothing is made', async () => {
    folder.database('shop.db', SHOP);
    const before = readdirSync(folder.path);
    const pipeline = await open();
    const spec = specOf(['orders', 'tags', { from: 'customers', to: 'clients' }], NONE);
    for (const attempt of [() => pipeline.plan(spec), () => setUp(pipeline, spec)]) {
      const { message, hint, table } = await rejection(attempt(), 'TARGET_TABLE_MISSING');
      expect(message).toMatch(/^Target tables clients, orders, tags do not exist/);
      expect(hint).toMatch(/`cdc plan shop-copy` shows the statements .*`createTables: true`/);
      expect(table).toBe('customers');
    }
    expect(readdirSync(folder.path)).toEqual(before);
    expect(ownObjects(folder.file('shop.db'))).toEqual([]);
    expect(existsSync(folder.file('warehouse.db'))).toBe(false);
  });

  test('a pipeline whose tables are there starts, goes on, and is refused one that joins without its table', async () => {
    const shop = folder.database('shop.db', SHOP);
    const warehouse = folder.database('warehouse.db');
    const pipeline = await open();
    const { steps } = await pipeline.plan(specOf(['customers', 'orders']));
    for (const { on, table, sql } of steps) if (on === 'target' && table !== null) warehouse.exec(sql);
    const { generation } = await started(pipeline, specOf(['customers', 'orders'], NONE));
    shop.exec('UPDATE orders SET total = 5');
    await replicate(pipeline, generation, { settings: NONE });
    expectEqual(['customers', 'orders']);

    const more = specOf(['customers', 'orders', 'tags'], NONE);
    const { message } = await rejection(setUp(pipeline, more), 'TARGET_TABLE_MISSING');
    expect(message).toMatch(/^Target table tags does not exist/);
    shop.exec('UPDATE orders SET total = 6');
    await replicate(pipeline, generation, { settings: NONE });
    expectEqual(['customers', 'orders']);
  });

  test('a resync and a resume make no table that was dropped meanwhile, and do where they may', async () => {
    const shop = folder.database('shop.db', SHOP);
    const warehouse = folder.database('warehouse.db');
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    warehouse.exec('DROP TABLE orders');
    shop.exec('UPDATE orders SET total = 5');
    await parkedBy(replicate(pipeline, generation), 'orders', 'TARGET_TABLE_MISMATCH');
    const steering = { chain: CHAIN, generation: generation + 1 };
    for (const table of ['orders', null]) {
      const refused = await rejection(
        pipeline.resync({ ...steering, table, ...NONE }),
        'TARGET_TABLE_MISSING',
      );
      expect(refused).toMatchObject({ table: 'orders', message: expect.stringContaining('orders') });
    }
    // A copy that was cut short has to begin anew, which a resume does.
    warehouse.exec(`UPDATE _cdc_table SET replace_rows = 1 WHERE source = 'orders'`);
    await rejection(pipeline.resumeTable({ ...steering, table: 'orders', ...NONE }), 'TARGET_TABLE_MISSING');
    expect(warehouse.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'orders'`).all()).toEqual([]);
    expect((await pipeline.statistics()).tables.find(({ source }) => source === 'orders')?.state).toBe(
      'parked',
    );
    await pipeline.resync({ ...steering, table: 'orders' });
    await replicate(pipeline, generation + 1);
    expectEqual();
  });

  test('the doctor names them, too', async () => {
    folder.database('shop.db', SHOP);
    folder.database('warehouse.db', 'CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id, note, total)');
    const report = await diagnosePipelines(
      {
        registry: createRegistry([sqliteAdapter]),
        connections: new Map([
          ['shop', folder.url('shop.db')],
          ['warehouse', folder.url('warehouse.db')],
        ]),
        ports: testPorts(),
      },
      [specOf(['orders', 'tags'], NONE)],
    );
    const [tables] = report.pipelines[0]?.checks ?? [];
    expect(tables).toMatchObject({
      check: 'tables',
      state: 'problem',
      message: expect.stringMatching(/^TARGET_TABLE_MISSING: Target table tags does not exist/),
      remedy: expect.stringContaining('createTables: true'),
    });
  });

  test('on PostgreSQL one that we could not make counts as missing like any other', async () => {
    const shop = folder.database(
      'shop.db',
      'CREATE TABLE t (id INTEGER PRIMARY KEY, v); CREATE TABLE u (id INTEGER PRIMARY KEY)',
    );
    const target = await scratch();
    const pipeline = await pipelineOf({ url: folder.url('shop.db') }, target);
    const { message } = await rejection(pipeline.plan(specOf(['t', 'u'], NONE)), 'TARGET_TABLE_MISSING');
    expect(message).toMatch(/^Target tables public\.t, public\.u do not exist/);
    await rejection(setUp(pipeline, specOf(['t', 'u'], NONE)), 'TARGET_TABLE_MISSING');
    expect((await target.objects()).filter((name) => /cdc/.test(name))).toEqual([]);
    await target.execute(
      'CREATE TABLE t (id bigint PRIMARY KEY, v text)',
      'CREATE TABLE u (id bigint PRIMARY KEY)',
    );
    shop.exec(`INSERT INTO t VALUES (1, 'one')`);
    await started(pipeline, specOf(['t', 'u'], NONE));
    expect(await target.dump('t')).toHaveLength(1);
  });
});
