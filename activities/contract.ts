/**
 * The activities as types: what the workflow asks for and gets. All of it is stored in Temporal's history, so it
 * holds names, counts, sequence numbers and times only.
 */
import type {
  FetchResult,
  MarkSyncedResult,
  PipelineRef,
  PipelineSettings,
  PipelineSpec,
  ReplicateResult,
  SetupResult,
  TableProgress,
} from '../engine';

export interface SetupInput {
  readonly spec: PipelineSpec;
  readonly chain: string;
  readonly takeOver: boolean;
  /** Source names of tables that must not be taken out of the pipeline; none where it is left out. */
  readonly keep?: readonly string[];
}

export interface SetupReport extends Omit<SetupResult, 'tables'> {
  readonly tables: readonly TableProgress[];
  /** Milliseconds since 1970; null before the first commit. */
  readonly lastAppliedAt: number | null;
}

export interface FetchInput {
  readonly pipeline: PipelineRef;
  readonly settings: PipelineSettings;
  /** How long to wait for a change, milliseconds; 0 looks only. */
  readonly waitMs: number;
}

/** What an attempt may do: the chain that owns the pipeline and the generation that the attempt is of. */
export interface Permit {
  readonly pipeline: PipelineRef;
  readonly chain: string;
  readonly generation: number;
}

export interface ApplyInput extends Permit {
  readonly settings: PipelineSettings;
  /** How long to wait for new changes once caught up, from the start, milliseconds; 0: not at all. */
  readonly lingerMs: number;
  /** Tables are being copied: the attempt ends when all of them are, so that this is known at once. */
  readonly copying: boolean;
  /** Report on all tables, not only on those with work done: an earlier report got lost, or there was none. */
  readonly reportAll: boolean;
}

/** What an attempt did. Its heartbeats carry the same, as it stands then. */
export interface RoundReport extends Omit<ReplicateResult, 'tables'> {
  /** Where tables with work done, and parked ones, stand; or all of them. */
  readonly progress: readonly TableProgress[];
  /** Milliseconds since 1970 on the worker's clock: the attempt's last commit; null when it made none. */
  readonly lastAppliedAt: number | null;
  /** Milliseconds since 1970 on the worker's clock. */
  readonly asOf: number;
}

export interface MarkSyncedInput {
  readonly pipeline: PipelineRef;
  readonly retainMs: number;
}

export interface GoalInput extends Permit {
  /** False clears the goal of an earlier batch run. */
  readonly batch: boolean;
}

export interface ResyncInput extends Permit {
  /** Source name; null for all. */
  readonly table: string | null;
}

export interface ResumeTableInput extends Permit {
  /** Source name. */
  readonly table: string;
}

export interface SweepInput {
  readonly pipeline: PipelineRef;
}

export interface SweepReport {
  readonly keys: number;
}

export interface FinishInput {
  readonly pipeline: PipelineRef;
  readonly chain: string;
}

/** Each throws an ApplicationFailure whose `type` is the engine's error code. */
export interface PipelineActivities {
  setup(input: SetupInput): Promise<SetupReport>;
  fetchPending(input: FetchInput): Promise<FetchResult>;
  applyBatch(input: ApplyInput): Promise<RoundReport>;
  markSynced(input: MarkSyncedInput): Promise<MarkSyncedResult>;
  fence(input: Permit): Promise<void>;
  markGoal(input: GoalInput): Promise<void>;
  /** Source names of the tables that are copied again. */
  resync(input: ResyncInput): Promise<readonly string[]>;
  /** Source names of the tables that go on. */
  resumeTable(input: ResumeTableInput): Promise<readonly string[]>;
  /** False when the source is the same as before. */
  acceptFailover(input: Permit): Promise<boolean>;
  finish(input: FinishInput): Promise<void>;
  /** How many keys were marked. */
  sweep(input: SweepInput): Promise<SweepReport>;
}
