/** How a schedule stands: when it runs, how its last run ended, when the next one is due. */
import type { Client, ScheduleDescription, ScheduleExecutionResult } from '@temporalio/client';
import type { ClientErrorCode } from './errors';
import { toClientError } from './errors';
import { appliedTo } from '../workflows/messages/status';
import type { FailureCode, PipelineStatus } from '../workflows/messages';
import { SCHEDULED_WORKFLOW } from '../workflows/messages/schedules';
import { scheduledInputOf, scheduledResultOf } from './stored';

/** Times are milliseconds since 1970. */
export interface ScheduledRunReport {
  readonly startedAt: number;
  /** Null while it is on. */
  readonly endedAt: number | null;
  /**
   * `completed`: it has reached the position that was newest at its start. `stopped`: by `cdc stop`. `skipped`: the
   * pipeline was running already, started by hand. `failed`: see `error`.
   */
  readonly outcome: 'running' | 'completed' | 'stopped' | 'skipped' | 'failed';
  /** Changes that the run applied and rows that it copied; null while it is on, and where it did not come so far. */
  readonly changes: number | null;
  readonly copied: number | null;
  readonly rounds: number | null;
  readonly error: {
    readonly code: ClientErrorCode | FailureCode;
    readonly message: string;
    readonly hint: string;
  } | null;
}

/** What `cdc schedule NAME --json` prints. Fields are added, never renamed. Times are milliseconds since 1970. */
export interface ScheduleReport {
  readonly version: 1;
  readonly pipeline: string;
  /** Names of connections. */
  readonly source: string;
  readonly target: string;
  /** Null where runs begin every `everyMs`; one of the two is set. */
  readonly cron: string | null;
  readonly everyMs: number | null;
  /** Of the cron expression. */
  readonly timeZone: string | null;
  readonly jitterMs: number;
  readonly paused: boolean;
  /** Why it was paused or resumed, as somebody said. */
  readonly note: string | null;
  /** Null while it is paused. */
  readonly nextRunAt: number | null;
  /** Null before the first one. */
  readonly lastRun: ScheduledRunReport | null;
  /** Runs that began, and runs that did not because another one was still on. */
  readonly runs: number;
  readonly skipped: number;
}

/** Null for a schedule that is none of ours. */
export async function scheduleReport(
  temporal: Client,
  pipeline: string,
  description: ScheduleDescription,
): Promise<ScheduleReport | null> {
  const { action, info, state } = description;
  const input = action.workflowType === SCHEDULED_WORKFLOW ? scheduledInputOf(action.args?.[0]) : null;
  if (input === null) return null;
  const { spec, timing } = input;
  const newest = info.recentActions.reduce<ScheduleExecutionResult | null>(
    (latest, each) => (latest === null || each.takenAt >= latest.takenAt ? each : latest),
    null,
  );
  return {
    version: 1,
    pipeline,
    source: spec.source,
    target: spec.target,
    cron: timing.kind === 'cron' ? timing.cron : null,
    everyMs: timing.kind === 'every' ? timing.everyMs : null,
    timeZone: timing.kind === 'cron' ? timing.timeZone : null,
    jitterMs: timing.jitterMs,
    paused: state.paused,
    note: state.note === undefined || state.note === '' ? null : state.note,
    nextRunAt: state.paused ? null : (info.nextActionTimes[0]?.getTime() ?? null),
    lastRun: newest === null ? null : await runReport(temporal, pipeline, newest),
    runs: info.numActionsTaken,
    skipped: info.numActionsSkippedOverlap,
  };
}

/** Null for a run that Temporal has forgotten: its retention is over. */
async function runReport(
  temporal: Client,
  pipeline: string,
  { action }: ScheduleExecutionResult,
): Promise<ScheduledRunReport | null> {
  const { workflowId, firstExecutionRunId } = action.workflow;
  const handle = temporal.workflow.getHandle(workflowId, firstExecutionRunId);
  const description = await handle.describe().catch(() => null);
  if (description === null) return null;
  const startedAt = description.startTime.getTime();
  const endedAt = description.closeTime?.getTime() ?? null;
  const begun = { startedAt, endedAt, changes: null, copied: null, rounds: null, error: null } as const;
  if (endedAt === null) return { ...begun, outcome: 'running' };
  try {
    const result = scheduledResultOf(await handle.result());
    if (result === null) return { ...begun, outcome: 'completed' };
    return { ...begun, outcome: result.outcome, ...figuresOf(result.status) };
  } catch (error) {
    const { code, message, hint } = toClientError(error, pipeline);
    return { ...begun, outcome: 'failed', error: { code, message, hint } };
  }
}

function figuresOf(status: PipelineStatus | null): Pick<ScheduledRunReport, 'changes' | 'copied' | 'rounds'> {
  if (status === null) return { changes: null, copied: null, rounds: null };
  const now = appliedTo(status.tables);
  const before = status.before ?? { changes: 0, copied: 0 };
  return {
    // A table that is copied again begins to count anew, and one that was removed counts no more.
    changes: Math.max(0, now.changes - before.changes),
    copied: Math.max(0, now.copied - before.copied),
    rounds: status.rounds,
  };
}
