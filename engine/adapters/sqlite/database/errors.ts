/**
 * SQLite's result codes as the engine's error codes. A message names the database file and what went wrong in our
 * words; what the driver says is kept as the cause only, since it can hold SQL and names of columns.
 */
import { SqliteError } from 'better-sqlite3';
import { CdcError, toCdcError, type ErrorCode } from '../../../errors';

interface Meaning {
  readonly code: ErrorCode;
  /** Completes "<file> …". */
  readonly says: string;
  readonly retryable?: boolean;
}

/** By primary result code, or by extended code where that means something else. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  SQLITE_BUSY: { code: 'DATABASE_LOCKED', says: 'is locked by another connection' },
  SQLITE_LOCKED: { code: 'DATABASE_LOCKED', says: 'is locked within this process' },
  SQLITE_READONLY: { code: 'DATABASE_READ_ONLY', says: 'cannot be written' },
  // The file was moved or unlinked under an open connection: opening again shows what stands there now.
  SQLITE_READONLY_DBMOVED: { code: 'CONNECTION_LOST', says: 'was moved while it was open' },
  SQLITE_FULL: { code: 'DATABASE_FULL', says: 'cannot grow: the disk is full' },
  SQLITE_CORRUPT: { code: 'DATABASE_CORRUPT', says: 'is damaged' },
  SQLITE_NOTADB: { code: 'DATABASE_CORRUPT', says: 'is not an SQLite database' },
  SQLITE_FORMAT: { code: 'DATABASE_CORRUPT', says: 'has a format that cannot be read' },
  SQLITE_CANTOPEN: { code: 'DATABASE_UNREADABLE', says: 'cannot be opened' },
  SQLITE_PERM: { code: 'DATABASE_UNREADABLE', says: 'may not be opened' },
  SQLITE_AUTH: { code: 'DATABASE_UNREADABLE', says: 'may not be opened' },
  SQLITE_IOERR: { code: 'DATABASE_UNREADABLE', says: 'could not be read or written', retryable: true },
  SQLITE_NOLFS: { code: 'DATABASE_UNREADABLE', says: 'is too large for this file system' },
  SQLITE_CONSTRAINT: { code: 'CONSTRAINT_FAILED', says: 'refused a row by a constraint' },
  SQLITE_CONSTRAINT_DATATYPE: { code: 'TYPE_MISMATCH', says: 'refused a value by the type of its column' },
  SQLITE_MISMATCH: { code: 'TYPE_MISMATCH', says: 'refused a value by the type of its column' },
  SQLITE_TOOBIG: { code: 'TYPE_MISMATCH', says: 'refused a value that is too large' },
  SQLITE_SCHEMA: { code: 'SCHEMA_MOVED', says: 'changed its schema meanwhile' },
  SQLITE_PROTOCOL: { code: 'DATABASE_LOCKED', says: 'is locked by another connection' },
  SQLITE_INTERRUPT: { code: 'CONNECTION_LOST', says: 'was interrupted' },
};

function meaningOf(resultCode: string): Meaning | undefined {
  const primary = /^SQLITE_[A-Z]+/.exec(resultCode)?.[0] ?? resultCode;
  return MEANINGS[resultCode] ?? MEANINGS[primary];
}

/**
 * What a driver's error means for a person. `name` is the file's display name, `table` the table that was written.
 * Anything that is not SQLite's stays what `toCdcError` makes of it.
 */
export function toDatabaseError(error: unknown, name: string, table?: string): CdcError {
  if (!(error instanceof SqliteError)) return toCdcError(error);
  const meaning = meaningOf(error.code);
  const on = table === undefined ? {} : { table };
  if (meaning === undefined) {
    return new CdcError('INTERNAL', `A statement on ${name} failed with ${error.code}`, {
      ...on,
      cause: error,
    });
  }
  const where = table === undefined ? name : `${name} (table ${table})`;
  const retryable = meaning.retryable === undefined ? {} : { retryable: meaning.retryable };
  return new CdcError(meaning.code, `${where} ${meaning.says}`, { ...on, ...retryable, cause: error });
}

/** True for the failure of a constraint, which another order of statements may avoid. */
export function isConstraintFailure(error: unknown): boolean {
  return error instanceof SqliteError && error.code.startsWith('SQLITE_CONSTRAINT');
}

/** A CdcError on its way between a database thread and the main thread. */
export interface PackedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
  readonly hint: string;
  readonly table: string | null;
  readonly column: string | null;
  /** For debugging inside the process. */
  readonly cause: string | null;
}

export function packError(error: CdcError): PackedError {
  const { code, message, retryable, hint, table, column, cause } = error;
  const trace = cause instanceof Error ? (cause.stack ?? cause.message) : null;
  return { code, message, retryable, hint, table, column, cause: trace };
}

export function unpackError(packed: PackedError): CdcError {
  const { code, message, retryable, hint, table, column, cause } = packed;
  return new CdcError(code, message, {
    retryable,
    hint,
    ...(table === null ? {} : { table }),
    ...(column === null ? {} : { column }),
    ...(cause === null ? {} : { cause: new Error(cause) }),
  });
}
