/** Starts pipelines, steers them and tells how they stand, through Temporal only. */
import {
  type Client,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowUpdateStage,
} from '@temporalio/client';
import { SETUP_STEPS } from '../engine/model';
import type { PipelineSettings, PipelineSpec, SetupProgress } from '../engine/model';
import {
  DEFAULT_TASK_QUEUE,
  MEMO_KEY,
  REPLICATION_WORKFLOW,
  WORKFLOW_TASK_TIMEOUT,
  deadLettersUpdate,
  acceptFailoverUpdate,
  applyUpdate,
  pauseUpdate,
  readyUpdate,
  resumeUpdate,
  resumeTableUpdate,
  resyncUpdate,
  settingsUpdate,
  stopUpdate,
  workflowIdOf,
} from '../workflows/messages';
import type {
  Accepted,
  AppliedSpec,
  PipelineMemo,
  PipelineStatus,
  ReplicationInput,
  Resumed,
  Resynced,
  Steered,
} from '../workflows/messages';
import { CdcClientError, toClientError } from './errors';
import { findWorker } from './liveness';
import { listPipelines } from './memo';
import { type Schedules, createSchedules } from './schedules';
import { pipelineSpec, pipelineStatus, setupOf } from './status';
import { setupText } from './setup-text';
import type { PipelineReport } from './status';
import { ask } from './steer';
import type { Asking } from './steer';

const START_TIMEOUT_MS = 4_000;
const READY_TIMEOUT_MS = 30_000;

/** A pause waits for a stopped worker's tasks to come back, and for a lock on the target. */
const STEER_TIMEOUT_MS = 30_000;

const ACCEPTED = { waitForStage: WorkflowUpdateStage.ACCEPTED } as const;

export interface StartOptions {
  /** Adopt a pipeline whose former run was never recorded as ended, because it is gone for good. */
  readonly takeOver?: boolean;
  /** Continue as new after this many rounds; default: when Temporal suggests it. */
  readonly roundsPerRun?: number;
  /** How long to wait while its setup makes no progress, milliseconds; default: 30 s. It keeps trying after that. */
  readonly timeoutMs?: number;
  /** Told how far setup has come. */
  readonly onProgress?: (progress: SetupProgress) => void;
}

export interface ApplyOptions {
  readonly removes?: readonly string[];
  /** As of `start`. */
  readonly timeoutMs?: number;
  readonly onProgress?: (progress: SetupProgress) => void;
}

/**
 * All methods throw CdcClientError. Those that steer throw NO_WORKER within 5 s when no worker lives: the request may
 * still take effect once one does.
 */
export interface CdcClient {
  /**
   * Starts a pipeline and waits until it is set up, for as long as that goes on. Throws ALREADY_RUNNING when one of its
   * name runs, the engine's code when it can't be set up (for good, and nothing keeps running; or for now, and the
   * message says so), and TIMEOUT when it is still being set up.
   */
  start(spec: PipelineSpec, options?: StartOptions): Promise<Steered>;
  /** When it has returned, nothing is applied any more. */
  pause(pipeline: string): Promise<Steered>;
  /** Ends a pause, or makes a failing pipeline try at once. */
  resume(pipeline: string): Promise<Steered>;
  /** As `pause`, for good; the pipeline may be started again and goes on from where it was. */
  stop(pipeline: string): Promise<Steered>;
  /** Copies one table (source name), or all of them, again. */
  resync(pipeline: string, table?: string): Promise<Resynced>;
  /**
   * Lets a parked table (source name) go on from where it stands, with those that were parked with it. Returns none when
   * it is not parked.
   */
  resumeTable(pipeline: string, table: string): Promise<Resumed>;
  /**
   * Makes a pipeline look at its dead letters and keys to repair at once, after some were marked or discarded in the
   * target (`Pipeline.retryDeadLetters` and `Pipeline.repair` of the engine, or `cdc dead-letters` and `cdc verify`).
   * Which ones never passes Temporal.
   */
  deadLettersChanged(pipeline: string): Promise<Steered>;
  /**
   * Goes on from the same place on a source that was promoted or upgraded: the caller knows that nothing was lost.
   * `accepted` is false where nothing of the kind has happened.
   */
  acceptFailover(pipeline: string): Promise<Accepted>;
  /** Returns all settings as they are now. They count from the next round on. */
  updateSettings(pipeline: string, change: Partial<PipelineSettings>): Promise<PipelineSettings>;
  /**
   * Lets a running pipeline go on as another spec says, with its settings and tables; `removes` names the tables
   * (source names) that may leave it: TABLE_LEFT_OUT when another one would. A new table is copied while the others go
   * on; what captures a removed one goes, its rows on the target stay. Throws REFUSED for another source, target,
   * capture or mode, and what setup throws: the pipeline then goes on as before.
   */
  apply(spec: PipelineSpec, options?: ApplyOptions): Promise<AppliedSpec>;
  /** What a pipeline runs by, with its settings as they are now. Throws NO_WORKER where no worker answers. */
  spec(pipeline: string): Promise<PipelineSpec>;
  /** Answers within 5 s, with a worker or without. */
  status(pipeline: string): Promise<PipelineReport>;
  /**
   * Whether a worker takes the tasks of this client's queue; answers within 5 s. `unknown`: the server or the workers
   * don't tell.
   */
  worker(): Promise<'alive' | 'silent' | 'unknown'>;
  /** Batch pipelines on a schedule. */
  readonly schedules: Schedules;
  /** The newest run of each pipeline, running or ended. */
  list(): Promise<readonly PipelineMemo[]>;
  /** Waits for the end of a batch run, or until the pipeline is stopped. */
  result(pipeline: string): Promise<PipelineStatus>;
}

