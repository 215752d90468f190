/**
 * Cursors: the last key passed, as JSON that keeps the kind of each value. The form is the same for all adapters of
 * this project, so that a comparison can hand a source's cursor to a target of another kind.
 */
import { CdcError } from '../../../errors';
import { asCursor, type Cursor, type Tuple, type Value } from '../../../model';

type Encoded = null | readonly ['i' | 'r' | 't' | 'b', string];

export function encodeCursor(key: Tuple): Cursor {
  return asCursor(JSON.stringify(key.map(encode)));
}

/** Throws POSITION_INVALID for what is no cursor, or one of a key of another length. */
export function decodeCursor(cursor: Cursor, length: number): Tuple {
  const parsed = parse(cursor);
  if (parsed.length !== length) throw invalid();
  return parsed.map(decode);
}

function encode(value: Value): Encoded {
  if (value === null) return null;
  if (typeof value === 'bigint') return ['i', String(value)];
  if (typeof value === 'boolean') return ['i', value ? '1' : '0'];
  if (typeof value === 'number') return ['r', Object.is(value, -0) ? '-0' : String(value)];
  if (typeof value === 'string') return ['t', value];
  return ['b', Buffer.from(value).toString('base64')];
}

function decode(encoded: unknown): Value {
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
