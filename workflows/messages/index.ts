/**
 * What a pipeline's workflow and its callers say to each other. Client and workflow share this file; it holds
 * definitions and types only. Everything here is stored in Temporal's history or returned from it: names, counts,
 * times and error codes, never row values, keys, positions or URLs.
 */
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { ErrorCode } from '../../engine/errors';
import type {
  CopyProgress,
  PipelineMode,
  PipelineSettings,
  PipelineSpec,
  Plan,
  TableProgress,
  TransportKind,
} from '../../engine/model';

/** The workflow's type. */
export const REPLICATION_WORKFLOW = 'replication';

/** Used by worker and client where nothing else is named. */
export const DEFAULT_TASK_QUEUE = 'temporal-cdc';

/** A workflow task that a stopped worker holds goes to another one after this; a replay takes a tenth of it. */
export const WORKFLOW_TASK_TIMEOUT = '5 seconds';

/** What the id of every pipeline's workflow starts with. */
export const WORKFLOW_ID_PREFIX = 'cdc:';

/** One workflow of this id at a time: that is what refuses a second pipeline of the same name. */
export function workflowIdOf(pipeline: string): string {
  return `${WORKFLOW_ID_PREFIX}${pipeline}`;
}

/**
 * `starting` until setup has succeeded, `snapshotting` while a table is being copied, `pausing` until the target
 * is fenced, `failing` while the last attempt failed and the next one waits; the last two are ends.
 */
export type PipelineState =
  'starting' | 'snapshotting' | 'running' | 'pausing' | 'paused' | 'failing' | 'stopped' | 'completed';

/** `WORKER_LOST`: an activity's worker went silent, or took too long. */
export type FailureCode = ErrorCode | 'WORKER_LOST';

/** What went wrong, as it may be stored and shown. */
export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
  readonly hint: string;
  readonly retryable: boolean;
}

/** What a pipeline is being held up by. Cleared by the next success. */
export interface LastError extends Failure {
  /** Milliseconds since 1970, as the next ones. */
  readonly at: number;
  /** How many attempts in a row have failed, Temporal's own retries not counted. */
  readonly attempts: number;
  /** Null when nothing is planned: it goes on by itself, or waits for a person. */
  readonly nextAttemptAt: number | null;
}

/** Sums over all tables. */
export interface Applied {
  /** Inserts, updates and deletes applied. */
  readonly changes: number;
  /** Rows copied by snapshots. */
  readonly copied: number;
}

/** What `cdc status NAME --json` prints. Fields are added, never renamed. Times are milliseconds since 1970. */
export interface PipelineStatus {
  readonly version: 1;
  readonly pipeline: string;
  /** Names of connections. */
  readonly source: string;
  readonly target: string;
  readonly state: PipelineState;
  readonly capture: PipelineSpec['capture'];
  readonly mode: PipelineMode;
  /** Age of the oldest change not applied at `asOf`; 0 when there was none. */
  readonly lagMs: number;
  /** Changes captured and not applied at `asOf`. */
  readonly backlog: number;
  /** Rounds that ended, over all runs of this chain. */
  readonly rounds: number;
  readonly tables: readonly TableProgress[];
  /** Over all tables that are being copied, at `asOf`; null when there is none. */
  readonly copy: CopyProgress | null;
  readonly lastError: LastError | null;
  readonly startedAt: number;
  /** Null before the first commit. */
  readonly lastAppliedAt: number | null;
  /** When the figures were true. */
  readonly asOf: number;
  /** How rows travel; null before setup. */
  readonly transport: TransportKind | null;
  /** True when the backlog is over `maxBacklog`. */
  readonly overLimit: boolean;
  /** True when capture was stopped for it. */
  readonly suspended: boolean;
  /** What all tables had come to when this chain of runs began; null before setup. */
  readonly before: Applied | null;
  /** Commits in which an atomic window had to be cut, over all runs of this chain. */
  readonly atomicCuts: number;
  readonly skipped: Plan['skipped'];
  readonly notices: Plan['notices'];
  /** What was noticed of late while reading the source. */
  readonly noticed: Plan['notices'];
  readonly settings: PipelineSettings;
}

