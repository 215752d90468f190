/** Random tables of MySQL and MariaDB and what an application does to them, for property tests. */
import type { Connection } from 'mysql2/promise';
import fc from 'fast-check';
import { errorNumberOf } from '../../engine/adapters/mysql/database';
import type { TypeSample } from '../../engine/contract';
import { select } from './mysql';
import type { Flavour } from './mysql-programs';
import { mysqlTypeSamples } from './mysql-types';

/** Declared columns of a key with values that meet; texts are equal in several spellings. */
const KEYS = {
  int: { columns: ['k INT NOT NULL'], pool: ['1', '2', '3', '4', '0', '-1'] },
  unsigned: {
    columns: ['k BIGINT UNSIGNED NOT NULL'],
    pool: ['0', '1', '18446744073709551615', '9007199254740993'],
  },
  text: { columns: ['k VARCHAR(20) NOT NULL'], pool: [`'a'`, `'A'`, `'a '`, `'b'`, `'ö'`, `''`, `'😀'`] },
  latin: {
    columns: ['k VARCHAR(20) CHARACTER SET latin1 NOT NULL'],
    pool: [`'a'`, `'A'`, `'é'`, `'é '`, `''`],
  },
  char: { columns: ['k CHAR(4) NOT NULL'], pool: [`'a'`, `'A'`, `'abcd'`, `''`] },
  bytes: { columns: ['k VARBINARY(8) NOT NULL'], pool: [`X'00'`, `X''`, `X'0000'`, `X'ff'`, `'a'`, `'A'`] },
  binary: { columns: ['k BINARY(2) NOT NULL'], pool: [`X'00ff'`, `X'0001'`, `'a'`] },
  decimal: { columns: ['k DECIMAL(10,2) NOT NULL'], pool: ['1.10', '-0.01', '0', '99999999.99'] },
  time: {
    columns: ['k DATETIME(6) NOT NULL'],
    pool: [`'2026-02-28 12:00:00.000001'`, `'2026-02-28 12:00:00'`, `'1000-01-01'`],
  },
  date: { columns: ['k DATE NOT NULL'], pool: [`'2026-02-28'`, `'0001-01-01'`, `'9999-12-31'`] },
  double: { columns: ['k DOUBLE NOT NULL'], pool: ['0.1', '1e308', '-0.0', '5e-324'] },
  member: { columns: [`k ENUM('b','a','c''d') NOT NULL`], pool: [`'a'`, `'b'`, `'c''d'`] },
  composite: {
    columns: ['k VARCHAR(10) NOT NULL', 'k2 INT NOT NULL'],
    pool: [`'a', 1`, `'A', 1`, `'a', 2`, `'b', 1`, `'b ', 1`],
  },
} as const;

type KeyKind = keyof typeof KEYS;

export interface RandomTable {
  readonly name: string;
  readonly key: KeyKind;
  readonly unique: boolean;
  /** Of the columns `v0` and `v1`. */
  readonly types: readonly [TypeSample, TypeSample];
  readonly generated: 'none' | 'VIRTUAL' | 'STORED';
  /** What happens to its rows when one of the first table goes; null without a foreign key. */
  readonly action: 'CASCADE' | 'SET NULL' | null;
  readonly keyFrom: 'PRIMARY KEY' | 'UNIQUE';
}

export interface RandomStatement {
  readonly kind:
    | 'insert'
    | 'several'
    | 'upsert'
    | 'replace'
    | 'update'
    | 'rekey'
    | 'update all'
    | 'delete'
    | 'delete all'
    | 'swap'
    | 'collide'
    | 'orphan';
  readonly ignore: boolean;
  /** Places in lists, each modulo its length. */
  readonly table: number;
  readonly keys: readonly [number, number];
  readonly values: readonly [number, number];
  readonly u: number;
}

export interface RandomTransaction {
  readonly statements: readonly RandomStatement[];
  readonly end: 'COMMIT' | 'ROLLBACK';
  /** Statements from here on are undone by a savepoint; null: none. */
  readonly undone: number | null;
}

