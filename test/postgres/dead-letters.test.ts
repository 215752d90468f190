/** Rows that PostgreSQL refuses, set aside alone: from SQLite by rows, and from PostgreSQL by COPY. */
import { describe, expect, test } from '@jest/globals';
import type { DeadLetter, Pipeline, PipelineSettings } from '../../engine';
import type { ScratchDatabase } from '../../engine/contract';
import { CHAIN, parkedBy, replicate, specOf, started } from '../support/pipelines';
import { postgresPerTest } from '../support/postgres-scratch';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();
const LETTERS: Partial<PipelineSettings> = { onError: { action: 'deadLetter', perHour: 10 } };
const ALL = { table: null, ids: null };

const { pipelineOf, scratch } = postgresPerTest();

async function rows(database: ScratchDatabase, table: string): Promise<readonly string[]> {
  return [...(await database.dump(table))].sort();
}

function lettersOf(pipeline: Pipeline): Promise<readonly DeadLetter[]> {
  return pipeline.deadLetters({ ...ALL, values: true });
}

describe('SQLite to PostgreSQL', () => {
  test('a value that does not fit its declared type is set aside by its column, retried, and superseded', async () => {
    const shop = folder.database(
      'shop.db',
      `CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER, note TEXT, at DATE);
INSERT INTO orders VALUES (1, 10, 'first', '2024-01-01'), (2, 'ten', 'second', NULL)`,
    );
    const target = await scratch();
    const pipeline = await pipelineOf({ url: folder.url('shop.db') }, target);
    const { generation, result } = await started(pipeline, specOf(['*'], LETTERS));
    expect(result.progress).toMatchObject([{ state: 'replicating', snapshotRows: 1, deadLetters: 1 }]);
    expect(await lettersOf(pipeline)).toMatchObject([
      {
        table: 'orders',
        key: { id: 2n },
        row: { id: 2n, total: 'ten', note: 'second', at: null },
        code: 'TYPE_MISMATCH',
        column: 'total',
        op: 'upsert',
      },
    ]);
    shop.exec(
      `UPDATE orders SET total = 20 WHERE id = 2; UPDATE orders SET total = 1.5, note = 'half' WHERE id = 1`,
    );
    await replicate(pipeline, generation, { settings: LETTERS });
    expect(await lettersOf(pipeline)).toMatchObject([
      { key: { id: 1n }, row: { total: 1.5, note: 'half', at: '2024-01-01' }, column: 'total', attempts: 1 },
    ]);
    expect(await rows(target, 'orders')).toEqual(['(1,10,first,2024-01-01)', '(2,20,second,)']);
    await target.execute(`ALTER TABLE orders ALTER COLUMN total TYPE double precision`);
    await pipeline.retryDeadLetters(ALL);
    await replicate(pipeline, generation, { settings: LETTERS });
    expect(await lettersOf(pipeline)).toEqual([]);
    expect(await rows(target, 'orders')).toEqual(['(1,1.5,half,2024-01-01)', '(2,20,second,)']);
    expect(await pipeline.verify({})).toMatchObject({ equal: true, tables: [{ deadLetters: 0 }] });
  });

  test('a key that no row of the target can have has its letter, and loses it with its row', async () => {
    const shop = folder.database(
      'shop.db',
      `CREATE TABLE names (name TEXT PRIMARY KEY NOT NULL, v INTEGER); INSERT INTO names VALUES ('ok', 1)`,
    );
    const target = await scratch(`CREATE TABLE names (name varchar(5) PRIMARY KEY, v bigint)`);
    const pipeline = await pipelineOf({ url: folder.url('shop.db') }, target);
    const { generation } = await started(pipeline, specOf(['*'], LETTERS));
    shop.exec(`INSERT INTO names VALUES ('far too long', 2), ('nul' || char(0), 3)`);
    await replicate(pipeline, generation, { settings: LETTERS });
    expect((await lettersOf(pipeline)).map(({ key, column }) => [key, column])).toEqual([
      [{ name: 'far too long' }, 'name'],
      [{ name: 'nul\0' }, 'name'],
    ]);
    await pipeline.retryDeadLetters(ALL);
    await replicate(pipeline, generation, { settings: LETTERS });
    expect(await lettersOf(pipeline)).toMatchObject([{ attempts: 2 }, { attempts: 2 }]);
    shop.exec(`DELETE FROM names WHERE name <> 'ok'`);
    await replicate(pipeline, generation, { settings: LETTERS });
    expect(await lettersOf(pipeline)).toEqual([]);
    expect(await rows(target, 'names')).toEqual(['(ok,1)']);
  });
});

