import { describe, expect, test } from '@jest/globals';
import { isCdcError, type Adapter, type Engine } from '../../engine';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { toCdcError } from '../../engine/errors';
import { CHAIN, engineOver, REF, rejection, replicate, setUp, specOf, started } from '../support/pipelines';
import { ownObjects } from '../support/same-files';
import { SHOP, SHOP_CHANGES, SHOP_TABLES } from '../support/shop';
import { folderPerTest } from '../support/sqlite';
import { pipelinesIn } from '../support/file-pipelines';

const folder = folderPerTest();
const { expectEqual } = pipelinesIn(folder);

function engine(): Engine {
  return folder.closing(engineOver(folder.url('shop.db'), folder.url('warehouse.db')));
}

describe('who owns a pipeline', () => {
  test('planning tells every statement and writes nothing', async () => {
    folder.database('shop.db', SHOP);
    folder.database('warehouse.db');
    const pipeline = await engine().pipeline(REF);
    const plan = await pipeline.plan(specOf(['*']));
    expect(plan.tables.map((table) => table.source).sort()).toEqual([...SHOP_TABLES]);
    expect(plan.steps.some((step) => step.on === 'source' && /CREATE TRIGGER/.test(step.sql))).toBe(true);
    expect(plan.steps.filter((step) => step.on === 'target' && step.table !== null)).toHaveLength(3);
    expect([...ownObjects(folder.file('shop.db')), ...ownObjects(folder.file('warehouse.db'))]).toEqual([]);
    await setUp(pipeline, specOf(['*']));
    expect((await pipeline.plan(specOf(['*']))).steps).toEqual([]);
  });

  test('the same chain sets up again and goes on where it was', async () => {
    const shop = folder.database('shop.db', SHOP);
    const first = await engine().pipeline(REF);
    const { generation } = await started(first, specOf(['*']));
    shop.exec(SHOP_CHANGES);
    const second = await engine().pipeline(REF);
    const again = await setUp(second, specOf(['*']));
    expect(again.resumed).toBe(true);
    expect(again.tables.map((table) => table.state)).toEqual(SHOP_TABLES.map(() => 'replicating'));
    expect(again.generation).toBeGreaterThan(generation);
    await rejection(replicate(first, generation), 'FENCED');
    const result = await replicate(second, again.generation);
    expect(result.snapshotRows).toBe(0);
    expectEqual();
  });

  test('another chain is refused until the first has ended or is taken over', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await engine().pipeline(REF);
    const { generation } = await started(pipeline, specOf(['*']));
    await rejection(setUp(pipeline, specOf(['*']), 'chain-2'), 'PIPELINE_TAKEN');
    await rejection(replicate(pipeline, generation, { chain: 'chain-2' }), 'PIPELINE_TAKEN');
    await rejection(pipeline.fence({ chain: 'chain-2', generation: 99 }), 'PIPELINE_TAKEN');
    shop.exec(SHOP_CHANGES);
    await replicate(pipeline, generation);
    expectEqual();

    await pipeline.finish({ chain: CHAIN });
    await rejection(replicate(pipeline, generation), 'FENCED');
    const second = await setUp(pipeline, specOf(['*']), 'chain-2');
    expect(second.resumed).toBe(true);
    await rejection(replicate(pipeline, second.generation), 'PIPELINE_TAKEN');

    const third = await pipeline.setup({ spec: specOf(['*']), chain: 'chain-3', takeOver: true });
    await rejection(replicate(pipeline, second.generation, { chain: 'chain-2' }), 'PIPELINE_TAKEN');
    shop.exec(`DELETE FROM orders; INSERT INTO customers VALUES (50, 'new', NULL, NULL)`);
    await replicate(pipeline, third.generation, { chain: 'chain-3' });
    expectEqual();
  });

  test('a setup that failed half way is no obstacle to another chain', async () => {
    const shop = folder.database('shop.db', SHOP);
    const failing = await engine().pipeline(REF);
    shop.exec('BEGIN IMMEDIATE');
    await rejection(setUp(failing, specOf(['*'])), 'DATABASE_LOCKED');
    shop.exec('ROLLBACK');
    await rejection(replicate(failing, 1), 'PIPELINE_UNKNOWN');
    const { generation, resumed } = await setUp(await engine().pipeline(REF), specOf(['*']), 'chain-2');
    expect(resumed).toBe(false);
    await replicate(failing, generation, { chain: 'chain-2' });
    expectEqual();
    const consumers = shop.prepare('SELECT count(*) FROM _cdc_consumer').pluck().get();
    expect(consumers).toBe(1n);
  }, 30_000);

  test('of two setups at the same time one wins, and its pipeline works', async () => {
    folder.database('shop.db', SHOP);
    const handles = await Promise.all([engine().pipeline(REF), engine().pipeline(REF)]);
    const outcomes = await Promise.allSettled(
      handles.map(async (pipeline, index) => {
        const attempt = (): ReturnType<typeof setUp> => setUp(pipeline, specOf(['*']), `chain-${index}`);
        // The later one may find the tables of the earlier one, or its locks, and tries again, as a workflow would.
        for (;;) {
          try {
            return await attempt();
          } catch (error) {
            if (!isCdcError(error, 'SCHEMA_MOVED') && !isCdcError(error, 'DATABASE_LOCKED')) throw error;
          }
        }
      }),
    );
    const won = outcomes.flatMap((outcome, index) =>
      outcome.status === 'fulfilled' ? [{ chain: `chain-${index}`, ...outcome.value }] : [],
    );
    const lost = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [toCdcError(outcome.reason).code] : [],
    );
    expect(lost).toEqual(['PIPELINE_TAKEN']);
    for (const { chain, generation } of won)
      await replicate(await engine().pipeline(REF), generation, { chain });
    expectEqual();
  });

  test('a target table that is made after the others were read is SCHEMA_MOVED, and the next setup takes it', async () => {
    folder.database('shop.db', SHOP);
    const warehouse = folder.database('warehouse.db');
    let made = false;
    const adapter: Adapter = {
      ...sqliteAdapter,
      async openTarget(options) {
        const target = await sqliteAdapter.openTarget(options);
        return {
          ...target,
          async tables() {
            const found = await target.tables();
            if (!made)
              warehouse.exec('CREATE TABLE tags (order_id INTEGER, tag TEXT, PRIMARY KEY (order_id, tag))');
            made = true;
            return found;
          },
        };
      },
    };
    const own = folder.closing(engineOver(folder.url('shop.db'), folder.url('warehouse.db'), { adapter }));
    const pipeline = await own.pipeline(REF);
    const error = await rejection(setUp(pipeline, specOf(['*'])), 'SCHEMA_MOVED');
    expect(error).toMatchObject({ table: 'tags', retryable: true });
    // Its columns are looked at now: one of them is missing.
    const mismatch = await rejection(setUp(pipeline, specOf(['*'])), 'TARGET_TABLE_MISMATCH');
    expect(mismatch.message).toContain('lacks the column weight');
    warehouse.exec('ALTER TABLE tags ADD COLUMN weight');
    await started(pipeline, specOf(['*']));
    expectEqual();
  });

  test('a table added later is copied, also when snapshots are off and changes wait', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await engine().pipeline(REF);
    await started(pipeline, specOf(['customers']));
    shop.exec(`UPDATE customers SET credit = 99; INSERT INTO orders VALUES (8, 1, 'eighth', 8)`);
    const { generation } = await setUp(pipeline, specOf(['*'], { snapshot: false }));
    await replicate(pipeline, generation);
    expectEqual();
  });

  test('a table taken out keeps its rows and is no longer captured', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await engine().pipeline(REF);
    await started(pipeline, specOf(['*']));
    const { generation } = await setUp(pipeline, specOf(['customers', 'tags']));
    shop.exec(`DELETE FROM orders; UPDATE customers SET name = 'renamed'`);
    await replicate(pipeline, generation);
    const { tables } = await pipeline.statistics();
    expect(tables.map((table) => table.source).sort()).toEqual(['customers', 'tags']);
    expectEqual(['customers', 'tags']);
    const orders = folder.database('warehouse.db').prepare('SELECT count(*) FROM orders').pluck().get();
    expect(orders).toBe(3n);
    expect(ownObjects(folder.file('shop.db')).filter((name) => name.includes('orders'))).toEqual([]);
  });

  test('more columns than before are copied into all rows', async () => {
    const shop = folder.database('shop.db', SHOP);
    const warehouse = folder.database('warehouse.db');
    const pipeline = await engine().pipeline(REF);
    await started(pipeline, specOf([{ from: 'customers', columns: ['id', 'name'] }]));
    warehouse.exec(
      'ALTER TABLE customers ADD COLUMN email TEXT; ALTER TABLE customers ADD COLUMN credit NUMERIC(10,2)',
    );
    shop.exec(`UPDATE customers SET credit = 5 WHERE id = 2; DELETE FROM customers WHERE id = 3`);
    const { generation } = await setUp(pipeline, specOf(['customers']));
    await replicate(pipeline, generation);
    expectEqual(['customers']);
  });

  test('two pipelines share a source and a target without harm', async () => {
    const shop = folder.database('shop.db', SHOP);
    const other = { ...REF, name: 'other' };
    const one = await engine().pipeline(REF);
    const two = await engine().pipeline(other);
    const narrow = { ...specOf([{ from: 'customers', to: 'people' }]), name: 'other' };
    const first = await started(one, specOf(['*']));
    const second = await started(two, narrow);
    shop.exec(SHOP_CHANGES);
    await replicate(one, first.generation);
    await one.markSynced({ retainMs: 0 });
    await replicate(two, second.generation);
    await two.markSynced({ retainMs: 0 });
    expectEqual();
    expectEqual([{ source: 'customers', target: 'people' }]);
    await one.teardown();
    shop.exec(`INSERT INTO customers VALUES (60, 'later', NULL, 1)`);
    await replicate(two, second.generation);
    expectEqual([{ source: 'customers', target: 'people' }]);
  });
});
