/** A table that fails is set aside; the others go on; mended, it catches up and rejoins them. */
import type Database from 'better-sqlite3';
import { describe, expect, test } from '@jest/globals';
import type { ReplicateResult } from '../../engine';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { CHAIN, type engineOver, rejection, replicate, specOf, started } from '../support/pipelines';
import { byRows } from '../support/by-rows';
import { folderPerTest } from '../support/sqlite';
import { pipelinesIn } from '../support/file-pipelines';

const folder = folderPerTest();
const { open, expectEqual } = pipelinesIn(folder);

const SCHEMA = `CREATE TABLE good (id INTEGER PRIMARY KEY, v);
CREATE TABLE bad (id INTEGER PRIMARY KEY, v);
CREATE TABLE child (id INTEGER PRIMARY KEY, bad_id);
INSERT INTO good VALUES (1, 1); INSERT INTO bad VALUES (1, 1); INSERT INTO child VALUES (1, 1)`;

/** The target's own tables: `bad` refuses values of 100 and more, `child` references it. */
const TARGET = `CREATE TABLE good (id INTEGER PRIMARY KEY, v);
CREATE TABLE bad (id INTEGER PRIMARY KEY, v);
CREATE TABLE child (id INTEGER PRIMARY KEY, bad_id REFERENCES bad (id));
CREATE TRIGGER strict_insert BEFORE INSERT ON bad WHEN NEW.v >= 100 BEGIN SELECT raise(ABORT, 'secret'); END;
CREATE TRIGGER strict_update BEFORE UPDATE ON bad WHEN NEW.v >= 100 BEGIN SELECT raise(ABORT, 'secret'); END`;

const MEND = 'DROP TRIGGER strict_insert; DROP TRIGGER strict_update';

function statesOf({ progress }: ReplicateResult): Readonly<Record<string, string>> {
  return Object.fromEntries(progress.map(({ source, state }) => [source, state]));
}

