/**
 * Every error of the engine: a stable `code`, whether trying again may help, and a hint that says what a person
 * can do. Messages are built from codes and names (tables, columns, files); never from driver text, row values,
 * keys, URLs or secrets, because they travel into Temporal history and logs.
 */

interface CodeFacts {
  /** True when the same call may succeed later without anybody doing anything. */
  readonly retryable: boolean;
  /** What a person can do; used when the thrower has nothing more exact to say. */
  readonly hint: string;
}

/** All error codes. A code is never renamed: clients and scripts compare it. */
export const ERROR_CODES = {
  // Configuration and planning
  CONFIG_INVALID: { retryable: false, hint: 'Correct the configuration and try again.' },
  ADAPTER_UNKNOWN: { retryable: false, hint: 'Use a URL whose scheme belongs to a registered adapter.' },
  TABLE_UNKNOWN: { retryable: false, hint: 'Check the table name as the source spells it.' },
  TABLE_UNSUPPORTED: { retryable: false, hint: 'Leave this table out of the pipeline.' },
  TABLE_NOT_IN_PIPELINE: {
    retryable: false,
    hint: 'Name a table that the pipeline replicates; `cdc status` lists them.',
  },
  TABLE_LEFT_OUT: {
    retryable: false,
    hint: 'The tables have changed since the plan was shown: look at it again with `cdc apply NAME --dry-run`.',
  },
  KEY_MISSING: { retryable: false, hint: 'Give the table a primary key whose columns are NOT NULL.' },
  COLUMN_UNKNOWN: { retryable: false, hint: 'Check the column name as the source spells it.' },
  COLUMN_REQUIRED: { retryable: false, hint: 'Add the column to the list of columns, or drop the list.' },
  COLUMN_UNSUITABLE: {
    retryable: false,
    hint: 'Capture by another column, or by triggers.',
  },
  FILTER_INVALID: {
    retryable: false,
    hint: 'Correct `where`: a condition over columns of this row, which says the same of the same row at any time.',
  },
  NAME_COLLISION: { retryable: false, hint: 'Map one of the tables to another name with `to`.' },
  SOURCE_IS_TARGET: { retryable: false, hint: 'Use another database as the target.' },
  PIPELINE_LOOP: {
    retryable: false,
    hint: 'Replicate between these two databases in one direction only: tear one of the pipelines down.',
  },
  TARGET_TABLE_MISMATCH: {
    retryable: false,
    hint: 'Change the target table, or drop it so that it is created.',
  },
  TARGET_TABLE_MISSING: {
    retryable: false,
    hint: 'Make the table, as `cdc plan` shows it, or set `createTables: true`.',
  },
  TARGET_NOT_EMPTY: {
    retryable: false,
    hint: 'Use `existing: replace` to make its rows equal to the source, or `snapshot: false` if they already are.',
  },
  PIPELINE_UNKNOWN: { retryable: false, hint: 'Run setup (or `cdc start`) for this pipeline first.' },
  PIPELINE_TAKEN: {
    retryable: false,
    hint: 'Another pipeline owns this checkpoint. Stop it first, or start with --take-over if it is gone for good.',
  },
  OBJECTS_TOO_NEW: {
    retryable: false,
    hint: 'These objects were made by a newer version of temporal-cdc: update this one.',
  },

  // Tables that stand aside
  PARENT_PARKED: {
    retryable: false,
    hint: 'It goes on when the table that it references does: `cdc resume NAME --table T`.',
  },
  TABLE_PARKED: {
    retryable: false,
    hint: 'Mend the cause that `cdc status` names, then `cdc resume NAME --table T`.',
  },

  DEAD_LETTER_LIMIT: {
    retryable: false,
    hint: 'Mend what the target refuses, or raise `perHour` of `onError`; then `cdc resume NAME --table T`.',
  },
  DEAD_LETTER_UNKNOWN: {
    retryable: false,
    hint: '`cdc dead-letters list NAME` shows the dead letters that there are.',
  },

  // Progress and fencing
  EPOCH_LOST: {
    retryable: false,
    hint: 'Another attempt has claimed the pipeline; nothing needs to be done.',
  },
  FENCED: { retryable: false, hint: 'The pipeline was paused or stopped; resume it to go on.' },
  POSITION_PURGED: {
    retryable: false,
    hint: 'Changes were purged before they were applied here: run `cdc resync`.',
  },
  POSITION_INVALID: {
    retryable: false,
    hint: 'The checkpoint was not written by this adapter: run `cdc resync`.',
  },
  SOURCE_WENT_BACK: {
    retryable: false,
    hint: 'The source was restored from an older state: run `cdc resync`.',
  },
  SOURCE_REPLACED: {
    retryable: false,
    hint: 'Another database stands at this place: restore the old one or run `cdc resync`.',
  },
  SOURCE_FAILED_OVER: {
    retryable: false,
    hint:
      'What the former server committed last may be lost. If nothing is, run `cdc resume NAME --accept-failover`; ' +
      'else run `cdc resync`.',
  },
  TARGET_WENT_BACK: {
    retryable: false,
    hint: 'The target was restored from an older state: run `cdc resync`.',
  },
  CAPTURE_MISSING: {
    retryable: false,
    hint: 'Changes may have been missed: run `cdc resync` for this table.',
  },
  CAPTURE_SUSPENDED: {
    retryable: false,
    hint: 'The backlog passed its limit and capture was stopped: run `cdc resync`.',
  },
  SOURCE_SCHEMA_CHANGED: {
    retryable: false,
    hint: 'Make the same change on the target table, then run `cdc resync` for this table.',
  },
  CHUNK_TOO_LARGE: { retryable: true, hint: 'Fewer rows are read at once.' },
  SCHEMA_MOVED: { retryable: true, hint: 'The schema is looked at again at once.' },

  // Databases
  CONNECTION_LOST: { retryable: true, hint: 'Check that the database is running and reachable.' },
  DATABASE_MISSING: {
    retryable: false,
    hint: 'Check the path: a source is never created, a target only by `cdc start`.',
  },
  LOGIN_REFUSED: { retryable: false, hint: 'Check user, password and TLS settings of the connection.' },
  PRIVILEGE_MISSING: { retryable: false, hint: 'Grant the role of this connection the privilege it lacks.' },
  DATABASE_LOCKED: { retryable: true, hint: 'Another process holds the write lock: end its transaction.' },
  DATABASE_READ_ONLY: {
    retryable: false,
    hint: 'Give this process the right to write the file and its folder.',
  },
  DATABASE_FULL: { retryable: true, hint: 'Free disk space.' },
  DATABASE_CORRUPT: { retryable: false, hint: 'Restore the database from a backup, then run `cdc resync`.' },
  DATABASE_UNREADABLE: { retryable: false, hint: 'Check the file and its permissions.' },
  CONSTRAINT_FAILED: { retryable: false, hint: 'Compare the constraints of the source and target tables.' },
  TYPE_MISMATCH: { retryable: false, hint: 'Compare the column types of the source and target tables.' },
  INTERNAL: {
    retryable: true,
    hint: 'This is a fault of temporal-cdc: please report it with its code and message.',
  },
} as const satisfies Record<string, CodeFacts>;

