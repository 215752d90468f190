/**
 * Rows read without loss. SQLite takes any bytes as text; the driver replaces what is not valid with U+FFFD. Where a
 * text holds that character, the bytes themselves are looked at.
 */
import { isUtf8 } from 'node:buffer';
import type { Tuple, Value } from '../../../model';
import type { Session } from '../database/session';

/** Text that no JavaScript string holds. */
export interface InvalidText {
  /** Index of its column in the row. */
  readonly column: number;
  /** In the encoding of the database. */
  readonly bytes: Uint8Array;
}

export interface ExactRow {
  readonly row: Tuple;
  /** Columns whose text in `row` is not what the database holds; empty for nearly every row. */
  readonly invalid: readonly InvalidText[];
}

/** Runs `SELECT columns rest`. Both must see the same state: call it inside of a transaction. */
export function selectExact(
  session: Session,
  columns: readonly string[],
  rest: string,
  parameters: readonly Value[],
): readonly ExactRow[] {
  const rows = session.all(`SELECT ${columns.join(', ')} ${rest}`, ...parameters);
  if (!rows.some((row) => row.some(isSuspect))) return rows.map((row) => ({ row, invalid: NONE }));
  const bytes = columns.map(
    (column) => `CASE typeof(${column}) WHEN 'text' THEN CAST(${column} AS BLOB) END`,
  );
  const raw = session.all(`SELECT ${bytes.join(', ')} ${rest}`, ...parameters);
  const utf8 = session.get('PRAGMA main.encoding')?.[0] === 'UTF-8';
  return rows.map((row, index) => ({ row, invalid: findInvalid(row, raw[index] ?? [], utf8) }));
}

const NONE: readonly InvalidText[] = [];

function isSuspect(value: Value): boolean {
  return typeof value === 'string' && value.includes('\ufffd');
}

function findInvalid(row: Tuple, raw: Tuple, utf8: boolean): readonly InvalidText[] {
  if (!row.some(isSuspect)) return NONE;
  return row.flatMap((value, column): InvalidText[] => {
    const bytes = raw[column];
    if (!isSuspect(value) || !(bytes instanceof Uint8Array)) return [];
    return (utf8 ? isUtf8(bytes) : isUtf16(bytes)) ? [] : [{ column, bytes }];
  });
}

/** Whichever byte order the database has: a text is invalid in one if it is so in the other's reading of it. */
function isUtf16(bytes: Uint8Array): boolean {
  return ['utf-16le', 'utf-16be'].some((encoding) => {
    try {
      new TextDecoder(encoding, { fatal: true }).decode(bytes);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * A stand-in for comparing invalid text: equal for equal bytes only, and equal to no valid text, since it is made of
 * surrogates without their partners.
 */
export function comparableText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(0xdc00 + byte)).join('');
}

/** What `comparableText` was made of; null for any other text. */
export function bytesOfComparable(text: string): Uint8Array | null {
  if (!/^[\udc00-\udcff]+$/.test(text)) return null;
  return Uint8Array.from(text, (character) => character.charCodeAt(0) - 0xdc00);
}
