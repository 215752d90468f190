import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Pipeline } from '../../engine';
import { postgresAdapter } from '../../engine/adapters/postgres';
import type { ScratchDatabase } from '../../engine/contract';
import { CHAIN, engineOver, parkedBy, REF, replicate, setUp, specOf, started } from '../support/pipelines';
import { postgresFixture } from '../support/postgres-fixture';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();
let source: ScratchDatabase;
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  source = await postgresFixture.createDatabase();
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await source.dispose();
});

async function open(): Promise<Pipeline> {
  const engine = engineOver(source.url, folder.url('replica.db'), { others: [postgresAdapter] });
  closing.push(() => engine.close());
  return engine.pipeline(REF);
}

/** Storage class and content of each row's `v`, by `id`. */
function stored(): readonly unknown[] {
  return folder
    .database('replica.db')
    .prepare('SELECT typeof(v), quote(v) FROM t ORDER BY id')
    .raw()
    .all()
    .map((row) => (Array.isArray(row) ? row.join(' ') : row));
}

const CASES: readonly (readonly [string, readonly string[], string, readonly string[]])[] = [
  ['boolean', ['true', 'false'], 'BOOLEAN', ['integer 1', 'integer 0']],
  ['smallint', ['-32768'], 'INTEGER', ['integer -32768']],
  [
    'bigint',
    ['9007199254740993', `'-9223372036854775808'`],
    'INTEGER',
    ['integer 9007199254740993', 'integer -9223372036854775808'],
  ],
  [
    'numeric',
    [`'NaN'`, '0.10', '12345678901234567890.123456789'],
    'TEXT',
    [`text 'NaN'`, `text '0.10'`, `text '12345678901234567890.123456789'`],
  ],
  ['numeric(10,2)', ['0.99'], 'TEXT', [`text '0.99'`]],
  ['real', ['1.1', `'Infinity'`], 'REAL', ['real 1.1', 'real 9.0e+999']],
  [
    'double precision',
    ['0.1', '5e-324', '1', `'-Infinity'`],
    'REAL',
    ['real 0.1', 'real 4.9406564584124654e-324', 'real 1.0', 'real -9.0e+999'],
  ],
  ['text', [`''`, `'ünï 😀'`, `'0123'`], 'TEXT', [`text ''`, `text 'ünï 😀'`, `text '0123'`]],
  ['varchar(10)', [`'1.0'`], 'TEXT', [`text '1.0'`]],
  ['char(4)', [`'a'`], 'TEXT', [`text 'a   '`]],
  ['bytea', [`'\\x00ff'`, `''`], 'BLOB', [`blob X'00FF'`, `blob X''`]],
  [
    'date',
    [`'2026-02-28'`, `'0044-03-15 BC'`, `'infinity'`],
    'TEXT',
    [`text '2026-02-28'`, `text '0044-03-15 BC'`, `text 'infinity'`],
  ],
  ['time', [`'24:00'`], 'TEXT', [`text '24:00:00'`]],
  ['time with time zone', [`'12:00-03:30'`], 'TEXT', [`text '12:00:00-03:30'`]],
  ['timestamp', [`'2026-02-28 12:34:56.789'`], 'TEXT', [`text '2026-02-28 12:34:56.789'`]],
  ['timestamp with time zone', [`'2026-02-28 12:34:56+02'`], 'TEXT', [`text '2026-02-28 10:34:56+00'`]],
  ['interval', [`'1 year -2 days 00:00:01.5'`], 'TEXT', [`text 'P1Y-2DT1.5S'`]],
  [
    'uuid',
    [`'A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11'`],
    'TEXT',
    [`text 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'`],
  ],
  ['json', [`'{"a": 1,  "a": 2}'`], 'TEXT', [`text '{"a": 1,  "a": 2}'`]],
  ['jsonb', [`'{"b": 1, "a": 1.10}'`], 'TEXT', [`text '{"a": 1.10, "b": 1}'`]],
  ['mood', [`'sad'`], 'TEXT', [`text 'sad'`]],
  ['integer[]', [`'[0:1]={1,NULL}'`], 'TEXT', [`text '[0:1]={1,NULL}'`]],
  ['inet', [`'10.0.0.1/8'`], 'TEXT', [`text '10.0.0.1/8'`]],
  ['money', [`'1234.5'::money`], 'TEXT', [`text '$1,234.50'`]],
];

