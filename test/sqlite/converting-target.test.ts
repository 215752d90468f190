/** Tables of a person's own on SQLite, whose types would change what is stored in them. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Adapter, Engine, Pipeline } from '../../engine';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { byRows } from '../support/by-rows';
import { engineOver, parkedBy, REF, replicate, specOf, started } from '../support/pipelines';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();
const engines: Engine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
});

const LETTERS = { onError: { action: 'deadLetter', perHour: 10_000 } } as const;

const LITERALS = [
  '0',
  '7',
  '9007199254740993',
  '-9223372036854775808',
  '0.0',
  '-0.0',
  '7.0',
  '0.5',
  '1e300',
  '9e999',
  '0.1 + 0.2',
  `''`,
  `'a'`,
  `'1.10'`,
  `'007'`,
  `' 7'`,
  `'1e2'`,
  `'12345678901234567890'`,
  `'9007199254740993'`,
  `'0x10'`,
  `'1.5x'`,
  `'5' || char(0)`,
  `CAST(x'35ff' AS TEXT)`,
  `x''`,
  `x'3132'`,
];

const INTEGERS = ['0', '7', '9007199254740993', '-9223372036854775808'];
const WHOLE = ['0.0', '-0.0', '7.0'];
const OTHER_REALS = ['0.5', '1e300', '9e999', '0.1 + 0.2'];
// SQLite reads a number up to U+0000, and drops the rest.
const NUMBER_LIKE = [
  `'5' || char(0)`,
  `'1.10'`,
  `'007'`,
  `' 7'`,
  `'1e2'`,
  `'12345678901234567890'`,
  `'9007199254740993'`,
];

/** What the type would change: a number becomes another class or loses digits, a text becomes a number. */
const CHANGED: Readonly<Record<string, readonly string[]>> = {
  NUMERIC: [...WHOLE, ...NUMBER_LIKE],
  'DECIMAL(10,2)': [...WHOLE, ...NUMBER_LIKE],
  INTEGER: [...WHOLE, ...NUMBER_LIKE],
  REAL: [...INTEGERS, '-0.0', ...NUMBER_LIKE],
  'VARCHAR(10)': [...INTEGERS, ...WHOLE, ...OTHER_REALS],
  TEXT: [...INTEGERS, ...WHOLE, ...OTHER_REALS],
  BLOB: [],
  '': [],
  'INTEGER, strict': LITERALS.filter((literal) => !INTEGERS.includes(literal)),
  'REAL, strict': LITERALS.filter((literal) => !['0.0', '7.0', ...OTHER_REALS].includes(literal)),
  'ANY, strict': [],
};

const SHOWN = `SELECT id, typeof(value) || ' ' || iif(typeof(value) = 'real' AND value = 0, atan2(value, -1), hex(value)) FROM t`;

async function open(adapter: Adapter): Promise<Pipeline> {
  const engine = engineOver(folder.url('shop.db'), folder.url('replica.db'), { adapter });
  engines.push(engine);
  return engine.pipeline(REF);
}

function shown(file: string): ReadonlyMap<unknown, unknown> {
  const rows = folder.database(file).prepare<[], [unknown, unknown]>(SHOWN).raw().all();
  return new Map(rows);
}

