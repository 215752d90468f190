import { describe, expect, test } from '@jest/globals';
import type { PipelineSettings } from '../../engine';
import {
  CHAIN,
  engineOver,
  parkedBy,
  REF,
  rejection,
  replicate,
  settingsOf,
  specOf,
  started,
} from '../support/pipelines';
import { SHOP, SHOP_CHANGES } from '../support/shop';
import { folderPerTest } from '../support/sqlite';
import { pipelinesIn } from '../support/file-pipelines';

const folder = folderPerTest();
const { open, expectEqual } = pipelinesIn(folder);

function stored(): unknown {
  return folder
    .database('shop.db')
    .prepare(
      `SELECT (SELECT count(*) FROM cdc_changes_customers) + (SELECT count(*) FROM cdc_changes_orders)
        + (SELECT count(*) FROM cdc_changes_tags)`,
    )
    .pluck()
    .get();
}

describe('applied changes are purged', () => {
  test('what has been applied goes, what waits stays', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    shop.exec(SHOP_CHANGES);
    expect(await pipeline.markSynced({ retainMs: 0 })).toEqual({ purged: 0 });
    const { changes } = await replicate(pipeline, generation);
    expect(stored()).toBe(BigInt(changes));
    shop.exec(`UPDATE orders SET note = 'waits'`);
    // Changes of this very millisecond count as young.
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await pipeline.markSynced({ retainMs: 0 })).toEqual({ purged: changes });
    expect(await pipeline.markSynced({ retainMs: 0 })).toEqual({ purged: 0 });
    await replicate(pipeline, generation);
    expectEqual();
  });

  test('applied changes stay readable for as long as they are retained', async () => {
    const shop = folder.database('shop.db', SHOP);
    const clock = { ahead: 0 };
    const pipeline = await open({ ports: { now: () => Date.now() + clock.ahead } });
    const { generation } = await started(pipeline, specOf(['*']));
    shop.exec(`UPDATE orders SET note = 'one'`);
    await replicate(pipeline, generation);
    expect(await pipeline.markSynced({ retainMs: 60_000 })).toEqual({ purged: 0 });
    const asked = { limit: 10, afterId: null, onlyPending: false, newest: false };
    const trail = await pipeline.changes('orders', asked);
    expect(trail.map((change) => [change.op, change.synced, change.after?.['note']])).toEqual(
      [1, 2, 3].map(() => ['update', true, 'one']),
    );
    clock.ahead = 61_000;
    expect(await pipeline.markSynced({ retainMs: 60_000 })).toEqual({ purged: 3 });
    expect(await pipeline.changes('orders', asked)).toEqual([]);
  });

  test('tables whose changes were purged behind the back of a pipeline are parked, not passed over', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    await pipeline.markSynced({ retainMs: 0 });
    shop.exec(SHOP_CHANGES);
    shop.exec(
      `UPDATE _cdc_consumer SET position = (SELECT json_set(position, '$.id', (SELECT n FROM _cdc_counter)))`,
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await pipeline.markSynced({ retainMs: 0 })).purged).toBeGreaterThan(0);
    await parkedBy(replicate(pipeline, generation), 'orders', 'POSITION_PURGED');
    await pipeline.resync({ chain: CHAIN, generation: generation + 1, table: null });
    await replicate(pipeline, generation + 1);
    expectEqual();
  });
});

