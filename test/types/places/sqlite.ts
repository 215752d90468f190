/** SQLite: the storage class is part of what is read, since a column's type says little. */
import Database from 'better-sqlite3';
import * as canonical from '../canonical';
import type { Field, Reading, Readings } from '../kinds';
import type { Alterations, SourcePlace } from './place';

/** Of another storage class than it should be. */
function misplaced(shown: string): string {
  return `of another class: ${shown}`;
}

/** A value of one storage class, of which the rest is read; for the others their class and content. */
function stored(type: string, sql: (column: string) => string, read: (rest: string) => string): Reading {
  return {
    sql: (column) =>
      `CASE WHEN ${column} IS NOT NULL THEN typeof(${column}) || ' ' ||
  CASE typeof(${column}) WHEN '${type}' THEN ${sql(column)} ELSE quote(${column}) END END`,
    canonical: (field) => {
      const shown = String(field);
      return shown.startsWith(`${type} `) ? read(shown.slice(type.length + 1)) : misplaced(shown);
    },
  };
}

/** The bytes: nothing ends them, and nothing is taken for a letter. */
function hex(column: string): string {
  return `hex(CAST(${column} AS BLOB))`;
}

function text(read: (written: string) => string): Reading {
  return stored('text', hex, (digits) => read(canonical.textOf(digits)));
}

/** A floating point number comes as it is: its bits are looked at here. */
function real(read: (number: number) => string): Reading {
  return {
    sql: (column) =>
      `CASE typeof(${column}) WHEN 'null' THEN NULL WHEN 'real' THEN ${column} ELSE typeof(${column}) || ' ' || quote(${column}) END`,
    canonical: (field) => (typeof field === 'number' ? read(field) : misplaced(field)),
  };
}

const integer = (column: string): string => `CAST(${column} AS TEXT)`;

const READINGS: Readings = {
  bool: stored('integer', integer, canonical.bool),
  integer: stored('integer', integer, canonical.integer),
  decimal: text(canonical.decimal),
  float32: real(canonical.float32),
  float64: real(canonical.float64),
  text: stored('text', hex, canonical.bytes),
  bytes: stored('blob', hex, canonical.bytes),
  date: text(canonical.date),
  time: text(canonical.time),
  'zoned time': text(canonical.zonedTime),
  timestamp: text(canonical.timestamp),
  'zoned timestamp': text(canonical.moment),
  interval: text(canonical.interval),
  uuid: text(canonical.uuid),
};

/** Of what is written as text the last letter: a digit, part of a zone, or what makes it no value at all. */
const lastLetter = (column: string): string => `substr(${column}, 1, length(${column}) - 1) || '7'`;

const ALTERATIONS: Alterations = {
  bool: (column) => `1 - ${column}`,
  integer: (column) => `${column} + 1`,
  decimal: (column) => `${column} || '000000001'`,
  float32: (column) => `${column} * 1.0000001`,
  float64: (column) => `${column} * 1.0000000000000002`,
  text: (column) => `${column} || ' '`,
  bytes: (column) => `CAST(${column} || x'00' AS BLOB)`,
  date: lastLetter,
  time: lastLetter,
  'zoned time': lastLetter,
  timestamp: lastLetter,
  'zoned timestamp': lastLetter,
  interval: (column) => `replace(${column}, 'T', 'T1H')`,
  uuid: lastLetter,
};

/** A file in a folder. */
export function openSqlite(file: string, encoding?: 'UTF-16le' | 'UTF-16be'): SourcePlace {
  let open: Database.Database | null = null;
  const db = (): Database.Database => (open ??= new Database(file));
  // The file has it from its first table on.
  if (encoding !== undefined) db().pragma(`encoding = '${encoding}'`);
  return {
    family: 'sqlite',
    url: `sqlite:${file}`,
    readings: READINGS,
    alterations: ALTERATIONS,
    tableName: (table) => table,
    rows: (sql) => Promise.resolve(db().prepare<[], (Field | null)[]>(sql).raw().all()),
    execute(...statements) {
      for (const statement of ['BEGIN IMMEDIATE', ...statements, 'COMMIT']) db().exec(statement);
      return Promise.resolve();
    },
    prepare: (samples) => Promise.resolve(samples),
    valueOf: (_sample, literal) => literal,
    dispose() {
      open?.close();
      return Promise.resolve();
    },
  };
}