describe('PostgreSQL to SQLite', () => {
  test.each(CASES)('%s arrives by the table of types', async (type, literals, declared, expected) => {
    await source.execute(
      `CREATE TYPE mood AS ENUM ('sad', 'glad')`,
      `CREATE TABLE t (id integer PRIMARY KEY, v ${type})`,
      ...literals.slice(0, 1).map((literal, n) => `INSERT INTO t VALUES (${n}, ${literal})`),
    );
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['public.t']));
    await source.execute(
      ...literals.slice(1).map((literal, n) => `INSERT INTO t VALUES (${n + 1}, ${literal})`),
      'INSERT INTO t VALUES (99, NULL)',
    );
    await replicate(pipeline, generation);
    expect(stored()).toEqual([...expected, 'null NULL']);
    expect(
      folder
        .database('replica.db')
        .prepare(`SELECT type FROM pragma_table_info('t') WHERE name = 'v'`)
        .pluck()
        .get(),
    ).toBe(declared);
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
  });

  test.each([
    ['uuid', [`'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'`, `'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'`]],
    ['numeric', ['2', '10', '9', '-1', '100.50']],
    ['interval', [`'9 days'`, `'10 days'`, `'1 month'`, `'2 hours'`]],
    ['date', [`'0044-03-15 BC'`, `'2026-01-01'`, `'infinity'`, `'10000-01-01'`]],
    ['mood', [`'sad'`, `'glad'`, `'angry'`]],
    ['inet', [`'10.0.0.1'`, `'9.0.0.1'`, `'::1'`]],
    ['boolean', ['true', 'false']],
    ['double precision', ['10', '9', '-1.5', `'-Infinity'`]],
  ])(
    'a table with a key of type %s is set up twice, copied again in small ranges, and equal',
    async (type, keys) => {
      await source.execute(
        `CREATE TYPE mood AS ENUM ('sad', 'glad', 'angry')`,
        `CREATE TABLE t (k ${type} PRIMARY KEY, id integer, v text)`,
        ...keys.map((key, n) => `INSERT INTO t VALUES (${key}, ${n}, 'one')`),
      );
      const pipeline = await open();
      const { generation } = await started(pipeline, specOf(['public.t']));
      await setUp(pipeline, specOf(['public.t']));
      const replica = folder.database('replica.db');
      replica.exec(`DELETE FROM t WHERE id = 0; INSERT INTO t SELECT 'stray', 99, 'stray'`);
      await pipeline.resync({ chain: CHAIN, generation: generation + 1, table: null });
      await replicate(pipeline, generation + 1, { settings: { snapshotRows: 1 } });
      expect(stored()).toEqual(keys.map(() => `text 'one'`));
      expect(replica.prepare(`SELECT name FROM sqlite_schema WHERE name LIKE '%sweep%'`).all()).toEqual([]);
    },
  );

  test('a pipeline that is torn down in the middle of such a copy leaves nothing', async () => {
    await source.execute(
      'CREATE TABLE t (k numeric PRIMARY KEY, v text)',
      `INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 50) i`,
    );
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['public.t']));
    await pipeline.resync({ chain: CHAIN, generation: generation + 1, table: null });
    const stop = new AbortController();
    await replicate(pipeline, generation + 1, {
      settings: { snapshotRows: 5 },
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    const replica = folder.database('replica.db');
    const ours = (): readonly unknown[] =>
      replica.prepare(`SELECT name FROM sqlite_schema WHERE name LIKE '\\_cdc%' ESCAPE '\\'`).pluck().all();
    expect(ours()).toContainEqual(expect.stringContaining('sweep'));
    await pipeline.teardown();
    expect(ours()).toEqual([]);
  });

  test('a verification compares keys of another order than here over many ranges', async () => {
    await source.execute(
      'CREATE TABLE t (k numeric PRIMARY KEY, v text)',
      `INSERT INTO t SELECT i * 1.5, 'v' || i FROM generate_series(1, 500) i`,
    );
    const pipeline = await open();
    await started(pipeline, specOf(['public.t']));
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
    folder.database('replica.db').exec(`DELETE FROM t WHERE k = '3.0'; UPDATE t SET v = 'x' WHERE k = '4.5'`);
    expect((await pipeline.verify({})).tables[0]).toMatchObject({
      sourceRows: 500,
      targetRows: 499,
      missing: 1,
      extra: 0,
      different: 1,
    });
  });

  test('NaN, which SQLite would store as NULL, parks its table by the column', async () => {
    await source.execute('CREATE TABLE t (id integer PRIMARY KEY, v double precision)');
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['public.t']));
    await source.execute(`INSERT INTO t VALUES (1, 'NaN')`);
    expect(await parkedBy(replicate(pipeline, generation), 'public.t', 'TYPE_MISMATCH')).toContain(
      'column v',
    );
  });

  test('an own table on the target that would convert values is told of in the plan', async () => {
    folder.database(
      'replica.db',
      'CREATE TABLE t (id INTEGER PRIMARY KEY, amount NUMERIC, word TEXT, at TEXT, raw ANY)',
    );
    await source.execute(
      'CREATE TABLE t (id integer PRIMARY KEY, amount numeric, word text, at timestamptz, raw integer)',
    );
    const pipeline = await open();
    const { notices } = await pipeline.plan(specOf(['public.t']));
    expect(notices.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/values that these would change are refused, for: amount$/),
    );
  });
});
