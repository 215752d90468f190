/**
 * A value is the same whichever way it is read: from the change table, from the table beside it, by a scan, and out of
 * targets of the same kind that got it directly (by COPY, from file to file) and by rows.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { oneRange, type Adapter, type Source, type TableRoute, type Tuple } from '../../engine';
import { mysqlAdapter } from '../../engine/adapters/mysql';
import { postgresAdapter } from '../../engine/adapters/postgres';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { routeTable } from '../../engine/capture';
import { describeTuple, readChunk, replay } from '../../engine/contract/replay';
import { byRows } from '../support/by-rows';
import { serverOf } from '../support/mysql';
import { openSide, type Family, type Side } from '../support/pair-sides';
import { engineOver, REF, replicate, specOf, started } from '../support/pipelines';
import { sharedServer } from '../support/postgres';
import { folderPerTest } from '../support/sqlite';

const ROWS = process.env['CDC_LONG'] === '1' ? 2_000 : 120;

const folder = folderPerTest();

/** SQL literals by the declaration of a column. */
type Columns = Readonly<Record<string, fc.Arbitrary<string>>>;

const digits = (least: number, most: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom('0', '1', '4', '5', '9'), minLength: least, maxLength: most });
const sign = fc.constantFrom('', '-');
const decimal = (whole: number, fraction: number): fc.Arbitrary<string> =>
  fc
    .tuple(sign, digits(1, whole), digits(1, fraction))
    .map(([minus, before, after]) => `${minus}${before}.${after}`);
const integer = (min: bigint, max: bigint): fc.Arbitrary<string> => fc.bigInt({ min, max }).map(String);
const double = fc
  .double({ noNaN: true, noDefaultInfinity: true })
  .map((number) => (Object.is(number, -0) ? '-0.0' : number.toExponential()));
