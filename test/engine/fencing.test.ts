import { describe, expect, test } from '@jest/globals';
import type { Adapter, StagedChunk, Target } from '../../engine';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { CHAIN, rejection, replicate, specOf, started } from '../support/pipelines';
import { SHOP, SHOP_CHANGES, SHOP_TABLES } from '../support/shop';
import { dumpTable } from '../support/sqlite-dump';
import { folderPerTest } from '../support/sqlite';
import { pipelinesIn } from '../support/file-pipelines';

const folder = folderPerTest();
const { open, expectEqual } = pipelinesIn(folder);

/** A gate that holds up whoever comes to it until it is opened. */
function gate() {
  const controls: { open: () => void; reach: () => void } = { open: () => undefined, reach: () => undefined };
  const opened = new Promise<void>((resolve) => (controls.open = resolve));
  const reached = new Promise<void>((resolve) => (controls.reach = resolve));
  return {
    reached,
    open: () => controls.open(),
    async pass() {
      controls.reach();
      await opened;
    },
  };
}

/** The real adapter with a stall before the commit of a chunk: an attempt that stops there and wakes later. */
function stalling(before: (chunk: StagedChunk) => Promise<void>): Adapter {
  return {
    ...sqliteAdapter,
    async openTarget(options) {
      const target = await sqliteAdapter.openTarget(options);
      const stalled: Target = {
        ...target,
        async transaction(on, work) {
          if (on !== null) await before(on);
          return target.transaction(on, work);
        },
      };
      return stalled;
    },
  };
}

describe('fencing', () => {
  test('after a fence has returned nothing of an older generation commits', async () => {
    const shop = folder.database('shop.db', SHOP);
    const stall = gate();
    const stalled = await open({
      adapter: stalling((chunk) => (chunk.changes > 0 ? stall.pass() : Promise.resolve())),
    });
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    shop.exec(SHOP_CHANGES);
    const running = rejection(replicate(stalled, generation), 'EPOCH_LOST');
    await stall.reached;
    await pipeline.fence({ chain: CHAIN, generation: generation + 1 });
    const warehouse = folder.database('warehouse.db');
    const content = (): unknown => [
      ...[...SHOP_TABLES, '_cdc_table'].map((table) => dumpTable(warehouse, table)),
      dumpTable(warehouse, '_cdc_pipeline', ['uuid', 'generation', 'epoch', 'seq', 'position']),
    ];
    const before = content();
    stall.open();
    await running;
    expect(content()).toEqual(before);
    const { backlog } = await pipeline.statistics();
    expect(backlog).toBeGreaterThan(0);
    await replicate(pipeline, generation + 1);
    expectEqual();
  });

  test('a claim of an older generation is refused, also by a fence that came late', async () => {
    folder.database('shop.db', SHOP);
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    await pipeline.fence({ chain: CHAIN, generation: generation + 5 });
    await rejection(replicate(pipeline, generation), 'FENCED');
    await rejection(replicate(pipeline, generation + 4), 'FENCED');
    await pipeline.fence({ chain: CHAIN, generation: generation + 2 });
    await rejection(replicate(pipeline, generation + 4), 'FENCED');
    await rejection(pipeline.markGoal({ chain: CHAIN, generation: generation + 4, batch: true }), 'FENCED');
    await replicate(pipeline, generation + 5);
    await replicate(pipeline, generation + 6);
    await rejection(replicate(pipeline, generation + 5), 'FENCED');
  });

  test('of two appliers the one that stalls and wakes commits nothing twice', async () => {
    const shop = folder.database('shop.db', SHOP);
    const stall = gate();
    const stalled = await open({
      adapter: stalling((chunk) => (chunk.changes > 0 ? stall.pass() : Promise.resolve())),
    });
    const other = await open();
    const { generation } = await started(other, specOf(['*']));
    shop.exec(SHOP_CHANGES);
    const running = rejection(replicate(stalled, generation), 'EPOCH_LOST');
    await stall.reached;
    const result = await replicate(other, generation);
    const counted = (await other.statistics()).tables;
    shop.exec(`UPDATE orders SET note = 'after'`);
    stall.open();
    await running;
    expect(
      (await other.statistics()).tables.map((table) => [table.inserted, table.updated, table.deleted]),
    ).toEqual(counted.map((table) => [table.inserted, table.updated, table.deleted]));
    expect(result.changes).toBeGreaterThan(0);
    await replicate(stalled, generation);
    expectEqual();
  });

  test('appliers that fight over a pipeline lose and double nothing', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipelines = [await open(), await open(), await open()];
    const [one] = pipelines;
    if (one === undefined) throw new Error('there are three');
    const { generation } = await started(one, specOf(['*']));
    for (let round = 0; round < 4; round++) {
      shop.exec(`UPDATE orders SET total = total + 1; INSERT INTO customers (name) VALUES ('n${round}')`);
      shop.exec(`UPDATE customers SET credit = ${round}; UPDATE tags SET weight = ${round}`);
      const outcomes = await Promise.allSettled(
        pipelines.map((pipeline) => replicate(pipeline, generation, { settings: { batchRows: 1 } })),
      );
      expect(outcomes.some((outcome) => outcome.status === 'fulfilled')).toBe(true);
    }
    await replicate(one, generation);
    expectEqual();
    const captured = shop.prepare('SELECT (SELECT n FROM _cdc_counter)').pluck().get();
    const applied = (await one.statistics()).tables.reduce(
      (sum, table) => sum + table.inserted + table.updated + table.deleted,
      0,
    );
    expect(BigInt(applied)).toBe(captured);
  });

  test('a chunk that was staged is merged or discarded, whatever became of its commit', async () => {
    const shop = folder.database('shop.db', SHOP);
    const staged = new Set<number>();
    const failing = { on: true };
    const watching: Adapter = {
      ...sqliteAdapter,
      async openTarget(options) {
        const target = await sqliteAdapter.openTarget(options);
        return {
          ...target,
          async direct(offer) {
            const transfer = await target.direct(offer);
            if (transfer === null) return null;
            return {
              kind: transfer.kind,
              async stage(request) {
                const chunk = await transfer.stage(request);
                staged.add(chunk.token);
                return chunk;
              },
              async discard(chunk) {
                staged.delete(chunk.token);
                await transfer.discard(chunk);
              },
            };
          },
          async transaction(on, work) {
            // Its transaction spends a chunk, whether it commits or not.
            if (on !== null) staged.delete(on.token);
            return target.transaction(on, async (tx) => {
              if (on !== null && failing.on) throw new Error('on purpose');
              return work(tx);
            });
          },
        };
      },
    };
    const pipeline = await open({ adapter: watching });
    await started(await open(), specOf(['*']));
    shop.exec(SHOP_CHANGES);
    await rejection(replicate(pipeline, 1, { settings: { batchRows: 2 } }), 'INTERNAL');
    expect([...staged]).toEqual([]);
    failing.on = false;
    await replicate(pipeline, 1, { settings: { batchRows: 2 } });
    expect([...staged]).toEqual([]);
    expectEqual();
  });
});