describe('PostgreSQL to PostgreSQL by COPY', () => {
  const TABLE = `CREATE TABLE t (id integer PRIMARY KEY, v integer, n numeric(8,2), b bytea)`;

  test('constraints of the target alone set single rows aside, with the values of the source', async () => {
    const source = await scratch(
      TABLE,
      `INSERT INTO t SELECT i, i, i / 4.0, '\\x00ff' FROM generate_series(1, 500) i`,
    );
    const target = await scratch(TABLE, `ALTER TABLE t ADD CHECK (v < 499 OR v IS NULL)`);
    const pipeline = await pipelineOf(source, target);
    expect((await pipeline.plan(specOf(['public.*']))).transport).toBe('copy');
    const { generation, result } = await started(
      pipeline,
      specOf(['public.*'], { ...LETTERS, snapshotRows: 200 }),
    );
    expect(result.progress).toMatchObject([{ snapshotRows: 498, deadLetters: 2 }]);
    await source.execute(
      `UPDATE t SET v = 1000 WHERE id IN (1, 2)`,
      `UPDATE t SET v = 1001 WHERE id = 2`,
      `UPDATE t SET v = v + 1 WHERE id BETWEEN 10 AND 20`,
      `UPDATE t SET id = 777, v = 7 WHERE id = 499`,
      `INSERT INTO t VALUES (501, 2000, 1.10, NULL)`,
      `DELETE FROM t WHERE id = 30`,
    );
    const after = await replicate(pipeline, generation, { settings: LETTERS });
    expect(after.tables).toMatchObject([{ inserted: 1, updated: 12, deleted: 2 }]);
    const letters = await lettersOf(pipeline);
    expect(letters.map(({ key }) => key['id']).sort()).toEqual([1n, 2n, 500n, 501n]);
    expect(letters.find(({ key }) => key['id'] === 2n)).toMatchObject({
      table: 'public.t',
      code: 'CONSTRAINT_FAILED',
      row: { id: 2n, v: 1001n, n: '0.50', b: new Uint8Array([0, 255]) },
    });
    await target.execute(`ALTER TABLE t DROP CONSTRAINT t_v_check`);
    await pipeline.retryDeadLetters({ table: 'public.t', ids: null });
    await source.execute(`UPDATE t SET v = 3 WHERE id = 2`, `DELETE FROM t WHERE id = 501`);
    await replicate(pipeline, generation, { settings: LETTERS });
    expect(await lettersOf(pipeline)).toEqual([]);
    expect(await rows(target, 't')).toEqual(await rows(source, 't'));
  });

  test('a label that the enum of the target lacks is the trouble of its row, in the key, too', async () => {
    const enums = [
      `CREATE TYPE mood AS ENUM ('calm', 'glad')`,
      `CREATE TABLE t (id integer, m mood NOT NULL, n mood, PRIMARY KEY (id, m))`,
    ];
    const source = await scratch(...enums, `INSERT INTO t VALUES (1, 'calm', 'glad')`);
    const target = await scratch(...enums);
    const pipeline = await pipelineOf(source, target);
    const { generation } = await started(pipeline, specOf(['public.*'], LETTERS));
    await source.execute(
      `ALTER TYPE mood ADD VALUE 'cross'`,
      `INSERT INTO t VALUES (2, 'calm', 'cross'), (3, 'cross', 'calm'), (4, 'glad', NULL)`,
      `UPDATE t SET n = 'calm' WHERE id = 1`,
    );
    await replicate(pipeline, generation, { settings: LETTERS });
    expect(await rows(target, 't')).toEqual(['(1,calm,calm)', '(4,glad,)']);
    expect((await lettersOf(pipeline)).map(({ row, column, code }) => [row, column, code])).toEqual([
      [{ id: 2n, m: 'calm', n: 'cross' }, 'n', 'TYPE_MISMATCH'],
      [{ id: 3n, m: 'cross', n: 'calm' }, 'm', 'TYPE_MISMATCH'],
    ]);
    await target.execute(`ALTER TYPE mood ADD VALUE 'cross'`);
    await pipeline.retryDeadLetters(ALL);
    await replicate(pipeline, generation, { settings: LETTERS });
    expect(await lettersOf(pipeline)).toEqual([]);
    expect(await rows(target, 't')).toEqual(await rows(source, 't'));
  });

  test('a key of an extension is known under any spelling', async () => {
    const tables = [
      `CREATE SCHEMA ext`,
      `CREATE EXTENSION citext SCHEMA ext`,
      `CREATE TABLE t (name ext.citext PRIMARY KEY, v integer)`,
    ];
    const source = await scratch(...tables);
    const target = await scratch(...tables, `ALTER TABLE t ADD CHECK (v < 100)`);
    const pipeline = await pipelineOf(source, target);
    const { generation } = await started(pipeline, specOf(['public.*'], LETTERS));
    await source.execute(`INSERT INTO t VALUES ('Ada', 100), ('Bob', 200), ('Cyd', 3)`);
    await replicate(pipeline, generation, { settings: LETTERS });
    expect((await lettersOf(pipeline)).map(({ key }) => key)).toEqual([{ name: 'Ada' }, { name: 'Bob' }]);
    await source.execute(`UPDATE t SET name = 'ADA', v = 1 WHERE name = 'Ada'`);
    await replicate(pipeline, generation, { settings: LETTERS });
    expect((await lettersOf(pipeline)).map(({ key }) => key)).toEqual([{ name: 'Bob' }]);
    await target.execute(`ALTER TABLE t DROP CONSTRAINT t_v_check`);
    await pipeline.retryDeadLetters(ALL);
    await replicate(pipeline, generation, { settings: LETTERS });
    expect(await lettersOf(pipeline)).toEqual([]);
    expect(await rows(target, 't')).toEqual(await rows(source, 't'));
  });

  test('a row that a trigger of the target refuses in its own words is set aside, or parks its table', async () => {
    const source = await scratch(TABLE, `INSERT INTO t VALUES (1, 1), (2, 2)`);
    const target = await scratch(
      TABLE,
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF OLD.id = 1 OR NEW.v = 99 THEN RAISE EXCEPTION 'not this one'; END IF;
         RETURN coalesce(NEW, OLD); END $$`,
      `CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION refuse()`,
      `ALTER TABLE t ENABLE ALWAYS TRIGGER refuse`,
    );
    const pipeline = await pipelineOf(source, target);
    const { generation } = await started(pipeline, specOf(['public.*'], LETTERS));
    await source.execute(`DELETE FROM t WHERE id = 1`, `INSERT INTO t VALUES (3, 3), (4, 99)`);
    await replicate(pipeline, generation, { settings: LETTERS });
    expect((await lettersOf(pipeline)).map(({ key, op, code }) => [key['id'], op, code])).toEqual([
      [1n, 'delete', 'CONSTRAINT_FAILED'],
      [4n, 'upsert', 'CONSTRAINT_FAILED'],
    ]);
    expect(await rows(target, 't')).toEqual(['(1,1,,)', '(2,2,,)', '(3,3,,)']);
    await source.execute(`INSERT INTO t VALUES (5, 99)`);
    await parkedBy(replicate(pipeline, generation), 'public.t', 'CONSTRAINT_FAILED');
  });

  test('truncation takes the letters along, and too many park the table', async () => {
    const source = await scratch(TABLE);
    const target = await scratch(TABLE, `ALTER TABLE t ADD CHECK (v < 100)`);
    const pipeline = await pipelineOf(source, target);
    const { generation } = await started(pipeline, specOf(['public.*'], LETTERS));
    await source.execute(`INSERT INTO t SELECT i, 100 FROM generate_series(1, 10) i`);
    await replicate(pipeline, generation, { settings: LETTERS });
    expect(await lettersOf(pipeline)).toHaveLength(10);
    await source.execute(`TRUNCATE t`, `INSERT INTO t VALUES (1, 1), (2, 200)`);
    await replicate(pipeline, generation, { settings: LETTERS });
    expect(await lettersOf(pipeline)).toMatchObject([{ key: { id: 2n }, row: { v: 200n } }]);
    await source.execute(`INSERT INTO t SELECT i, 100 FROM generate_series(11, 30) i`);
    const cause = await parkedBy(
      replicate(pipeline, generation, { settings: LETTERS }),
      'public.t',
      'DEAD_LETTER_LIMIT',
    );
    expect(cause).toContain('CONSTRAINT_FAILED');
    await target.execute(`ALTER TABLE t DROP CONSTRAINT t_v_check`);
    await pipeline.resumeTable({ chain: CHAIN, generation: generation + 1, table: 'public.t' });
    await pipeline.retryDeadLetters(ALL);
    await replicate(pipeline, generation + 1, { settings: LETTERS });
    await replicate(pipeline, generation + 1, { settings: LETTERS });
    expect(await lettersOf(pipeline)).toEqual([]);
    expect(await rows(target, 't')).toEqual(await rows(source, 't'));
    await pipeline.teardown();
  });
});