const two = (number: number): string => String(number).padStart(2, '0');
const date = fc
  .date({ min: new Date('1000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((day) => day.toISOString().slice(0, 10));
const clock = fc
  .tuple(fc.nat(23), fc.nat(59), fc.nat(59), digits(6, 6))
  .map(([hour, minute, second, rest]) => `${two(hour)}:${two(minute)}:${two(second)}.${rest}`);
const moment = fc.tuple(date, clock).map(([day, time]) => `${day} ${time}`);
const words = fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.replaceAll('\0', ''));
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const hex = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const json = fc.json({ maxDepth: 3 }).filter((text) => !text.includes('\\u0000'));

const POSTGRES: Columns = {
  bigint: integer(-(2n ** 63n), 2n ** 63n - 1n).map(quoted),
  numeric: fc.oneof(decimal(60, 60), fc.constantFrom('NaN', 'Infinity', '1.10', '0.000')).map(quoted),
  'double precision': fc.oneof(double, fc.constantFrom('NaN', '-Infinity')).map(quoted),
  real: fc.float({ noNaN: true }).map((number) => quoted(Object.is(number, -0) ? '-0' : String(number))),
  text: words.map(quoted),
  'char(7)': words.map((text) => quoted(Array.from(text).slice(0, 7).join(''))),
  bytea: hex.map((bytes) => `'\\x${bytes}'`),
  date: fc.oneof(date, fc.constantFrom('infinity', '0044-03-15 BC')).map(quoted),
  'timestamp with time zone': moment.map((text) => quoted(`${text}+05:30`)),
  time: clock.map(quoted),
  interval: fc
    .tuple(fc.integer(), fc.integer(), fc.integer())
    .map(([months, days, seconds]) => quoted(`${months % 10_000} mons ${days} days ${seconds} secs`)),
  json: json.map(quoted),
  jsonb: json.map(quoted),
  uuid: fc.uuid().map(quoted),
  'text[]': fc
    .array(fc.option(words), { maxLength: 4 })
    .map(
      (list) => `ARRAY[${list.map((text) => (text === null ? 'NULL' : quoted(text))).join(', ')}]::text[]`,
    ),
  numrange: fc
    .tuple(digits(1, 9), digits(1, 9))
    .map(([low, width]) => `numrange(${low}, ${low}::numeric + ${width}, '[)')`),
};

const mysqlText = (text: string): string => quoted(text.replaceAll('\\', '\\\\'));
const MYSQL: Columns = {
  'BIGINT UNSIGNED': integer(0n, 2n ** 64n - 1n),
  'DECIMAL(65,30)': decimal(35, 30),
  DOUBLE: double,
  FLOAT: fc.float({ noNaN: true, noDefaultInfinity: true }).map((number) => number.toExponential()),
  'VARCHAR(200)': words.map(mysqlText),
  'VARCHAR(40) CHARACTER SET latin1': fc
    .string({ unit: fc.constantFrom('a', 'é', ' ', 'ß', 'ñ', '€'), maxLength: 20 })
    .map(mysqlText),
  LONGBLOB: hex.map((bytes) => `X'${bytes}'`),
  'BINARY(5)': fc
    .uint8Array({ minLength: 5, maxLength: 5 })
    .map((bytes) => `X'${Buffer.from(bytes).toString('hex')}'`),
  DATE: date.map(quoted),
  'DATETIME(6)': moment.map(quoted),
  'TIME(6)': fc.tuple(sign, clock).map(([minus, time]) => quoted(`${minus}${time}`)),
  'BIT(40)': integer(0n, 2n ** 40n - 1n),
  YEAR: fc.integer({ min: 1901, max: 2155 }).map(String),
  [`ENUM('a','','1')`]: fc.constantFrom(`'a'`, `''`, `'1'`),
  [`SET('x','y','0')`]: fc.constantFrom(`''`, `'x,0'`, `'y'`),
  GEOMETRY: fc
    .tuple(fc.integer({ min: -90, max: 90 }), fc.nat(80))
    .map(([x, y]) => `ST_GeomFromText('POINT(${x} ${y})')`),
};

const anything: fc.Arbitrary<string> = fc.oneof(
  integer(-(2n ** 63n) + 1n, 2n ** 63n - 1n),
  double,
  fc.constantFrom('9e999', '-9e999', `CAST(x'ff41' AS TEXT)`, `'a' || char(0) || 'b'`),
  words.map(quoted),
  hex.map((bytes) => `x'${bytes}'`),
);
const SQLITE: Columns = {
  '': anything,
  INTEGER: anything,
  REAL: anything,
  NUMERIC: anything,
  TEXT: anything,
  BLOB: anything,
};

interface Dialect {
  readonly columns: Columns;
  readonly adapter: Adapter;
  readonly key: string;
  readonly table: string;
}

const DIALECTS: Readonly<Record<Family, Dialect>> = {
  sqlite: { columns: SQLITE, adapter: sqliteAdapter, key: 'INTEGER PRIMARY KEY', table: 't' },
  postgres: { columns: POSTGRES, adapter: postgresAdapter, key: 'integer PRIMARY KEY', table: 'public.t' },
  mariadb: { columns: MYSQL, adapter: mysqlAdapter, key: 'INT PRIMARY KEY', table: 't' },
  mysql: { columns: MYSQL, adapter: mysqlAdapter, key: 'INT PRIMARY KEY', table: 't' },
};

const FAMILIES: readonly Family[] = ['sqlite', 'postgres', 'mariadb', 'mysql'];
const isHere = (family: Family): boolean =>
  (family !== 'mariadb' && family !== 'mysql') || serverOf(family).missing === undefined;

function open(family: Family, name: string): Promise<Side> {
  const url = family === 'postgres' ? sharedServer() : family === 'sqlite' ? undefined : serverOf(family).url;
  return openSide(family, { folder, name, servers: url === undefined ? {} : { [family]: url } });
}

/** INSERT statements with values out of the columns' arbitraries, some of them NULL. */
function inserts({ columns }: Dialect, from: number): readonly string[] {
  const row = fc.tuple(
    ...Object.values(columns).map((literal) => fc.option(literal, { freq: 10, nil: 'NULL' })),
  );
  return fc
    .sample(row, { numRuns: ROWS, seed: 20_260_228 + from })
    .map((values, n) => `INSERT INTO t VALUES (${from + n}, ${values.join(', ')})`);
}

async function routeOf(source: Source): Promise<TableRoute> {
  const [table] = await source.tables();
  if (table === undefined) throw new Error('the table is missing');
  return routeTable(table, { to: null, columns: null }, true);
}

function texts(rows: readonly Tuple[]): readonly string[] {
  return rows.map(describeTuple).sort();
}

describe.each(FAMILIES.filter(isHere))('a value of %s', (family) => {
  const dialect = DIALECTS[family];
  const { adapter, columns, table } = dialect;

  test('is the same from the change table, the table, a scan, and targets that got it directly and by rows', async () => {
    const sides = [
      await open(family, 'source'),
      await open(family, 'direct'),
      await open(family, 'rows'),
    ] as const;
    const [here, direct, rows] = sides;
    try {
      const declared = Object.keys(columns).map((type, n) => `c${n} ${type}`);
      await here.execute(`CREATE TABLE t (id ${dialect.key}, ${declared.join(', ')})`);
      const source = await adapter.openSource({ url: here.url, readOnly: false });
      try {
        const route = await routeOf(source);
        const { position } = await source.install([route.source], {
          uuid: 'own',
          name: 'own',
          now: Date.now(),
          reset: false,
        });
        await here.execute(...inserts(dialect, 0));
        const ways = [
          engineOver(here.url, direct.url, { adapter }),
          engineOver(here.url, rows.url, { adapter: byRows(adapter) }),
        ];
        try {
          const pipelines = await Promise.all(
            ways.map((engine, n) => engine.pipeline({ ...REF, name: `way-${n}` })),
          );
          const runs: number[] = [];
          for (const [n, pipeline] of pipelines.entries()) {
            runs.push((await started(pipeline, { ...specOf([table]), name: `way-${n}` })).generation);
          }
          await here.execute(...inserts(dialect, ROWS));
          for (const [n, pipeline] of pipelines.entries()) await replicate(pipeline, runs[n] ?? 0);
        } finally {
          for (const engine of ways) await engine.close();
        }
        const changed = (await replay(source, [route], position, 50)).replica.get(route.id);
        const expected = texts([...(changed?.values() ?? [])]);
        expect(expected).toHaveLength(2 * ROWS);

        const range = { table: route.id, after: null, replace: false };
        const chunk = await readChunk(source, [route], await source.head(), 10, oneRange(range, 4 * ROWS));
        expect(texts(chunk.ranges.flatMap((found) => found.rows))).toEqual(expected);
        const all = { columns: route.columns, key: route.key, after: null, upTo: null, limit: null };
        const scanned = await source.scan({ ...all, table: route.source.name });
        expect(texts(scanned.rows.map(({ row }) => row))).toEqual(expected);
        for (const { url } of [direct, rows]) {
          const target = await adapter.openTarget({ url, readOnly: true, create: false });
          try {
            const there = await target.scan({ ...all, table: route.target });
            expect(texts(there.rows.map(({ row }) => row))).toEqual(expected);
          } finally {
            await target.close();
          }
        }
      } finally {
        await source.close();
      }
    } finally {
      for (const side of sides) await side.dispose();
    }
  }, 120_000);
});
