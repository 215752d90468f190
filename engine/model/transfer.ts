/** How rows travel: what is asked of a source, what it answers, and what waits on the target to be merged. */
import type { RowChange, TableCounts } from './change';
import type { TableRoute } from './plan';
import type { Cursor, Position } from './position';
import type { Tuple } from './value';

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

/** Ranges of rows of several tables, all read in the same MVCC snapshot as the window; `shareOut` shares out the rows. */
export interface SnapshotRequest {
  /** Each of another table. Those for which no rows are left wait for another chunk. */
  readonly ranges: readonly RangeRequest[];
  /** Most rows of all ranges together, 1 or more. */
  readonly limit: number;
  /** Most tables that are left with rows to copy; one that comes to its end makes room for the next. With 1 none overtakes. */
  readonly atOnce: number;
}

/** The next range of a table's rows. */
export interface RangeRequest {
  readonly table: string;
  /** Null at the first range. */
  readonly after: Cursor | null;
  /** Delete what the target holds in the range and the source does not. */
  readonly replace: boolean;
  /** The range is these keys alone (`Source.cursorOf`), some hundred at most, and `after` null. */
  readonly only?: readonly Cursor[] | null;
}

/** Most rows of a chunk's ranges that pass through the memory of the worker; elsewhere they may be more. */
export const RANGE_IN_MEMORY = 20_000;

/** The request for a chunk whose rows pass through the memory of the worker. */
export function throughMemory(request: ChunkRequest): ChunkRequest {
  const { snapshot } = request;
  if (snapshot === null || snapshot.limit <= RANGE_IN_MEMORY) return request;
  return { ...request, snapshot: { ...snapshot, limit: RANGE_IN_MEMORY } };
}

export interface ChunkRequest {
  readonly from: Position;
  /** Parents before children. */
  readonly routes: readonly TableRoute[];
  /** Most changes in the chunk. */
  readonly limit: number;
  /** The window is cut by `limit` alone, whatever memory its rows take. */
  readonly uncut?: boolean;
  /**
   * About how much memory the rows that are read may take: more throw CHUNK_TOO_LARGE, but for the first of them.
   * Absent or null: whatever they take. See `allowanceOf`.
   */
  readonly bytes?: number | null;
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
  /** Of each range that it holds; none when the chunk did not reach the window's end. */
  readonly snapshot: readonly SnapshotProgress[];
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
  /** In the order of `snapshot`. */
  readonly ranges: readonly SnapshotRange[];
}

/** A range's rows (values of the route's columns) and its bounds for `replace`. */
export interface SnapshotRange {
  readonly table: string;
  readonly rows: readonly Tuple[];
  readonly after: Cursor | null;
  /** Null: to the end of the table. */
  readonly upTo: Cursor | null;
  readonly replace: boolean;
  /** The range is these keys alone; the bounds are null. */
  readonly only?: readonly Cursor[] | null;
}

/** A range that was read, and how far its table has come with it. */
export interface RangeRead {
  readonly snapshot: SnapshotProgress;
  readonly range: SnapshotRange;
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
  readonly range: SnapshotRange | null;
}