describe.each([
  ['attached', sqliteAdapter],
  ['by rows', byRows(sqliteAdapter)],
])('from SQLite, %s', (_, adapter) => {
  test.each(Object.entries(CHANGED))(
    'rows whose value a column of type %s would change are set aside, others keep class and content',
    async (declared, changed) => {
      const shop = folder.database(
        'shop.db',
        `CREATE TABLE t (id INTEGER PRIMARY KEY, value, note DEFAULT 'n');
${LITERALS.map((literal, n) => `INSERT INTO t (id, value) VALUES (${n}, ${literal}), (${2000 + n}, NULL);`).join('\n')}`,
      );
      const [type = '', strict] = declared.split(', ');
      const note = strict === undefined ? '' : 'ANY';
      folder.database(
        'replica.db',
        `CREATE TABLE t (id INTEGER PRIMARY KEY, value ${type}, note ${note}) ${strict ?? ''}`,
      );
      const pipeline = await open(adapter);
      const { generation } = await started(pipeline, specOf(['t'], { ...LETTERS, snapshotRows: 7 }));
      for (const [n, literal] of LITERALS.entries()) {
        shop.exec(`INSERT INTO t (id, value) VALUES (${1000 + n}, ${literal});
UPDATE t SET value = ${literal} WHERE id = ${2000 + n}`);
      }
      await replicate(pipeline, generation, { settings: LETTERS });

      const letters = await pipeline.deadLetters({ table: null, ids: null, values: true });
      const places = LITERALS.flatMap((literal, n) => (changed.includes(literal) ? [n] : []));
      const expected = [0, 1000, 2000].flatMap((from) => places.map((n) => from + n));
      const found = letters.map(({ key }) => Number(key['id'])).sort((one, other) => one - other);
      expect(found).toEqual(expected);
      for (const letter of letters) expect(letter).toMatchObject({ code: 'TYPE_MISMATCH', column: 'value' });
      // What the target had of a row stays, which is NULL for those that were updated.
      const [here, there] = [shown('shop.db'), shown('replica.db')];
      const wanted = [...here].flatMap(([id, text]): (readonly [unknown, unknown])[] => {
        if (!expected.includes(Number(id))) return [[id, text]];
        return Number(id) < 2000 ? [] : [[id, 'null ']];
      });
      expect(there).toEqual(new Map(wanted));
      expect(await pipeline.verify({})).toMatchObject({ tables: [{ extra: 0, deadLetters: found.length }] });

      // Set right, the rows arrive.
      shop.exec(`UPDATE t SET value = NULL`);
      await replicate(pipeline, generation, { settings: LETTERS });
      expect(await pipeline.deadLetters({ table: null, ids: null, values: false })).toEqual([]);
      expect(await pipeline.verify({})).toMatchObject({ equal: true });
    },
  );

  test('a row that was set aside is no row that the source lacks, when its table is copied again', async () => {
    const shop = folder.database('shop.db', `CREATE TABLE t (id INTEGER PRIMARY KEY, value)`);
    folder.database('replica.db', `CREATE TABLE t (id INTEGER PRIMARY KEY, value INTEGER)`);
    shop.exec(`INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)`);
    const pipeline = await open(adapter);
    const { generation } = await started(pipeline, specOf(['t'], LETTERS));
    shop.exec(`UPDATE t SET value = '2' WHERE id = 2`);
    await replicate(pipeline, generation, { settings: LETTERS });
    await pipeline.resync({ chain: 'chain-1', generation: generation + 1, table: null });
    await replicate(pipeline, generation + 1, { settings: { ...LETTERS, snapshotRows: 1 } });
    expect(shown('replica.db').size).toBe(3);
    expect(await pipeline.deadLetters({ table: null, ids: null, values: true })).toMatchObject([
      { key: { id: 2n }, row: { value: '2' } },
    ]);
  });

  test('a row that is tried again is set aside again, by the source’s name of its column', async () => {
    const shop = folder.database('shop.db', `CREATE TABLE t (id INTEGER PRIMARY KEY, value)`);
    folder.database('replica.db', `CREATE TABLE t (id INTEGER PRIMARY KEY, amount REAL)`);
    shop.exec(`INSERT INTO t VALUES (1, 1), (2, 2.5)`);
    const pipeline = await open(adapter);
    const { generation } = await started(
      pipeline,
      specOf([{ from: 't', rename: { value: 'amount' } }], LETTERS),
    );
    const letter = { key: { id: 1n }, row: { value: 1n }, column: 'value' };
    const choice = { table: null, ids: null };
    expect(await pipeline.deadLetters({ ...choice, values: true })).toMatchObject([
      { ...letter, attempts: 1 },
    ]);
    await pipeline.retryDeadLetters(choice);
    await replicate(pipeline, generation, { settings: LETTERS });
    expect(await pipeline.deadLetters({ ...choice, values: true })).toMatchObject([
      { ...letter, attempts: 2 },
    ]);
    expect(folder.database('replica.db').prepare('SELECT * FROM t').raw().all()).toEqual([[2n, 2.5]]);
  });

  test('without a place to set rows aside, such a value parks its table by the column', async () => {
    const shop = folder.database('shop.db', `CREATE TABLE t (id INTEGER PRIMARY KEY, value)`);
    folder.database('replica.db', `CREATE TABLE t (id INTEGER PRIMARY KEY, value NUMERIC)`);
    const pipeline = await open(adapter);
    const { generation } = await started(pipeline, specOf(['t']));
    shop.exec(`INSERT INTO t VALUES (1, '1.10')`);
    const cause = await parkedBy(replicate(pipeline, generation), 't', 'TYPE_MISMATCH');
    expect(cause).toContain('column value');
    expect(cause).not.toContain('1.1');
  });

  test('a plan names the columns', async () => {
    folder.database(
      'shop.db',
      `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b REAL, c INT, d NUMERIC, e DATE)`,
    );
    folder.database(
      'replica.db',
      `CREATE TABLE t (id INTEGER PRIMARY KEY, a NUMERIC, b, c NUMERIC, d TEXT, e DATETIME)`,
    );
    const { notices } = await (await open(adapter)).plan(specOf(['t']));
    expect(notices).toContainEqual({
      table: 't',
      message:
        'Target table t declares other types, and values that these would change are refused, for: a, d',
    });
  });
});
