/** What a failed statement says of the rows in it. */
import { isCdcError } from '../../../errors';
import type { RowFailureCode } from '../../../model';
import { errorNumberOf } from '../database';

export interface RowFailure {
  readonly code: RowFailureCode;
  /** Another row stands in the way: another order, or that row's going, may help. */
  readonly unique: boolean;
  /** As the target spells it, where the server names it. */
  readonly column: string | null;
}

const UNIQUE: readonly number[] = [1022, 1062, 1169, 1557, 1586, 1761, 1762, 1859];

/** A text that the column's character set has no letters for; a row or key that is too long for its table. */
const UNFIT: readonly number[] = [1071, 1118, 1139, 1267, 1270, 1271, 1301, 1977, 3854];

/** SIGNAL in a trigger of the target's owner. */
const SIGNALLED = 1644;

/** Null for a failure that is no row's fault. */
export function rowFailure(error: unknown): RowFailure | null {
  const number = errorNumberOf(error);
  if (number === null || !isCdcError(error)) return null;
  const column = columnOf(error.cause);
  if (UNIQUE.includes(number)) return { code: 'CONSTRAINT_FAILED', unique: true, column: null };
  if (number === SIGNALLED) return { code: 'CONSTRAINT_FAILED', unique: false, column: null };
  if (UNFIT.includes(number)) return { code: 'TYPE_MISMATCH', unique: false, column };
  const { code } = error;
  return code === 'CONSTRAINT_FAILED' || code === 'TYPE_MISMATCH' ? { code, unique: false, column } : null;
}

/**
 * The column that a message ends with. It may hold values before that, so nothing else of it is used; whoever uses the
 * name looks whether there is such a column.
 */
function columnOf(raw: unknown): string | null {
  if (typeof raw !== 'object' || raw === null || !('sqlMessage' in raw)) return null;
  const message = String(raw.sqlMessage);
  const [, name] =
    /for column (?:`[^`]*`\.`[^`]*`\.)?[`'](.*?)[`'](?: at row \d+)?$/.exec(message) ??
    /^Column '(.*)' cannot be null$/.exec(message) ??
    /^Field '(.*)' doesn't have a default value$/.exec(message) ??
    // A constraint of a column is called after it.
    /^CONSTRAINT `(?:.*\.)?(.*?)` failed for /.exec(message) ??
    [];
  return name ?? null;
}
