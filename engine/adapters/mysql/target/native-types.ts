/** The column types that tables get which are made for another kind of database. */
import type { LogicalType, TypedColumn } from '../../../model';

/** Longest text that gets a length of its own where it is no key: longer ones count against the size of a row. */
const MOST_LETTERS = 255;

/** What a server and a table leave to a column. */
export interface Room {
  /** A collation of utf8mb4 that compares bytes, blanks at the end among them where the server has one. */
  readonly collation: string;
  /** Letters that a text of the key may have; null for a column that is in no key. */
  readonly keyLetters: number | null;
}

/** A type that holds the values of a column as they come; null where the servers have none. */
export function nativeType({ type, declaredType }: TypedColumn, room: Room): string | null {
  return type.kind === 'dynamic' ? dynamicType(type.affinity, declaredType, room) : staticType(type, room);
}

function staticType(type: Exclude<LogicalType, { kind: 'dynamic' }>, room: Room): string | null {
  switch (type.kind) {
    case 'bool':
      return 'tinyint(1)';
    case 'int':
      return `${INTEGERS[type.bits]}${type.signed ? '' : ' unsigned'}`;
    case 'decimal':
      return decimalType(type.precision, type.scale);
    case 'float':
      // Single precision can't be compared with what is written of it.
      return type.bits === 32 && room.keyLetters === null ? 'float' : 'double';
    case 'text':
      return textType(type.length, room);
    case 'bytes':
      return bytesType(type.length, room);
    case 'date':
      return 'date';
    case 'time':
      return type.zone ? textType(32, room) : 'time(6)';
    case 'timestamp':
      // TIMESTAMP ends in 2038. What has a zone is kept in UTC.
      return 'datetime(6)';
    case 'uuid':
      return 'varchar(36) CHARACTER SET ascii COLLATE ascii_bin';
    case 'json':
      // A JSON column of MySQL would lose the order of members, repeated ones and the spelling of numbers.
      return textType(null, room);
    case 'enum':
      return textType(MOST_LETTERS, room);
    case 'interval':
    case 'array':
    case 'other':
      return textType(null, room);
  }
}

const INTEGERS = { 8: 'tinyint', 16: 'smallint', 24: 'mediumint', 32: 'int', 64: 'bigint' } as const;

function decimalType(precision: number | null, scale: number | null): string {
  const fraction = scale ?? 0;
  if (precision === null || precision > 65 || fraction > 30 || fraction < 0 || fraction > precision) {
    return 'decimal(65,30)';
  }
  return `decimal(${precision},${fraction})`;
}

function textType(length: number | null, { collation, keyLetters }: Room): string {
  const options = `CHARACTER SET utf8mb4 COLLATE ${collation}`;
  if (keyLetters !== null) return `varchar(${Math.min(length ?? keyLetters, keyLetters)}) ${options}`;
  return length !== null && length <= MOST_LETTERS ? `varchar(${length}) ${options}` : `longtext ${options}`;
}

function bytesType(length: number | null, { keyLetters }: Room): string {
  if (keyLetters !== null) return `varbinary(${Math.min(length ?? 4 * keyLetters, 4 * keyLetters)})`;
  return length !== null && length <= MOST_LETTERS ? `varbinary(${length})` : 'longblob';
}

/**
 * SQLite types values, not columns. A declared type says what should be there, and a value that is something else is
 * refused by name. What looks like a date stays text: SQLite has no type for it, and its texts have many forms.
 */
function dynamicType(
  affinity: Extract<LogicalType, { kind: 'dynamic' }>['affinity'],
  declared: string,
  room: Room,
): string {
  switch (affinity) {
    case 'integer':
      return 'bigint';
    case 'real':
      return 'double';
    case 'text':
      return textType(null, room);
    case 'blob':
      // Without a declared type anything may be there: as text all but bytes is readable.
      return /blob/i.test(declared) ? bytesType(null, room) : textType(null, room);
    case 'numeric':
      if (/^bool/i.test(declared)) return 'tinyint(1)';
      return /date|time/i.test(declared) ? textType(null, room) : 'decimal(65,30)';
  }
}
