/** Random SQLite schemas for property tests: kinds of keys, unique indexes, references, generated columns, triggers. */
import fc from 'fast-check';

export type KeyKind =
  | 'integer'
  | 'autoincrement'
  | 'text'
  | 'nocase'
  | 'composite'
  | 'without rowid'
  | 'unique index'
  | 'untyped'
  | 'real';

export interface RandomTable {
  readonly name: string;
  readonly key: KeyKind;
  /** Declared types of the columns `v0` and `v1`, with a collation perhaps. */
  readonly types: readonly [string, string];
  readonly unique: 'none' | 'column' | 'nocase' | 'both' | 'partial' | 'expression';
  /** The table that `parent` refers to by its place in the list; itself too. Only to tables with a key of integers. */
  readonly references: { readonly table: number; readonly action: 'CASCADE' | 'SET NULL' } | null;
  readonly generated: 'none' | 'VIRTUAL' | 'STORED';
  readonly trigger:
    'none' | 'after update' | 'before update' | 'after insert' | 'other table' | 'after delete';
}

export interface RandomSchema {
  readonly tables: readonly RandomTable[];
}

const NAMES = ['plain', 'order', 'two words', 'quo"te', 'ünï', 'new_k', '[x]', "apo's"] as const;

const TYPES = [
  '',
  'INTEGER',
  'TEXT',
  'REAL',
  'NUMERIC(10,2)',
  'BLOB',
  'TEXT COLLATE NOCASE',
  'DATETIME',
] as const;

const tableArbitrary = fc.record({
  key: fc.constantFrom<KeyKind>(
    'integer',
    'integer',
    'autoincrement',
    'text',
    'nocase',
    'composite',
    'without rowid',
    'unique index',
    'untyped',
    'real',
  ),
  types: fc.tuple(fc.constantFrom(...TYPES), fc.constantFrom(...TYPES)),
  unique: fc.constantFrom<RandomTable['unique']>(
    'none',
    'none',
    'column',
    'nocase',
    'both',
    'partial',
    'expression',
  ),
  references: fc.option(
    fc.record({ table: fc.nat(3), action: fc.constantFrom<'CASCADE' | 'SET NULL'>('CASCADE', 'SET NULL') }),
  ),
  generated: fc.constantFrom<RandomTable['generated']>('none', 'none', 'VIRTUAL', 'STORED'),
  trigger: fc.constantFrom<RandomTable['trigger']>(
    'none',
    'none',
    'none',
    'after update',
    'before update',
    'after insert',
    'other table',
    'after delete',
  ),
});

function isIntegerKey(key: KeyKind | undefined): boolean {
  return key === 'integer' || key === 'autoincrement';
}

export const schemaArbitrary: fc.Arbitrary<RandomSchema> = fc
  .tuple(
    fc.array(tableArbitrary, { minLength: 1, maxLength: 3 }),
    fc.shuffledSubarray([...NAMES], { minLength: 3, maxLength: 3 }),
  )
  .map(([tables, names]) => ({
    tables: tables.map((table, place) => {
      const parent = table.references === null ? place : table.references.table % tables.length;
      // A parent stands before its child, or is the child itself.
      const allowed = table.references !== null && parent <= place && isIntegerKey(tables[parent]?.key);
      return {
        ...table,
        name: names[place] ?? `table ${place}`,
        references: allowed && table.references !== null ? { ...table.references, table: parent } : null,
      };
    }),
  }));

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Names of the key's columns. */
export function keyColumns(table: RandomTable): readonly string[] {
  return table.key === 'composite' || table.key === 'without rowid' ? ['k', 'k2'] : ['k'];
}

function keySql(key: KeyKind): readonly string[] {
  switch (key) {
    case 'integer':
      return ['k INTEGER PRIMARY KEY'];
    case 'autoincrement':
      return ['k INTEGER PRIMARY KEY AUTOINCREMENT'];
    case 'text':
      return ['k TEXT NOT NULL PRIMARY KEY'];
    case 'nocase':
      return ['k TEXT COLLATE NOCASE NOT NULL PRIMARY KEY'];
    case 'composite':
      return ['k INTEGER NOT NULL', 'k2 TEXT COLLATE NOCASE NOT NULL', 'PRIMARY KEY (k2, k)'];
    case 'without rowid':
      return ['k NOT NULL', 'k2 TEXT NOT NULL', 'PRIMARY KEY (k, k2)'];
    case 'unique index':
      return ['k VARCHAR(9) NOT NULL UNIQUE'];
    case 'untyped':
      return ['k NOT NULL PRIMARY KEY'];
    case 'real':
      return ['k REAL NOT NULL PRIMARY KEY'];
  }
}