export function schemaArbitrary(flavour: Flavour): fc.Arbitrary<readonly RandomTable[]> {
  const type = fc.constantFrom(...mysqlTypeSamples(flavour));
  const table = fc.record({
    key: fc.constantFrom(...KINDS),
    unique: fc.constantFrom(true, true, false),
    types: fc.tuple(type, type),
    generated: fc.constantFrom<RandomTable['generated']>('none', 'none', 'VIRTUAL', 'STORED'),
    action: fc.constantFrom<RandomTable['action']>(null, 'CASCADE', 'SET NULL'),
    keyFrom: fc.constantFrom<RandomTable['keyFrom']>('PRIMARY KEY', 'PRIMARY KEY', 'UNIQUE'),
  });
  return fc.tuple(table, table, table).map((tables) =>
    tables.map((one, place) => ({
      ...one,
      name: ['plain', 'two `words`', 'ünï.Table'][place] ?? '',
      // The others can reference the first.
      ...(place === 0 ? { key: 'int' as const, action: null } : {}),
    })),
  );
}

const KINDS: readonly KeyKind[] = [
  'int',
  'unsigned',
  'text',
  'text',
  'latin',
  'char',
  'bytes',
  'binary',
  'decimal',
  'time',
  'date',
  'double',
  'member',
  'composite',
  'composite',
];

export const transactionArbitrary: fc.Arbitrary<RandomTransaction> = fc.record({
  statements: fc.array(
    fc.record({
      kind: fc.constantFrom<RandomStatement['kind']>(
        'insert',
        'insert',
        'insert',
        'several',
        'upsert',
        'replace',
        'replace',
        'update',
        'update',
        'rekey',
        'rekey',
        'update all',
        'delete',
        'delete all',
        'swap',
        'collide',
        'collide',
        'orphan',
      ),
      ignore: fc.boolean(),
      table: fc.nat(2),
      keys: fc.tuple(fc.nat(6), fc.nat(6)),
      values: fc.tuple(fc.nat(7), fc.nat(7)),
      u: fc.nat(4),
    }),
    { minLength: 1, maxLength: 6, size: 'max' },
  ),
  end: fc.constantFrom<RandomTransaction['end']>('COMMIT', 'COMMIT', 'COMMIT', 'COMMIT', 'ROLLBACK'),
  undone: fc.option(fc.nat(5), { freq: 4 }),
});

