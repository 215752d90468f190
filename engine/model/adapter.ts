/**
 * The contract that every adapter fulfils, ours or a stranger's; `temporal-cdc/contract` is its test suite.
 *
 * An adapter offers primitives; the protocol (claims, epochs, handshake, windows in the right order, purge floor)
 * stands in the engine and is the same for all. A primitive that fails throws a CdcError with one of the codes of
 * its documentation; anything else is a bug of the adapter.
 */
import type { Change, RowChange, TableCounts } from './change';
import type { Checkpoint, Consumer, TableCheckpoint } from './checkpoint';
import type { Cursor, Position } from './position';
import type { TableName, TableSchema } from './schema';
import type { Tuple } from './value';

/** A kind of database: named by the URL schemes that it serves. Register it with `createRegistry`. */
export interface Adapter {
  /** Lower-case name, e.g. `sqlite`. */
  readonly name: string;
  /** URL schemes without the colon, e.g. `['sqlite']`. */
  readonly schemes: readonly string[];
  /** Databases of one family keep schema names, declared types and collations between each other. */
  readonly family: string;
  /** Throws DATABASE_MISSING and the other database codes. Never creates a source. */
  openSource(options: OpenOptions): Promise<Source>;
  /** Throws DATABASE_MISSING and the other database codes. Makes a database only if asked to; never its folder. */
  openTarget(options: OpenTargetOptions): Promise<Target>;
  /** A text that tells two URLs of the same database to be the same, without secrets. */
  identify(url: string): string;
}

export interface OpenOptions {
  /** With its secrets: never shown, never stored. */
  readonly url: string;
  /** True where nothing will be written: the adapter then needs no right to write. */
  readonly readOnly: boolean;
}

export interface OpenTargetOptions extends OpenOptions {
  /**
   * Make a database that is missing, where its kind has files. Only setup asks for it: an empty one made in the place
   * of one that was lost would hide the loss. Never together with `readOnly`.
   */
  readonly create: boolean;
}

/** One statement that setup would run. */
export interface PlanStep {
  readonly on: 'source' | 'target';
  /** Display name of the table that it serves; null for our own objects. */
  readonly table: string | null;
  readonly sql: string;
}

/** Something that a person should know before it starts; nothing that forbids it. */
export interface PlanNotice {
  readonly table: string | null;
  readonly message: string;
}

/** A table on its way from source to target, resolved against both schemas. */
export interface TableRoute {
  /** Display name of the source table: its identity in the pipeline. */
  readonly id: string;
  readonly source: TableSchema;
  readonly target: TableName;
  /** Replicated columns in order, no generated ones; the key is among them. */
  readonly columns: readonly string[];
  /** The key's columns in order, all of them in `columns`. */
  readonly key: readonly string[];
}

/** How a pair's rows travel. */
export type TransportKind = 'rows' | 'attach' | 'copy';

/** What a source can hand to a target of the same kind, so that rows need not pass through the worker. */
export interface DirectOffer {
  readonly transport: Exclude<TransportKind, 'rows'>;
  /** Only a target of this family can take it. */
  readonly family: string;
  /** What the target needs to reach the source, e.g. a file. Stays inside the process. */
  readonly locator: string;
}

/** A range of a table's rows, read in the same MVCC snapshot as the window. */
export interface SnapshotRequest {
  readonly table: string;
  /** Null at the first range. */
  readonly after: Cursor | null;
  readonly limit: number;
  /** Delete what the target holds in the range and the source does not. */
  readonly replace: boolean;
}

export interface ChunkRequest {
  readonly from: Position;
  /** Parents before children. */
  readonly routes: readonly TableRoute[];
  /** Most changes in the chunk. */
  readonly limit: number;
  /** What `check` answered; SCHEMA_MOVED if the schema has changed since. */
  readonly schemaToken: string;
  /** Only honoured when the chunk reaches the window's end (`more` false), so that rows and window agree. */
  readonly snapshot: SnapshotRequest | null;
  /**
   * Tables among the routes that stand at a position of their own: their changes are read from there to the same end,
   * in the same MVCC snapshot. Such a chunk is never cut: when not all of it fits, it answers `more` and holds nothing.
   */
  readonly behind?: readonly TableStart[];
}

