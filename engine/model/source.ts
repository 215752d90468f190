/** A source, as every adapter offers it. */
import type { Change } from './change';
import type { Consumer } from './checkpoint';
import type { KeysetReader } from './keyset';
import type { PlanNotice, PlanStep, TableRoute } from './plan';
import type { Cursor, Position } from './position';
import type { TableName, TableSchema } from './schema';
import type { ChunkRequest, DirectOffer, RowChunk } from './transfer';
import type { Tuple } from './value';

/**
 * An open source. All methods may be called concurrently; the adapter serialises what must be.
 * Each may throw the database codes (CONNECTION_LOST, DATABASE_LOCKED, …) and SOURCE_REPLACED.
 */
export interface Source {
  readonly adapter: string;
  readonly family: string;
  /** Offers in order of preference; rows are always possible. */
  readonly offers: readonly DirectOffer[];
  /** False where consumers leave no trace on the source: then nothing tells that it was restored. */
  readonly remembers: boolean;
  /** How rows are read by a column that grows; absent where the adapter can't. */
  readonly keyset?: KeysetReader;

  /**
   * Looks whether a condition can choose rows of a table: it names columns of the row alone, and always answers the same
   * of the same row. Leaves nothing behind. Throws FILTER_INVALID with what the database says of it. Wherever rows are
   * read by a route that has one (chunks, ranges, keys), or by a `ScanRequest`, those that do not fulfil it are not
   * there; NULL does not fulfil it. Absent where the adapter knows no conditions: then none is accepted.
   */
  checkFilter?(table: TableSchema, where: string): Promise<void>;

  /** Every table that a person could mean, ours left out, with what forbids its capture. */
  tables(): Promise<readonly TableSchema[]>;

  // --- capture -----------------------------------------------------------------------------------------------
  /** The statements that `install` would run now; none when all is in place. */
  planCapture(tables: readonly TableSchema[]): Promise<readonly PlanStep[]>;
  notices(tables: readonly TableSchema[]): Promise<readonly PlanNotice[]>;
  /**
   * Makes or migrates our objects, installs capture for the tables, records the consumer at the newest position,
   * all in one transaction where the database allows it, and returns the consumer. A consumer that exists keeps its
   * position, unless `reset`, and consumes exactly these tables from then on: capture that nobody consumes any more
   * is removed. Capture that had holes is made whole; for positions before that moment `check` still says so.
   * Throws OBJECTS_TOO_NEW. `onTable` is told how many tables are done, where they are done one after the other.
   */
  install(
    tables: readonly TableSchema[],
    consumer: NewConsumer,
    onTable?: (done: number) => void,
  ): Promise<Consumer>;
  /** Removes a consumer, the capture of tables that no other consumes, and our last objects with the last consumer. */
  uninstall(uuid: string): Promise<void>;
  /** Identity of this database, made by `install`; null before. */
  sourceId(): Promise<string | null>;
  /** Pipelines that have this database as their target, with the identity of the source that each comes from. */
  feeders(): Promise<readonly Feeder[]>;

