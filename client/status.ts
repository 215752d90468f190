/** A pipeline's status: from its worker, and where none answers, from what Temporal itself knows. */
import { type Client, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { DEFAULT_SETTINGS } from '../engine/model';
import type { PipelineSpec, SetupProgress } from '../engine/model';
import { specQuery, statusQuery, workflowIdOf } from '../workflows/messages';
import type { PipelineStatus } from '../workflows/messages';
import { scheduleIdOf } from '../workflows/messages/schedules';
import { wholeStatus, withProgress } from '../workflows/messages/status';
import { CdcClientError, toClientError } from './errors';
import { memoIn, stateOf } from './memo';
import { recordedStatus } from './recorded-status';
import { type ScheduleReport, scheduleReport } from './schedule-report';
import { decode, roundReport, setupProgress } from './stored';

/** How long a worker may take to answer a query before the status is put together without it. */
const QUERY_TIMEOUT_MS = 2_000;
const DESCRIBE_TIMEOUT_MS = 1_500;

/** A status, and who gave it. */
export interface PipelineReport extends PipelineStatus {
  /** `temporal`: no worker answered, so the figures are as old as `asOf` says. */
  readonly answeredBy: 'worker' | 'temporal';
  /** How far a setup has come that runs just now; else null. */
  readonly settingUp: SetupProgress | null;
  /** The schedule that a batch pipeline is on; null where it is on none, or Temporal could not tell. */
  readonly schedule: ScheduleReport | null;
}

/** Throws CdcClientError: NOT_FOUND, UNREACHABLE. Answers within 5 s. */
export async function pipelineStatus(temporal: Client, pipeline: string): Promise<PipelineReport> {
  const handle = temporal.workflow.getHandle(workflowIdOf(pipeline));
  try {
    const answer = await temporal
      .withDeadline(Date.now() + QUERY_TIMEOUT_MS, () => handle.query(statusQuery))
      .catch(nullWithoutWorker);
    const recorded = answer === null ? await recordedStatus(temporal, handle) : null;
    // Asked last, so that what heartbeats say is never older than the rest.
    const batch = (answer ?? recorded)?.mode === 'batch';
    const [description, schedule] = await Promise.all([
      temporal.withDeadline(Date.now() + DESCRIBE_TIMEOUT_MS, () => handle.describe()),
      batch ? scheduleOf(temporal, pipeline) : null,
    ]);
    const settingUp = setupIn(description);
    if (answer !== null)
      return {
        ...withHeartbeats(wholeStatus(answer), description),
        answeredBy: 'worker',
        settingUp,
        schedule,
      };
    const lastError = memoIn(description)?.lastError ?? null;
    const status = { ...(recorded ?? unreadable(pipeline)), state: stateOf(description), lastError };
    return { ...withHeartbeats(status, description), answeredBy: 'temporal', settingUp, schedule };
  } catch (error) {
    throw toClientError(error, pipeline);
  }
}

/** Throws CdcClientError: NOT_FOUND, NO_WORKER, UNREACHABLE. */
export async function pipelineSpec(temporal: Client, pipeline: string): Promise<PipelineSpec> {
  const handle = temporal.workflow.getHandle(workflowIdOf(pipeline));
  try {
    const description = await temporal.withDeadline(Date.now() + DESCRIBE_TIMEOUT_MS, () =>
      handle.describe(),
    );
    if (description.status.name !== 'RUNNING') throw notRunning(pipeline);
    const answer = await temporal
      .withDeadline(Date.now() + QUERY_TIMEOUT_MS, () => handle.query(specQuery))
      .catch(nullWithoutWorker);
    if (answer === null) throw noAnswer(pipeline);
    // A run that an earlier version began knows nothing of settings that came later.
    return { ...answer, settings: { ...DEFAULT_SETTINGS, ...answer.settings } };
  } catch (error) {
    throw toClientError(error, pipeline);
  }
}

function notRunning(pipeline: string): CdcClientError {
  return new CdcClientError(
    'NOT_FOUND',
    `No pipeline of the name ${pipeline} is running`,
    '`cdc list` shows what runs; `cdc start` starts one.',
  );
}

function noAnswer(pipeline: string): CdcClientError {
  return new CdcClientError(
    'NO_WORKER',
    `No worker answers for pipeline ${pipeline}`,
    'Start one with `cdc worker` (or `cdc dev`); a pipeline that an older version began has to be stopped and started.',
  );
}

/** Shown beside the rest, so whatever keeps it from being told is no failure. */
async function scheduleOf(temporal: Client, pipeline: string): Promise<ScheduleReport | null> {
  try {
    return await temporal.withDeadline(Date.now() + DESCRIBE_TIMEOUT_MS, async () => {
      const handle = temporal.schedule.getHandle(scheduleIdOf(pipeline));
      return scheduleReport(temporal, pipeline, await handle.describe());
    });
  } catch {
    return null;
  }
}

/** A query needs a worker, other calls don't: only what those could not answer either is an error. */
function nullWithoutWorker(error: unknown): null {
  if (error instanceof WorkflowNotFoundError) throw error;
  return null;
}

function unreadable(pipeline: string): never {
  throw new CdcClientError(
    'FAILED',
    `The workflow of ${pipeline} is no pipeline of this version`,
    'Check that client and worker are of the same version, and use the same data converter.',
  );
}

/** How far the setup of a pipeline has come that is being set up; null when none is, or before its first report. */
export async function setupOf(temporal: Client, pipeline: string): Promise<SetupProgress | null> {
  const handle = temporal.workflow.getHandle(workflowIdOf(pipeline));
  return setupIn(await temporal.withDeadline(Date.now() + DESCRIBE_TIMEOUT_MS, () => handle.describe()));
}

function setupIn({ raw }: WorkflowExecutionDescription): SetupProgress | null {
  const found = (raw.pendingActivities ?? []).map(({ heartbeatDetails }) =>
    setupProgress(decode(heartbeatDetails?.payloads?.[0])),
  );
  return found.find((progress) => progress !== null) ?? null;
}

/** An attempt that runs reports its figures with its heartbeats; the workflow hears of them at its end. */
function withHeartbeats(status: PipelineStatus, description: WorkflowExecutionDescription): PipelineStatus {
  const reports = (description.raw.pendingActivities ?? []).flatMap(({ heartbeatDetails }) => {
    const report = roundReport(decode(heartbeatDetails?.payloads?.[0]));
    return report === null ? [] : [report];
  });
  const latest = reports.reduce(withProgress, status);
  return { ...latest, state: workState(latest) };
}

/** A table's copy may have ended, or begun, within the round: the workflow hears of that at its end too. */
function workState({ state, tables }: PipelineStatus): PipelineStatus['state'] {
  if (state !== 'snapshotting' && state !== 'running') return state;
  return tables.some((table) => table.state === 'snapshotting') ? 'snapshotting' : 'running';
}