/** A table that is read from a position of its own. */
export interface TableStart {
  /** Display name. */
  readonly table: string;
  readonly from: Position;
}

/** What a chunk holds, whichever way its rows travel. */
export interface ChunkSummary {
  /** The position after it. */
  readonly to: Position;
  /** True when changes remained after it in the window that was seen. */
  readonly more: boolean;
  /** Captured changes in it, before netting. */
  readonly changes: number;
  /** Tables with changes only. */
  readonly counts: readonly TableCounts[];
  /** Milliseconds since 1970 of the oldest and newest change; null when there is none. */
  readonly oldestChangedAt: number | null;
  readonly newestChangedAt: number | null;
  /** Null when none was asked for, or when the chunk did not reach the window's end. */
  readonly snapshot: SnapshotProgress | null;
}

export interface SnapshotProgress {
  readonly table: string;
  readonly rows: number;
  /** The last key of the range; null when `finished`. */
  readonly cursor: Cursor | null;
  readonly finished: boolean;
}

/** A chunk read by rows. */
export interface RowChunk extends ChunkSummary {
  /** Per table with changes: in the order of the source, `touch` resolved. */
  readonly tables: readonly { readonly table: string; readonly changes: readonly RowChange[] }[];
  /** The snapshot range's rows (values of the route's columns) and its bounds for `replace`. */
  readonly range: {
    readonly table: string;
    readonly rows: readonly Tuple[];
    readonly after: Cursor | null;
    /** Null: to the end of the table. */
    readonly upTo: Cursor | null;
    readonly replace: boolean;
  } | null;
}

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
}

export interface ScanResult {
  readonly rows: readonly { readonly identity: string; readonly row: Tuple }[];
  /** The last row's key; null when there is no row. */
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

/**
 * An open source. All methods may be called concurrently; the adapter serialises what must be.
 * Each may throw the database codes (CONNECTION_LOST, DATABASE_LOCKED, …) and SOURCE_REPLACED.
 */
export interface Source {
  readonly adapter: string;
  readonly family: string;
  /** Offers in order of preference; rows are always possible. */
  readonly offers: readonly DirectOffer[];

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
   * Throws OBJECTS_TOO_NEW.
   */
  install(tables: readonly TableSchema[], consumer: NewConsumer): Promise<Consumer>;
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
  /**
   * Looks whether reading may go on from `position`: POSITION_PURGED, SOURCE_WENT_BACK, CAPTURE_MISSING,
   * SOURCE_SCHEMA_CHANGED, POSITION_INVALID. Answers a token of the schema as it was checked.
   */
  check(position: Position, routes: readonly TableRoute[]): Promise<string>;
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
  /** Reads a chunk by rows, window and snapshot range in one MVCC snapshot. */
  read(request: ChunkRequest): Promise<RowChunk>;
  /** Changes with before and after values, in ascending order. */
  changes(query: ChangeQuery): Promise<readonly Change[]>;
  /** Rows in the order of the key, for comparison. */
  scan(request: ScanRequest): Promise<ScanResult>;

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

  close(): Promise<void>;
}

export interface Feeder {
  readonly pipeline: string;
  readonly sourceId: string;
}

export interface NewConsumer {
  readonly uuid: string;
  readonly name: string;
  readonly now: number;
  /** Start again at the newest position, capture made whole, `suspended` cleared. */
  readonly reset: boolean;
}

/** A way of moving changes between one open source and one open target. */
export interface Transfer {
  readonly kind: TransportKind;
  /**
   * Reads the next chunk and stages it on the target, outside of any lock that others could wait for. The next
   * chunk may be staged while this one is being merged.
   */
  stage(request: ChunkRequest): Promise<StagedChunk>;
  /** Forgets a staged chunk that will not be merged. */
  discard(chunk: StagedChunk): Promise<void>;
}

/** A chunk that waits on the target to be merged. */
export interface StagedChunk extends ChunkSummary {
  /** The adapter's own handle. */
  readonly token: number;
}

/** Net changes of one table by rows: at most one per key. */
export interface RowSet {
  readonly route: TableRoute;
  /** Values of the key's columns. */
  readonly deletes: readonly Tuple[];
  /** Values of the route's columns. */
  readonly upserts: readonly Tuple[];
  /** A snapshot range to be made equal; its rows are not among the upserts. */
  readonly range: Exclude<RowChunk['range'], null> | null;
}

/**
 * An open target. Transactions are serialised by the adapter; staging runs beside them.
 * Each method may throw the database codes.
 */
export interface Target {
  readonly adapter: string;
  readonly family: string;

