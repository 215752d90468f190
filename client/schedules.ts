/** Batch pipelines on Temporal Schedules: made, changed, paused, run now, removed, shown. */
import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleHandle,
  ScheduleNotFoundError,
  type ScheduleOptionsStartWorkflowAction,
  ScheduleOverlapPolicy,
  type ScheduleSpec,
  type Workflow,
  isGrpcServiceError,
} from '@temporalio/client';
import type { PipelineSpec } from '../engine/model';
import { WORKFLOW_TASK_TIMEOUT, workflowIdOf } from '../workflows/messages';
import {
  SCHEDULED_WORKFLOW,
  SCHEDULE_ID_PREFIX,
  scheduleIdOf,
  scheduledRunIdOf,
} from '../workflows/messages/schedules';
import type { ScheduleTiming, ScheduledInput } from '../workflows/messages/schedules';
import { CdcClientError, toClientError } from './errors';
import { type ScheduleReport, scheduleReport } from './schedule-report';
import { scheduledInputOf } from './stored';

const TIMEOUT_MS = 5_000;

/** gRPC's status of a request that the server won't take. */
const INVALID_ARGUMENT = 3;

/** A run that is due while another one is on is left out: the one that is on, or the next, copies what it would have. */
const POLICIES = { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 day' } as const;

/**
 * All methods throw CdcClientError: NOT_FOUND when the pipeline has no schedule, UNREACHABLE, and what they say. None
 * of them needs a worker.
 */
export interface Schedules {
  /**
   * Puts a pipeline on a schedule, or changes the one that it has; the pipeline is as `spec` says from the next run on,
   * and a pause stays. Throws REFUSED for a pipeline that is not of mode `batch`, and for a timing that can't be.
   */
  set(spec: PipelineSpec, timing: ScheduleTiming): Promise<ScheduleReport>;
  show(pipeline: string): Promise<ScheduleReport>;
  /** What its runs begin with. */
  spec(pipeline: string): Promise<PipelineSpec>;
  /** By name. Temporal's list of schedules may be a second old. */
  list(): Promise<readonly ScheduleReport[]>;
  /** No run begins until `resume`; one that is on goes on. */
  pause(pipeline: string, note?: string): Promise<ScheduleReport>;
  resume(pipeline: string, note?: string): Promise<ScheduleReport>;
  /** Begins a run now, whether the schedule is paused or not. Throws ALREADY_RUNNING while the pipeline runs. */
  trigger(pipeline: string): Promise<void>;
  /** Makes up for the runs that would have been due from one time to another, one after the other. */
  backfill(pipeline: string, range: { readonly from: Date; readonly to: Date }): Promise<void>;
  /** No run begins any more; one that is on goes on to its end. The pipeline stays set up. */
  remove(pipeline: string): Promise<void>;
}

export function createSchedules(temporal: Client, taskQueue: string): Schedules {
  const handleOf = (pipeline: string): ScheduleHandle => temporal.schedule.getHandle(scheduleIdOf(pipeline));

  /** Within a time limit, with errors in our words. */
  async function within<T>(pipeline: string, work: () => Promise<T>): Promise<T> {
    try {
      return await temporal.withDeadline(Date.now() + TIMEOUT_MS, work);
    } catch (error) {
      throw error instanceof ScheduleNotFoundError ? notScheduled(pipeline) : toClientError(error, pipeline);
    }
  }

  async function show(pipeline: string): Promise<ScheduleReport> {
    const report = await scheduleReport(temporal, pipeline, await handleOf(pipeline).describe());
    if (report === null) throw notScheduled(pipeline);
    return report;
  }

  async function write(spec: PipelineSpec, timing: ScheduleTiming): Promise<void> {
    const parts = { spec: whenOf(timing), action: actionOf(spec, timing, taskQueue), policies: POLICIES };
    try {
      await temporal.schedule.create({ scheduleId: scheduleIdOf(spec.name), ...parts });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      await handleOf(spec.name).update(({ state }) => ({ ...parts, state }));
    }
  }

  return {
    async set(spec, timing) {
      if (spec.mode !== 'batch') throw notBatch(spec.name);
      return within(spec.name, async () => {
        await write(spec, timing).catch((error: unknown) => {
          throw isInvalid(error) ? refusedTiming(spec.name, timing) : error;
        });
        return show(spec.name);
      });
    },
    show: (pipeline) => within(pipeline, () => show(pipeline)),
    spec: (pipeline) =>
      within(pipeline, async () => {
        const input = scheduledInputOf((await handleOf(pipeline).describe()).action.args?.[0]);
        if (input === null) throw notScheduled(pipeline);
        return input.spec;
      }),
    list: () =>
      within('', async () => {
        const names: string[] = [];
        for await (const { scheduleId, action } of temporal.schedule.list()) {
          const ours = action?.workflowType === SCHEDULED_WORKFLOW;
          if (ours && scheduleId.startsWith(SCHEDULE_ID_PREFIX)) {
            names.push(scheduleId.slice(SCHEDULE_ID_PREFIX.length));
          }
        }
        const found = await Promise.all(names.map((name) => show(name).catch(nullWhereRemoved)));
        return found
          .filter((report) => report !== null)
          .sort((one, other) => (one.pipeline < other.pipeline ? -1 : 1));
      }),
    pause: (pipeline, note) =>
      within(pipeline, async () => {
        await handleOf(pipeline).pause(note);
        return show(pipeline);
      }),
    resume: (pipeline, note) =>
      within(pipeline, async () => {
        await handleOf(pipeline).unpause(note);
        return show(pipeline);
      }),
    trigger: (pipeline) =>
      within(pipeline, async () => {
        if (await isOn(temporal, pipeline)) throw isOnAlready(pipeline);
        await handleOf(pipeline).trigger(ScheduleOverlapPolicy.SKIP);
      }),
    async backfill(pipeline, { from, to }) {
      if (!(from.getTime() < to.getTime())) throw emptyRange(pipeline);
      const overlap = ScheduleOverlapPolicy.BUFFER_ALL;
      await within(pipeline, () => handleOf(pipeline).backfill({ start: from, end: to, overlap }));
    },
    remove: (pipeline) => within(pipeline, () => handleOf(pipeline).delete()),
  };
}

function whenOf(timing: ScheduleTiming): ScheduleSpec {
  const jitter = timing.jitterMs === 0 ? {} : { jitter: timing.jitterMs };
  return timing.kind === 'cron'
    ? { cronExpressions: [timing.cron], timezone: timing.timeZone, ...jitter }
    : { intervals: [{ every: timing.everyMs }], ...jitter };
}

function actionOf(
  spec: PipelineSpec,
  timing: ScheduleTiming,
  taskQueue: string,
): ScheduleOptionsStartWorkflowAction<Workflow> {
  const input: ScheduledInput = { spec, timing };
  return {
    type: 'startWorkflow',
    workflowType: SCHEDULED_WORKFLOW,
    workflowId: scheduledRunIdOf(spec.name),
    taskQueue,
    args: [input],
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
    staticSummary: `Scheduled run of ${spec.name}`,
  };
}

/** True while the pipeline's workflow runs, whoever started it. */
async function isOn(temporal: Client, pipeline: string): Promise<boolean> {
  const description = await temporal.workflow
    .getHandle(workflowIdOf(pipeline))
    .describe()
    .catch(() => null);
  return description?.status.name === 'RUNNING';
}

function isInvalid(error: unknown): boolean {
  // What the SDK makes of a server's word on the times alone.
  if (error instanceof TypeError) return true;
  const cause: unknown = error instanceof Error && !isGrpcServiceError(error) ? error.cause : error;
  if (!isGrpcServiceError(cause)) return false;
  const status: number = cause.code;
  return status === INVALID_ARGUMENT;
}

function nullWhereRemoved(error: unknown): null {
  if (error instanceof ScheduleNotFoundError) return null;
  if (error instanceof CdcClientError && error.code === 'NOT_FOUND') return null;
  throw error;
}

function notScheduled(pipeline: string): CdcClientError {
  return new CdcClientError(
    'NOT_FOUND',
    `Pipeline ${pipeline} has no schedule`,
    `\`cdc schedule ${pipeline} --every 10m\` makes one; \`cdc schedule list\` shows all.`,
  );
}

function notBatch(pipeline: string): CdcClientError {
  return new CdcClientError(
    'REFUSED',
    `Pipeline ${pipeline} is continuous: it runs all the time and can't be put on a schedule`,
    'Give it `mode: batch` to have runs that end, or start it with `cdc start`.',
  );
}

function refusedTiming(pipeline: string, timing: ScheduleTiming): CdcClientError {
  const what =
    timing.kind === 'cron'
      ? `the cron expression "${timing.cron}" in time zone ${timing.timeZone}`
      : `an interval of ${timing.everyMs} ms`;
  return new CdcClientError(
    'REFUSED',
    `Temporal does not take ${what} for pipeline ${pipeline}`,
    'A cron expression has five fields (minute, hour, day of month, month, day of week), such as "*/5 * * * *"; a time zone is a name such as Europe/Berlin.',
  );
}

function isOnAlready(pipeline: string): CdcClientError {
  return new CdcClientError(
    'ALREADY_RUNNING',
    `Pipeline ${pipeline} is running already: no other run is begun`,
    `\`cdc status ${pipeline}\` shows how it stands.`,
  );
}

function emptyRange(pipeline: string): CdcClientError {
  return new CdcClientError(
    'REFUSED',
    `The time from which runs of ${pipeline} shall be made up for is not before the one up to which`,
    'Write FROM..TO, such as 2026-01-31T00:00Z..2026-01-31T06:00Z.',
  );
}