/** Tables and indexes, parents first; without triggers, so that a target can be made alike. */
export function tablesSql({ tables }: RandomSchema): readonly string[] {
  return tables.flatMap((table) => {
    const columns = keySql(table.key).filter((line) => !line.startsWith('PRIMARY'));
    const constraints = keySql(table.key).filter((line) => line.startsWith('PRIMARY'));
    const parent = table.references === null ? undefined : tables[table.references.table];
    const lines = [
      ...columns,
      `v0 ${table.types[0]}`,
      `v1 ${table.types[1]}`,
      `parent INTEGER${
        parent === undefined || table.references === null
          ? ''
          : ` REFERENCES ${quote(parent.name)} (k) ON DELETE ${table.references.action} ON UPDATE CASCADE`
      }`,
      ...(table.generated === 'none' ? [] : [`made AS (v1 || '!') ${table.generated}`]),
      ...constraints,
    ];
    const options = table.key === 'without rowid' ? ' WITHOUT ROWID' : '';
    const create = `CREATE TABLE ${quote(table.name)} (${lines.join(', ')})${options}`;
    const index = indexSql(table);
    return index === null ? [create] : [create, index];
  });
}

function indexSql({ name, unique }: RandomTable): string | null {
  const on = (columns: string): string =>
    `CREATE UNIQUE INDEX ${quote(`${name} unique`)} ON ${quote(name)} ${columns}`;
  switch (unique) {
    case 'none':
      return null;
    case 'column':
      return on('(v0)');
    case 'nocase':
      return on('(v0 COLLATE NOCASE)');
    case 'both':
      return on('(v0, v1)');
    case 'partial':
      return on('(v0) WHERE v1 IS NOT NULL');
    case 'expression':
      return on('(lower(v0))');
  }
}

/** Triggers of the application, which only the source has. */
export function triggersSql({ tables }: RandomSchema): readonly string[] {
  return tables.flatMap((table, place) => {
    const sql = triggerSql(table, tables[(place + 1) % tables.length] ?? table);
    return sql === null ? [] : [sql];
  });
}

/** A trigger that writes the row once more which was just written. */
export function lateTriggerSql({ tables }: RandomSchema, place: number): string {
  const table = tables[place % tables.length];
  if (table === undefined) throw new Error('a schema has tables');
  const same = keyColumns(table).map((column) => `${column} = NEW.${column}`);
  return `CREATE TRIGGER IF NOT EXISTS ${quote(`${table.name} late`)} AFTER UPDATE OF v0 ON ${quote(table.name)} BEGIN
    UPDATE OR IGNORE ${quote(table.name)} SET v1 = coalesce(NEW.v0, '') || '+' WHERE ${same.join(' AND ')};
  END`;
}

function triggerSql(table: RandomTable, other: RandomTable): string | null {
  const create = (moment: string): string =>
    `CREATE TRIGGER ${quote(`${table.name} trigger`)} ${moment} ON ${quote(table.name)}`;
  const same = (row: 'OLD' | 'NEW'): string =>
    keyColumns(table)
      .map((column) => `${column} = ${row}.${column}`)
      .join(' AND ');
  const stamp = (row: 'OLD' | 'NEW'): string =>
    `UPDATE ${quote(table.name)} SET v1 = coalesce(v1, 0) + 1 WHERE ${same(row)};`;
  switch (table.trigger) {
    case 'none':
      return null;
    case 'after update':
      return `${create('AFTER UPDATE OF v0')} BEGIN ${stamp('NEW')} END`;
    case 'before update':
      return `${create('BEFORE UPDATE OF v0')} BEGIN ${stamp('OLD')} END`;
    case 'after insert':
      return `${create('AFTER INSERT')} BEGIN ${stamp('NEW')} END`;
    case 'other table':
      return `${create('AFTER UPDATE OF v0')} BEGIN UPDATE OR IGNORE ${quote(other.name)} SET v1 = NEW.v0; END`;
    case 'after delete':
      return `${create('AFTER DELETE')} BEGIN DELETE FROM ${quote(other.name)} WHERE v1 IS OLD.v1; END`;
  }
}
