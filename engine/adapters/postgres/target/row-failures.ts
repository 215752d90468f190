/** What a failed statement says of the rows in it. */
import { isCdcError } from '../../../errors';
import type { SetAside } from '../../../model';
import { sqlStateOf } from '../database/errors';

export interface RowFailure {
  readonly code: SetAside['code'];
  /** Another row stands in the way: another order, or that row's going, may help. */
  readonly unique: boolean;
  /** Where the database names it. */
  readonly column: string | null;
}

/** Null for a failure that is no row's fault. */
export function rowFailure(error: unknown): RowFailure | null {
  const state = sqlStateOf(error);
  if (state === null) return null;
  const column = columnOf(error);
  if (state === '23505' || state === '23P01') return { code: 'CONSTRAINT_FAILED', unique: true, column };
  // P0: what a trigger raises in its own words.
  if (state.startsWith('23') || state.startsWith('P0') || state === '44000')
    return { code: 'CONSTRAINT_FAILED', unique: false, column };
  // A value that an input function refused, or one too large for its type or for an index.
  if (state.startsWith('22') || state === '54000') return { code: 'TYPE_MISMATCH', unique: false, column };
  return null;
}

function columnOf(error: unknown): string | null {
  const raw = isCdcError(error) ? error.cause : error;
  return raw instanceof Error && 'column' in raw && typeof raw.column === 'string' ? raw.column : null;
}
