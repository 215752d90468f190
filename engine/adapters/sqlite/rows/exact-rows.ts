/**
 * Rows read without loss. SQLite takes any bytes as text; the driver replaces what is not valid with U+FFFD, and SQLite
 * itself makes one letter of half a surrogate pair and whatever follows it. Where a text holds such, the bytes themselves
 * are looked at.
 */
import { isUtf8 } from 'node:buffer';
import { chunkTooLarge, type Allowance, type Tuple, type Value } from '../../../model';
import { ENCODINGS, encodingOf, type Encoding } from '../database/encoding';
import type { Session } from '../database/session';

/** Text that no JavaScript string holds. */
export interface InvalidText {
  /** Index of its column in the row. */
  readonly column: number;
  readonly bytes: Uint8Array;
  /** Of the database, and so of the bytes. */
  readonly encoding: Encoding;
}

export interface ExactRow {
  readonly row: Tuple;
  /** Columns whose text in `row` is not what the database holds; empty for nearly every row. */
  readonly invalid: readonly InvalidText[];
}

/**
 * Runs `SELECT columns rest`. It may be run twice and must see the same state: call it inside of a transaction.
 * `allowance`: what the rows may take; CHUNK_TOO_LARGE is thrown for more.
 */
export function selectExact(
  session: Session,
  columns: readonly string[],
  rest: string,
  parameters: readonly Value[],
  allowance: Allowance | null = null,
): readonly ExactRow[] {
  const sql = `SELECT ${columns.join(', ')} ${rest}`;
  const rows =
    allowance === null
      ? session.all(sql, ...parameters)
      : allowed(session.iterate(sql, ...parameters), allowance);
  const encoding = encodingOf(session);
  const isSuspectText = suspectIn(encoding);
  const isSuspect = (value: Value): boolean => typeof value === 'string' && isSuspectText(value);
  if (!rows.some((row) => row.some(isSuspect))) return rows.map((row) => ({ row, invalid: NONE }));
  const bytes = columns.map(
    (column) => `CASE typeof(${column}) WHEN 'text' THEN CAST(${column} AS BLOB) END`,
  );
  const raw = session.all(`SELECT ${bytes.join(', ')} ${rest}`, ...parameters);
  return rows.map((row, index) => ({
    row,
    invalid: row.some(isSuspect) ? findInvalid(raw[index] ?? [], encoding) : NONE,
  }));
}

/** The driver reads one row at a time, and stops where the iteration does. */
function allowed(rows: Iterable<Tuple>, allowance: Allowance): readonly Tuple[] {
  const taken: Tuple[] = [];
  for (const row of rows) {
    if (!allowance.take(row)) throw chunkTooLarge();
    taken.push(row);
  }
  return taken;
}

const NONE: readonly InvalidText[] = [];

/** Tells texts that may not be what a database of this encoding holds. */
export function suspectIn(encoding: Encoding): (text: string) => boolean {
  return encoding === 'UTF-8'
    ? (text) => text.includes('\ufffd')
    : (text) => /[\ufffd\ud800-\udfff]/.test(text);
}

function findInvalid(raw: Tuple, encoding: Encoding): readonly InvalidText[] {
  return raw.flatMap((bytes, column): InvalidText[] =>
    bytes instanceof Uint8Array && !isValid(bytes, encoding) ? [{ column, bytes, encoding }] : [],
  );
}

function isValid(bytes: Uint8Array, encoding: Encoding): boolean {
  if (encoding === 'UTF-8') return isUtf8(bytes);
  try {
    new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** By encoding, what the first byte of 256 is written as. */
const STAND_INS: Readonly<Record<Encoding, number>> = {
  'UTF-8': 0xdc00,
  'UTF-16le': 0xdd00,
  'UTF-16be': 0xde00,
};

/**
 * A stand-in for invalid text: equal for equal bytes of one encoding only, and equal to no valid text, since it is made
 * of surrogates without their partners.
 */
export function comparableText({ bytes, encoding }: Pick<InvalidText, 'bytes' | 'encoding'>): string {
  return Array.from(bytes, (byte) => String.fromCharCode(STAND_INS[encoding] + byte)).join('');
}

/** What `comparableText` was made of; null for any other text. */
export function bytesOfComparable(text: string): Pick<InvalidText, 'bytes' | 'encoding'> | null {
  if (text === '' || text.isWellFormed()) return null;
  const first = text.charCodeAt(0) & 0xff00;
  const encoding = ENCODINGS.find((candidate) => STAND_INS[candidate] === first);
  if (encoding === undefined) return null;
  const bytes = Array.from(text, (character) => character.charCodeAt(0) - first);
  return bytes.every((byte) => byte >= 0 && byte <= 0xff)
    ? { bytes: Uint8Array.from(bytes), encoding }
    : null;
}
