/** A target, as every adapter offers it. */
import type { Checkpoint, TableCheckpoint } from './checkpoint';
import type { DeadLetterEntry, SetAside, StoredDeadLetter } from './dead-letter';
import type { PlanNotice, PlanStep, TablePlan, TableRoute } from './plan';
import type { TableName, TableSchema } from './schema';
import type { RepairChoice, RepairKey, RepairQuery } from './repair';
import type { SequenceRequest, SequenceState } from './sequence';
import type { DigestRequest, RangeDigest, ScanRequest, ScanResult } from './source';
import type { DirectOffer, RowSet, StagedChunk, Transfer } from './transfer';
import type { Tuple } from './value';

/**
 * An open target. Its routes are in its own words (`routeOnTarget`); a `Transfer` gets them in the source's. Transactions are serialised by the adapter; staging runs beside them.
 * Each method may throw the database codes.
 */
export interface Target {
  readonly adapter: string;
  readonly family: string;

  tables(): Promise<readonly TableSchema[]>;
  /** The whole name of a table that was named without a schema: where it is, or would be made. */
  place(table: TableName): Promise<TableName>;
  isEmpty(table: TableName): Promise<boolean>;
  /** `Source.sourceId` of this same database: null where nothing is captured in it. */
  capturedAs(): Promise<string | null>;
  /**
   * The statement that would make a table for this route, with its columns; null when it exists, and then `tables` lists
   * it. `route.types` goes before the types that we would give. TYPE_MISMATCH if it can't be made, NAME_COLLISION for a
   * reserved name, TARGET_TABLE_MISMATCH where something else has the name, or where the table that exists would not
   * keep keys as they are.
   */
  planTable(route: TableRoute, sourceFamily: string): Promise<TablePlan | null>;
  /**
   * What a person should know of the target tables: triggers of those that exist, what is left out of those that will
   * be made, values that may not fit, and so on.
   */
  notices(routes: readonly TableRoute[], sourceFamily: string): Promise<readonly PlanNotice[]>;
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
  /** A pipeline's dead letters, oldest first; none before setup. */
  deadLetters(uuid: string): Promise<readonly DeadLetterEntry[]>;
  /** One of them with its row; null where there is none of this id. */
  deadLetter(uuid: string, id: string): Promise<StoredDeadLetter | null>;
  /** Keys of a pipeline that are to be repaired, in the order in which they were saved; none before setup. */
  repairs(uuid: string, query: RepairQuery): Promise<readonly RepairKey[]>;
  /**
   * Runs `work` in one transaction; commits when it resolves, rolls back when it throws. `on` names the staged
   * chunk whose session must carry it; the chunk is spent by it, whatever the outcome. Throws DATABASE_LOCKED, with
   * the last holder's name in the message where known.
   */
  transaction<T>(on: StagedChunk | null, work: (tx: TargetTransaction) => Promise<T>): Promise<T>;
  /** Makes all that was committed survive a power cut. */
  flush(): Promise<void>;
  scan(request: ScanRequest): Promise<ScanResult>;
  /**
   * Whether foreign keys hold while a chunk is merged, so that tables have to be copied after those that they reference;
   * absent where they never do.
   */
  referencesHold?(): Promise<boolean>;
  /** As `Source.digest`. */
  digest?(request: DigestRequest): Promise<RangeDigest>;
  /**
   * How the sequences stand that these columns draw from, each sequence once; none for a table that is missing. Absent
   * where the database's counters follow the rows by themselves; then `TargetTransaction.raiseSequences` is absent, too.
   */
  sequences?(requests: readonly SequenceRequest[]): Promise<readonly SequenceState[]>;
  /** Removes a pipeline's checkpoint, dead letters and keys to repair, and our last objects with the last pipeline. */
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
   * CONSTRAINT_FAILED or TYPE_MISMATCH name the table. Returns the rows that were set aside: they are not written, what
   * the target holds under their keys stays, and all else of the chunk is applied.
   */
  merge(chunk: StagedChunk, options?: MergeOptions): Promise<readonly SetAside[]>;
  /**
   * Which of these keys of a source table (display name) a staged chunk holds: as a change, a deletion too, or as a row
   * of its snapshot range. Answers in the order of `keys`, before its merge and after it.
   */
  touched(chunk: StagedChunk, table: string, keys: readonly Tuple[]): Promise<readonly boolean[]>;
  /** Dead letters of one source table, or of all (null), oldest first. */
  deadLetters(uuid: string, table: string | null): Promise<readonly DeadLetterEntry[]>;
  /** Inserts letters, or replaces those of the same table and key. */
  saveDeadLetters(uuid: string, letters: readonly StoredDeadLetter[]): Promise<void>;
  /** Sets the flag `retry` of the letters with these ids. */
  flagDeadLetters(uuid: string, ids: readonly string[]): Promise<void>;
  removeDeadLetters(uuid: string, ids: readonly string[]): Promise<void>;
  /** Inserts keys to repair, or replaces those of the same table and key, which keep their place. */
  saveRepairs(uuid: string, repairs: readonly RepairKey[]): Promise<void>;
  removeRepairs(uuid: string, choice: RepairChoice): Promise<void>;
  /**
   * As `Target.sequences`, and takes each that is behind beyond what its columns hold, with the rows of this
   * transaction. Never lowers one; a rollback need not take it back.
   */
  raiseSequences?(requests: readonly SequenceRequest[]): Promise<readonly SequenceState[]>;
}

export interface MergeOptions {
  /**
   * Display names of source tables whose target may hold rows that the source lacks: those that are being copied
   * with `replace`. Such a row may be deleted where it stands in the way of a unique index.
   */
  readonly stale?: readonly string[];
  /**
   * Display names of source tables of which single rows may be set aside: those that a constraint or the type of a
   * column refuses. Whatever else goes wrong is thrown as ever.
   */
  readonly setAside?: readonly string[];
  /**
   * Most rows of one table that are set aside. Where more are refused they are not all looked for: DEAD_LETTER_LIMIT is
   * thrown with the table (`tooManySetAside`). Absent: no limit.
   */
  readonly mostSetAside?: number;
  /**
   * Nothing that the target holds is deleted: no row whose deletion the chunk holds, none that its range lacks, none that
   * stands in the way of a unique index, and none by a sweep after a copy. All else is as ever: the keys of deletions
   * count as touched, a later row of such a key is written over the one that was kept, and a row that one stands in the
   * way of is refused by the constraint. It may change from chunk to chunk, also amid a copy.
   */
  readonly keepDeleted?: boolean;
}
