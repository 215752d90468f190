/**
 * The checkpoint: the truth about progress, kept in the target. Rows, positions and counts commit in one
 * transaction, guarded by the epoch.
 */
import type { Cursor, Position } from './position';
import type { ColumnNames, ColumnTypes } from './pipeline';
import type { TableName } from './schema';

/** Who holds the pipeline: names the process so that a person can find it. */
export interface Holder {
  readonly host: string;
  readonly pid: number;
  /** The database's own session id where it has one. */
  readonly session: string | null;
}

/** One row per pipeline. */
export interface Checkpoint {
  /** Made at setup; a pipeline created again, or resynced as a whole, gets a new one. */
  readonly uuid: string;
  readonly name: string;
  /** Identity of the source database that the positions belong to. */
  readonly sourceId: string;
  /** The chain of runs that owns this pipeline (a workflow's first execution run id). */
  readonly chain: string;
  /** True once that chain has ended in an orderly way: another may adopt the pipeline. */
  readonly chainEnded: boolean;
  /**
   * Raised by pause and stop. A claim must name the generation it was issued for, so that an attempt which
   * was handed out before the pause, but claims after it, is refused.
   */
  readonly generation: number;
  /** Raised by each claim; every later commit demands its own. Starts at a random number. */
  readonly epoch: number;
  /** Raised by each commit. */
  readonly seq: number;
  /** The last seq that the source is known to have recorded. */
  readonly ackedSeq: number;
  readonly holder: Holder | null;
  /** Position of all tables that have none of their own. */
  readonly position: Position;
  /** A batch run ends when this position is covered; null in continuous mode. */
  readonly goal: Position | null;
  /** Milliseconds since 1970 on the worker's clock, null before the first commit. */
  readonly lastAppliedAt: number | null;
}

export type TableState = 'snapshotting' | 'replicating' | 'parked';

/** Which part of a table is replicated, and under which names. */
export interface TableSelection {
  /** Columns that are replicated, in order; null for all. */
  readonly columns: readonly string[] | null;
  /** The condition that replicated rows fulfil, in the SQL of the source; null for all rows. */
  readonly where: string | null;
  /** Columns that have another name on the target, in the order of the table; null where none has. */
  readonly rename: ColumnNames | null;
  /** Columns whose type on the target was chosen; null, or absent in what was written before, where none was. */
  readonly types?: ColumnTypes | null;
}

/** One row per table of a pipeline. */
export interface TableCheckpoint extends TableSelection {
  /** Display name of the source table: the row's identity within the pipeline. */
  readonly source: string;
  readonly sourceTable: TableName;
  readonly targetTable: TableName;
  readonly state: TableState;
  /** Own position of a table that is parked, or catches up alone; null for one that goes with the pipeline. */
  readonly position: Position | null;
  /** Code and message of why it is parked. */
  readonly cause: string | null;
  /** How far its snapshot has come; null before the first range and after the last. */
  readonly cursor: Cursor | null;
  /** True when the snapshot deletes target rows that the source lacks; of a parked table: that it must be copied again. */
  readonly replace: boolean;
  readonly snapshotRows: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** What the source keeps of a pipeline: serves purging, statistics and the handshake. */
export interface Consumer {
  readonly uuid: string;
  readonly name: string;
  /** The checkpoint's seq at the last `markSynced`. Never goes down. */
  readonly seq: number;
  /** The least position of the pipeline's tables at that seq. */
  readonly position: Position;
  /** True when capture was stopped because the backlog passed its limit. */
  readonly suspended: boolean;
  /** Milliseconds since 1970. */
  readonly updatedAt: number;
  /** Display names of the tables it consumes. */
  readonly tables: readonly string[];
}
