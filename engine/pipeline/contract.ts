/**
 * The engine's front door as types. Programs without Temporal use it directly, activities are thin over it.
 */
import type {
  CaptureStrategy,
  Change,
  Comparison,
  DeadLetter,
  HealthReport,
  PipelineSettings,
  PipelineSpec,
  Plan,
  ReplicateResult,
  RowDifference,
  RowFailureCode,
  RowKey,
  SequenceState,
  SetupProgress,
  Statistics,
  TableState,
} from '../model';

/** Time and chance come in here, so that a simulation can own them. */
export interface EnginePorts {
  /** Milliseconds since 1970. */
  now(): number;
  uuid(): string;
  /** Resolves after about `ms`, or at once when the signal aborts. */
  delay(ms: number, signal?: AbortSignal): Promise<void>;
  /** A whole number below 2^40 to start epochs at. */
  randomEpoch(): number;
  /** Names this process to a person who looks for a lock's holder. */
  readonly host: string;
  readonly pid: number;
}

/** Which pipeline an open handle speaks of. Names of connections only. */
export interface PipelineRef {
  readonly name: string;
  readonly source: string;
  readonly target: string;
  /** By triggers where it is absent. */
  readonly capture?: CaptureStrategy;
}

export interface SetupOptions {
  readonly spec: PipelineSpec;
  /** The chain of runs that will own the pipeline; programs without Temporal name themselves. */
  readonly chain: string;
  /** Adopt a checkpoint whose former chain was never recorded as ended. */
  readonly takeOver: boolean;
  /** Source names of tables that must stay: where the spec leaves one of them out, setup does nothing. Default: none. */
  readonly keep?: readonly string[];
  /** Called as it goes on; a large setup takes minutes. */
  readonly onProgress?: (progress: SetupProgress) => void;
}

export interface SetupResult {
  /** True when a checkpoint was there and replication goes on from it. */
  readonly resumed: boolean;
  readonly tables: readonly {
    readonly source: string;
    readonly target: string;
    readonly state: TableState;
  }[];
  readonly skipped: Plan['skipped'];
  readonly notices: Plan['notices'];
  readonly transport: Plan['transport'];
  /** The generation that claims must name from now on. */
  readonly generation: number;
}

export interface FetchOptions {
  /** How long to wait for a change, milliseconds; 0 looks only. */
  readonly waitMs: number;
  readonly settings: PipelineSettings;
  readonly signal?: AbortSignal;
}

export interface FetchResult {
  /** True when there is something to apply: changes, a snapshot to go on with, an uncovered goal. */
  readonly pending: boolean;
  readonly backlog: number;
  readonly lagMs: number;
  /** True when the backlog is over `maxBacklog`. */
  readonly overLimit: boolean;
  /** True when capture was stopped for it. */
  readonly suspended: boolean;
}

export interface ReplicateOptions {
  readonly chain: string;
  /** A claim for an older generation than the checkpoint's is refused with FENCED. */
  readonly generation: number;
  readonly settings: PipelineSettings;
  /** Ends after about this many changes; null: no such limit. */
  readonly maxChanges: number | null;
  /** How long to go on waiting for new changes once caught up, counted from the start, milliseconds; 0: not at all. */
  readonly lingerMs: number;
  /** Ends the attempt at the next commit. */
  readonly signal?: AbortSignal;
  /** Called after each commit, with the attempt's totals so far. */
  readonly onProgress?: (soFar: ReplicateResult) => void;
}

export interface MarkSyncedResult {
  /** Changes purged from the source. */
  readonly purged: number;
}

export interface ChangesOptions {
  readonly limit: number;
  readonly afterId: string | null;
  readonly onlyPending: boolean;
  readonly newest: boolean;
}

export interface SweepOptions {
  readonly signal?: AbortSignal;
  /** Called with the number of rows that were looked at since the last call. */
  readonly onProgress?: (rows: number) => void;
}

export interface SweepResult {
  /** Keys that were marked. */
  readonly keys: number;
}

/** Dead letters that are asked for: of one table or of all (null), those of these ids or all (null). */
export interface LetterChoice {
  /** Source name. */
  readonly table: string | null;
  readonly ids: readonly string[] | null;
}

/** How many dead letters were meant, and the source names of their tables. */
export interface ChosenLetters {
  readonly count: number;
  readonly tables: readonly string[];
}

export interface VerifyOptions {
  /** Only these keys, whose rows are not counted then; every row of every table if absent. */
  readonly keys?: readonly RowKey[];
  /** How long to wait for the pipeline, each time, before what differs is looked at again, milliseconds; 0: not at all. */
  readonly timeoutMs?: number;
  /** Ends the waiting for good: the pipeline does not go on. An Error as its reason is told. */
  readonly waitSignal?: AbortSignal;
  /** Called before the first wait. */
  readonly onWait?: () => void;
  /** Most differences in the result. */
  readonly limit?: number;
  /** Gets all of them. */
  readonly onDifference?: (difference: RowDifference) => void;
  /** Gets the number of rows compared so far. */
  readonly onProgress?: (rows: number) => void;
  readonly signal?: AbortSignal;
}

export interface WaitRepairedOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface RepairOutcome {
  /** False when the time was over, or the signal aborted. */
  readonly done: boolean;
  /** Keys whose rows the target refused, some hundred at most. */
  readonly refused: readonly (RowKey & { readonly code: RowFailureCode; readonly column: string | null })[];
}

