/** `where`: only chosen rows are replicated, by whatever reads them. */
import type Database from 'better-sqlite3';
import { describe, expect, test } from '@jest/globals';
import type { Pipeline, PipelineSettings, TableMapping } from '../../engine';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { byRows } from '../support/by-rows';
import { pipelinesIn } from '../support/file-pipelines';
import { CHAIN, parkedBy, rejection, replicate, setUp, specOf, started } from '../support/pipelines';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();
const { open } = pipelinesIn(folder);

const SHOP = `CREATE TABLE orders (
  id INTEGER PRIMARY KEY, country TEXT COLLATE NOCASE, code TEXT, total REAL, secret TEXT,
  twice GENERATED ALWAYS AS (total * 2) VIRTUAL);
CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);
INSERT INTO orders VALUES (1, 'DE', '5', 1, 'a'), (2, 'FR', '5', 2, 'b'), (3, 'de', '05', 3, 'c'), (4, NULL, '5', 4, 'd');
INSERT INTO notes VALUES (1, 'note')`;

const GERMAN: Partial<TableMapping> = { from: 'orders', where: `country = 'de'` };

function ids(database: Database.Database, where = 'true', table = 'orders'): readonly unknown[] {
  return database.prepare(`SELECT id FROM ${table} WHERE ${where} ORDER BY id`).pluck().all();
}

describe.each([
  ['attached', sqliteAdapter],
  ['by rows', byRows(sqliteAdapter)],
] as const)('where (%s)', (_way, adapter) => {
  async function begin(
    mapping: Partial<TableMapping> = GERMAN,
    settings: Partial<PipelineSettings> = {},
  ): Promise<{
    shop: Database.Database;
    warehouse: Database.Database;
    pipeline: Pipeline;
    generation: number;
  }> {
    const shop = folder.database('shop.db', SHOP);
    const warehouse = folder.database('warehouse.db');
    const pipeline = await open({ adapter });
    const { generation } = await started(pipeline, specOf([mapping, 'notes'], settings));
    return { shop, warehouse, pipeline, generation };
  }

  test('rows that fulfil it are copied and followed, rows that leave it go, rows that enter it come', async () => {
    const { shop, warehouse, pipeline, generation } = await begin();
    expect(ids(warehouse)).toEqual([1n, 3n]);
    shop.exec(`UPDATE orders SET country = 'FR' WHERE id = 1; UPDATE orders SET country = 'De' WHERE id = 4;
UPDATE orders SET country = NULL WHERE id = 3; INSERT INTO orders (id, country) VALUES (5, 'DE'), (6, 'IT');
UPDATE orders SET id = 7, country = 'DE' WHERE id = 2`);
    const result = await replicate(pipeline, generation);
    expect(ids(warehouse)).toEqual([4n, 5n, 7n]);
    expect(result.progress).toContainEqual(
      expect.objectContaining({ source: 'orders', where: GERMAN.where }),
    );
    expect(await pipeline.verify({})).toMatchObject({
      equal: true,
      exact: true,
      tables: [{ sourceRows: 3, targetRows: 3 }, { source: 'notes' }],
    });
  });

  test('it may look at columns that are not replicated, and compares by the types of the table', async () => {
    const { shop, warehouse, pipeline, generation } = await begin({
      from: 'orders',
      columns: ['id', 'country'],
      where: `code = 5 AND twice < 8 AND secret <> 'x'`,
    });
    expect(ids(warehouse)).toEqual([1n, 2n]);
    shop.exec(`UPDATE orders SET code = '5' WHERE id = 3; UPDATE orders SET secret = 'x' WHERE id = 1;
UPDATE orders SET total = 4 WHERE id = 2`);
    await replicate(pipeline, generation);
    expect(ids(warehouse)).toEqual([3n]);
    shop.exec(`UPDATE orders SET total = 1.5 WHERE id = 4`);
    await replicate(pipeline, generation, { settings: { batchRows: 1 } });
    expect(ids(warehouse)).toEqual([3n, 4n]);
  });

  test('verify finds a row on the target that does not fulfil it, and a repair removes it', async () => {
    const { warehouse, pipeline, generation } = await begin();
    warehouse.exec(`INSERT INTO orders (id, country) VALUES (2, 'FR'); DELETE FROM orders WHERE id = 3`);
    const { differences } = await pipeline.verify({});
    expect(differences.map(({ kind, key }) => [kind, key['id']])).toEqual([
      ['extra', 2n],
      ['missing', 3n],
    ]);
    await pipeline.repair(differences);
    await replicate(pipeline, generation);
    expect(ids(warehouse)).toEqual([1n, 3n]);
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
  });

  test('a resync copies the chosen rows, and leaves no other', async () => {
    const { warehouse, pipeline, generation } = await begin();
    warehouse.exec(`INSERT INTO orders (id, country) VALUES (0, 'FR'), (2, 'FR'), (9, 'DE')`);
    await pipeline.resync({ chain: CHAIN, generation: generation + 1, table: 'orders' });
    await replicate(pipeline, generation + 1, { settings: { snapshotRows: 1 } });
    expect(ids(warehouse)).toEqual([1n, 3n]);
  });

  test('a dead letter whose row fulfils it no more is settled by a retry: the row goes', async () => {
    const settings: Partial<PipelineSettings> = { onError: { action: 'deadLetter', perHour: 9 } };
    const { shop, warehouse, pipeline, generation } = await begin(GERMAN, settings);
    warehouse.exec(
      `CREATE TRIGGER no BEFORE UPDATE ON orders WHEN NEW.total > 99 BEGIN SELECT RAISE(ABORT, 'no'); END`,
    );
    shop.exec('UPDATE orders SET total = 100 WHERE id IN (1, 3)');
    await replicate(pipeline, generation, { settings });
    const all = { table: null, ids: null };
    expect(await pipeline.deadLetters({ ...all, values: false })).toHaveLength(2);
    shop.exec(`UPDATE orders SET country = 'FR' WHERE id = 1`);
    await replicate(pipeline, generation, { settings });
    expect(ids(warehouse)).toEqual([3n]);
    await pipeline.retryDeadLetters(all);
    shop.exec(`UPDATE orders SET country = 'FR' WHERE id = 3`);
    await replicate(pipeline, generation, { settings });
    expect(await pipeline.deadLetters({ ...all, values: false })).toEqual([]);
    expect(ids(warehouse)).toEqual([]);
  });

  test('a row that it has no answer for parks its table until it is mended', async () => {
    const where = `country IS NOT 'XX' OR json_extract(secret, '$.a') IS NULL`;
    const { shop, pipeline, generation } = await begin({ from: 'orders', where });
    shop.exec(`UPDATE orders SET country = 'XX' WHERE id = 1; UPDATE notes SET text = 'on'`);
    const cause = await parkedBy(replicate(pipeline, generation), 'orders', 'TYPE_MISMATCH');
    expect(cause).toMatch(/`where` cannot be evaluated/);
    shop.exec(`UPDATE orders SET country = 'FR' WHERE id = 1`);
    await pipeline.resumeTable({ chain: CHAIN, generation: generation + 1, table: 'orders' });
    await replicate(pipeline, generation + 1);
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
  });

  test('another condition has the table copied again, and rows of the former one go', async () => {
    const { warehouse, pipeline } = await begin();
    const wanted = specOf([{ from: 'orders', where: `country = 'fr'` }, 'notes']);
    const { generation, tables } = await setUp(pipeline, wanted);
    expect(tables).toMatchObject([{ state: 'snapshotting' }, { state: 'replicating' }]);
    await replicate(pipeline, generation);
    expect(ids(warehouse)).toEqual([2n]);
    const again = await setUp(pipeline, wanted);
    expect(again.tables).toMatchObject([{ state: 'replicating' }, { state: 'replicating' }]);
    const all = await setUp(pipeline, specOf(['orders', 'notes']));
    await replicate(pipeline, all.generation);
    expect(ids(warehouse)).toEqual([1n, 2n, 3n, 4n]);
  });
});

