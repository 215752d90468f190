import { existsSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, test } from '@jest/globals';
import { CHAIN, rejection, replicate, setUp, specOf, started } from '../support/pipelines';
import { SHOP, SHOP_CHANGES } from '../support/shop';
import { folderPerTest } from '../support/sqlite';
import { pipelinesIn } from '../support/file-pipelines';

const folder = folderPerTest();
const { open, expectEqual } = pipelinesIn(folder);

/** The whole schema of a file, as SQLite has it. */
function schemaOf(name: string): unknown {
  const db = new Database(folder.file(name), { readonly: true });
  const rows = db.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name').all();
  db.close();
  return rows;
}

describe('teardown', () => {
  test('leaves no object behind on either side, and the rows where they are', async () => {
    const shop = folder.database('shop.db', SHOP);
    const before = schemaOf('shop.db');
    const warehouse = folder.database('warehouse.db', SHOP);
    warehouse.exec('DELETE FROM tags; DELETE FROM orders; DELETE FROM customers');
    const there = schemaOf('warehouse.db');
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    shop.exec(SHOP_CHANGES);
    await replicate(pipeline, generation);
    await pipeline.markSynced({ retainMs: 0 });
    await pipeline.teardown();
    expect(schemaOf('shop.db')).toEqual(before);
    expect(schemaOf('warehouse.db')).toEqual(there);
    expectEqual();
    await pipeline.teardown();
    await rejection(replicate(pipeline, generation), 'PIPELINE_UNKNOWN');
  });

  test('takes back a setup that was cut short', async () => {
    const shop = folder.database('shop.db', SHOP);
    const before = schemaOf('shop.db');
    folder.database('warehouse.db');
    const there = schemaOf('warehouse.db');
    const pipeline = await open();
    shop.exec('BEGIN IMMEDIATE');
    await rejection(setUp(pipeline, specOf(['*'])), 'DATABASE_LOCKED');
    shop.exec('ROLLBACK');
    await pipeline.teardown();
    expect(schemaOf('shop.db')).toEqual(before);
    const names = JSON.stringify(schemaOf('warehouse.db'));
    expect(names).not.toContain('_cdc_');
    expect(there).toEqual([]);
  }, 30_000);

  test('takes back what a resync of the whole left that was cut short', async () => {
    folder.database('shop.db', SHOP);
    const before = schemaOf('shop.db');
    const warehouse = folder.database('warehouse.db');
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    // The new life's consumer is made on the source; then the target cannot take the life.
    warehouse.exec('BEGIN IMMEDIATE');
    const resync = { chain: CHAIN, generation: generation + 1, table: null };
    await rejection(pipeline.resync(resync), 'DATABASE_LOCKED');
    warehouse.exec('ROLLBACK');
    await pipeline.teardown();
    expect(schemaOf('shop.db')).toEqual(before);
  }, 30_000);

  test('works while an attempt runs: that one commits nothing more', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    const running = replicate(pipeline, generation, { lingerMs: 3_000 }).then(
      () => 'ended',
      (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    await (await open()).teardown();
    shop.exec(`INSERT INTO customers (id, name) VALUES (100, 'after')`);
    expect(['ended', 'EPOCH_LOST', 'CAPTURE_MISSING', 'PIPELINE_UNKNOWN', 'SOURCE_SCHEMA_CHANGED']).toContain(
      await running,
    );
    const found = folder
      .database('warehouse.db')
      .prepare('SELECT count(*) FROM customers WHERE id = 100')
      .pluck()
      .get();
    expect(found).toBe(0n);
    expect(JSON.stringify([schemaOf('shop.db'), schemaOf('warehouse.db')])).not.toContain('_cdc_');
  });

  test('says that a lost target leaves capture behind, and takes it away when told to', async () => {
    folder.database('shop.db', SHOP);
    const before = schemaOf('shop.db');
    const pipeline = await open();
    await started(pipeline, specOf(['*']));
    await pipeline.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(folder.file(`warehouse.db${suffix}`), { force: true });
    const error = await rejection(pipeline.teardown(), 'PIPELINE_UNKNOWN');
    expect(error.hint).toContain('--source-only');
    await pipeline.teardown({ sourceOnly: true });
    expect(schemaOf('shop.db')).toEqual(before);
    expect(existsSync(folder.file('warehouse.db'))).toBe(false);
  });

  test('of what was never set up does nothing, and makes no target', async () => {
    folder.database('shop.db', SHOP);
    await (await open()).teardown();
    expect(existsSync(folder.file('warehouse.db'))).toBe(false);
  });

  test('a pipeline made again under its old name starts a life of its own', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    await started(pipeline, specOf(['*']));
    await pipeline.teardown();
    shop.exec(SHOP_CHANGES);
    await rejection(setUp(pipeline, specOf(['*'])), 'TARGET_NOT_EMPTY');
    const { result } = await started(pipeline, specOf(['*'], { existing: 'replace' }));
    expect(result.snapshotRows).toBeGreaterThan(0);
    expectEqual();
  });
});