describe('a backlog has its limit', () => {
  const limited = (action: 'warn' | 'stop'): PipelineSettings =>
    settingsOf({ maxBacklog: { changes: 10, action } });

  test('warn: the backlog is reported and capture goes on', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    const look = { waitMs: 0, settings: limited('warn') };
    shop.exec(`UPDATE orders SET total = 0`);
    expect(await pipeline.fetchPending(look)).toMatchObject({
      backlog: 3,
      overLimit: false,
      suspended: false,
    });
    for (let n = 0; n < 5; n++) shop.exec(`UPDATE orders SET total = ${n}`);
    expect(await pipeline.fetchPending(look)).toMatchObject({
      backlog: 18,
      overLimit: true,
      suspended: false,
    });
    await replicate(pipeline, generation);
    expectEqual();
    expect(await pipeline.fetchPending(look)).toMatchObject({ backlog: 0, pending: false, overLimit: false });
  });

  test('stop: capture ends, the source is relieved, and a resync makes all equal again', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    const look = { waitMs: 0, settings: limited('stop') };
    for (let n = 0; n < 5; n++)
      shop.exec(`UPDATE orders SET total = ${n}; UPDATE customers SET credit = ${n}`);
    expect(await pipeline.fetchPending(look)).toMatchObject({ overLimit: true, suspended: true });
    shop.exec(SHOP_CHANGES);
    expect(await pipeline.fetchPending(look)).toMatchObject({ overLimit: true, suspended: true });
    await rejection(replicate(pipeline, generation), 'CAPTURE_SUSPENDED');
    const report = await pipeline.healthReport();
    expect(report.healthy).toBe(false);
    expect(JSON.stringify(report.checks)).toMatch(/CAPTURE_SUSPENDED.*cdc resync/);
    await rejection(pipeline.waitCaughtUp({ timeoutMs: 200 }), 'CAPTURE_SUSPENDED');
    expect(await pipeline.fetchPending(look)).toMatchObject({ pending: true });

    await pipeline.resync({ chain: CHAIN, generation: generation + 1, table: null });
    await replicate(pipeline, generation + 1);
    expectEqual();
    shop.exec(`DELETE FROM orders`);
    await replicate(pipeline, generation + 1);
    expectEqual();
    expect(await pipeline.fetchPending(look)).toMatchObject({ overLimit: false, suspended: false });
  });

  test('the limit holds also while the target cannot be reached', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    await started(pipeline, specOf(['*']));
    const unreachable = folder.closing(engineOver(folder.url('shop.db'), folder.url('nowhere/warehouse.db')));
    for (let n = 0; n < 5; n++) shop.exec(`UPDATE orders SET total = ${n}`);
    const look = { waitMs: 0, settings: limited('stop') };
    await rejection((await unreachable.pipeline(REF)).fetchPending(look), 'DATABASE_MISSING');
    expect(await pipeline.fetchPending(look)).toMatchObject({ suspended: true });
  });

  test('a pipeline of the same name elsewhere is none of our business', async () => {
    const shop = folder.database('shop.db', SHOP);
    const elsewhere = folder.closing(engineOver(folder.url('shop.db'), folder.url('elsewhere.db')));
    const other = await elsewhere.pipeline(REF);
    await started(other, specOf(['*']));
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    for (let n = 0; n < 5; n++) shop.exec(`UPDATE orders SET total = ${n}`);
    await replicate(pipeline, generation);
    const look = { waitMs: 0, settings: limited('stop') };
    expect(await pipeline.fetchPending(look)).toMatchObject({ overLimit: false, suspended: false });
    expect(await other.fetchPending(look)).toMatchObject({ overLimit: true, suspended: true });
    expect(await pipeline.fetchPending(look)).toMatchObject({ overLimit: false, suspended: false });
    shop.exec(`UPDATE orders SET total = 50`);
    await replicate(pipeline, generation);
    expectEqual();
  });
});

describe('waiting for something to apply', () => {
  test('a look without waiting tells what waits and for how long', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    const settings = settingsOf();
    await rejection(pipeline.fetchPending({ waitMs: 0, settings }), 'DATABASE_MISSING');
    const { generation } = await started(pipeline, specOf(['*']));
    const idle = { pending: false, backlog: 0, lagMs: 0, overLimit: false, suspended: false };
    expect(await pipeline.fetchPending({ waitMs: 0, settings })).toEqual(idle);
    shop.exec(`UPDATE orders SET total = 0`);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const waiting = await pipeline.fetchPending({ waitMs: 0, settings });
    expect(waiting).toMatchObject({ pending: true, backlog: 3 });
    expect(waiting.lagMs).toBeGreaterThanOrEqual(20);
    expect(waiting.lagMs).toBeLessThan(20_000);
    await replicate(pipeline, generation);
    expect(await pipeline.fetchPending({ waitMs: 0, settings })).toEqual(idle);
  });

  test('a wait is woken by a change, ends with its time, and obeys its signal', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    await started(pipeline, specOf(['*']));
    const settings = settingsOf();
    expect(await pipeline.fetchPending({ waitMs: 100, settings })).toMatchObject({ pending: false });
    const stop = new AbortController();
    const aborted = pipeline.fetchPending({ waitMs: 60_000, settings, signal: stop.signal });
    setTimeout(() => stop.abort(), 50);
    expect(await aborted).toMatchObject({ pending: false });
    const woken = pipeline.fetchPending({ waitMs: 60_000, settings });
    setTimeout(() => shop.exec(`UPDATE orders SET total = 0`), 50);
    expect(await woken).toMatchObject({ pending: true, backlog: 3 });
  });

  test('a batch run has reached its goal when what was there at its start is applied', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['customers', 'orders']));
    shop.exec(`UPDATE orders SET total = 0; UPDATE tags SET weight = 0`);
    await pipeline.markGoal({ chain: CHAIN, generation, batch: true });
    expect(await pipeline.fetchPending({ waitMs: 60_000, settings: settingsOf() })).toMatchObject({
      pending: true,
    });
    const part = await replicate(pipeline, generation, { maxChanges: 1 });
    expect(part).toMatchObject({ reachedGoal: false, caughtUp: false });
    const rest = await replicate(pipeline, generation, { lingerMs: 30_000 });
    expect(rest).toMatchObject({ reachedGoal: true, caughtUp: true });
    expect(await pipeline.fetchPending({ waitMs: 0, settings: settingsOf() })).toMatchObject({
      pending: false,
    });
    await pipeline.markGoal({ chain: CHAIN, generation, batch: false });
    expect(await replicate(pipeline, generation)).toMatchObject({ reachedGoal: false });
  });
});
