/**
 * A batch pipeline on a schedule: what the schedule hands to its runs, and what they answer. Stored in Temporal, so it
 * holds names, settings, counts and times only.
 *
 * Temporal adds the time to the id of what a schedule starts. So it starts a small workflow, `scheduledRun`, and that
 * one starts the pipeline's own under the id that the pipeline always has: whoever steers a pipeline finds a scheduled
 * run as any other, and Temporal refuses a second run while one is on, whoever starts it.
 */
import type { PipelineSpec } from '../../engine/model';
import type { PipelineStatus } from './index';

/** The workflow's type. */
export const SCHEDULED_WORKFLOW = 'scheduledRun';

/** What schedules of ours begin with, and what their runs begin with. */
export const SCHEDULE_ID_PREFIX = 'cdc:';
const RUN_ID_PREFIX = 'cdc-schedule:';

export function scheduleIdOf(pipeline: string): string {
  return `${SCHEDULE_ID_PREFIX}${pipeline}`;
}

/** Temporal appends the time. */
export function scheduledRunIdOf(pipeline: string): string {
  return `${RUN_ID_PREFIX}${pipeline}`;
}

/** When runs begin: at the times of a cron expression in a time zone, or every so many milliseconds. */
export type ScheduleTiming = (
  | { readonly kind: 'cron'; readonly cron: string; readonly timeZone: string }
  | { readonly kind: 'every'; readonly everyMs: number }
) & {
  /** Each run begins up to so many milliseconds later, by chance. */
  readonly jitterMs: number;
};

export interface ScheduledInput {
  readonly spec: PipelineSpec;
  /** For whoever asks what the schedule is: Temporal keeps cron expressions in a form of its own. */
  readonly timing: ScheduleTiming;
}

/** The result of a scheduled run. */
export interface ScheduledResult {
  readonly version: 1;
  /** `skipped`: the pipeline was running already, started by hand or continuous; `stopped`: by `cdc stop`. */
  readonly outcome: 'completed' | 'stopped' | 'skipped';
  /** How the run ended; null when it was skipped. */
  readonly status: PipelineStatus | null;
}
