/**
 * Reading rows by a column that grows: what timestamp and version capture need of a database on which no object of ours
 * may be put. Values of the column are compared and ordered by the database alone; here they are opaque.
 */
import type { TableRoute } from './plan';
import type { Cursor } from './position';
import type { ColumnSchema } from './schema';
import type { RangeToRead } from './share-out';
import type { RangeRead } from './transfer';
import type { Tuple } from './value';

/** A table and the column by which its changed rows are found. */
export interface KeysetColumn {
  readonly route: TableRoute;
  readonly column: string;
  /** `timestamp`: the time of the change. `version`: a number that is higher than any before it in the table. */
  readonly by: 'timestamp' | 'version';
}

/** A place in the order of the column: from this value on, or from what follows it. */
export interface KeysetBound {
  readonly value: Cursor;
  readonly inclusive: boolean;
}

/** A transaction that may still write, or commit what it has written. */
export interface OpenTransaction {
  /** The same for as long as it is open. */
  readonly id: string;
  /** Not before this time did it begin, milliseconds since 1970 on the database's clock; null where that is not told. */
  readonly since: number | null;
  /** The id under which it may have been seen at an earlier look, while it was something else. */
  readonly formerly: string | null;
  /** True where its beginning is older than anything that shows: a prepared transaction. */
  readonly detached: boolean;
}

/** What a look at the database saw, in this order: the newest values, its clock, what was open. */
export interface KeysetLook {
  /** Of each column that was asked for; null where there is no value. */
  readonly newest: readonly (NewestValue | null)[];
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Null where the database does not tell. */
  readonly open: readonly OpenTransaction[] | null;
}

export interface NewestValue {
  /** The highest that does not lie ahead of the database's clock. */
  readonly value: Cursor;
  /** True when a transaction that begins after the look will write higher ones only. */
  readonly over: boolean;
}

/** A part of a table's rows, in the order of column and key. */
export interface KeysetRange {
  readonly column: KeysetColumn;
  /** Null: from the first value on; rows without one are never among them. */
  readonly from: KeysetBound | null;
  /** Rows that this bound leaves out; null: to the end. */
  readonly before: KeysetBound | null;
  /** The row after which to go on, as `KeysetPage.after` named it. */
  readonly after: Cursor | null;
}

export interface KeysetRow {
  readonly identity: string;
  /** Values of the route's columns. */
  readonly row: Tuple;
  /** True when it does not fulfil the route's condition: then it is not replicated (any more). */
  readonly gone: boolean;
  /** When it was changed, milliseconds since 1970; null where the column does not tell. */
  readonly changedAt: number | null;
}

export interface KeysetPage {
  readonly rows: readonly KeysetRow[];
  /** True when the range has no more rows. */
  readonly ended: boolean;
  /** Column and key of the last row; null where there was none. */
  readonly after: Cursor | null;
}

/** What there is to say of a column before it is relied on. */
export interface KeysetAssessment {
  /** Why it can't be used, and what would help; null where it can. */
  readonly refusal: { readonly reason: string; readonly remedy: string } | null;
  readonly notices: readonly string[];
  /** Its whole numbers, of some of the rows; null where they are not asked for, or there is no row. */
  readonly spread: { readonly rows: number; readonly least: number; readonly most: number } | null;
}

/** Rows that are looked at for `spread`. */
export const SPREAD_ROWS = 10_000;

/** Each method may throw the database codes. */
export interface KeysetReader {
  /** Names the database as long as it is this one. */
  identity(): Promise<string>;
  /**
   * `blind`: why transactions that are open can't be seen, and what would help; null where they can. `condition`: what a
   * time must keep to then, after "as long as".
   */
  sight(): Promise<{ readonly blind: string | null; readonly condition: string }>;
  assess(column: KeysetColumn, allowScan: boolean): Promise<KeysetAssessment>;
  /**
   * Looks whether tables are as their routes say. Throws SCHEMA_MOVED, naming the table, where one has other columns or
   * is gone; SOURCE_SCHEMA_CHANGED where it has lost a column that its route's condition names.
   */
  check(routes: readonly TableRoute[]): Promise<void>;
  look(columns: readonly KeysetColumn[]): Promise<KeysetLook>;
  /**
   * A value that no change since this time (milliseconds since 1970) is below; null where the column does not tell times,
   * or what it tells can't be compared with them.
   */
  valueAt(column: KeysetColumn, time: number): Promise<KeysetBound | null>;
  /**
   * Ranges one after the other until `limit` rows are read, all in one MVCC snapshot. Answers a page for each that was
   * come to; all but the last have ended. Throws SCHEMA_MOVED where a column or table is gone, and where a table of which
   * there are rows has other columns than its route says; CHUNK_TOO_LARGE where the rows take more than `bytes`.
   */
  read(ranges: readonly KeysetRange[], limit: number, bytes?: number | null): Promise<readonly KeysetPage[]>;
  /** As a range of a chunk. Throws SCHEMA_MOVED and CHUNK_TOO_LARGE as `read` does, POSITION_INVALID. */
  copy(range: RangeToRead, bytes?: number | null): Promise<RangeRead>;
  /** A condition that rows fulfil which this column does not mark as deleted: by a time, or by true or a number. */
  presentSql(column: ColumnSchema): string;
  /** A condition that rows without a value in this column fulfil. */
  unsetSql(column: string): string;
  /** Equal to the one before when nothing was committed in between; null where that takes as much as reading. */
  token(): Promise<string | null>;
}
