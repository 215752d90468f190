/** Keys to repair go many to a commit; one that the target refuses keeps no other from being repaired. */
import { expect, test } from '@jest/globals';
import type Database from 'better-sqlite3';
import type { Pipeline, PipelineSettings } from '../../engine';
import { pipelinesIn } from '../support/file-pipelines';
import { CHAIN, replicate, specOf, started } from '../support/pipelines';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();
const { open, expectEqual } = pipelinesIn(folder);

interface Scene {
  readonly shop: Database.Database;
  readonly warehouse: Database.Database;
  readonly pipeline: Pipeline;
  readonly generation: number;
}

/** A table `t` of so many rows, and one `u` that nothing happens to, replicated. */
async function scene(rows: number, settings: Partial<PipelineSettings> = {}): Promise<Scene> {
  const shop = folder.database(
    'shop.db',
    `CREATE TABLE t (id INTEGER PRIMARY KEY, v); CREATE TABLE u (id INTEGER PRIMARY KEY, v)`,
  );
  shop
    .prepare(
      `INSERT INTO t WITH RECURSIVE i (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM i WHERE id < ?) SELECT id, id FROM i`,
    )
    .run(rows);
  const warehouse = folder.database('warehouse.db');
  const pipeline = await open();
  const { generation } = await started(pipeline, specOf(['t', 'u'], settings));
  return { shop, warehouse, pipeline, generation };
}

function repair({ pipeline }: Scene, ids: readonly number[]): Promise<void> {
  return pipeline.repair(ids.map((id) => ({ table: 't', key: { id: BigInt(id) } })));
}

function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, place) => place + 1);
}

test('thousands of keys are repaired in a few commits, with the changes that came meanwhile', async () => {
  const at = await scene(2_400);
  at.warehouse.exec(`DELETE FROM t WHERE id % 3 = 0; UPDATE t SET v = 0 WHERE id % 3 = 1;
INSERT INTO t SELECT id + 5000, 0 FROM t WHERE id <= 100`);
  at.shop.exec(
    `UPDATE t SET v = -1 WHERE id % 100 = 0; DELETE FROM t WHERE id % 70 = 0; INSERT INTO u VALUES (1, 1)`,
  );
  await repair(at, [...upTo(2_400), ...upTo(100).map((id) => id + 5_000)]);
  const { commits, tables } = await replicate(at.pipeline, at.generation);
  expect(commits).toBeLessThanOrEqual(8);
  expect(tables.map(({ table }) => table).sort()).toEqual(['t', 'u']);
  expect(await at.pipeline.waitRepaired({ timeoutMs: 0 })).toEqual({ done: true, refused: [] });
  expectEqual(['t', 'u']);
});

test('of many keys those are told whose rows the target refuses, and the others are repaired', async () => {
  const at = await scene(600);
  at.warehouse.exec(`DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, v CHECK (v NOT IN (7, 400)))`);
  await repair(at, upTo(600));
  const { commits, progress } = await replicate(at.pipeline, at.generation);
  expect(commits).toBeLessThanOrEqual(4);
  expect(progress).toMatchObject([
    { source: 't', state: 'replicating', deadLetters: 0 },
    { state: 'replicating' },
  ]);
  const { done, refused } = await at.pipeline.waitRepaired({ timeoutMs: 0 });
  expect(done).toBe(true);
  expect(refused.map(({ key, code }) => [key, code])).toEqual([
    [{ id: 7n }, 'CONSTRAINT_FAILED'],
    [{ id: 400n }, 'CONSTRAINT_FAILED'],
  ]);
  expect(at.warehouse.prepare('SELECT count(*) FROM t').pluck().get()).toBe(598n);
});

test('what parks the table keeps the keys before it from nothing', async () => {
  const at = await scene(20);
  at.shop.exec(`DELETE FROM t WHERE id = 7`);
  await replicate(at.pipeline, at.generation);
  at.warehouse.exec(`UPDATE t SET v = 0; INSERT INTO t VALUES (7, 0);
CREATE TRIGGER kept BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'kept'); END`);
  await repair(at, upTo(20));
  const { progress } = await replicate(at.pipeline, at.generation);
  expect(progress).toMatchObject([{ source: 't', state: 'parked' }, { state: 'replicating' }]);
  const written = at.warehouse.prepare('SELECT id FROM t WHERE v <> 0').pluck();
  expect(written.all()).toEqual(upTo(6).map(BigInt));

  at.warehouse.exec('DROP TRIGGER kept');
  const generation = at.generation + 1;
  await at.pipeline.resumeTable({ chain: CHAIN, generation, table: 't' });
  // Once it goes with the others again.
  for (let attempt = 1; attempt <= 2; attempt++) await replicate(at.pipeline, generation);
  expect(await at.pipeline.waitRepaired({ timeoutMs: 0 })).toEqual({ done: true, refused: [] });
  expectEqual(['t', 'u']);
});

test('where rows may be set aside, keys to repair count as much as they would one by one', async () => {
  const settings = { onError: { action: 'deadLetter', perHour: 3 } } as const;
  const at = await scene(10, settings);
  at.warehouse.exec(`DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, v CHECK (v % 2 = 1))`);
  await repair(at, upTo(6));
  const few = await replicate(at.pipeline, at.generation, { settings });
  expect(few.progress).toMatchObject([{ source: 't', state: 'replicating', deadLetters: 3 }, {}]);
  expect(few.commits).toBe(1);
  await repair(at, upTo(10));
  const many = await replicate(at.pipeline, at.generation, { settings });
  expect(many.progress).toMatchObject([{ source: 't', state: 'parked', deadLetters: 3 }, {}]);
  const written = at.warehouse.prepare('SELECT id FROM t').pluck();
  expect(written.all()).toEqual([1n, 3n, 5n, 7n]);
});
