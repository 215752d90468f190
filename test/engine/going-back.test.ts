import { copyFileSync, renameSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, test } from '@jest/globals';
import type { ErrorCode } from '../../engine';
import { CHAIN, engineOver, REF, rejection, replicate, specOf, started } from '../support/pipelines';
import { SHOP, SHOP_CHANGES, SHOP_TABLES } from '../support/shop';
import { folderPerTest } from '../support/sqlite';
import { pipelinesIn } from '../support/file-pipelines';

const folder = folderPerTest();
const { open, expectEqual } = pipelinesIn(folder);

function write(name: string, sql: string): void {
  const db = new Database(folder.file(name));
  db.pragma('journal_mode = WAL');
  db.exec(sql);
  db.close();
}

/** Copies a database that nobody has open, its WAL emptied. */
function copy(from: string, to: string): void {
  write(from, 'SELECT 1');
  for (const end of ['', '-wal', '-shm']) rmSync(folder.file(`${to}${end}`), { force: true });
  copyFileSync(folder.file(from), folder.file(to));
}

async function expectHealed(generation: number): Promise<void> {
  const pipeline = await open();
  await pipeline.resync({ chain: CHAIN, generation, table: null });
  await replicate(pipeline, generation, { settings: { snapshotRows: 2 } });
  await pipeline.markSynced({ retainMs: 0 });
  expectEqual();
  write('shop.db', `UPDATE customers SET credit = 77; DELETE FROM orders WHERE id = 1`);
  const after = await replicate(pipeline, generation);
  expect(after.changes).toBeGreaterThan(0);
  await pipeline.markSynced({ retainMs: 0 });
  expectEqual();
  expect((await pipeline.healthReport()).healthy).toBe(true);
}

/** Replicates the shop; when done nobody has a database open. */
async function before(): Promise<void> {
  write('shop.db', SHOP);
  const pipeline = await open();
  await started(pipeline, specOf(['*']));
  await pipeline.markSynced({ retainMs: 60_000 });
  await pipeline.close();
}

async function progress(sql: string, options: { readonly acknowledge: boolean }): Promise<void> {
  write('shop.db', sql);
  const pipeline = await open();
  await replicate(pipeline, 1);
  if (options.acknowledge) await pipeline.markSynced({ retainMs: 60_000 });
  await pipeline.close();
}

async function expectStopped(code: ErrorCode): Promise<void> {
  const pipeline = await open();
  const here = folder.database('warehouse.db').prepare('SELECT * FROM orders ORDER BY id').all();
  const error = await rejection(replicate(pipeline, 1), code);
  expect(error.hint).toMatch(/resync/);
  expect(error.retryable).toBe(false);
  // Nobody must be left waiting for changes that a restored source will never show.
  await rejection(pipeline.fetchPending({ waitMs: 0, settings: specOf([]).settings }), code);
  await rejection(pipeline.waitCaughtUp({ timeoutMs: 0 }), code);
  const report = await pipeline.healthReport();
  expect(report.healthy).toBe(false);
  expect(report.checks.map((check) => check.message).join()).toContain(code);
  expect(folder.database('warehouse.db').prepare('SELECT * FROM orders ORDER BY id').all()).toEqual(here);
}

