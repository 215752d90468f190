import { rmSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { formatHealthReport } from '../../engine';
import { engineOver, REF, rejection, replicate, setUp, specOf, started } from '../support/pipelines';
import { SHOP, SHOP_CHANGES } from '../support/shop';
import { folderPerTest } from '../support/sqlite';
import { pipelinesIn } from '../support/file-pipelines';

const folder = folderPerTest();
const { open } = pipelinesIn(folder);

describe('verify', () => {
  test('counts what is missing, extra and different, by type and content', async () => {
    const shop = folder.database('shop.db', SHOP);
    shop.exec(`CREATE TABLE kinds (id INTEGER PRIMARY KEY, v);
      INSERT INTO kinds VALUES (1, 1), (2, 1.0), (3, '1'), (4, x'31'), (5, NULL), (6, 'a'), (7, 0.0), (8, ''), (9, CAST(x'ff' AS TEXT))`);
    const warehouse = folder.database('warehouse.db');
    const pipeline = await open();
    await started(pipeline, specOf(['*']));
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
    warehouse.exec(`
      UPDATE kinds SET v = 1.0 WHERE id = 1;
      UPDATE kinds SET v = '1' WHERE id = 2;
      UPDATE kinds SET v = x'31' WHERE id = 3;
      UPDATE kinds SET v = '' WHERE id = 5;
      UPDATE kinds SET v = 'A' WHERE id = 6;
      UPDATE kinds SET v = x'' WHERE id = 8;
      UPDATE kinds SET v = CAST(x'fe' AS TEXT) WHERE id = 9;
      DELETE FROM customers WHERE id = 1;
      DELETE FROM orders WHERE id IN (1, 3);
      INSERT INTO tags VALUES (0, 'a', 1), (1, 'c', 1), (99, 'z', 1);
    `);
    const comparison = await pipeline.verify({});
    expect(comparison).toMatchObject({ equal: false, exact: true });
    const found = new Map(comparison.tables.map((table) => [table.source, table]));
    expect(found.get('kinds')).toEqual({
      source: 'kinds',
      target: 'kinds',
      sourceRows: 9,
      targetRows: 9,
      missing: 0,
      extra: 0,
      different: 7,
      unsettled: 0,
      kept: 0,
      settled: true,
      deadLetters: 0,
    });
    expect(found.get('customers')).toMatchObject({
      sourceRows: 3,
      targetRows: 2,
      missing: 1,
      extra: 0,
      different: 0,
      deadLetters: 0,
    });
    expect(found.get('orders')).toMatchObject({ missing: 2, extra: 0, different: 0 });
    expect(found.get('tags')).toMatchObject({
      sourceRows: 3,
      targetRows: 6,
      missing: 0,
      extra: 3,
      different: 0,
      unsettled: 0,
      settled: true,
      deadLetters: 0,
    });
  });

  test('compares tables of many ranges, reports progress, and obeys its signal', async () => {
    const shop = folder.database('shop.db', SHOP);
    shop.exec(`WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 12009)
      INSERT INTO orders SELECT i, 1, 'n' || i, i FROM n`);
    const warehouse = folder.database('warehouse.db');
    const pipeline = await open();
    await started(pipeline, specOf(['orders']));
    warehouse.exec(`DELETE FROM orders WHERE id IN (3, 5009, 12009); INSERT INTO orders VALUES (-1, 0, '', 0), (90000, 0, '', 0);
      UPDATE orders SET note = '' WHERE id IN (5008, 5010)`);
    const seen: number[] = [];
    const { tables } = await pipeline.verify({ onProgress: (rows) => seen.push(rows) });
    expect(tables[0]).toMatchObject({
      sourceRows: 12003,
      targetRows: 12002,
      missing: 3,
      extra: 2,
      different: 2,
      deadLetters: 0,
    });
    expect(seen.length).toBeGreaterThan(2);
    expect(seen).toEqual([...seen].sort((one, other) => one - other));
    expect(seen.at(-1)).toBe(12003);
    const stop = new AbortController();
    const stopped = pipeline.verify({ signal: stop.signal, onProgress: () => stop.abort() });
    await expect(stopped).rejects.toThrow();
  });

  test('is not exact while changes wait', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    await started(pipeline, specOf(['*']));
    shop.exec(SHOP_CHANGES);
    expect(await pipeline.verify({})).toMatchObject({ equal: false, exact: false });
  });

  test('needs no right to write', async () => {
    folder.database('shop.db', SHOP);
    await started(await open(), specOf(['*']));
    const reader = await open({ readOnly: true });
    expect(await reader.verify({})).toMatchObject({ equal: true, exact: true });
    expect((await reader.statistics()).backlog).toBe(0);
    expect((await reader.healthReport()).healthy).toBe(true);
    expect(await reader.waitCaughtUp({ timeoutMs: 1_000 })).toBe(true);
  });
});

