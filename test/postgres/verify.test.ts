/** A comparison of a PostgreSQL database with its target while writes go on, and the repair of what it found. */
import { describe, expect, test } from '@jest/globals';
import { specOf, started } from '../support/pipelines';
import { postgresPerTest } from '../support/postgres-scratch';
import { folderPerTest } from '../support/sqlite';
import { patiently, type VerifyScene } from '../support/verify-scene';
import { findsAndMends, verifyCases } from '../support/verify-cases';

const { pipelineOf, scratch } = postgresPerTest();
const folder = folderPerTest();

const items = (rows: number) =>
  scratch(
    `CREATE TABLE items (id integer PRIMARY KEY, note text, amount numeric(20, 4), at timestamp(6), raw bytea, n integer)`,
    `INSERT INTO items SELECT i, CASE i WHEN 4 THEN '' ELSE 'note ' || i END, 1234567.8901,
  '2026-01-02 03:04:05.678901', convert_to('bytes ' || i, 'UTF8'), 0 FROM generate_series(1, ${String(rows)}) i`,
  );

async function sceneOf(
  rows: number,
  target: { readonly url: string },
  onTarget: VerifyScene['onTarget'],
): Promise<VerifyScene> {
  const source = await items(rows);
  const worker = await pipelineOf(source, target);
  const { generation } = await started(worker, specOf(['public.items']));
  return {
    worker,
    reader: await pipelineOf(source, target),
    generation,
    table: 'public.items',
    rows,
    onSource: (sql) => source.execute(sql),
    onTarget,
  };
}

describe('verify between PostgreSQL databases', () => {
  verifyCases(async (rows) => {
    const target = await scratch();
    return {
      scene: await sceneOf(rows, target, (sql) => target.execute(sql)),
      raw: `convert_to('bytes 4', 'UTF8')`,
      at: `at + interval '1 microsecond'`,
    };
  });
});

test('keys that are numbers here and texts there are told exactly, each once', async () => {
  const source = await scratch(
    `CREATE TABLE t (k numeric PRIMARY KEY, v text)`,
    `INSERT INTO t SELECT i, 'v' FROM generate_series(1, 11000) i`,
  );
  const target = await scratch(`CREATE TABLE t (k text PRIMARY KEY, v text)`);
  const pipeline = await pipelineOf(source, target);
  await started(pipeline, specOf(['public.t']));
  const counts = { sourceRows: 11_000, targetRows: 11_000 };
  expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true, tables: [counts] });
  await target.execute(`UPDATE t SET k = '007' WHERE k = '7'`, `UPDATE t SET v = 'x' WHERE k = '999'`);
  expect(await pipeline.verify({})).toMatchObject({
    exact: true,
    tables: [{ ...counts, missing: 1, extra: 1, different: 1 }],
  });
});

describe('verify of SQLite and PostgreSQL', () => {
  test('keys that SQLite compares without case are told exactly', async () => {
    const words = ['b', 'D', 'a', 'C', 'z', 'B1', 'Z1']
      .map((word, place) => `('${word}', ${place})`)
      .join(', ');
    folder.database(
      'shop.db',
      `CREATE TABLE t (k TEXT COLLATE NOCASE NOT NULL PRIMARY KEY, v); INSERT INTO t VALUES ${words}`,
    );
    const target = await scratch();
    const pipeline = await pipelineOf({ url: folder.url('shop.db') }, target);
    await started(pipeline, specOf(['t']));
    const counts = { sourceRows: 7, targetRows: 7 };
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true, tables: [counts] });
    await target.execute(
      `INSERT INTO t VALUES ('E', '1')`,
      `UPDATE t SET v = '-1' WHERE k = 'C'`,
      `DELETE FROM t WHERE k = 'a'`,
    );
    expect(await pipeline.verify({})).toMatchObject({
      exact: true,
      tables: [{ ...counts, missing: 1, extra: 1, different: 1 }],
    });
  });
});

describe('verify of PostgreSQL and SQLite', () => {
  test('keys that are ordered otherwise there, or look like the same number, are told exactly', async () => {
    const source = await scratch(
      `CREATE TABLE amounts (k numeric(12, 3) PRIMARY KEY, v text)`,
      `INSERT INTO amounts SELECT i / 8.0, 'v' || i FROM generate_series(1, 2000) i`,
      `CREATE TABLE codes (k text PRIMARY KEY, v text)`,
      `INSERT INTO codes VALUES ('7', 'a'), ('007', 'b'), ('7.0', 'c'), ('1e2', 'd'), ('100', 'e'), ('B', 'f'), ('a', 'g')`,
    );
    const replica = folder.database('replica.db');
    const pipeline = await pipelineOf(source, { url: folder.url('replica.db') });
    await started(pipeline, specOf(['public.amounts', 'public.codes']));
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
    replica.exec(`DELETE FROM codes WHERE k IN ('007', '7.0'); UPDATE codes SET v = 'x' WHERE k = '1e2';
INSERT INTO codes VALUES ('0007', 'extra');
DELETE FROM amounts WHERE k IN ('0.125', '100.000'); UPDATE amounts SET v = NULL WHERE k = '99.500';
INSERT INTO amounts VALUES ('-1.000', 'extra'), ('9999.000', 'extra')`);
    const { exact, tables, differences } = await pipeline.verify({});
    expect(exact).toBe(true);
    expect(tables).toMatchObject([
      { sourceRows: 2_000, targetRows: 2_000, missing: 2, extra: 2, different: 1 },
      { sourceRows: 7, targetRows: 6, missing: 2, extra: 1, different: 1 },
    ]);
    expect(differences.map(({ kind, key }) => `${kind} ${String(key['k'])}`).sort()).toEqual([
      'different 1e2',
      'different 99.500',
      'extra -1.000',
      'extra 0007',
      'extra 9999.000',
      'missing 0.125',
      'missing 007',
      'missing 100.000',
      'missing 7.0',
    ]);
  });

  findsAndMends(async (rows) => {
    const replica = folder.database('replica.db');
    const target = { url: folder.url('replica.db') };
    return {
      scene: await sceneOf(rows, target, (sql) => patiently(replica, sql)),
      raw: `CAST('bytes 4' AS BLOB)`,
      at: `replace(at, '678901', '678902')`,
    };
  });
});
