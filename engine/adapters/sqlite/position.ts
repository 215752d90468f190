/**
 * Positions: the id of the last change read, with the time of that very change as its fingerprint, so that a source
 * which was restored and has gone on since is noticed. Changes of all tables share one order, so one id says it all.
 */
import { CdcError } from '../../errors';
import { asPosition, type Position } from '../../model';

export interface SqlitePosition {
  /** The counter's value after the last change that was read. */
  readonly id: number;
  /** `changed_at` (julian day) of the change with that id; null where it was not known any more. */
  readonly at: number | null;
}

export function encodePosition({ id, at }: SqlitePosition): Position {
  return asPosition(JSON.stringify({ v: 1, id, at }));
}

/** Throws POSITION_INVALID for what `encodePosition` did not make. */
export function decodePosition(position: Position): SqlitePosition {
  const parsed = parse(position);
  if (typeof parsed === 'object' && parsed !== null && 'v' in parsed && 'id' in parsed && 'at' in parsed) {
    const { v, id, at } = parsed;
    const wholeId = typeof id === 'number' && Number.isSafeInteger(id) && id >= 0;
    if (v === 1 && wholeId && (at === null || typeof at === 'number')) return { id, at };
  }
  throw new CdcError('POSITION_INVALID', 'A position was not written by this adapter');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