export function quote(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

function keyNames({ key }: RandomTable): readonly string[] {
  return KEYS[key].columns.map((column) => column.split(' ')[0] ?? '');
}

export function tablesSql(tables: readonly RandomTable[]): readonly string[] {
  const parent = quote(tables[0]?.name ?? '');
  return tables.map((table, place) => {
    const lines = [
      ...KEYS[table.key].columns,
      `u INT ${table.unique ? 'UNIQUE' : ''}`,
      ...table.types.map(({ declaration }, index) => `v${index} ${declaration} NULL`),
      'parent INT NULL',
      ...(table.generated === 'none' ? [] : [`made INT AS (COALESCE(u, 0) + 1) ${table.generated}`]),
      `${table.keyFrom} (${keyNames(table).join(', ')})`,
      // MySQL takes a reference to a unique key that is no primary key, too.
      ...(table.action === null
        ? []
        : [
            `CONSTRAINT fk${place} FOREIGN KEY (parent) REFERENCES ${parent} (k) ON DELETE ${table.action} ON UPDATE CASCADE`,
          ]),
    ];
    return `CREATE TABLE ${quote(table.name)} (${lines.join(', ')}) ENGINE = InnoDB`;
  });
}

function pick<T>(from: readonly T[], place: number): T {
  const found = from[place % from.length];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
}

function statementsOf(tables: readonly RandomTable[], statement: RandomStatement): readonly string[] {
  const table = pick(tables, statement.table);
  const name = quote(table.name);
  const key = (place: 0 | 1): string => pick<string>(KEYS[table.key].pool, statement.keys[place]);
  const value = (place: 0 | 1): string =>
    pick(['NULL', ...table.types[place].literals], statement.values[place]);
  const u = pick(['NULL', '1', '2', '3', '4'], statement.u);
  const parent = table.action === null ? 'NULL' : pick(['NULL', '1', '2', '3', '0'], statement.values[1]);
  const columns = keyNames(table).join(', ');
  const where = (place: 0 | 1): string => `(${columns}) = (${key(place)})`;
  const rest = `${u}, ${value(0)}, ${value(1)}, ${parent}`;
  const ignore = statement.ignore ? 'IGNORE' : '';
  const into = `INTO ${name} (${columns}, u, v0, v1, parent) VALUES`;
  switch (statement.kind) {
    case 'insert':
      return [`INSERT ${ignore} ${into} (${key(0)}, ${rest})`];
    case 'several':
      return [`INSERT ${ignore} ${into} (${key(0)}, ${rest}), (${key(1)}, NULL, NULL, NULL, NULL)`];
    case 'upsert':
      return [`INSERT ${into} (${key(0)}, ${rest}) ON DUPLICATE KEY UPDATE v0 = VALUES(v0), u = VALUES(u)`];
    case 'replace':
      return [`REPLACE ${into} (${key(0)}, ${rest})`];
    case 'update':
      return [
        `UPDATE ${ignore} ${name} SET u = ${u}, v0 = ${value(0)}, v1 = ${value(1)}, parent = ${parent} WHERE ${where(0)}`,
      ];
    case 'rekey': {
      const values = keyNames(table).length === 1 ? [key(1)] : key(1).split(', ');
      const assignments = keyNames(table).map((column, index) => `${column} = ${values[index] ?? ''}`);
      return [`UPDATE ${ignore} ${name} SET ${assignments.join(', ')} WHERE ${where(0)}`];
    }
    case 'update all':
      return [`UPDATE ${name} SET v1 = ${value(1)}`];
    case 'delete':
      return [`DELETE FROM ${name} WHERE ${where(0)}`];
    case 'delete all':
      return [`DELETE FROM ${name}`];
    // MariaDB fires triggers for rows that it then leaves alone.
    case 'collide':
      return [`UPDATE IGNORE ${name} SET u = ${u}`];
    case 'orphan':
      return [`UPDATE IGNORE ${name} SET parent = 7, u = NULL WHERE ${where(0)}`];
    case 'swap':
      return [
        `UPDATE ${name} SET u = 99 WHERE u = 1`,
        `UPDATE ${name} SET u = 1 WHERE u = 2`,
        `UPDATE ${name} SET u = 2 WHERE u = 99`,
      ];
  }
}

/** Runs a transaction; what the server refuses is left out, as applications do. Answers the error of each statement. */
export async function runTransaction(
  client: Connection,
  tables: readonly RandomTable[],
  { statements, end, undone }: RandomTransaction,
): Promise<readonly (number | null)[]> {
  const outcomes: (number | null)[] = [];
  await client.query('START TRANSACTION');
  for (const [place, statement] of statements.entries()) {
    if (place === undone) await client.query('SAVEPOINT undone');
    for (const sql of statementsOf(tables, statement)) {
      outcomes.push(
        await client.query(sql).then(
          () => null,
          (error: unknown) => errorNumberOf(error),
        ),
      );
    }
  }
  if (undone !== null && undone < statements.length) await client.query('ROLLBACK TO SAVEPOINT undone');
  await client.query(end);
  return outcomes;
}

/** Rows with all their bytes, in no order of any collation. */
export async function dump(client: Connection, table: RandomTable): Promise<readonly string[]> {
  const declared = new Map(table.types.map(({ declaration }, index) => [`v${index}`, declaration]));
  const list = [...keyNames(table), 'u', 'v0', 'v1', 'parent'].map(
    (column) => `HEX(CAST(${declared.get(column) === 'FLOAT' ? `${column} + 0e0` : column} AS BINARY))`,
  );
  const rows = await select(client, `SELECT ${list.join(', ')} FROM ${quote(table.name)}`);
  return rows.map((row) => JSON.stringify(row)).sort();
}
