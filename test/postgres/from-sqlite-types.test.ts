import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Pipeline } from '../../engine';
import { postgresAdapter } from '../../engine/adapters/postgres';
import type { ScratchDatabase } from '../../engine/contract';
import { engineOver, parkedBy, REF, replicate, specOf, started } from '../support/pipelines';
import { connectTo, select } from '../support/postgres';
import { postgresFixture } from '../support/postgres-fixture';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();
let target: ScratchDatabase;
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  target = await postgresFixture.createDatabase();
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await target.dispose();
});

async function open(): Promise<Pipeline> {
  const engine = engineOver(folder.url('shop.db'), target.url, { others: [postgresAdapter] });
  closing.push(() => engine.close());
  return engine.pipeline(REF);
}

async function query(sql: string): Promise<readonly (readonly (string | null)[])[]> {
  const client = await connectTo(target.url);
  try {
    return await select(client, sql);
  } finally {
    await client.end();
  }
}

/** Declared type, values, the type made for it, the values there, and values that don't fit. */
const CASES: readonly (readonly [string, readonly string[], string, readonly string[], readonly string[]])[] =
  [
    [
      'INTEGER',
      ['9223372036854775807', '-9223372036854775808', '9007199254740993'],
      'bigint',
      ['9223372036854775807', '-9223372036854775808', '9007199254740993'],
      [`'abc'`, '1.5', `x'00'`, '9e999'],
    ],
    [
      'REAL',
      ['0.1', '5e-324', '9e999', '1'],
      'double precision',
      ['0.1', '5e-324', 'Infinity', '1'],
      [`'abc'`, `x'00'`],
    ],
    [
      'NUMERIC',
      ['0.1', '12345678901234567', '-3'],
      'numeric',
      ['0.1', '12345678901234567', '-3'],
      [`'abc'`, `x'00'`],
    ],
    ['DECIMAL(10,2)', ['0.99', '12.345'], 'numeric', ['0.99', '12.345'], [`'abc'`]],
    ['BOOLEAN', ['0', '1'], 'boolean', ['false', 'true'], ['2', `'true'`, '0.5']],
    ['TEXT', [`''`, `'ünï 😀'`, '12'], 'text', ['', 'ünï 😀', '12'], [`x'00ff'`, `'a' || char(0) || 'b'`]],
    ['VARCHAR(3)', [`'longer'`], 'text', ['longer'], [`x'00'`]],
    [
      'DATETIME',
      [`'2026-02-28 12:00'`, '1700000000', '2460000.5', `'soon'`],
      'text',
      ['2026-02-28 12:00', '1700000000', '2460000.5', 'soon'],
      [`x'00'`],
    ],
    ['BLOB', [`x'00ff'`, `x''`], 'bytea', ['\\x00ff', '\\x'], [`'text'`, '1']],
    ['', [`'a'`, '1', '1.5', '-0.0'], 'text', ['a', '1', '1.5', '-0'], [`x'00'`]],
  ];

describe('SQLite to PostgreSQL', () => {
  test.each(CASES)(
    'columns declared as "%s" arrive by the table of types, and what does not fit is named',
    async (declared, literals, type, expected, misfits) => {
      const shop = folder.database('shop.db', `CREATE TABLE t (id INTEGER PRIMARY KEY, v ${declared})`);
      shop.exec(`INSERT INTO t VALUES (0, ${literals[0] ?? 'NULL'})`);
      for (const [n] of misfits.entries()) {
        shop.exec(`CREATE TABLE misfit_${n} (id INTEGER PRIMARY KEY, "the column" ${declared})`);
      }
      const pipeline = await open();
      const { generation } = await started(pipeline, specOf(['*']));
      for (const [n, literal] of literals.slice(1).entries())
        shop.exec(`INSERT INTO t VALUES (${n + 1}, ${literal})`);
      shop.exec('INSERT INTO t VALUES (99, NULL)');
      await replicate(pipeline, generation);
      expect((await query('SELECT v::text FROM t ORDER BY id')).map(([v]) => v)).toEqual([...expected, null]);
      expect(
        await query(
          `SELECT atttypid::regtype FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'v'`,
        ),
      ).toEqual([[type]]);
      expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
      for (const [n, literal] of misfits.entries()) {
        shop.exec(`INSERT INTO misfit_${n} VALUES (1, ${literal})`);
        const cause = await parkedBy(replicate(pipeline, generation), `misfit_${n}`, 'TYPE_MISMATCH');
        expect(cause).toContain('the column');
        expect(cause).not.toContain('abc');
        expect(await query(`SELECT 1 FROM misfit_${n}`)).toEqual([]);
      }
    },
  );

  test('text that is not valid UTF-8 is refused by its column, copied or changed', async () => {
    const shop = folder.database(
      'shop.db',
      `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
       CREATE TABLE old (id INTEGER PRIMARY KEY, v TEXT);
       INSERT INTO old VALUES (1, CAST(x'ff41' AS TEXT))`,
    );
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['t']));
    shop.exec(`INSERT INTO t VALUES (1, CAST(x'c328' AS TEXT))`);
    expect(await parkedBy(replicate(pipeline, generation), 't', 'TYPE_MISMATCH')).toContain('column v');
    const other = engineOver(folder.url('shop.db'), target.url, { others: [postgresAdapter] });
    closing.push(() => other.close());
    const second = await other.pipeline({ ...REF, name: 'second' });
    const setup = await second.setup({
      spec: { ...specOf(['old']), name: 'second' },
      chain: 'chain-1',
      takeOver: false,
    });
    expect(await parkedBy(replicate(second, setup.generation), 'old', 'TYPE_MISMATCH')).toContain('column v');
    expect(await query('SELECT 1 FROM old')).toEqual([]);
  });
});
