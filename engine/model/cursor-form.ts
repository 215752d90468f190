/**
 * The form of a cursor: the values of a key as JSON that keeps the kind and every bit of each. It is the same for all
 * adapters, so that a comparison can hand a source's cursor to a target of another kind.
 */
import { CdcError } from '../errors';
import { asCursor } from './position';
import type { Cursor } from './position';
import type { Value } from './value';

/** Text that JavaScript cannot hold: bytes that are no valid UTF-8. */
export interface RawText {
  readonly rawText: Uint8Array;
}

/** One column of a key as a cursor holds it; true and false are integers there. */
export type CursorValue = Exclude<Value, boolean> | RawText;

type Encoded = null | readonly ['i' | 'r' | 't' | 'b' | 'x', string];

export function encodeCursor(key: readonly (Value | RawText)[]): Cursor {
  return asCursor(JSON.stringify(key.map(encode)));
}

/** Throws POSITION_INVALID for what `encodeCursor` did not make, or for a key of another length. */
export function decodeCursor(cursor: Cursor, length: number): readonly CursorValue[] {
  const parsed = parse(cursor);
  if (parsed.length !== length) throw invalidCursor();
  return parsed.map(decode);
}

export function isRawText(value: Value | RawText): value is RawText {
  return value !== null && typeof value === 'object' && 'rawText' in value;
}

/** For a cursor that an adapter can do nothing with. */
export function invalidCursor(): CdcError {
  return new CdcError('POSITION_INVALID', 'A cursor was not written by this adapter');
}

function encode(value: Value | RawText): Encoded {
  if (value === null) return null;
  if (typeof value === 'bigint') return ['i', String(value)];
  if (typeof value === 'boolean') return ['i', value ? '1' : '0'];
  if (typeof value === 'number') return ['r', Object.is(value, -0) ? '-0' : String(value)];
  if (typeof value === 'string') return ['t', value];
  if (isRawText(value)) return ['x', Buffer.from(value.rawText).toString('base64')];
  return ['b', Buffer.from(value).toString('base64')];
}

function decode(encoded: unknown): CursorValue {
  if (encoded === null) return null;
  if (!Array.isArray(encoded) || encoded.length !== 2) throw invalidCursor();
  const kind: unknown = encoded[0];
  const text: unknown = encoded[1];
  if (typeof text !== 'string') throw invalidCursor();
  switch (kind) {
    case 'i':
      if (!/^-?\d+$/.test(text)) throw invalidCursor();
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
      throw invalidCursor();
  }
}

function parse(cursor: Cursor): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(cursor);
    if (Array.isArray(parsed)) return parsed;
  } catch {
    // Said below.
  }
  throw invalidCursor();
}
