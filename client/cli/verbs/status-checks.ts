/** What a pipeline's status says of its health. */
import type { HealthCheck } from '../../../engine/model';
import type { PipelineReport } from '../..';
import { counted } from '../reports';

export function check(
  name: string,
  state: HealthCheck['state'],
  message: string,
  hint: string | null = null,
): HealthCheck {
  return { name, state, message, hint };
}

function workerCheck(status: PipelineReport): HealthCheck {
  if (status.answeredBy === 'worker') return check('worker', 'ok', 'A worker answers.');
  return check(
    'worker',
    'failed',
    'No worker answers.',
    'Start one with `cdc worker` (or `cdc dev`), or look at the log of the one that should run.',
  );
}

function pipelineCheck(status: PipelineReport, now: number): HealthCheck {
  const { pipeline, state, lastError } = status;
  const name = 'pipeline';
  if (lastError !== null) {
    const { code, message, hint, attempts } = lastError;
    const often = attempts > 1 ? ` (${counted(attempts, 'attempt')})` : '';
    return check(name, 'failed', `It is ${state}${often}. ${code}: ${message}`, hint);
  }
  switch (state) {
    case 'running':
    case 'snapshotting':
    case 'completed':
      return check(name, 'ok', `It is ${state}, since ${new Date(status.startedAt).toISOString()}.`);
    case 'starting': {
      const late = now - status.startedAt > 30_000;
      return check(
        name,
        late ? 'failed' : 'ok',
        'It is being set up.',
        late ? 'Look at the log of the worker.' : null,
      );
    }
    case 'pausing':
      return check(
        name,
        'warning',
        'It is being paused; the target is not fenced yet.',
        'Try again in a moment.',
      );
    case 'paused':
      return check(name, 'warning', 'It is paused.', `\`cdc resume ${pipeline}\` goes on.`);
    case 'stopped':
      return check(name, 'failed', 'It is stopped.', `\`cdc start ${pipeline}\` goes on from where it was.`);
    case 'failing':
      return check(name, 'failed', 'It is failing.', `\`cdc status ${pipeline}\` tells more.`);
  }
}

function backlogChecks(status: PipelineReport): readonly HealthCheck[] {
  const { pipeline, backlog, suspended, overLimit } = status;
  if (suspended) {
    const hint = `\`cdc resync ${pipeline}\` copies the tables again.`;
    return [check('backlog', 'failed', 'Capture was stopped: the backlog passed maxBacklog.', hint)];
  }
  if (!overLimit) return [];
  const hint = 'See whether the target keeps up; raise maxBacklog if this is expected.';
  return [check('backlog', 'warning', `${counted(backlog, 'change')}: more than maxBacklog.`, hint)];
}

/** A last run that failed, or a schedule at rest, is what keeps changes waiting. */
function scheduleChecks({ pipeline, schedule }: PipelineReport): readonly HealthCheck[] {
  if (schedule === null) return [];
  const error = schedule.lastRun?.error ?? null;
  if (error !== null) {
    return [check('schedule', 'failed', `The last run failed. ${error.code}: ${error.message}`, error.hint)];
  }
  if (!schedule.paused) return [check('schedule', 'ok', 'Runs begin by its schedule.')];
  const hint = `\`cdc schedule ${pipeline} --resume\` goes on.`;
  return [check('schedule', 'warning', 'Its schedule is paused.', hint)];
}

/** Checks of the worker, the pipeline's state, its schedule and its backlog. `now`: milliseconds since 1970. */
export function statusChecks(status: PipelineReport, now: number): readonly HealthCheck[] {
  return [
    workerCheck(status),
    pipelineCheck(status, now),
    ...scheduleChecks(status),
    ...backlogChecks(status),
  ];
}
