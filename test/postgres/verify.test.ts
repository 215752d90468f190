/** A comparison of a PostgreSQL database with its target while writes go on, and the repair of what it found. */
import { describe } from '@jest/globals';
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

describe('verify of PostgreSQL and SQLite', () => {
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