  tables(): Promise<readonly TableSchema[]>;
  isEmpty(table: TableName): Promise<boolean>;
  /** `Source.sourceId` of this same database: null where nothing is captured in it. */
  capturedAs(): Promise<string | null>;
  /**
   * The statement that would make a table for this route, or null when it exists. TYPE_MISMATCH if it can't be made,
   * NAME_COLLISION for a reserved name, TARGET_TABLE_MISMATCH where something else has the name, or where the table
   * that exists would not keep keys as they are.
   */
  planTable(route: TableRoute, sourceFamily: string): Promise<PlanStep | null>;
  /** What a person should know of an existing target table: triggers that will fire, and so on. */
  notices(routes: readonly TableRoute[]): Promise<readonly PlanNotice[]>;
  /** The statements for our own objects; none when they are in place. */
  planObjects(): Promise<readonly PlanStep[]>;
  /** Makes or migrates our own objects. Throws OBJECTS_TOO_NEW. */
  installObjects(): Promise<void>;
  /** Runs the statements of `planTable`. SCHEMA_MOVED when somebody else has made one of the tables meanwhile. */
  createTables(steps: readonly PlanStep[]): Promise<void>;

  /** A direct way from this source, or null: then rows are used. */
  direct(offer: DirectOffer): Promise<Transfer | null>;
  /** Stages net changes that came by rows; sets stand parents first. */
  stageRows(sets: readonly RowSet[]): Promise<number>;
  discardRows(token: number): Promise<void>;

  /** Reads outside a transaction; null before setup. */
  checkpoint(name: string): Promise<Checkpoint | null>;
  tableCheckpoints(uuid: string): Promise<readonly TableCheckpoint[]>;
  /**
   * Runs `work` in one transaction; commits when it resolves, rolls back when it throws. `on` names the staged
   * chunk whose session must carry it; the chunk is spent by it, whatever the outcome. Throws DATABASE_LOCKED, with
   * the last holder's name in the message where known.
   */
  transaction<T>(on: StagedChunk | null, work: (tx: TargetTransaction) => Promise<T>): Promise<T>;
  /** Makes all that was committed survive a power cut. */
  flush(): Promise<void>;
  scan(request: ScanRequest): Promise<ScanResult>;
  /** Removes a pipeline's checkpoint and dead letters, and our last objects with the last pipeline. */
  uninstall(uuid: string): Promise<void>;
  close(): Promise<void>;
}

/** What can be done inside a target transaction. */
export interface TargetTransaction {
  /** The checkpoint row, locked against every other transaction until the end. Null before setup. */
  lockCheckpoint(name: string): Promise<Checkpoint | null>;
  /** Inserts or replaces the row of `checkpoint.name`. */
  saveCheckpoint(checkpoint: Checkpoint): Promise<void>;
  tableCheckpoints(uuid: string): Promise<readonly TableCheckpoint[]>;
  /** Inserts or replaces these rows. */
  saveTables(uuid: string, tables: readonly TableCheckpoint[]): Promise<void>;
  removeTables(uuid: string, sources: readonly string[]): Promise<void>;
  /**
   * Applies a staged chunk: deletes children first, upserts parents first, then makes the snapshot range equal.
   * CONSTRAINT_FAILED or TYPE_MISMATCH name the table.
   */
  merge(chunk: StagedChunk, options?: MergeOptions): Promise<void>;
}

export interface MergeOptions {
  /**
   * Display names of source tables whose target may hold rows that the source lacks: those that are being copied
   * with `replace`. Such a row may be deleted where it stands in the way of a unique index.
   */
  readonly stale?: readonly string[];
}