/** A stable name of what went wrong. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What an error may carry besides its code and message; names only, never values. */
export interface ErrorDetails {
  readonly hint?: string;
  /** Display name of the table concerned. */
  readonly table?: string;
  readonly column?: string;
  /** Overrides what the code says by default. */
  readonly retryable?: boolean;
  /** Kept in the process for debugging; never serialised. */
  readonly cause?: unknown;
}

/** The one error type of the engine. */
export class CdcError extends Error {
  override readonly name = 'CdcError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly hint: string;
  readonly table: string | null;
  readonly column: string | null;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    const facts: CodeFacts = ERROR_CODES[code];
    this.code = code;
    this.retryable = details.retryable ?? facts.retryable;
    this.hint = details.hint ?? facts.hint;
    this.table = details.table ?? null;
    this.column = details.column ?? null;
  }
}

/** More rows of a table were refused than may be set aside; `last` is one of them. */
export function tooManySetAside(
  table: string,
  most: number,
  last: { readonly code: ErrorCode; readonly column: string | null },
): CdcError {
  const { code, column } = last;
  const where = column === null ? `table ${table}` : `table ${table}, column ${column}`;
  return new CdcError(
    'DEAD_LETTER_LIMIT',
    `More than ${String(most)} rows within an hour were refused, the last with ${code} (${where})`,
    { table, ...(column === null ? {} : { column }) },
  );
}

/** True for an error that the engine made itself, optionally of one code. */
export function isCdcError(error: unknown, code?: ErrorCode): error is CdcError {
  return error instanceof CdcError && (code === undefined || error.code === code);
}

/** Turns anything thrown into a CdcError; what the engine did not expect becomes `INTERNAL`, named by its class only. */
export function toCdcError(error: unknown): CdcError {
  if (error instanceof CdcError) return error;
  const kind = error instanceof Error ? error.constructor.name : typeof error;
  return new CdcError('INTERNAL', `Unexpected ${kind}`, { cause: error });
}

/** The fields of a CdcError that may leave the process. */
export interface ErrorSummary {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
  readonly hint: string;
  readonly table: string | null;
  readonly column: string | null;
}

/** What may be shown, stored or sent of an error. */
export function summarizeError(error: unknown): ErrorSummary {
  const { code, message, retryable, hint, table, column } = toCdcError(error);
  return { code, message, retryable, hint, table, column };
}