describe('waiting until all is applied', () => {
  test('waits for what was committed before the call, applied by whomever', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    const { generation } = await setUp(pipeline, specOf(['*']));
    expect(await pipeline.waitCaughtUp({ timeoutMs: 150 })).toBe(false);
    await replicate(pipeline, generation);
    expect(await pipeline.waitCaughtUp({ timeoutMs: 0 })).toBe(true);
    shop.exec(SHOP_CHANGES);
    expect(await pipeline.waitCaughtUp({ timeoutMs: 50 })).toBe(false);
    const waiting = (await open()).waitCaughtUp({ timeoutMs: 20_000 });
    const backlogs: number[] = [];
    const watching = pipeline.waitCaughtUp({
      timeoutMs: 20_000,
      onProgress: (statistics) => backlogs.push(statistics.backlog),
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await replicate(pipeline, generation);
    expect(await waiting).toBe(true);
    expect(await watching).toBe(true);
    expect(backlogs[0]).toBeGreaterThan(0);
  });

  test('changes of other tables do not have to be waited for', async () => {
    const shop = folder.database('shop.db', SHOP);
    const other = { ...REF, name: 'other' };
    const engine = folder.closing(engineOver(folder.url('shop.db'), folder.url('warehouse.db')));
    await started(await engine.pipeline(other), { ...specOf(['tags']), name: 'other' });
    const pipeline = await open();
    await started(pipeline, specOf(['orders']));
    shop.exec(`UPDATE tags SET weight = 3`);
    expect(await pipeline.waitCaughtUp({ timeoutMs: 0 })).toBe(true);
  });

  test('a signal ends the wait', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    await started(pipeline, specOf(['*']));
    shop.exec(SHOP_CHANGES);
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    const began = Date.now();
    expect(await pipeline.waitCaughtUp({ timeoutMs: 60_000, signal: stop.signal })).toBe(false);
    expect(Date.now() - began).toBeLessThan(5_000);
  });
});

