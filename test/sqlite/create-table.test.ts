import { describe, expect, test } from '@jest/globals';
import type { TableRoute, Tuple } from '../../engine';
import { folderPerTest } from '../support/sqlite';
import { apply, rowSet, targetFixture } from '../support/sqlite-target';

const folder = folderPerTest();
const { exec, routeFor, routesFor, rows, target, targetFor } = targetFixture(folder);

describe('a table that is missing', () => {
  const ODD = `
    CREATE TABLE [order] ("a ""b""" NUMERIC(10,2) DEFAULT 1.5, [select] TEXT COLLATE NOCASE NOT NULL DEFAULT 'it''s',
      x, doubled AS ("a ""b""" * 2), "größe" DATETIME DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY ([select], x)) WITHOUT ROWID;
    CREATE TABLE strict_one (id INTEGER PRIMARY KEY, any_value ANY, amount REAL NOT NULL) STRICT;
    CREATE TABLE by_unique (a INT, code TEXT NOT NULL UNIQUE, PRIMARY KEY (a));
    CREATE TABLE only_key (k BLOB NOT NULL PRIMARY KEY);
    CREATE TABLE odd_types (id INTEGER PRIMARY KEY, a "a type of [mine]", b [it's "odd"], c "date as text", d "END", e "",
      f DECIMAL ( +10 , -2 ), g año, h "VARCHAR(MAX)", i UNSIGNED BIG INT, j "TEXT) WITHOUT ROWID --", k "NOT NULL");`;

  test('is planned with the types, key, NOT NULL, collations and options of the source', async () => {
    const routes = await routesFor(ODD);
    const opened = await target();
    const steps = await Promise.all([...routes].map((route) => opened.planTable(route, 'sqlite')));
    await opened.createTables(steps.filter((step) => step !== null));
    const made = new Map((await opened.tables()).map((table) => [table.name.name, table]));
    for (const { id, source, columns } of routes) {
      const copy = made.get(id);
      expect(copy?.key).toEqual(source.key);
      expect(copy?.options).toEqual(source.options);
      const facts = (schema: typeof source): unknown =>
        schema.columns
          .filter((column) => columns.includes(column.name))
          .map(({ name, declaredType, nullable, collation }) => ({
            name,
            declaredType,
            nullable,
            collation,
          }));
      expect(copy && facts(copy)).toEqual(facts(source));
    }
    expect(made.get('order')?.columns.map((column) => column.defaultSql)).toEqual([
      '1.5',
      "'it''s'",
      null,
      null,
    ]);
    for (const route of routes) expect(await opened.planTable(route, 'sqlite')).toBeNull();
  });

  test.each(['_cdc_pipeline', 'CDC_changes_z', 'sqlite_x', '_CDC_new'])(
    'cannot have the reserved name %s',
    async (name) => {
      const route = await routeFor('CREATE TABLE plain (id INTEGER PRIMARY KEY)');
      const opened = await target();
      const planned = opened.planTable({ ...route, target: { schema: null, name } }, 'sqlite');
      await expect(planned).rejects.toMatchObject({
        code: 'NAME_COLLISION',
        table: 'plain',
        message: expect.stringContaining(`plain cannot go to ${name}`),
        hint: expect.stringContaining('`to`'),
      });
    },
  );

  test('cannot have the name of an index, even of one that was made since it was planned', async () => {
    const route = await routeFor('CREATE TABLE Plain (id INTEGER PRIMARY KEY)');
    const opened = await target();
    const step = await opened.planTable(route, 'sqlite');
    if (step === null) throw new Error('there is no such table yet');
    exec('CREATE TABLE other (a); CREATE INDEX plain ON other (a)');
    const taken = {
      code: 'TARGET_TABLE_MISMATCH',
      message: 'Target table Plain cannot be made: an index has this name already',
    };
    await expect(opened.createTables([step])).rejects.toMatchObject(taken);
    await expect(opened.planTable(route, 'sqlite')).rejects.toMatchObject(taken);
    exec('DROP TABLE other; CREATE VIEW plain AS SELECT 1 AS id');
    await expect(opened.createTables([step])).rejects.toMatchObject({
      message: 'Target table Plain cannot be made: a view has this name already',
    });
    exec('DROP VIEW plain; CREATE TABLE plain (id INTEGER PRIMARY KEY)');
    await expect(opened.createTables([step])).rejects.toMatchObject({
      code: 'SCHEMA_MOVED',
      retryable: true,
    });
    expect(await opened.planTable(route, 'sqlite')).toBeNull();
  });

  test('takes values of any storage class unchanged', async () => {
    const route = await routeFor('CREATE TABLE v (k PRIMARY KEY NOT NULL, v)');
    const opened = await targetFor(route);
    const values: Tuple = [
      null,
      9_223_372_036_854_775_807n,
      -9_223_372_036_854_775_808n,
      -0,
      1e308,
      5e-324,
      Infinity,
      0.1,
      1,
      1n,
      '',
      'a\0b',
      '1',
      '😀 ünï',
      'x'.repeat(1_000_000),
      new Uint8Array(),
      new Uint8Array([0, 255, 128]),
    ];
    await apply(opened, [
      rowSet(
        route,
        values.map((value, index): Tuple => [`k${index}`, value]),
      ),
    ]);
    const db = folder.database('target.db');
    const read = db.prepare<[], Tuple>('SELECT v FROM v ORDER BY rowid').raw().all().flat();
    db.close();
    expect(read.map((value) => (value instanceof Uint8Array ? new Uint8Array(value) : value))).toEqual(
      values,
    );
    expect(Object.is(read[3], -0)).toBe(true);
  });

  test('gives a type to the columns of another kind of database', async () => {
    const route = await routeFor('CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, c)');
    const types = new Map<string, TableRoute['source']['columns'][number]['type']>([
      ['id', { kind: 'int', bits: 64, signed: false }],
      ['a', { kind: 'decimal', precision: 20, scale: 4 }],
      ['b', { kind: 'bool' }],
      ['c', { kind: 'bytes', length: null }],
    ]);
    const columns = route.source.columns.map((column) => ({
      ...column,
      type: types.get(column.name) ?? column.type,
      declaredType: 'foreign',
      collation: 'de_DE',
    }));
    const opened = await target();
    const step = await opened.planTable({ ...route, source: { ...route.source, columns } }, 'elsewhere');
    expect(step?.sql).toMatch(/"id" TEXT NOT NULL,\s+"a" TEXT,\s+"b" BOOLEAN,\s+"c" BLOB,/);
  });

  test.each([
    ['TEXT', [5n, 2n ** 64n - 1n], ["'5'", "'18446744073709551615'"]],
    ['', [5n, 2n ** 63n - 1n], ['5', '9223372036854775807']],
    ['INTEGER', [5n, 2n ** 63n - 1n], ['5', '9223372036854775807']],
  ])('holds integers without a sign in a column of type "%s"', async (declared, values, stored) => {
    const from = await routeFor(`CREATE TABLE t (id INTEGER PRIMARY KEY, v ${declared})`);
    const opened = await targetFor(from);
    const columns = from.source.columns.map((column) =>
      column.name === 'v' ? { ...column, type: { kind: 'int', bits: 64, signed: false } as const } : column,
    );
    const route = { ...from, source: { ...from.source, columns } };
    const rowsOf = (numbers: readonly bigint[]) => numbers.map((value, n): Tuple => [BigInt(n), value]);
    await apply(opened, [rowSet(route, rowsOf(values))]);
    expect(rows('SELECT quote(v) FROM t ORDER BY id').flat()).toEqual(stored);
    if (declared === 'TEXT') return;
    const tooLarge = apply(opened, [rowSet(route, rowsOf([2n ** 64n - 1n]))]);
    await expect(tooLarge).rejects.toMatchObject({ code: 'TYPE_MISMATCH', table: 't', column: 'v' });
  });
});

describe('what setup should tell', () => {
  test('triggers that will fire and types that may convert values', async () => {
    const route = await routeFor('CREATE TABLE t (id INTEGER PRIMARY KEY, v, w TEXT)');
    exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER, w);
         CREATE TRIGGER audit AFTER INSERT ON t BEGIN SELECT 1; END`);
    const opened = await target();
    const messages = (await opened.notices([route], 'sqlite')).map((notice) => notice.message);
    expect(messages).toEqual([expect.stringContaining('audit'), expect.stringMatching(/: v$/)]);
    expect(await opened.isEmpty(route.target)).toBe(true);
  });
});
