import { describe, expect, test } from '@jest/globals';
import type { ScratchDatabase } from '../../engine/contract';
import { parkedBy, replicate, setUp, specOf, started } from '../support/pipelines';
import { postgresPerTest } from '../support/postgres-scratch';

const { pipelineOf, scratch } = postgresPerTest();

async function same(source: ScratchDatabase, target: ScratchDatabase, ...tables: readonly string[]) {
  for (const table of tables) {
    expect([...(await target.dump(table))].sort()).toEqual([...(await source.dump(table))].sort());
  }
}

describe('PostgreSQL to PostgreSQL by COPY', () => {
  test('keys that change again and again in one chunk, names with a dollar, truncation and cascades', async () => {
    const source = await scratch(
      `CREATE TABLE "t$1" (id integer PRIMARY KEY, "v$1" text, "quo""ted" numeric(8,3))`,
      `CREATE TABLE parents (id integer PRIMARY KEY)`,
      `CREATE TABLE children (id integer PRIMARY KEY, parent integer REFERENCES parents ON DELETE CASCADE)`,
      `INSERT INTO "t$1" SELECT i, 'v' || i, i / 3.0 FROM generate_series(1, 100) i`,
      `INSERT INTO parents SELECT generate_series(1, 10)`,
      `INSERT INTO children SELECT i, 1 + i % 10 FROM generate_series(1, 50) i`,
    );
    const target = await scratch();
    const pipeline = await pipelineOf(source, target);
    const plan = await pipeline.plan(specOf(['public.*']));
    expect(plan.transport).toBe('copy');
    const { generation } = await started(pipeline, specOf(['public.*'], { snapshotRows: 30 }));
    await source.execute(
      ...Array.from({ length: 20 }, (_, n) => `UPDATE "t$1" SET "v$1" = 'x${n}' WHERE id <= 10`),
      `UPDATE "t$1" SET id = id + 1000 WHERE id > 90`,
      `UPDATE "t$1" SET id = -id WHERE id > 1000 AND id % 2 = 0`,
      `DELETE FROM "t$1" WHERE id BETWEEN 5 AND 7`,
      `INSERT INTO "t$1" VALUES (6, 'again', 1.5)`,
      `DELETE FROM parents WHERE id IN (2, 3)`,
      `BEGIN; DELETE FROM "t$1" WHERE id = 1; INSERT INTO "t$1" VALUES (1, 'back', NULL); COMMIT`,
    );
    for (const batchRows of [7, 1000]) await replicate(pipeline, generation, { settings: { batchRows } });
    await same(source, target, 't$1', 'parents', 'children');
    await source.execute('TRUNCATE children', `INSERT INTO children VALUES (99, 1)`);
    await replicate(pipeline, generation);
    await same(source, target, 'children');
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
  });

  test('rows that are not on the target as expected, and others that are, end as the source has them', async () => {
    const source = await scratch(
      `CREATE TABLE t (id integer PRIMARY KEY, v text UNIQUE)`,
      `INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 20) i`,
    );
    const target = await scratch();
    const pipeline = await pipelineOf(source, target);
    const { generation } = await started(pipeline, specOf(['public.t']));
    const drifts = [
      // Gone where an update is due, there where an insertion is due, and both at once.
      `DELETE FROM t WHERE id <= 5`,
      `INSERT INTO t VALUES (201, 'stranger')`,
      `DELETE FROM t WHERE id <= 5; INSERT INTO t SELECT i, 'stranger' || i FROM generate_series(301, 305) i`,
    ];
    for (const [turn, drift] of drifts.entries()) {
      await target.execute(drift);
      const first = 100 * (turn + 1);
      await source.execute(
        `UPDATE t SET v = v || '+' WHERE id <= 10`,
        `INSERT INTO t SELECT i, 'new' || i FROM generate_series(${first}, ${first + 9}) i`,
        `UPDATE t SET v = v || '!' WHERE id BETWEEN ${first} AND ${first + 3}`,
        `BEGIN; DELETE FROM t WHERE id = 11; INSERT INTO t VALUES (11, 'back${turn}'); COMMIT`,
        `DELETE FROM t WHERE id = ${first + 9}`,
      );
      await replicate(pipeline, generation);
      await same(source, target, 't');
    }
  });

  test('rows that triggers and functions change twice in one statement, whose parts are in several chunks', async () => {
    const source = await scratch(
      `CREATE TABLE t (id integer PRIMARY KEY, v text, n integer)`,
      `CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         UPDATE t SET n = 100 WHERE id = NEW.id; RETURN NULL; END $$`,
      `CREATE TRIGGER stamp AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION stamp()`,
      `CREATE FUNCTION touch_previous(k integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN
         UPDATE t SET v = 'touched' WHERE id = k - 1; RETURN k; END $$`,
    );
    const target = await scratch();
    const pipeline = await pipelineOf(source, target);
    const { generation } = await started(pipeline, specOf(['public.t']));
    for (const [turn, batchRows] of [1, 2, 3, 1000].entries()) {
      const first = 100 * turn;
      await source.execute(
        // The inner update of each row is logged before the insert that it follows.
        `INSERT INTO t SELECT i, 'new', 0 FROM generate_series(${first + 1}, ${first + 6}) i`,
        `ALTER TABLE t DISABLE TRIGGER stamp`,
        `INSERT INTO t SELECT touch_previous(i), 'new', 0 FROM generate_series(${first + 11}, ${first + 16}) i`,
        `ALTER TABLE t ENABLE TRIGGER stamp`,
      );
      await replicate(pipeline, generation, { settings: { batchRows } });
      await same(source, target, 't');
    }
  });

  test('a table of other types on the target goes by rows, each value looked at', async () => {
    const source = await scratch(
      `CREATE TABLE t (id integer PRIMARY KEY, n numeric(10,4), at timestamptz)`,
      `INSERT INTO t VALUES (1, 1.5, '2024-01-01 10:00:00+02')`,
    );
    const target = await scratch(`CREATE TABLE t (id bigint PRIMARY KEY, n numeric(10,2), at text)`);
    const pipeline = await pipelineOf(source, target);
    const { generation } = await started(pipeline, specOf(['public.t']));
    expect(await target.dump('t')).toEqual(['(1,1.50,"2024-01-01 08:00:00+00")']);
    await source.execute(`INSERT INTO t VALUES (2, 1.2345, now())`);
    await replicate(pipeline, generation);
    const { tables } = await pipeline.statistics();
    expect(tables[0]).toMatchObject({ state: 'parked', cause: expect.stringContaining('TYPE_MISMATCH') });
  });

  test.each([
    ['timestamp', 'timestamp(0)', `'2026-01-01 10:00:00'`, `'2026-01-01 10:00:00.5'`],
    ['timestamptz', 'timestamptz(3)', `'2026-01-01 10:00:00.125+00'`, `'2026-01-01 10:00:00.1255+00'`],
    ['time', 'time(0)', `'10:00:00'`, `'10:00:00.9'`],
    ['interval', 'interval(0)', `'1 day 00:00:01'`, `'00:00:01.5'`],
    ['interval', 'interval second(0)', `'00:00:01'`, `'00:00:01.5'`],
    ['interval', 'interval year to month', 'NULL', `'1 day'`],
    ['text', 'char(3)', `'abc'`, `'a'`],
    ['text', 'varchar(3)', `'abc'`, `'abc '`],
    ['numeric', 'numeric(4,1)', '1.50', '1.55'],
    ['double precision', 'real', '0.5', '0.1'],
    ['bigint', 'integer', '2147483647', '2147483648'],
    ['timestamptz', 'timestamp(0)', `'2026-01-01 10:00:00+02'`, `'2026-01-01 10:00:00.5+02'`],
    ['interval', 'interval day', `'1 day'`, `'1 day 00:00:01'`],
    ['timestamp', 'date', 'NULL', `'2026-01-01 10:00'`],
  ])('%s to %s: what the target would change is refused by its column', async (from, to, fits, misfit) => {
    const source = await scratch(
      `CREATE TABLE t (id integer PRIMARY KEY, v ${from})`,
      `INSERT INTO t VALUES (1, ${fits})`,
    );
    const target = await scratch(`CREATE TABLE t (id integer PRIMARY KEY, v ${to})`);
    const pipeline = await pipelineOf(source, target);
    const { generation } = await started(pipeline, specOf(['public.t']));
    expect(await pipeline.verify({})).toMatchObject({
      tables: [{ sourceRows: 1, targetRows: 1, missing: 0 }],
    });
    await source.execute(`INSERT INTO t VALUES (2, ${misfit})`);
    expect(await parkedBy(replicate(pipeline, generation), 'public.t', 'TYPE_MISMATCH')).toContain(
      'column v',
    );
    expect(await target.dump('t')).toHaveLength(1);
  });

  test('a snapshot that replaces text keys under another collation loses and leaves nothing', async () => {
    const words = `SELECT CASE i % 4 WHEN 0 THEN 'a' WHEN 1 THEN 'B' WHEN 2 THEN 'é' ELSE '_' END || i AS word, 'v' || i AS v`;
    const source = await scratch(
      `CREATE TABLE w (word text COLLATE "en-x-icu" PRIMARY KEY, v text)`,
      `INSERT INTO w ${words} FROM generate_series(1, 80) i`,
    );
    const target = await scratch(
      `CREATE TABLE w (word text COLLATE "en-x-icu" PRIMARY KEY, v text)`,
      `INSERT INTO w ${words.replace(`'v' || i`, `'old'`)} FROM generate_series(40, 160) i`,
    );
    const pipeline = await pipelineOf(source, target);
    await started(pipeline, specOf(['public.w'], { existing: 'replace', snapshotRows: 9 }));
    await same(source, target, 'w');
    expect((await target.objects()).filter((name) => name.includes('sweep'))).toEqual([]);
  });

  test('a pipeline that is torn down in the middle of such a copy leaves nothing', async () => {
    const source = await scratch(
      `CREATE TABLE w (word text PRIMARY KEY)`,
      `INSERT INTO w SELECT 'word ' || i FROM generate_series(1, 50) i`,
    );
    const target = await scratch(`CREATE TABLE w (word text PRIMARY KEY)`, `INSERT INTO w VALUES ('stray')`);
    const pipeline = await pipelineOf(source, target);
    const { generation } = await setUp(pipeline, specOf(['public.w'], { existing: 'replace' }));
    const stop = new AbortController();
    await replicate(pipeline, generation, {
      settings: { snapshotRows: 5 },
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    expect((await target.objects()).filter((name) => name.includes('sweep'))).not.toEqual([]);
    await pipeline.teardown();
    expect((await target.objects()).filter((name) => name.includes('cdc'))).toEqual([]);
  });

  test('enums are made where they are missing; other types are named before anything is written', async () => {
    const source = await scratch(
      `CREATE TYPE mood AS ENUM ('sad', 'glad''s')`,
      `CREATE TYPE pair AS (a integer, b text)`,
      `CREATE TABLE feelings (id integer PRIMARY KEY, mood mood DEFAULT 'sad', moods mood[])`,
      `CREATE TABLE pairs (id integer PRIMARY KEY, pair pair)`,
      `INSERT INTO feelings VALUES (1, 'glad''s', '{sad,glad''s}')`,
      `INSERT INTO pairs VALUES (1, '(1,one)')`,
    );
    const target = await scratch();
    const pipeline = await pipelineOf(source, target);
    await expect(setUp(pipeline, specOf(['public.*']))).rejects.toMatchObject({
      code: 'TYPE_MISMATCH',
      table: 'public.pairs',
      column: 'pair',
    });
    expect((await target.objects()).filter((name) => name.startsWith('relation public'))).toEqual([]);
    await target.execute(`CREATE TYPE pair AS (a integer, b text)`);
    await started(pipeline, specOf(['public.*']));
    await same(source, target, 'feelings', 'pairs');
  });
});
