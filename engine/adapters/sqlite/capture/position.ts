/**
 * Positions: the id of the last change read, with the time of that very change as its fingerprint, so that a source
 * which was restored and has gone on since is noticed. Changes of all tables share one order, so one id says it all.
 */
import { CdcError } from '../../../errors';
import { asPosition, type Position } from '../../../model';

/** One change, or none (after which an id was left out), in the order of all tables. */
export interface ChangeMark {
  readonly id: number;
  /** `changed_at` (julian day) of the change with that id; null where it was not known any more. */
  readonly at: number | null;
}

/** The mark of the last change that was read. */
export interface SqlitePosition extends ChangeMark {
  /**
   * The schema's token when all was read that there was. Under another one, triggers may have come and gone since
   * without leaving a trace. Null: not known.
   */
  readonly schema: string | null;
}

export function encodePosition({ id, at, schema }: SqlitePosition): Position {
  return asPosition(JSON.stringify({ v: 1, id, at, schema }));
}

/** Throws POSITION_INVALID for what `encodePosition` did not make. */
export function decodePosition(position: Position): SqlitePosition {
  const parsed = parse(position);
  if (typeof parsed === 'object' && parsed !== null && 'v' in parsed && 'id' in parsed && 'at' in parsed) {
    const { v, id, at } = parsed;
    const schema = 'schema' in parsed && typeof parsed.schema === 'string' ? parsed.schema : null;
    const wholeId = typeof id === 'number' && Number.isSafeInteger(id) && id >= 0;
    if (v === 1 && wholeId && (at === null || typeof at === 'number')) return { id, at, schema };
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
