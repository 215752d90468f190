/** Numbers of PostgreSQL that SQLite itself would change: NaN becomes NULL there, and -0 in a column for numbers 0. */
import { expect, test } from '@jest/globals';
import type { DeadLetter, Pipeline, PipelineSettings } from '../../engine';
import { CHAIN, parkedBy, replicate, specOf, started } from '../support/pipelines';
import { postgresPerTest } from '../support/postgres-scratch';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();
const { pipelineOf, scratch } = postgresPerTest();
const LETTERS: Partial<PipelineSettings> = { onError: { action: 'deadLetter', perHour: 100 } };
const ALL = { table: null, ids: null };

function lettersOf(pipeline: Pipeline): Promise<readonly DeadLetter[]> {
  return pipeline.deadLetters({ ...ALL, values: true });
}

function held(sql = 'SELECT k, quote(v) FROM t ORDER BY k'): readonly unknown[] {
  return folder.database('replica.db').prepare(sql).raw().all();
}

test('rows with such a number are set aside by the column, and what the target has of them stays', async () => {
  const source = await scratch(
    'CREATE TABLE t (k integer PRIMARY KEY, v double precision)',
    `INSERT INTO t VALUES (1, 'NaN'), (2, '-0'), (3, 0.5), (4, 0.25)`,
  );
  const pipeline = await pipelineOf(source, { url: folder.url('replica.db') });
  const { generation } = await started(pipeline, specOf(['public.t'], LETTERS));
  expect(await lettersOf(pipeline)).toMatchObject([
    { key: { k: 1n }, row: { v: NaN }, code: 'TYPE_MISMATCH', column: 'v', op: 'upsert' },
    { key: { k: 2n }, row: { v: -0 }, code: 'TYPE_MISMATCH', column: 'v', op: 'upsert' },
  ]);
  await source.execute(
    `UPDATE t SET v = 'NaN' WHERE k = 3`,
    `DELETE FROM t WHERE k = 1`,
    `UPDATE t SET v = 2 WHERE k = 2`,
  );
  await replicate(pipeline, generation, { settings: LETTERS });
  expect(await lettersOf(pipeline)).toMatchObject([{ key: { k: 3n }, row: { v: NaN } }]);
  expect(held()).toEqual([
    [2n, '2.0'],
    [3n, '0.5'],
    [4n, '0.25'],
  ]);
  // Copied again, the row is in the source as it was before: nothing of it is missing.
  await pipeline.resync({ chain: CHAIN, generation: generation + 1, table: null });
  await replicate(pipeline, generation + 1, { settings: { ...LETTERS, snapshotRows: 1 } });
  expect(held()).toHaveLength(3);
  expect(await lettersOf(pipeline)).toMatchObject([{ key: { k: 3n } }]);
  await source.execute(`UPDATE t SET v = 1 WHERE k = 3`);
  await replicate(pipeline, generation + 1, { settings: LETTERS });
  expect(await lettersOf(pipeline)).toEqual([]);
  expect(await pipeline.verify({})).toMatchObject({ equal: true });
});

test('keys that are such numbers are set aside, and come and go with their rows', async () => {
  const source = await scratch(
    'CREATE TABLE t (k double precision PRIMARY KEY, v integer)',
    `INSERT INTO t VALUES ('NaN', 1), ('-0', 2), (3, 3)`,
  );
  const pipeline = await pipelineOf(source, { url: folder.url('replica.db') });
  const { generation } = await started(pipeline, specOf(['public.t'], { ...LETTERS, snapshotRows: 1 }));
  const letters = async (): Promise<readonly unknown[]> =>
    (await lettersOf(pipeline)).map(({ key, column, row }) => [key['k'], column, row?.['v']]);
  expect(await letters()).toEqual(
    expect.arrayContaining([
      [NaN, 'k', 1n],
      [-0, 'k', 2n],
    ]),
  );
  await source.execute(`UPDATE t SET v = 10 WHERE k = 'NaN'`, `UPDATE t SET k = 5 WHERE k = 0`);
  await replicate(pipeline, generation, { settings: LETTERS });
  expect(await letters()).toEqual([[NaN, 'k', 10n]]);
  await source.execute(`DELETE FROM t WHERE k = 'NaN'`);
  await replicate(pipeline, generation, { settings: LETTERS });
  expect(await letters()).toEqual([]);
  expect(held()).toEqual([
    [3, '3'],
    [5, '2'],
  ]);
});

test('a column without a type keeps -0', async () => {
  folder.database('replica.db', 'CREATE TABLE t (k INTEGER PRIMARY KEY, v)');
  const source = await scratch(
    'CREATE TABLE t (k integer PRIMARY KEY, v real)',
    `INSERT INTO t VALUES (1, '-0')`,
  );
  const pipeline = await pipelineOf(source, { url: folder.url('replica.db') });
  await started(pipeline, specOf(['public.t'], LETTERS));
  expect(held('SELECT v FROM t')).toEqual([[-0]]);
});

test('without a place to set rows aside, -0 parks its table by the column', async () => {
  const source = await scratch('CREATE TABLE t (k integer PRIMARY KEY, v real)');
  const pipeline = await pipelineOf(source, { url: folder.url('replica.db') });
  const { generation } = await started(pipeline, specOf(['public.t']));
  await source.execute(`INSERT INTO t VALUES (1, '-0')`);
  expect(await parkedBy(replicate(pipeline, generation), 'public.t', 'TYPE_MISMATCH')).toContain('column v');
});