  // --- positions ---------------------------------------------------------------------------------------------
  /** The newest position: everything committed before this call is covered by it. */
  head(): Promise<Position>;
  /** True when a reader that stands at `position` has seen all that `goal` covers. */
  covers(position: Position, goal: Position): Promise<boolean>;
  /** A key (values of the route's key columns, as a `SetAside` has them) as a cursor. */
  cursorOf(key: Tuple): Cursor;
  /**
   * Looks whether reading may go on from `position`: POSITION_PURGED, SOURCE_WENT_BACK, CAPTURE_MISSING,
   * SOURCE_SCHEMA_CHANGED, POSITION_INVALID. Answers a token of the schema as it was checked.
   */
  check(position: Position, routes: readonly TableRoute[]): Promise<string>;
  /**
   * The same place in what the server is now, after it was promoted or upgraded; unchanged where nothing happened.
   * Only a person can know that nothing was lost by it. Throws SOURCE_WENT_BACK where the database knows better.
   */
  adopt(position: Position): Promise<Position>;
  /**
   * What has been noticed of these tables on the way to a position, and a person should know; absent where nothing is.
   * Throws POSITION_INVALID.
   */
  noticed?(position: Position, tables: readonly string[]): readonly PlanNotice[];
  /** Counts up to `limit` changes of these tables after the position. */
  pending(position: Position, routes: readonly TableRoute[], limit: number): Promise<Pending>;
  /** Waits until a change after `position` is committed, the time is over or the signal aborts. True: there is one. */
  waitForChange(
    position: Position,
    routes: readonly TableRoute[],
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<boolean>;

  // --- reading -----------------------------------------------------------------------------------------------
  /** Reads a chunk by rows, window and snapshot range in one MVCC snapshot. Throws CHUNK_TOO_LARGE, as does `scan`. */
  read(request: ChunkRequest): Promise<RowChunk>;
  /** Changes with before and after values, in ascending order. */
  changes(query: ChangeQuery): Promise<readonly Change[]>;
  /** Rows in the order of the key, for comparison. */
  scan(request: ScanRequest): Promise<ScanResult>;
  /** The rows of a range as one digest, without reading them; absent where the database can't. */
  digest?(request: DigestRequest): Promise<RangeDigest>;

  // --- consumers ---------------------------------------------------------------------------------------------
  consumer(uuid: string): Promise<Consumer | null>;
  consumers(): Promise<readonly Consumer[]>;
  /** Records progress; a seq that is not greater than the stored one changes nothing. */
  acknowledge(uuid: string, seq: number, position: Position, now: number): Promise<void>;
  /**
   * Deletes changes that every consumer of their table has passed and that are older than asked, and records the
   * floor in the same transaction. Returns how many it deleted: `limit` means that there may be more.
   */
  purge(request: PurgeRequest): Promise<number>;
  /** Ends capture for a consumer's tables that no other consumes, drops their changes, marks the consumer. */
  suspend(uuid: string): Promise<void>;
  figures(routes: readonly TableRoute[]): Promise<readonly CaptureFigures[]>;
  /**
   * About how many rows these tables hold, in the order of `routes`; null where nothing is known. For reports only, and
   * cheap whatever their size: exact up to ROWS_COUNTED, beyond it what the database's statistics say. Where a condition
   * chooses rows it is about these.
   */
  estimateRows(routes: readonly TableRoute[]): Promise<readonly (number | null)[]>;

  close(): Promise<void>;
}

export interface NewConsumer {
  readonly uuid: string;
  readonly name: string;
  readonly now: number;
  /** Start again at the newest position, capture made whole, `suspended` cleared. */
  readonly reset: boolean;
}

export interface Feeder {
  readonly pipeline: string;
  readonly sourceId: string;
}

/** Up to so many rows of a table are counted; more are estimated. */
export const ROWS_COUNTED = 10_000;

/** How much is waiting. */
export interface Pending {
  /** Captured changes after the position, exact up to `limit`. */
  readonly count: number;
  /** Milliseconds since 1970 of the oldest one; null when there is none. */
  readonly oldestChangedAt: number | null;
}

export interface ChangeQuery {
  readonly route: TableRoute;
  /** Only changes after this position. */
  readonly after: Position | null;
  /** Only changes whose id is greater; for paging. */
  readonly afterId: string | null;
  /** `synced` is told by this position; null: nothing is. */
  readonly appliedUpTo: Position | null;
  readonly limit: number;
  /** The newest ones instead of the oldest; still in ascending order. */
  readonly newest: boolean;
}

export interface ScanRequest {
  readonly table: TableName;
  /** Columns to read, in order. */
  readonly columns: readonly string[];
  readonly key: readonly string[];
  readonly after: Cursor | null;
  /** Inclusive; null: to the end. */
  readonly upTo: Cursor | null;
  readonly limit: number | null;
  /** As of a `ChunkRequest`. */
  readonly bytes?: number | null;
  /** The rows of these keys alone (`Source.cursorOf`, or a row's own), some hundred at most; the bounds are null then. */
  readonly keys?: readonly Cursor[];
  /** Only rows that fulfil a route's condition; asked of sources alone. */
  readonly where?: string | null;
}

export interface ScanResult {
  readonly rows: readonly { readonly identity: string; readonly row: Tuple }[];
  /** The last row's key; null when there is no row. */
  readonly cursor: Cursor | null;
}

/** A range of rows, or the first `limit` of it. */
export type DigestRequest = Omit<ScanRequest, 'keys' | 'bytes'>;

export interface RangeDigest {
  readonly rows: number;
  /** The same for the same rows of the same types, in every database of one family; else another, for all one knows. */
  readonly digest: string;
  /** The last row's key where `limit` ended the range; null at its end. */
  readonly cursor: Cursor | null;
}

export interface PurgeRequest {
  /** Changes younger than this stay, milliseconds since 1970. */
  readonly before: number;
  /** Most changes deleted in one transaction. */
  readonly limit: number;
}

/** Counts of rows, for reports. */
export interface CaptureFigures {
  readonly table: string;
  /** Changes in the change table, applied or not. */
  readonly stored: number;
}