describe('where is refused', () => {
  test.each([
    [`contry = 'de'`, /Table orders: .*contry/],
    [`id IN (SELECT id FROM notes)`, /holds a query/],
    [`notes.id = 1`, /Table orders: /],
    [`total > random()`, /non-deterministic/],
    [`country = date('now')`, /non-deterministic/],
    [`total > ?`, /parameter/],
    [`total > :least`, /parameter/],
    [`rowid > 1`, /rowid/],
    [`sum(total) > 1`, /misuse of aggregate/],
    [`"contry" = 'de'`, /contry/],
    [`total > 1; DROP TABLE notes`, /semicolon/],
    [`1 = 1) OR (1 = 1`, /bracket/],
    [`total > 1 -- and more`, /comment/],
    [`country = 'de`, /does not close/],
    [``, /empty/],
  ])('%j, with what is wrong and the table', async (where, says) => {
    folder.database('shop.db', SHOP);
    const pipeline = await open();
    const spec = specOf(['notes', { from: 'orders', where }]);
    const error = await rejection(pipeline.plan(spec), 'FILTER_INVALID');
    expect(error.message).toMatch(says);
    expect(error.table).toBe('orders');
    await rejection(setUp(pipeline, spec), 'FILTER_INVALID');
  });

  test('where it fails on a row that is there, without a value of it', async () => {
    folder.database('shop.db', `${SHOP}; UPDATE orders SET secret = 'not json'`);
    const spec = specOf([{ from: 'orders', where: `json_extract(secret, '$.a') = 1` }]);
    const error = await rejection((await open()).plan(spec), 'FILTER_INVALID');
    expect(error.message).toMatch(/cannot be evaluated/);
    expect(error.message).not.toMatch(/not json/);
  });

  test('with a pattern, of which the tables have other columns', async () => {
    folder.database('shop.db', SHOP);
    const pipeline = await open();
    for (const more of [{ where: 'id > 1' }, { rename: { id: 'no' } }]) {
      const error = await rejection(pipeline.plan(specOf([{ from: '*', ...more }])), 'CONFIG_INVALID');
      expect(error.message).toMatch(/pattern/);
    }
  });
});