export interface CdcClientOptions {
  /** Default: `temporal-cdc`. */
  readonly taskQueue?: string;
}

/** A client over a connection of the caller's, which stays open. */
export function createCdcClient(temporal: Client, options: CdcClientOptions = {}): CdcClient {
  const taskQueue = options.taskQueue ?? DEFAULT_TASK_QUEUE;
  const asking = (pipeline: string, timeoutMs = STEER_TIMEOUT_MS): Asking => ({
    temporal,
    taskQueue,
    pipeline,
    timeoutMs,
  });
  /** Waits for as long as a setup makes progress. */
  const settingUp = (
    pipeline: string,
    { timeoutMs = READY_TIMEOUT_MS, onProgress }: Pick<StartOptions, 'timeoutMs' | 'onProgress'>,
  ): Asking => ({
    ...asking(pipeline, timeoutMs),
    async advance() {
      const progress = await setupOf(temporal, pipeline);
      if (progress === null) return 0;
      onProgress?.(progress);
      // A setup that failed and begins anew has not come further until it has passed where it was.
      return SETUP_STEPS.indexOf(progress.step) + progress.done / Math.max(1, progress.of);
    },
  });
  return {
    async start(spec, startOptions = {}) {
      await startWorkflow(temporal, taskQueue, spec, startOptions);
      try {
        return await ask(settingUp(spec.name, startOptions), (run) => run.startUpdate(readyUpdate, ACCEPTED));
      } catch (error) {
        throw await causeOf(error, temporal, spec.name);
      }
    },
    pause: (pipeline) => ask(asking(pipeline), (run) => run.startUpdate(pauseUpdate, ACCEPTED)),
    resume: (pipeline) => ask(asking(pipeline), (run) => run.startUpdate(resumeUpdate, ACCEPTED)),
    stop: (pipeline) => ask(asking(pipeline), (run) => run.startUpdate(stopUpdate, ACCEPTED)),
    resync: (pipeline, table) =>
      ask(asking(pipeline), (run) =>
        run.startUpdate(resyncUpdate, { ...ACCEPTED, args: [{ table: table ?? null }] }),
      ),
    resumeTable: (pipeline, table) =>
      ask(asking(pipeline), (run) => run.startUpdate(resumeTableUpdate, { ...ACCEPTED, args: [{ table }] })),
    deadLettersChanged: (pipeline) =>
      ask(asking(pipeline), (run) => run.startUpdate(deadLettersUpdate, ACCEPTED)),
    acceptFailover: (pipeline) =>
      ask(asking(pipeline), (run) => run.startUpdate(acceptFailoverUpdate, ACCEPTED)),
    updateSettings: (pipeline, change) =>
      ask(asking(pipeline), (run) => run.startUpdate(settingsUpdate, { ...ACCEPTED, args: [change] })),
    apply: (spec, applyOptions = {}) =>
      ask(settingUp(spec.name, applyOptions), (run) =>
        run.startUpdate(applyUpdate, { ...ACCEPTED, args: [{ spec, removes: applyOptions.removes ?? [] }] }),
      ),
    spec: (pipeline) => pipelineSpec(temporal, pipeline),
    status: (pipeline) => pipelineStatus(temporal, pipeline),
    async worker() {
      const found = await findWorker(temporal, taskQueue);
      return found === 'unreachable' ? 'unknown' : found;
    },
    schedules: createSchedules(temporal, taskQueue),
    list: () => listPipelines(temporal),
    async result(pipeline) {
      try {
        return await temporal.workflow.result<() => Promise<PipelineStatus>>(workflowIdOf(pipeline));
      } catch (error) {
        throw toClientError(error, pipeline);
      }
    },
  };
}

/** A setup that fails again and again says why; "no answer" would not. */
async function causeOf(error: unknown, temporal: Client, pipeline: string): Promise<unknown> {
  if (!(error instanceof CdcClientError) || error.code !== 'TIMEOUT') return error;
  const { lastError, state, settingUp } = await pipelineStatus(temporal, pipeline);
  if (lastError === null && state === 'starting') {
    const how = settingUp === null ? '' : ` (${setupText(settingUp)})`;
    return new CdcClientError(
      'TIMEOUT',
      `Pipeline ${pipeline} is started and still being set up${how}; that goes on without this command`,
      `\`cdc status ${pipeline}\` shows how far it is; the worker's log says if something is wrong.`,
    );
  }
  if (lastError === null) return error;
  const { code, message, hint } = lastError;
  return new CdcClientError(code, `${message}; pipeline ${pipeline} is started and keeps trying`, hint);
}

async function startWorkflow(
  temporal: Client,
  taskQueue: string,
  spec: PipelineSpec,
  options: StartOptions,
): Promise<void> {
  const { name, source, target, mode } = spec;
  const input: ReplicationInput = {
    spec,
    takeOver: options.takeOver ?? false,
    roundsPerRun: options.roundsPerRun ?? null,
    carried: null,
  };
  const memo: PipelineMemo = {
    pipeline: name,
    source,
    target,
    mode,
    state: 'starting',
    since: Date.now(),
    lastError: null,
  };
  try {
    await temporal.withDeadline(Date.now() + START_TIMEOUT_MS, () =>
      temporal.workflow.start(REPLICATION_WORKFLOW, {
        workflowId: workflowIdOf(name),
        taskQueue,
        args: [input],
        memo: { [MEMO_KEY]: memo },
        staticSummary: `${source} to ${target}`,
        workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
      }),
    );
  } catch (error) {
    throw toClientError(error, name);
  }
}
