/**
 * Rows of dead letters as text: JSON by column that a person can read with SQL, and that keeps the type and every bit
 * of each value. What JSON has no word for is an object that names its type: {"int":"…"} beyond 2^53, {"real":"…"},
 * {"bytes":"hexadecimal"}.
 */
import { CdcError } from '../errors';
import type { Row, Tuple, Value } from '../model';

/** Values in the order of `columns` as a row. */
export function rowOf(columns: readonly string[], values: Tuple): Row {
  return Object.fromEntries(columns.map((column, index) => [column, values[index] ?? null]));
}

/** Equal for equal rows of the same columns. */
export function encodeRow(row: Row): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, encode(value)])),
  );
}

/** Throws INTERNAL for what `encodeRow` did not make. */
export function decodeRow(text: string): Row {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw unreadable();
  return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, decode(value)]));
}

function encode(value: Value): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : { int: String(value) };
  }
  if (typeof value === 'number') return { real: Object.is(value, -0) ? '-0' : String(value) };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') };
  return value;
}

function decode(encoded: unknown): Value {
  if (encoded === null || typeof encoded === 'string' || typeof encoded === 'boolean') return encoded;
  if (typeof encoded === 'number') return BigInt(encoded);
  if (typeof encoded !== 'object') throw unreadable();
  const [entry, ...others] = Object.entries<unknown>({ ...encoded });
  if (entry === undefined || others.length > 0) throw unreadable();
  const [kind, text] = entry;
  if (typeof text !== 'string') throw unreadable();
  switch (kind) {
    case 'int':
      return BigInt(text);
    case 'real':
      return Number(text);
    case 'bytes':
      return new Uint8Array(Buffer.from(text, 'hex'));
    default:
      throw unreadable();
  }
}

function unreadable(): CdcError {
  return new CdcError('INTERNAL', 'A dead letter holds what this version does not know');
}