/** What is known of the sequences that the target's columns draw from. */
export interface SequenceReport {
  /** Name of the target's adapter. */
  readonly adapter: string;
  /** False where the target's counters follow the rows by themselves: then there is nothing to raise. */
  readonly apart: boolean;
  readonly sequences: readonly SequenceState[];
  /** Display names of target tables of which no column draws from a sequence. */
  readonly without: readonly string[];
}

/** One pipeline, opened. Methods throw CdcError. */
export interface Pipeline {
  readonly ref: PipelineRef;
  /** What setup would do; writes nothing. */
  plan(spec: PipelineSpec): Promise<Plan>;
  /** Makes objects, tables, capture and checkpoint; adopts what is there. Safe to repeat. */
  setup(options: SetupOptions): Promise<SetupResult>;
  /** Long-polls the source. Needs no write to the target. */
  fetchPending(options: FetchOptions): Promise<FetchResult>;
  /** Changes not applied yet, oldest first over all tables, with before and after values. */
  pendingChanges(limit: number): Promise<readonly Change[]>;
  /** The audit trail of one source table. */
  changes(table: string, options: ChangesOptions): Promise<readonly Change[]>;
  /** Claims the checkpoint and applies chunk after chunk. EPOCH_LOST or FENCED when another took over. */
  replicate(options: ReplicateOptions): Promise<ReplicateResult>;
  /** Tells the source what has been applied, and purges. */
  markSynced(options: { readonly retainMs: number }): Promise<MarkSyncedResult>;
  /** Raises epoch and generation: after it returns, no attempt of an older generation commits. */
  fence(options: { readonly chain: string; readonly generation: number }): Promise<void>;
  /** Sets the goal of a batch run to the source's newest position, or clears it. */
  markGoal(options: {
    readonly chain: string;
    readonly generation: number;
    readonly batch: boolean;
  }): Promise<void>;
  /** Marks one table (source name) or all for a new snapshot that replaces; makes capture whole again. */
  resync(options: {
    readonly chain: string;
    readonly generation: number;
    readonly table: string | null;
  }): Promise<readonly string[]>;
  /**
   * Lets a parked table (source name) go on, with those that were parked with it. Returns their names; none when it is
   * not parked.
   */
  resumeTable(options: {
    readonly chain: string;
    readonly generation: number;
    readonly table: string;
  }): Promise<readonly string[]>;
  /**
   * Rows that were set aside, oldest first; their own values are null unless `values`. Throws TABLE_NOT_IN_PIPELINE,
   * DEAD_LETTER_UNKNOWN.
   */
  deadLetters(options: LetterChoice & { readonly values: boolean }): Promise<readonly DeadLetter[]>;
  /** Marks dead letters: the next attempt reads their rows again. Returns the tables that they are of. */
  retryDeadLetters(choice: LetterChoice): Promise<ChosenLetters>;
  /** Forgets dead letters: the target keeps what it has under their keys. */
  discardDeadLetters(choice: LetterChoice): Promise<ChosenLetters>;
  /**
   * Goes on from the same place on a source that was promoted or upgraded, because a person says that nothing was lost
   * by it. False: nothing of the kind has happened. Throws SOURCE_WENT_BACK where something is known to be lost.
   */
  acceptFailover(options: { readonly chain: string; readonly generation: number }): Promise<boolean>;
  /** Records that the chain has ended: another may adopt the pipeline. */
  finish(options: { readonly chain: string }): Promise<void>;
  /**
   * How the target's sequences stand to the rows; `raise`: each that is behind is taken beyond them, and none is ever
   * lowered. Needs the target only.
   */
  sequences(options: { readonly raise: boolean }): Promise<SequenceReport>;
  statistics(): Promise<Statistics>;
  healthReport(): Promise<HealthReport>;
  /** Compares source and target row by row, while writes go on. */
  verify(options: VerifyOptions): Promise<Comparison>;
  /**
   * Marks keys: the next attempts make the target's rows what the source's are then, or delete them where it has none.
   * Throws TABLE_NOT_IN_PIPELINE.
   */
  repair(keys: readonly RowKey[]): Promise<void>;
  /**
   * Compares keys of both sides where capture asks for it, and marks those that differ in what a column does not show.
   * Throws PIPELINE_UNKNOWN, FENCED.
   */
  sweep(options: SweepOptions): Promise<SweepResult>;
  /** Waits until none of a running table's marked keys is left, and tells which ones the target refused. */
  waitRepaired(options: WaitRepairedOptions): Promise<RepairOutcome>;
  /** Waits until all that was committed on the source before the call has been applied (by whomever). */
  waitCaughtUp(options: {
    readonly timeoutMs: number;
    readonly signal?: AbortSignal;
    readonly onProgress?: (statistics: Statistics) => void;
  }): Promise<boolean>;
  /**
   * Removes triggers, change tables and checkpoint of this pipeline on both sides; the rows stay. `sourceOnly`: a
   * target is lost; removes what the source keeps under this pipeline's name, unless the target of now stands on it.
   */
  teardown(options?: { readonly sourceOnly?: boolean }): Promise<void>;
  close(): Promise<void>;
}

/** Opens pipelines and keeps them open between calls. */
export interface Engine {
  /** The open handle of a pipeline; opened at first use, shared by all callers. */
  pipeline(ref: PipelineRef): Promise<Pipeline>;
  /** A handle with connections of its own, closed by the caller: for what must not wait for others (fence). */
  open(ref: PipelineRef): Promise<Pipeline>;
  close(): Promise<void>;
}