describe.each([
  ['attached', sqliteAdapter],
  ['by rows', byRows(sqliteAdapter)],
] as const)('a table that the target refuses (%s)', (_way, adapter) => {
  async function begin(): Promise<{
    shop: Database.Database;
    warehouse: Database.Database;
    pipeline: Awaited<ReturnType<ReturnType<typeof engineOver>['pipeline']>>;
    generation: number;
  }> {
    const shop = folder.database('shop.db', SCHEMA);
    const warehouse = folder.database('warehouse.db', TARGET);
    const pipeline = await open({ adapter });
    const { generation } = await started(pipeline, specOf(['*']));
    return { shop, warehouse, pipeline, generation };
  }

  test('is parked with its cause and the tables that reference it; the others go on', async () => {
    const { shop, warehouse, pipeline, generation } = await begin();
    shop.exec(`UPDATE good SET v = 2; UPDATE bad SET v = 100; UPDATE child SET bad_id = 2`);
    const result = await replicate(pipeline, generation);
    expect(statesOf(result)).toEqual({ good: 'replicating', bad: 'parked', child: 'parked' });
    const causes = new Map(result.progress.map(({ source, cause }) => [source, cause]));
    expect(causes.get('bad')).toMatch(/^CONSTRAINT_FAILED: /);
    expect(causes.get('bad')).not.toContain('secret');
    expect(causes.get('child')).toMatch(/^PARENT_PARKED: .*bad/);
    expect(result.caughtUp).toBe(true);
    shop.exec(`INSERT INTO good VALUES (2, 2); INSERT INTO bad VALUES (2, 2)`);
    await replicate(pipeline, generation);
    expectEqual(['good']);
    expect(warehouse.prepare('SELECT * FROM bad').raw().all()).toEqual([[1n, 1n]]);
    const { checks } = await pipeline.healthReport();
    expect(checks.find(({ name }) => name === 'tables')).toMatchObject({ state: 'failed' });
  });

  test('is parked alone where the target lacks one of its columns', async () => {
    const { shop, warehouse, pipeline, generation } = await begin();
    warehouse.exec(`${MEND}; ALTER TABLE bad DROP COLUMN v`);
    shop.exec('UPDATE good SET v = 2; UPDATE bad SET v = 2; INSERT INTO bad VALUES (2, 2)');
    const { progress } = await replicate(pipeline, generation);
    const [good, bad] = ['good', 'bad'].map((name) => progress.find(({ source }) => source === name));
    expect(good).toMatchObject({ state: 'replicating' });
    expect(bad).toMatchObject({
      state: 'parked',
      cause: expect.stringMatching(/^TARGET_TABLE_MISMATCH: .*lacks the column v/),
    });
    expectEqual(['good']);
  });

  test('catches up chunk by chunk once it is mended, and rejoins the others at one position', async () => {
    const { shop, warehouse, pipeline, generation } = await begin();
    shop.exec(`UPDATE bad SET v = 100`);
    await replicate(pipeline, generation);
    for (let id = 2; id < 40; id++) {
      shop.exec(`INSERT INTO bad VALUES (${id}, 0); INSERT INTO good VALUES (${id}, 0)`);
      if (id % 3 === 0) shop.exec(`DELETE FROM bad WHERE id = ${id - 1}`);
      if (id % 4 === 0) shop.exec(`INSERT INTO child VALUES (${id}, ${id})`);
    }
    await replicate(pipeline, generation);
    await pipeline.markSynced({ retainMs: -60_000 });
    warehouse.exec(MEND);
    const steering = { chain: CHAIN, generation: generation + 1 };
    expect(await pipeline.resumeTable({ ...steering, table: 'bad' })).toEqual(['bad', 'child']);
    shop.exec(`UPDATE bad SET v = v + 1; UPDATE good SET v = 7`);
    const result = await replicate(pipeline, generation + 1, { settings: { batchRows: 5 } });
    expect(statesOf(result)).toEqual({ good: 'replicating', bad: 'replicating', child: 'replicating' });
    expect(result).toMatchObject({ caughtUp: true, snapshotRows: 0 });
    expectEqual(['good', 'bad', 'child']);
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
    expect(await pipeline.waitCaughtUp({ timeoutMs: 0 })).toBe(true);
    shop.exec(`DELETE FROM bad WHERE id > 20; DELETE FROM child`);
    await replicate(pipeline, generation + 1);
    expectEqual(['good', 'bad', 'child']);
  });

  test('is parked again when it is resumed before it was mended, and the others do not wait', async () => {
    const { shop, warehouse, pipeline, generation } = await begin();
    shop.exec(`UPDATE bad SET v = 100`);
    await replicate(pipeline, generation);
    await pipeline.resumeTable({ chain: CHAIN, generation: generation + 1, table: 'bad' });
    shop.exec(`UPDATE good SET v = 3`);
    const result = await replicate(pipeline, generation + 1);
    expect(statesOf(result)).toMatchObject({ good: 'replicating', bad: 'parked' });
    expectEqual(['good']);
    warehouse.exec(MEND);
    await pipeline.resumeTable({ chain: CHAIN, generation: generation + 2, table: 'bad' });
    await replicate(pipeline, generation + 2);
    expectEqual(['good', 'bad', 'child']);
  });

  test('whose copy was cut short is copied anew', async () => {
    const shop = folder.database('shop.db', SCHEMA);
    shop.exec(`INSERT INTO bad VALUES (2, 2), (3, 100), (4, 4)`);
    const warehouse = folder.database('warehouse.db', TARGET);
    const pipeline = await open({ adapter });
    const { generation } = await pipeline.setup({ spec: specOf(['*']), chain: CHAIN, takeOver: false });
    const result = await replicate(pipeline, generation, { settings: { snapshotRows: 1 } });
    expect(statesOf(result)).toMatchObject({ good: 'replicating', bad: 'parked' });
    shop.exec(`DELETE FROM bad WHERE id = 1`);
    warehouse.exec(MEND);
    await pipeline.resumeTable({ chain: CHAIN, generation: generation + 1, table: 'bad' });
    await replicate(pipeline, generation + 1, { settings: { snapshotRows: 1 } });
    expectEqual(['good', 'bad', 'child']);
  });
});

describe('a table whose columns changed on the source', () => {
  test('is parked, and is copied again when it is resumed after the remedy', async () => {
    const shop = folder.database('shop.db', SCHEMA);
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    shop.exec(`ALTER TABLE bad ADD COLUMN extra; INSERT INTO bad VALUES (2, 2, 2); UPDATE good SET v = 9`);
    const result = await replicate(pipeline, generation);
    expect(statesOf(result)).toMatchObject({ good: 'replicating', bad: 'parked' });
    expect(result.progress.find(({ source }) => source === 'bad')?.cause).toContain('extra');
    expectEqual(['good']);
    const steering = { chain: CHAIN, generation: generation + 1, table: 'bad' };
    const refused = await rejection(pipeline.resumeTable(steering), 'TARGET_TABLE_MISMATCH');
    expect(refused.message).toContain('extra');
    folder.database('warehouse.db', 'ALTER TABLE bad ADD COLUMN extra').close();
    expect(await pipeline.resumeTable(steering)).toEqual(['bad']);
    await replicate(pipeline, generation + 1);
    expectEqual(['good', 'bad', 'child']);
  });

  test('resuming what is not parked, or unknown, does nothing or says so', async () => {
    folder.database('shop.db', SCHEMA);
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    const steering = { chain: CHAIN, generation };
    expect(await pipeline.resumeTable({ ...steering, table: 'good' })).toEqual([]);
    const error = await rejection(
      pipeline.resumeTable({ ...steering, table: 'god' }),
      'TABLE_NOT_IN_PIPELINE',
    );
    expect(error.hint).toContain('"good"');
  });
});
