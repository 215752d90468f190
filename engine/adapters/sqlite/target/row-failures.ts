/** What a failed statement says of the rows in it. */
import { SqliteError } from 'better-sqlite3';
import { CdcError } from '../../../errors';
import type { RowFailureCode, TableRoute } from '../../../model';
import { toDatabaseError } from '../database/errors';
import { sameName } from '../database/identifiers';

export interface RowFailure {
  readonly code: RowFailureCode;
  /** Another row stands in the way: another order may help. */
  readonly unique: boolean;
  readonly error: unknown;
}

const UNIQUE = new Set([
  'SQLITE_CONSTRAINT_UNIQUE',
  'SQLITE_CONSTRAINT_PRIMARYKEY',
  'SQLITE_CONSTRAINT_ROWID',
]);
/** Whose messages end with the column; another one says what a person wrote into a constraint or a trigger. */
const NAMING = new Set([...UNIQUE, 'SQLITE_CONSTRAINT_NOTNULL', 'SQLITE_CONSTRAINT_DATATYPE']);

/** Null for a failure that is no row's fault. */
export function rowFailure(error: unknown): RowFailure | null {
  if (!(error instanceof SqliteError) && !(error instanceof CdcError)) return null;
  const { code } = toDatabaseError(error, '');
  if (code !== 'CONSTRAINT_FAILED' && code !== 'TYPE_MISMATCH') return null;
  return { code, unique: error instanceof SqliteError && UNIQUE.has(error.code), error };
}

/**
 * The route's column that the database names, else null. Its message ends with `table.column`; only a name that is one
 * of the route's is taken from it.
 */
export function columnAtFault({ columns }: TableRoute, { error }: RowFailure): string | null {
  if (!(error instanceof SqliteError) || !NAMING.has(error.code)) return null;
  const named = /(?:failed: |column )(.+)$/.exec(error.message)?.[1];
  if (named === undefined || named.includes(', ')) return null;
  return columns.find((column) => sameName(named, column) || endsWith(named, `.${column}`)) ?? null;
}

function endsWith(named: string, name: string): boolean {
  return sameName(named.slice(-name.length), name);
}