describe('databases that go back in time', () => {
  test('a source restored from before what was acknowledged stops the pipeline', async () => {
    await before();
    copy('shop.db', 'backup.db');
    await progress(SHOP_CHANGES, { acknowledge: true });
    copy('backup.db', 'shop.db');
    await expectStopped('SOURCE_WENT_BACK');
    await expectHealed(2);
  });

  test('a source restored before anything was acknowledged is noticed by its changes', async () => {
    await before();
    copy('shop.db', 'backup.db');
    await progress(SHOP_CHANGES, { acknowledge: false });
    copy('backup.db', 'shop.db');
    await expectStopped('SOURCE_WENT_BACK');
    await expectHealed(2);
  });

  test('a restored source is noticed even after it was written further than before', async () => {
    await before();
    copy('shop.db', 'backup.db');
    await progress(`UPDATE orders SET note = 'lost' WHERE id = 1`, { acknowledge: false });
    copy('backup.db', 'shop.db');
    write('shop.db', `UPDATE orders SET total = 1; UPDATE orders SET total = 2; UPDATE orders SET total = 3`);
    await expectStopped('SOURCE_WENT_BACK');
    await expectHealed(2);
  });

  test('a source restored from before its setup stops the pipeline', async () => {
    write('shop.db', SHOP);
    copy('shop.db', 'backup.db');
    const pipeline = await open();
    await started(pipeline, specOf(['*']));
    await pipeline.close();
    copy('backup.db', 'shop.db');
    await expectStopped('CAPTURE_MISSING');
    await expectHealed(2);
  });

  test('a target restored from before what the source was told stops the pipeline', async () => {
    await before();
    copy('warehouse.db', 'backup.db');
    await progress(SHOP_CHANGES, { acknowledge: true });
    copy('backup.db', 'warehouse.db');
    await expectStopped('TARGET_WENT_BACK');
    await expectHealed(2);
  });

  test('a target restored while the source was told nothing goes on by itself', async () => {
    await before();
    copy('warehouse.db', 'backup.db');
    await progress(SHOP_CHANGES, { acknowledge: false });
    copy('backup.db', 'warehouse.db');
    await replicate(await open(), 1);
    expectEqual();
  });

  test('another database under the same name stops the pipeline', async () => {
    await before();
    write('other.db', `${SHOP} UPDATE customers SET name = 'other'`);
    const other = folder.closing(engineOver(folder.url('other.db'), folder.url('elsewhere.db')));
    await started(await other.pipeline(REF), specOf(['*']));
    await other.close();
    copy('other.db', 'shop.db');
    await expectStopped('SOURCE_REPLACED');
    await rejection(
      (await open()).setup({ spec: specOf(['*']), chain: CHAIN, takeOver: false }),
      'SOURCE_REPLACED',
    );
    await expectHealed(9);
  });

  test('a file put in the place of an open source is noticed, never read as the old one', async () => {
    await before();
    write('other.db', `${SHOP} UPDATE customers SET name = 'other'`);
    const pipeline = await open();
    await replicate(pipeline, 1);
    const running = pipeline.replicate({
      chain: CHAIN,
      generation: 1,
      settings: specOf([]).settings,
      maxChanges: null,
      lingerMs: 15_000,
    });
    const failed = running.then(
      () => 'it resolved',
      (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    renameSync(folder.file('other.db'), folder.file('shop.db'));
    expect(await failed).toBe('SOURCE_REPLACED');
    await rejection(replicate(pipeline, 1), 'CAPTURE_MISSING');
    await pipeline.close();
    for (const end of ['-wal', '-shm']) rmSync(folder.file(`shop.db${end}`), { force: true });
    await expectHealed(2);
  });

  test('a resync repeated after it was cut short makes no second life', async () => {
    await before();
    const pipeline = await open();
    for (let time = 0; time < 3; time++) {
      const marked = await pipeline.resync({ chain: CHAIN, generation: 4, table: null });
      expect([...marked].sort()).toEqual([...SHOP_TABLES]);
    }
    const shop = folder.database('shop.db');
    expect(shop.prepare('SELECT count(*) FROM _cdc_consumer').pluck().get()).toBe(1n);
    await rejection(replicate(pipeline, 3), 'FENCED');
    await replicate(pipeline, 4);
    expectEqual();
  });

  test('a resync removes rows that the target alone holds', async () => {
    await before();
    write(
      'warehouse.db',
      `DELETE FROM customers WHERE id = 1; INSERT INTO orders VALUES (500, NULL, 'stray', 0);
      UPDATE tags SET weight = 'wrong'; UPDATE customers SET email = 'cyd@example.org' WHERE id = 2 AND false`,
    );
    await expectHealed(2);
  });
});
