/**
 * Cursors: the last key passed, as JSON that keeps the storage class and every bit of each value.
 * Text is kept as text where it is valid UTF-8, else by its bytes: SQLite takes any bytes as text.
 */
import { CdcError } from '../../../errors';
import { asCursor, type Cursor, type Value } from '../../../model';

/** Text that JavaScript cannot hold; bound through `CAST(? AS TEXT)`. */
export interface RawText {
  readonly rawText: Uint8Array;
}

/** One column of a key as a cursor holds it. */
export type CursorValue = Exclude<Value, boolean> | RawText;

type Encoded = null | readonly ['i' | 'r' | 't' | 'b' | 'x', string];

export function encodeCursor(key: readonly CursorValue[]): Cursor {
  return asCursor(JSON.stringify(key.map(encode)));
}

/** Throws POSITION_INVALID for what `encodeCursor` did not make, or for a key of another length. */
export function decodeCursor(cursor: Cursor, length: number): readonly CursorValue[] {
  const parsed = parse(cursor);
  if (parsed.length !== length) throw invalid();
  return parsed.map(decode);
}

/** How a cursor's value stands in SQL and what is bound to it. */
export function bindCursorValue(value: CursorValue): { readonly sql: string; readonly bound: Value } {
  if (value !== null && typeof value === 'object' && 'rawText' in value) {
    return { sql: 'CAST(? AS TEXT)', bound: value.rawText };
  }
  return { sql: '?', bound: value };
}

function encode(value: CursorValue): Encoded {
  if (value === null) return null;
  if (typeof value === 'bigint') return ['i', String(value)];
  if (typeof value === 'number') return ['r', Object.is(value, -0) ? '-0' : String(value)];
  if (typeof value === 'string') return ['t', value];
  if ('rawText' in value) return ['x', Buffer.from(value.rawText).toString('base64')];
  return ['b', Buffer.from(value).toString('base64')];
}

function decode(encoded: unknown): CursorValue {
  if (encoded === null) return null;
  if (!Array.isArray(encoded) || encoded.length !== 2) throw invalid();
  const kind: unknown = encoded[0];
  const text: unknown = encoded[1];
  if (typeof text !== 'string') throw invalid();
  switch (kind) {
    case 'i':
      if (!/^-?\d+$/.test(text)) throw invalid();
      return BigInt(text);
    case 'r':
      return Number(text);
    case 't':
      return text;
    case 'b':
      return Buffer.from(text, 'base64');
    case 'x':
      return { rawText: Buffer.from(text, 'base64') };
    default:
      throw invalid();
  }
}

function parse(cursor: Cursor): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(cursor);
    if (Array.isArray(parsed)) return parsed;
  } catch {
    // Said below.
  }
  throw invalid();
}

function invalid(): CdcError {
  return new CdcError('POSITION_INVALID', 'A cursor was not written by this adapter');
}