/** What a run hands to the next one when it continues as new. */
export interface Carried {
  readonly status: PipelineStatus;
  readonly generation: number;
  /** Setup has succeeded once in this chain. */
  readonly setUp: boolean;
  /** A batch run's goal is set. */
  readonly goalMarked: boolean;
  /** What `pausing` is on the way to. */
  readonly holdFor: 'pause' | 'stop';
  /** The source could not be told what has been applied; replication goes on meanwhile. */
  readonly syncError: LastError | null;
  /** When keys were last compared; null: not yet, or by a version that did not. */
  readonly sweptAt?: number | null;
}

export interface ReplicationInput {
  readonly spec: PipelineSpec;
  /** Adopt a checkpoint whose former chain was never recorded as ended. */
  readonly takeOver: boolean;
  /** Continue as new after this many rounds; null: when Temporal suggests it. */
  readonly roundsPerRun: number | null;
  /** Null in the first run of a chain. */
  readonly carried: Carried | null;
}

/** A workflow's memo: what `list`, and `status` without a worker, have to go by. Written when the state changes. */
export interface PipelineMemo {
  readonly pipeline: string;
  readonly source: string;
  readonly target: string;
  readonly mode: PipelineMode;
  readonly state: PipelineState;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly lastError: LastError | null;
}

/** The memo's field. */
export const MEMO_KEY = 'cdc';

/** The `type` of failures that updates throw besides the engine's codes. */
export const REFUSED = 'REFUSED';

/** What an update answers: how the pipeline stands after it. */
export interface Steered {
  readonly state: PipelineState;
}

export interface Resynced extends Steered {
  /** Source names of the tables that are copied again. */
  readonly tables: readonly string[];
}

/** What `apply` takes: the whole pipeline as it shall be from now on. */
export interface Asked {
  readonly spec: PipelineSpec;
  /** Source names of tables that the caller knows to go: no other one is taken out of the pipeline. */
  readonly removes: readonly string[];
}

export interface AppliedSpec extends Steered {
  /** Source names of the tables that are being copied now, and of those that are gone. */
  readonly copying: readonly string[];
  readonly removed: readonly string[];
}

export interface Resumed extends Steered {
  /** Source names of the tables that go on: the one that was asked for, and those that were parked with it. */
  readonly tables: readonly string[];
}

export interface Accepted extends Steered {
  /** False: the source is the same as before, and nothing had to be accepted. */
  readonly accepted: boolean;
}

/** Answers once setup has succeeded; throws its failure when that is final. */
export const readyUpdate = defineUpdate<Steered>('ready');

/** Answers once nothing can be committed any more. */
export const pauseUpdate = defineUpdate<Steered>('pause');

/** Ends a pause, or makes a failing pipeline try at once. */
export const resumeUpdate = defineUpdate<Steered>('resume');

/** Answers once nothing can be committed any more and the pipeline is free to be started again. */
export const stopUpdate = defineUpdate<Steered>('stop');

/** Copies one table (source name), or all of them, again. */
export const resyncUpdate = defineUpdate<Resynced, [{ readonly table: string | null }]>('resync');

/** Lets a parked table (source name) go on from where it stands. */
export const resumeTableUpdate = defineUpdate<Resumed, [{ readonly table: string }]>('resumeTable');

/**
 * Dead letters were marked for another try, or discarded, or keys were marked for a repair, in the target: the next round
 * begins at once and looks at them. Which ones stays in the target.
 */
export const deadLettersUpdate = defineUpdate<Steered>('deadLetters');
/** Goes on from the same place on a source that was promoted or upgraded: the caller knows that nothing was lost. */
export const acceptFailoverUpdate = defineUpdate<Accepted>('acceptFailover');

/** Changes settings of a running pipeline, from its next round on. */
export const settingsUpdate = defineUpdate<PipelineSettings, [Partial<PipelineSettings>]>('settings');

/**
 * Goes on as another spec says: settings, and tables added, removed or led elsewhere. Those that stay are not stopped.
 * Source, target, capture and mode can't change.
 */
export const applyUpdate = defineUpdate<AppliedSpec, [Asked]>('apply');

/** The spec that the pipeline runs by, with its settings as they are now. */
export const specQuery = defineQuery<PipelineSpec>('spec');

export const statusQuery = defineQuery<PipelineStatus>('status');
