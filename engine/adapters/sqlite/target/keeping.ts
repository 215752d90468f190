/**
 * Which values the columns of a target keep. A column's affinity converts what is stored in it without a word: '1.10'
 * becomes 1.1, a number of twenty digits a floating point number, -0.0 an integer. SQLite itself is asked what would
 * become of a value, where it is of a class that the column may convert.
 */
import type { LogicalType, TableRoute, Value } from '../../../model';
import { quote, sameName } from '../database/identifiers';
import { sessionState, type Session } from '../database/session';
import { flagOf, numberOf, textOf } from '../database/values';
import { plainNumber } from '../rows/decimal';
import { affinityOf, type Affinity } from '../schema/affinity';

/** A column that may convert what comes from the source. */
export interface ConvertingColumn {
  /** In the route's columns. */
  readonly place: number;
  readonly affinity: Affinity;
  /** Of the source. */
  readonly type: LogicalType;
}

interface Known {
  schemaVersion: number;
  readonly columns: Map<string, readonly ConvertingColumn[]>;
}

const knownOf = sessionState<Known>(() => ({ schemaVersion: -1, columns: new Map() }));

/** None for a table that is gone: whoever writes into it will say so. */
export function convertingColumnsOf(session: Session, route: TableRoute): readonly ConvertingColumn[] {
  const known = knownOf(session);
  const schemaVersion = numberOf(session.get('PRAGMA main.schema_version')?.[0]);
  if (known.schemaVersion !== schemaVersion) {
    known.columns.clear();
    known.schemaVersion = schemaVersion;
  }
  const id = JSON.stringify([route.id, route.target.name, route.columns]);
  let columns = known.columns.get(id);
  if (columns === undefined) {
    columns = readConverting(session, route);
    known.columns.set(id, columns);
  }
  return columns;
}

function readConverting(session: Session, route: TableRoute): readonly ConvertingColumn[] {
  const { name } = route.target;
  // As a table of SELECT it would read an attached source, too, and keep its writers out.
  const found = session.get(`PRAGMA main.table_list(${quote(name)})`);
  if (found === undefined) return [];
  const isStrict = flagOf(found[5]);
  const types = session
    .all('SELECT name, type FROM pragma_table_xinfo(?, ?)', name, 'main')
    .map(([column, type]) => ({ name: textOf(column), affinity: affinityOf(textOf(type), isStrict) }));
  return route.columns.flatMap((column, place): ConvertingColumn[] => {
    const affinity = types.find((candidate) => sameName(candidate.name, column))?.affinity ?? 'blob';
    const type = route.source.columns.find((candidate) => candidate.name === column)?.type;
    if (type === undefined || !mayConvert(type, affinity)) return [];
    return [{ place, affinity, type }];
  });
}

/** What the source's own column has converted already is converted no further. INTEGER and NUMERIC store alike. */
function mayConvert(type: LogicalType, affinity: Affinity): boolean {
  const isLong = type.kind === 'int' && type.bits === 64 && !type.signed;
  // An integer that is too long would be a text among numbers.
  if (affinity === 'blob') return isLong;
  const isNumeric = (other: Affinity): boolean => other === 'integer' || other === 'numeric';
  switch (type.kind) {
    case 'dynamic':
      return type.affinity !== affinity && !(isNumeric(type.affinity) && isNumeric(affinity));
    case 'bytes':
      return false;
    case 'bool':
      return !isNumeric(affinity);
    case 'int':
      return affinity !== 'integer' || isLong;
    case 'float':
      return true;
    case 'decimal':
    case 'text':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'interval':
    case 'json':
    case 'uuid':
    case 'enum':
    case 'array':
    case 'other':
      return affinity !== 'text';
  }
}

/** A condition for the staged rows of which a value has to be looked at; null where there can be none. */
export function suspectSql(columns: readonly ConvertingColumn[]): string | null {
  if (columns.length === 0) return null;
  return columns
    .map(({ place, affinity }) => {
      const column = `c${place}`;
      switch (affinity) {
        // What comes by SQL comes from SQLite, which has no such integers.
        case 'blob':
          return 'false';
        case 'text':
          return `typeof(${column}) IN ('integer', 'real')`;
        case 'real':
          return `(typeof(${column}) IN ('integer', 'text') OR typeof(${column}) = 'real' AND ${column} = 0)`;
        case 'integer':
        case 'numeric':
          return `typeof(${column}) IN ('text', 'real')`;
      }
    })
    .join(' OR ');
}

/** True where the value is the same in the column: by class and content from SQLite, else by what it means. */
export function keeps(session: Session, { affinity, type }: ConvertingColumn, value: Value): boolean {
  if (value === null || value instanceof Uint8Array || isSafe(affinity, value)) return true;
  if (affinity === 'blob') return false;
  if (type.kind === 'dynamic') return Object.is(value, storedIn(session, affinity, value));
  // Its digits are the same in a text.
  if (affinity === 'text' && typeof value === 'bigint') return true;
  const stored = storedIn(session, affinity, value);
  return means(type, typeof value === 'boolean' ? BigInt(value) : value, stored);
}

/** What no column of this affinity converts; most values end here. */
function isSafe(affinity: Affinity, value: Exclude<Value, null>): boolean {
  switch (affinity) {
    case 'blob':
      return typeof value !== 'bigint' || BigInt.asIntN(64, value) === value;
    case 'text':
      return typeof value === 'string';
    case 'real':
      return typeof value === 'number'
        ? !Object.is(value, -0)
        : typeof value === 'string' && !/\d/.test(value);
    case 'integer':
    case 'numeric':
      if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value;
      if (typeof value === 'number') return !Number.isInteger(value);
      return typeof value === 'string' && !/\d/.test(value);
  }
}

const PROBE = 'temp._cdc_probe';

/** One row, with a column of each affinity. Made outside of transactions, so that no rollback takes it back. */
export const probeOf = sessionState((session) => {
  session.db.exec(`CREATE TABLE ${PROBE} ("text" TEXT, "real" REAL, "numeric" NUMERIC, "integer" INTEGER);
INSERT INTO ${PROBE} DEFAULT VALUES`);
  return PROBE;
});

function storedIn(session: Session, affinity: Affinity, value: Value): Value {
  const probe = probeOf(session);
  session.run(`UPDATE ${probe} SET ${quote(affinity)} = ?`, value);
  return session.get(`SELECT ${quote(affinity)} FROM ${probe}`)?.[0] ?? null;
}

/** Another spelling of a number is the same number; any other text is what it says. */
function means(type: LogicalType, value: bigint | number | string | Uint8Array, stored: Value): boolean {
  if (typeof value === typeof stored) return Object.is(value, stored);
  if (Object.is(value, -0) || stored === null || typeof stored === 'boolean') return false;
  if (String(value) === String(stored)) return true;
  if (typeof value === 'string' && !isNumber(type)) return false;
  if (typeof value === 'bigint' && typeof stored === 'number') return BigInt(stored) === value;
  const plain = plainNumber(String(value));
  return plain !== null && plain === plainNumber(String(stored));
}

function isNumber({ kind }: LogicalType): boolean {
  return kind === 'decimal' || kind === 'int' || kind === 'float' || kind === 'bool';
}
