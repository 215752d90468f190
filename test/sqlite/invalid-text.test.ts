/** Text that is not valid in its encoding, where rows pass through the worker. */
import { expect, test } from '@jest/globals';
import type { KeysetCapture, Pipeline, PipelineSettings } from '../../engine';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { byRows } from '../support/by-rows';
import { engineOver, REF, replicate, specOf, started } from '../support/pipelines';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();
const LETTERS: Partial<PipelineSettings> = { onError: { action: 'deadLetter', perHour: 100 } };

const ROWS = `INSERT INTO t VALUES (CAST(x'ff' AS TEXT), 'a', 1), (CAST(x'fe' AS TEXT), CAST(x'6180' AS TEXT), 1),
  ('�', '�', 1), ('valid', CAST(x'c3' AS TEXT), 1)`;

function pipelineOver(
  pipeline: Partial<typeof REF> & { readonly capture?: KeysetCapture } = {},
): Promise<Pipeline> {
  const engine = engineOver(folder.url('shop.db'), folder.url('replica.db'), {
    adapter: byRows(sqliteAdapter),
  });
  return folder.closing(engine).pipeline({ ...REF, ...pipeline });
}

/** By bytes, sorted. */
function rowsOf(file: string): readonly unknown[] {
  return folder.database(file).prepare('SELECT hex(k), hex(v) FROM t ORDER BY 1').raw().all();
}

test('keys and values of such text are inserted, updated, moved and deleted', async () => {
  const shop = folder.database('shop.db', `CREATE TABLE t (k TEXT NOT NULL PRIMARY KEY, v, n INT); ${ROWS}`);
  const pipeline = await pipelineOver();
  const { generation } = await started(pipeline, specOf(['t'], { snapshotRows: 1 }));
  expect(rowsOf('replica.db')).toEqual(rowsOf('shop.db'));
  shop.exec(`UPDATE t SET v = CAST(x'e9' AS TEXT) WHERE k = CAST(x'ff' AS TEXT);
UPDATE t SET k = CAST(x'fd' AS TEXT) WHERE k = CAST(x'fe' AS TEXT);
INSERT INTO t VALUES (CAST(x'fc' AS TEXT), 'new', 2);
DELETE FROM t WHERE k = '�'`);
  await replicate(pipeline, generation);
  shop.exec(`DELETE FROM t WHERE k = CAST(x'fc' AS TEXT)`);
  await replicate(pipeline, generation);
  expect(rowsOf('replica.db')).toEqual(rowsOf('shop.db'));
  expect(await pipeline.verify({})).toMatchObject({ equal: true });
});

test('rows are found by their times', async () => {
  const shop = folder.database(
    'shop.db',
    `CREATE TABLE t (k TEXT NOT NULL PRIMARY KEY, v, n INT); CREATE INDEX by_n ON t (n); ${ROWS}`,
  );
  const capture: KeysetCapture = {
    by: 'version',
    column: 'n',
    lookbackMs: null,
    deleted: null,
    allowScan: false,
    per: 'table',
    sweepMs: null,
  };
  const pipeline = await pipelineOver({ capture });
  const { generation } = await started(pipeline, { ...specOf(['t']), capture });
  shop.exec(`UPDATE t SET v = CAST(x'e9' AS TEXT), n = 2 WHERE k = CAST(x'ff' AS TEXT);
INSERT INTO t VALUES (CAST(x'fc' AS TEXT), 'new', 3), (CAST(x'fb' AS TEXT), 'new', 3)`);
  await replicate(pipeline, generation);
  expect(rowsOf('replica.db')).toEqual(rowsOf('shop.db'));
});

test('in another encoding such rows are set aside by their keys, until they are gone', async () => {
  folder.database(
    'replica.db',
    `PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (k TEXT NOT NULL PRIMARY KEY, v, n INT)`,
  );
  const shop = folder.database('shop.db', `CREATE TABLE t (k TEXT NOT NULL PRIMARY KEY, v, n INT); ${ROWS}`);
  const pipeline = await pipelineOver();
  const { generation } = await started(pipeline, specOf(['t'], LETTERS));
  const columns = async (): Promise<readonly unknown[]> =>
    (await pipeline.deadLetters({ table: null, ids: null, values: true })).map(({ column }) => column).sort();
  expect(await columns()).toEqual(['k', 'k', 'v']);
  shop.exec(`DELETE FROM t WHERE k = CAST(x'ff' AS TEXT); UPDATE t SET v = 'é' WHERE k = 'valid'`);
  await replicate(pipeline, generation, { settings: LETTERS });
  expect(await columns()).toEqual(['k']);
  shop.exec(`DELETE FROM t WHERE k = CAST(x'fe' AS TEXT)`);
  await replicate(pipeline, generation, { settings: LETTERS });
  expect(await columns()).toEqual([]);
  expect(await pipeline.verify({})).toMatchObject({ equal: true });
});
