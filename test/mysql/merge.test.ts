import { afterEach, describe, expect, test } from '@jest/globals';
import type { RowSet, TableRoute, Tuple } from '../../engine';
import { describeEitherServer } from '../support/mysql';
import { dynamicRoute, openMergeScene, type MergeScene } from '../support/mysql-merge';
import { rejection } from '../support/pipelines';
import { stage } from '../support/target-cases';

function upserts(route: TableRoute, ...rows: readonly Tuple[]): RowSet {
  return { route, deletes: [], upserts: rows, range: null };
}

const T = dynamicRoute('t', { id: 'INTEGER', v: 'TEXT' });
const ABC = dynamicRoute('t', { id: 'INTEGER', a: 'TEXT', b: 'TEXT' });

describeEitherServer('Merging', (server, flavour) => {
  let scene: MergeScene | null = null;

  async function open(...statements: readonly string[]): Promise<MergeScene> {
    scene = await openMergeScene(server(), flavour, ...statements);
    return scene;
  }

  afterEach(async () => {
    await scene?.close();
    scene = null;
  });

  describe('a value that does not fit', () => {
    const cases: readonly (readonly [string, Tuple[number]])[] = [
      ['BIGINT', 'text'],
      ['BIGINT', 1.5],
      ['INT', 2n ** 31n],
      ['INT UNSIGNED', -1n],
      ['TINYINT(1)', 128n],
      ['VARCHAR(3)', 'abcd'],
      ['VARCHAR(3)', 'ab  '],
      ['CHAR(4)', 'ab '],
      ['TINYTEXT', 'é'.repeat(128)],
      ['VARCHAR(9)', 'half a \ud800'],
      ['VARCHAR(9) CHARACTER SET latin1', '\u{1f600}'],
      ['DECIMAL(4,2)', '1.239'],
      ['DECIMAL(4,2)', 123n],
      ['DECIMAL(4,2)', -0],
      ['DOUBLE(10,2)', -0],
      ['FLOAT', 0.1],
      ['DOUBLE', 2n ** 53n + 1n],
      ['DOUBLE', Infinity],
      ['DATE', '2024-01-01 10:00:00'],
      ['DATETIME', '2024-01-01 10:00:00.5'],
      ['DATETIME', '2024-01-01 10:00:00+02'],
      ['TIMESTAMP', '2038-02-01 00:00:00'],
      ['TIME', '839:00:00'],
      [`ENUM('a','b')`, '1'],
      [`ENUM('a','b')`, 'A'],
      [`SET('x','y')`, 'y,x'],
      ['BINARY(3)', new Uint8Array([1])],
      ['VARBINARY(1)', new Uint8Array([1, 2])],
      ['BLOB', 'text'],
      ['JSON', '{'],
      ['INT CHECK (v > 3)', 1n],
    ];
    test.each(cases)(
      '%s refuses %p by table and column, and the row alone is set aside',
      async (type, value) => {
        const { merge, rows } = await open(
          `CREATE TABLE t (id BIGINT PRIMARY KEY, v ${type} NULL)`.replace(
            /CHECK \(v > 3\) NULL/,
            'NULL CHECK (v > 3)',
          ),
        );
        const route =
          typeof value === 'bigint' || typeof value === 'string'
            ? T
            : dynamicRoute('t', { id: 'INTEGER', v: 'REAL' });
        const set = upserts(route, [1n, null], [2n, value], [3n, null]);
        const error = await rejection(
          merge([set]),
          type.includes('CHECK') ? 'CONSTRAINT_FAILED' : 'TYPE_MISMATCH',
        );
        expect(error.table).toBe('t');
        // MySQL names a constraint of its own, and no column.
        if (error.code === 'TYPE_MISMATCH') expect(error.column).toBe('v');
        expect(await rows('t')).toEqual([]);
        const aside = await merge([set], { setAside: ['t'] });
        expect(aside).toMatchObject([{ table: 't', key: [2n], op: 'upsert', code: error.code }]);
        expect(await rows('t')).toEqual(['["1",null]', '["3",null]']);
      },
    );

    test.each([
      ['BIGINT', 2n ** 63n - 1n, '9223372036854775807'],
      ['BIGINT UNSIGNED', 2n ** 64n - 1n, '18446744073709551615'],
      ['DECIMAL(65,30)', 0.1, '0.100000000000000000000000000000'],
      ['DECIMAL(4,2)', '1.2300', '1.23'],
      ['DOUBLE', 5e-324, '5e-324'],
      ['TEXT', `\\ ' \0 " % \n \u{1f600}`, `\\ ' \0 " % \n \u{1f600}`],
      ['DATETIME(6)', '2024-01-01T10:00:00.5Z', '2024-01-01 10:00:00.500000'],
      ['DATE', '0000-00-00', '0000-00-00'],
      [`ENUM('a','')`, '', ''],
    ] as const)('%s takes %p', async (type, value, written) => {
      const { merge, rows } = await open(`CREATE TABLE t (id BIGINT PRIMARY KEY, v ${type} NULL)`);
      await merge([upserts(T, [1n, value])]);
      expect(await rows('t')).toEqual([JSON.stringify(['1', written])]);
    });
  });

  describe('a table with several unique keys', () => {
    const TABLE =
      'CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(9) UNIQUE, b VARCHAR(9), mine INT DEFAULT 7)';

    test('never writes a row of another key, and keeps columns that are not replicated', async () => {
      const { merge, rows } = await open(
        TABLE,
        `INSERT INTO t VALUES (1, 'x', 'one', 1), (2, 'y', 'two', 2)`,
      );
      await rejection(merge([upserts(ABC, [3n, 'x', 'new'])]), 'CONSTRAINT_FAILED');
      await merge([upserts(ABC, [3n, 'z', 'new'], [2n, 'y2', 'changed'], [1n, 'x', 'changed'])]);
      expect(await rows('t')).toEqual([
        '["1","x","changed","1"]',
        '["2","y2","changed","2"]',
        '["3","z","new","7"]',
      ]);
    });

    test('is as sure where its key is not the primary key', async () => {
      const { merge, rows } = await open(
        'CREATE TABLE t (n INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(9) UNIQUE, b VARCHAR(9), id INT NOT NULL UNIQUE)',
        `INSERT INTO t (id, a, b) VALUES (1, 'x', 'one'), (2, 'y', 'two')`,
      );
      await rejection(merge([upserts(ABC, [2n, 'x', 'wrong'])]), 'CONSTRAINT_FAILED');
      await merge([upserts(ABC, [2n, 'z', 'changed'], [3n, 'y', 'new'])]);
      expect(await rows('t')).toEqual([
        '["1","x","one","1"]',
        '["2","z","changed","2"]',
        expect.stringContaining('"y","new","3"'),
      ]);
    });

    test('lets values move round among a thousand rows', async () => {
      const { merge, rows } = await open(TABLE);
      const at = (shift: number): readonly Tuple[] =>
        Array.from({ length: 1_500 }, (_, n) => [BigInt(n), `v${(n + shift) % 1_500}`, String(shift)]);
      await merge([upserts(ABC, ...at(0))]);
      await merge([upserts(ABC, ...at(1))]);
      const found = await rows('t');
      expect(found).toHaveLength(1_500);
      expect(found[1_499]).toBe('["1499","v0","1","7"]');
    });

    test('sets aside what is refused, and writes what moves round beside it', async () => {
      const { merge, rows } = await open(
        TABLE,
        `INSERT INTO t VALUES (1, 'x', '', 1), (2, 'y', '', 2), (9, 'q', '', 9)`,
      );
      const aside = await merge(
        [
          upserts(
            ABC,
            [2n, 'x', 'moved'],
            [3n, 'q', 'lost'],
            [1n, 'y', 'moved'],
            [4n, 'far too long for it', 'lost'],
          ),
        ],
        { setAside: ['t'] },
      );
      expect(aside.map(({ key, code }) => [key, code])).toEqual([
        [[4n], 'TYPE_MISMATCH'],
        [[3n], 'CONSTRAINT_FAILED'],
      ]);
      expect((await rows('t')).map((row) => row.slice(0, 8))).toEqual(['["1","y"', '["2","x"', '["9","q"']);
    });

    test('that got its second unique index after its rows were staged is looked at again', async () => {
      const { target, database, rows } = await open(
        'CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9))',
        `INSERT INTO t VALUES (1, 'x')`,
      );
      const chunk = await stage(target, [upserts(T, [2n, 'x'])]);
      await database.execute('CREATE UNIQUE INDEX later ON t (v)');
      await rejection(
        target.transaction(chunk, (tx) => tx.merge(chunk)),
        'CONSTRAINT_FAILED',
      );
      expect(await rows('t')).toEqual(['["1","x"]']);
    });
  });

  test('a column that got narrower after its rows were staged rounds none of them', async () => {
    const { target, database, rows } = await open('CREATE TABLE t (id INT PRIMARY KEY, v DECIMAL(9,4))');
    const chunk = await stage(target, [upserts(T, [1n, '1.2345'])]);
    await database.execute('ALTER TABLE t MODIFY v DECIMAL(9,2)');
    await rejection(
      target.transaction(chunk, (tx) => tx.merge(chunk)),
      'TYPE_MISMATCH',
    );
    expect(await rows('t')).toEqual([]);
  });

  test("the target's own foreign keys delete and change nothing", async () => {
    const { merge, rows } = await open(
      'CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9))',
      `CREATE TABLE cascading (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES t (id) ON DELETE CASCADE ON UPDATE CASCADE)`,
      `CREATE TABLE nulling (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES t (id) ON DELETE SET NULL)`,
      `INSERT INTO t VALUES (1, 'x'), (2, 'y')`,
      'INSERT INTO cascading VALUES (10, 1), (11, 2)',
      'INSERT INTO nulling VALUES (10, 1)',
    );
    await merge([{ route: T, deletes: [[1n]], upserts: [[3n, 'z']], range: null }]);
    expect(await rows('t')).toEqual(['["2","y"]', '["3","z"]']);
    expect(await rows('cascading')).toEqual(['["10","1"]', '["11","2"]']);
    expect(await rows('nulling')).toEqual(['["10","1"]']);
  });

  describe('what a statement may hold', () => {
    test('a set of many times its limit is cut', async () => {
      const { merge, rows } = await open('CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT)');
      const large = 'x'.repeat(1_000_000);
      await merge([upserts(T, ...Array.from({ length: 40 }, (_, n): Tuple => [BigInt(n), large]))]);
      expect(await rows('t')).toHaveLength(40);
    });

    test('a row that is larger than it is set aside, and the connection stays', async () => {
      const { merge, rows, database } = await open('CREATE TABLE t (id INT PRIMARY KEY, v LONGBLOB)');
      const client = await database.connect();
      await client.close();
      const bytes = dynamicRoute('t', { id: 'INTEGER', v: 'BLOB' });
      const row: Tuple = [2n, new Uint8Array(70_000_000)];
      const set = upserts(bytes, [1n, new Uint8Array([0, 255])], row, [3n, null]);
      const error = await rejection(merge([set]), 'TYPE_MISMATCH');
      expect([error.table, error.column]).toEqual(['t', 'v']);
      await merge([set], { setAside: ['t'] });
      expect(await rows('t')).toHaveLength(2);
    });
  });

  test('keys of texts are told apart by every letter and blank', async () => {
    const { merge, target, rows } = await open();
    const route = dynamicRoute('t', { id: 'TEXT', v: 'TEXT' });
    const step = await target.planTable(route, 'sqlite');
    if (step !== null) await target.createTables([step]);
    await merge([upserts(route, ['a', '1'], ['A', '2'], ['a ', '3'], ['á', '4'], ['', '5'])]);
    expect(await rows('t')).toHaveLength(5);
    await merge([{ route, deletes: [['A'], ['a ']], upserts: [], range: null }]);
    expect(await rows('t')).toEqual(['["","5"]', '["a","1"]', '["á","4"]']);
  });

  test('a table whose key takes different texts for one is refused with the reason', async () => {
    const { target } = await open(
      'CREATE TABLE t (id VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY, v TEXT)',
    );
    const route = dynamicRoute('t', { id: 'TEXT', v: 'TEXT' });
    const error = await rejection(target.planTable(route, 'sqlite'), 'TARGET_TABLE_MISMATCH');
    expect(error.message).toContain('utf8mb4_general_ci');
    expect(error.column).toBe('id');
  });

  test('a table without transactions is refused with the remedy', async () => {
    const { target } = await open('CREATE TABLE t (id INT PRIMARY KEY, v TEXT) ENGINE = MyISAM');
    const error = await rejection(target.planTable(T, 'sqlite'), 'TARGET_TABLE_MISMATCH');
    expect(error.message).toContain('MyISAM');
    expect(error.hint).toContain('ENGINE = InnoDB');
    await rejection(stage(target, [upserts(T, [1n, 'x'])]), 'TARGET_TABLE_MISMATCH');
  });

  test('triggers of the target are named beforehand', async () => {
    const { target } = await open(
      'CREATE TABLE t (id INT PRIMARY KEY, v TEXT)',
      `CREATE TRIGGER shouting BEFORE INSERT ON t FOR EACH ROW SET NEW.v = UPPER(NEW.v)`,
    );
    expect(await target.notices([T], 'sqlite')).toMatchObject([
      { table: 't', message: expect.stringContaining('shouting') },
    ]);
  });

  test('of a table that is made nothing is told twice: what may not fit stands beside its column', async () => {
    const { target } = await open();
    const route = dynamicRoute('made', { id: 'TEXT', v: 'NUMERIC', w: 'REAL' });
    expect(await target.notices([route], 'sqlite')).toEqual([]);
  });

  test('a chunk that is about more tables than the server joins is merged', async () => {
    const names = Array.from({ length: 130 }, (_, n) => `t${n}`);
    const { merge, rows } = await open(
      ...names.map((name) => `CREATE TABLE ${name} (id INT PRIMARY KEY, v VARCHAR(9))`),
    );
    const routes = names.map((name) => dynamicRoute(name, { id: 'INTEGER', v: 'TEXT' }));
    await merge(routes.map((route) => upserts(route, [1n, route.id])));
    for (const name of ['t0', 't59', 't60', 't61', 't129']) {
      expect(await rows(name)).toEqual([JSON.stringify(['1', name])]);
    }
  });

  test('a range that does not fit one statement is made equal part by part', async () => {
    const { merge, rows } = await open(
      'CREATE TABLE t (id VARBINARY(3000) PRIMARY KEY, v TEXT)',
      `INSERT INTO t VALUES ('stray', 'old'), (REPEAT('b', 2000), 'old')`,
    );
    const columns = dynamicRoute('t', { id: 'BLOB', v: 'TEXT' });
    const route: TableRoute = {
      ...columns,
      source: {
        ...columns.source,
        columns: columns.source.columns.map((column) =>
          column.name === 'id' ? { ...column, type: { kind: 'bytes', length: null } } : column,
        ),
      },
    };
    // Two digits a byte: more than half of the largest statement of either server.
    const keys = Array.from({ length: 12_000 }, (_, n) => {
      const key = Buffer.alloc(3_000, 'x');
      key.write(String(n).padStart(8, '0'));
      return new Uint8Array(key);
    });
    const range = {
      table: 't',
      rows: keys.map((key): Tuple => [key, 'new']),
      after: null,
      upTo: null,
      replace: true,
    };
    await merge([{ route, deletes: [], upserts: [], range }]);
    expect(await rows('t')).toHaveLength(keys.length);
  });
});
