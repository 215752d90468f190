/** Random transactions of an application over a random schema. */
import type Database from 'better-sqlite3';
import fc from 'fast-check';
import { attempt } from './attempt';
import { keyColumns, quote } from './random-schema';
import type { KeyKind, RandomSchema, RandomTable } from './random-schema';

export interface RandomStatement {
  readonly kind: 'insert' | 'upsert' | 'update' | 'rekey' | 'update all' | 'delete' | 'delete all' | 'swap';
  readonly conflict: '' | 'OR REPLACE' | 'OR IGNORE' | 'OR FAIL';
  /** Places in lists of tables, keys and values, each modulo its length. */
  readonly table: number;
  readonly keys: readonly [number, number];
  readonly values: readonly [number, number];
  readonly parent: number;
}

export interface RandomTransaction {
  readonly statements: readonly RandomStatement[];
  readonly end: 'COMMIT' | 'ROLLBACK';
  /** Statements from this place on are undone by a savepoint; null: none. */
  readonly undone: number | null;
}

const NO_PARENT = 6;

/** Mostly one of the first few, so that unique values meet. */
const valueArbitrary = fc.oneof({ weight: 3, arbitrary: fc.nat(5) }, { weight: 1, arbitrary: fc.nat(40) });

export const transactionArbitrary: fc.Arbitrary<RandomTransaction> = fc.record({
  statements: fc.array(
    fc.record({
      kind: fc.constantFrom<RandomStatement['kind']>(
        'insert',
        'insert',
        'insert',
        'insert',
        'upsert',
        'update',
        'update',
        'rekey',
        'update all',
        'delete',
        'delete all',
        'swap',
      ),
      conflict: fc.constantFrom<RandomStatement['conflict']>(
        '',
        '',
        'OR REPLACE',
        'OR REPLACE',
        'OR IGNORE',
        'OR FAIL',
      ),
      table: fc.nat(11),
      keys: fc.tuple(fc.nat(20), fc.nat(20)),
      values: fc.tuple(valueArbitrary, valueArbitrary),
      // Mostly none: a statement that fails is no change.
      parent: fc.oneof({ weight: 3, arbitrary: fc.constant(NO_PARENT) }, { weight: 2, arbitrary: fc.nat(4) }),
    }),
    { minLength: 1, maxLength: 8, size: 'max' },
  ),
  end: fc.oneof(
    { weight: 8, arbitrary: fc.constant('COMMIT' as const) },
    { weight: 1, arbitrary: fc.constant('ROLLBACK' as const) },
  ),
  undone: fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(7) }),
});

const VALUES = [
  'NULL',
  `'a'`,
  `'A'`,
  `'b'`,
  '1',
  '1.0',
  `'1'`,
  `x'61'`,
  '0',
  '-0.0',
  `''`,
  `x''`,
  '0.1',
  '2',
  `'B'`,
  '9007199254740993',
  '-9223372036854775808',
  '1e308',
  `'long' || hex(zeroblob(300))`,
  `'nul' || char(0) || 'nul'`,
];

function keyPool(key: KeyKind): readonly string[] {
  switch (key) {
    case 'integer':
    case 'autoincrement':
      return ['0', '1', '2', '3', '4', '5', '1152921504606846977', '-1'];
    case 'text':
    case 'unique index':
      return [`'a'`, `'A'`, `'b'`, `'b '`, `''`, `'1'`];
    case 'nocase':
      return [`'a'`, `'A'`, `'b'`, `'B'`, `'c'`];
    case 'composite':
      return [`0, 'a'`, `0, 'A'`, `1, 'a'`, `1, 'b'`, `2, 'B'`];
    case 'without rowid':
      return [`1, 'a'`, `1.0, 'a'`, `'1', 'a'`, `1, 'A'`, `x'31', 'a'`, `2, 'b'`];
    case 'untyped':
      return ['1', '1.0', `'1'`, `x'31'`, '2.5', `'a'`, '0', '-0.0'];
    case 'real':
      return ['0', '-0.0', '1.5', '1e308', '1', '2'];
  }
}

function pick<T>(from: readonly T[], place: number): T {
  const found = from[place % from.length];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
}

/** The statement as SQL; several for a `swap`. */
export function statementSql(schema: RandomSchema, statement: RandomStatement): readonly string[] {
  const table = pick(schema.tables, statement.table);
  const name = quote(table.name);
  const key = (place: 0 | 1): string => pick(keyPool(table.key), statement.keys[place]);
  const value = (place: 0 | 1): string => pick(VALUES, statement.values[place]);
  const columns = keyColumns(table).join(', ');
  const where = (place: 0 | 1): string => `(${columns}) = (${key(place)})`;
  const parent = statement.parent === NO_PARENT ? 'NULL' : String(statement.parent);
  const { conflict } = statement;
  const row = `(${columns}, v0, v1, parent) VALUES (${key(0)}, ${value(0)}, ${value(1)}, ${parent})`;
  switch (statement.kind) {
    case 'insert':
      return [`INSERT ${conflict} INTO ${name} ${row}`];
    case 'upsert':
      return [
        conflict === ''
          ? `INSERT INTO ${name} ${row} ON CONFLICT DO NOTHING`
          : `INSERT INTO ${name} ${row} ON CONFLICT (${conflictColumns(table)}) DO UPDATE SET v0 = excluded.v0, ${keyColumns(
              table,
            )
              .map((column) => `${column} = excluded.${column}`)
              .join(', ')}`,
      ];
    case 'update':
      return [
        `UPDATE ${conflict} ${name} SET v0 = ${value(0)}, v1 = ${value(1)}, parent = ${parent} WHERE ${where(0)}`,
      ];
    case 'rekey':
      return [`UPDATE ${conflict} ${name} SET (${columns}) = (${key(1)}) WHERE ${where(0)}`];
    case 'update all':
      return [`UPDATE ${conflict} ${name} SET v1 = ${value(1)}`];
    case 'delete':
      return [`DELETE FROM ${name} WHERE ${where(0)}`];
    case 'delete all':
      return [`DELETE FROM ${name}`];
    case 'swap':
      return [
        `UPDATE ${name} SET v0 = 'between' WHERE ${where(0)}`,
        `UPDATE ${name} SET v0 = ${value(0)} WHERE ${where(1)}`,
        `UPDATE ${name} SET v0 = ${value(1)} WHERE ${where(0)}`,
      ];
  }
}

function conflictColumns(table: RandomTable): string {
  return table.key === 'composite' ? 'k2, k' : keyColumns(table).join(', ');
}

/** Runs a transaction; statements that break a constraint do so and the transaction goes on, as applications do. */
export function runTransaction(
  db: Database.Database,
  schema: RandomSchema,
  { statements, end, undone }: RandomTransaction,
): void {
  db.exec('BEGIN IMMEDIATE');
  statements.forEach((statement, place) => {
    if (place === undone) db.exec('SAVEPOINT undone');
    for (const sql of statementSql(schema, statement)) attempt(db, sql);
  });
  if (undone !== null && undone < statements.length) db.exec('ROLLBACK TO undone; RELEASE undone');
  db.exec(end);
}