describe('what a pipeline tells of itself', () => {
  test('statistics count by table and operation since setup, over restarts', async () => {
    const shop = folder.database('shop.db', SHOP);
    const first = await open();
    const { generation } = await started(first, specOf(['*']));
    shop.exec(
      `UPDATE orders SET total = 0; DELETE FROM tags WHERE order_id = 1; INSERT INTO customers (name) VALUES ('x')`,
    );
    const waiting = await first.statistics();
    expect(waiting).toMatchObject({ pipeline: 'shop-copy', transport: 'attach', backlog: 6 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await first.statistics()).lagMs).toBeGreaterThan(0);
    await replicate(first, generation);
    await first.close();
    const second = await open();
    shop.exec(`UPDATE orders SET total = 1 WHERE id = 1`);
    await replicate(second, generation);
    const statistics = await second.statistics();
    expect(statistics).toMatchObject({ backlog: 0, lagMs: 0 });
    expect(statistics.lastAppliedAt).toBeGreaterThan(Date.now() - 60_000);
    const counts = statistics.tables.map((table) => [
      table.source,
      table.target,
      table.state,
      table.cause,
      table.snapshotRows,
      table.inserted,
      table.updated,
      table.deleted,
      table.stored,
    ]);
    expect(counts.sort()).toEqual([
      ['customers', 'customers', 'replicating', null, 3, 1, 0, 0, 1],
      ['orders', 'orders', 'replicating', null, 3, 0, 4, 0, 4],
      ['tags', 'tags', 'replicating', null, 3, 0, 0, 2, 2],
    ]);
  });

  test('changes that wait are listed over all tables, oldest first, with before and after values', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    expect(await pipeline.pendingChanges(10)).toEqual([]);
    shop.exec(`
      INSERT INTO tags VALUES (5, 'new', 1.0);
      UPDATE orders SET note = NULL WHERE id = 1;
      DELETE FROM tags WHERE tag = 'new';
      UPDATE customers SET id = 30 WHERE id = 3;
    `);
    const changes = await pipeline.pendingChanges(10);
    expect(changes.map((change) => [change.table, change.op, change.key, change.synced])).toEqual([
      ['tags', 'insert', { order_id: 5n, tag: 'new' }, false],
      ['orders', 'update', { id: 1n }, false],
      ['tags', 'delete', { order_id: 5n, tag: 'new' }, false],
      ['customers', 'delete', { id: 3n }, false],
      ['customers', 'insert', { id: 30n }, false],
    ]);
    expect(changes[1]?.before).toEqual({ id: 1n, customer_id: 1n, note: 'first', total: 1.25 });
    expect(changes[1]?.after).toEqual({ id: 1n, customer_id: 1n, note: null, total: 1.25 });
    expect(changes[0]?.after).toEqual({ order_id: 5n, tag: 'new', weight: 1 });
    expect((await pipeline.pendingChanges(2)).map((change) => change.table)).toEqual(['tags', 'orders']);
    await replicate(pipeline, generation);
    expect(await pipeline.pendingChanges(10)).toEqual([]);
  });

  test('the order of changes that wait is that of the source, also when its clock went back', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    await started(pipeline, specOf(['*']));
    shop.exec(`UPDATE orders SET total = 1 WHERE id = 1; UPDATE orders SET total = 2 WHERE id = 1`);
    shop.exec(`UPDATE cdc_changes_orders SET changed_at = changed_at - 1 WHERE new_total = 2`);
    const totals = (await pipeline.pendingChanges(10)).map((change) => change.after?.['total']);
    expect(totals).toEqual([1, 2]);
  });

  test('the audit trail of a table is paged and shows columns that are not replicated', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf([{ from: 'orders', columns: ['id', 'total'] }]));
    for (let n = 1; n <= 5; n++) shop.exec(`UPDATE orders SET note = 'n${n}' WHERE id = 1`);
    await replicate(pipeline, generation, { maxChanges: 3 });
    const all = { limit: 100, afterId: null, onlyPending: false, newest: false };
    const trail = await pipeline.changes('orders', all);
    expect(trail.map((change) => [change.after?.['note'], change.synced])).toEqual([
      ['n1', true],
      ['n2', true],
      ['n3', true],
      ['n4', false],
      ['n5', false],
    ]);
    const page = await pipeline.changes('orders', { ...all, limit: 2 });
    const next = await pipeline.changes('orders', { ...all, limit: 2, afterId: page[1]?.id ?? null });
    expect([...page, ...next]).toEqual(trail.slice(0, 4));
    expect(await pipeline.changes('orders', { ...all, limit: 1, newest: true })).toEqual(trail.slice(4));
    expect(await pipeline.changes('orders', { ...all, onlyPending: true })).toEqual(trail.slice(3));
    await rejection(pipeline.changes('order', all), 'TABLE_NOT_IN_PIPELINE');
  });

  test('health says what is wrong and what to do, on paper too', async () => {
    const shop = folder.database('shop.db', SHOP);
    const clock = { ahead: 0 };
    const pipeline = await open({
      ports: { now: () => Date.now() + clock.ahead },
    });
    const before = await pipeline.healthReport();
    expect(before.healthy).toBe(false);
    expect(formatHealthReport(before)).toMatch(/NOT healthy[\s\S]*DATABASE_MISSING[\s\S]*cdc start/);
    const { generation } = await setUp(pipeline, specOf(['*']));
    expect(formatHealthReport(await pipeline.healthReport())).toContain(
      'Being copied: customers, orders, tags',
    );
    await replicate(pipeline, generation);
    const well = await pipeline.healthReport();
    expect(well).toMatchObject({ pipeline: 'shop-copy', healthy: true });
    expect(well.checks.map((check) => [check.name, check.state, check.hint])).toEqual(
      ['source', 'target', 'capture', 'lag', 'tables', 'dead letters', 'consumers'].map((name) => [
        name,
        'ok',
        null,
      ]),
    );
    expect(formatHealthReport(well).split('\n')).toHaveLength(8);
    shop.exec(`UPDATE orders SET total = 0`);
    clock.ahead = 120_000;
    const late = await pipeline.healthReport();
    expect(late.healthy).toBe(true);
    expect(late.checks.find((check) => check.name === 'lag')).toMatchObject({ state: 'warning' });
    expect(formatHealthReport(late)).toMatch(/warning {2}lag: 3 changes wait, the oldest for 12\d\.\d s\./);
  });

  test('names what nobody takes any more, with the remedy', async () => {
    const shop = folder.database('shop.db', SHOP);
    const clock = { ahead: 0 };
    const pipeline = await open({
      ports: { now: () => Date.now() + clock.ahead },
    });
    const { generation } = await started(pipeline, specOf(['*']));
    const archive = folder.closing(engineOver(folder.url('shop.db'), folder.url('archive.db')));
    const other = await archive.pipeline({ ...REF, name: 'archive' });
    await setUp(other, { ...specOf(['orders']), name: 'archive' });
    const consumers = async () =>
      (await pipeline.healthReport()).checks.find(({ name }) => name === 'consumers');
    clock.ahead = 25 * 3_600_000;
    expect(await consumers()).toMatchObject({ state: 'ok' });
    shop.exec(`UPDATE orders SET total = 0`);
    await replicate(pipeline, generation);
    await pipeline.markSynced({ retainMs: 0 });
    // In a source at rest, too, nothing has waited for long.
    clock.ahead = 0;
    expect(await consumers()).toMatchObject({ state: 'ok' });
    clock.ahead = 50 * 3_600_000;
    const found = await consumers();
    expect(found).toMatchObject({
      state: 'warning',
      message: expect.stringMatching(/keeps changes for archive, last told/),
      hint: expect.stringContaining('cdc teardown archive'),
    });
    expect((await pipeline.healthReport()).healthy).toBe(true);
    await other.teardown();
    expect(await consumers()).toMatchObject({ state: 'ok' });
  });

  test('names the pipeline of the same name whose target was lost, and teardown takes only that one away', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    await started(pipeline, specOf(['*']));
    await pipeline.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(folder.file(`warehouse.db${suffix}`), { force: true });
    const { generation } = await started(pipeline, specOf(['*']));
    expect((await pipeline.healthReport()).checks.find(({ name }) => name === 'consumers')).toMatchObject({
      state: 'warning',
      message: expect.stringContaining('another pipeline of this name'),
      hint: expect.stringContaining('cdc teardown shop-copy --source-only'),
    });
    await pipeline.teardown({ sourceOnly: true });
    const after = await pipeline.healthReport();
    expect(after.checks.map(({ state }) => state)).toEqual(after.checks.map(() => 'ok'));
    shop.exec(SHOP_CHANGES);
    await replicate(pipeline, generation);
    expect((await pipeline.markSynced({ retainMs: -1_000 })).purged).toBeGreaterThan(0);
  });
});
