/** Schedules, for people. */
import type { ScheduleReport, ScheduledRunReport } from '../..';
import type { Paint } from '../terminal';
import { columns, labelled } from './columns';
import { ago, count, counted, duration, time } from './figures';

export interface JsonSchedules {
  readonly version: 1;
  readonly schedules: readonly ScheduleReport[];
}

/** `every 10 s`, `0 3 * * * Europe/Berlin`. */
function when({ cron, everyMs, timeZone, jitterMs }: ScheduleReport): string {
  const base = cron === null ? `every ${duration(everyMs ?? 0)}` : `${cron} ${timeZone ?? ''}`.trim();
  return jitterMs === 0 ? base : `${base}, up to ${duration(jitterMs)} later`;
}

function paintOutcome(outcome: ScheduledRunReport['outcome'], paint: Paint): string {
  switch (outcome) {
    case 'running':
      return paint.cyan(outcome);
    case 'completed':
      return paint.green(outcome);
    case 'stopped':
    case 'skipped':
      return paint.yellow(outcome);
    case 'failed':
      return paint.red(outcome);
  }
}

function nextText({ paused, nextRunAt, note }: ScheduleReport, now: number, paint: Paint): string {
  if (paused) return `${paint.yellow('paused')}${note === null ? '' : `: ${note}`}`;
  if (nextRunAt === null) return 'none';
  return `${time(nextRunAt)}, in ${duration(nextRunAt - now)}`;
}

function lastText({ lastRun }: ScheduleReport, now: number, paint: Paint): string {
  if (lastRun === null) return 'none yet';
  const { outcome, startedAt, endedAt, changes, copied, rounds } = lastRun;
  const shown = paintOutcome(outcome, paint);
  if (endedAt === null) return `${shown}, began ${ago(startedAt, now)}`;
  const took = `${shown}, ${ago(endedAt, now)} after ${duration(endedAt - startedAt)}`;
  if (outcome === 'skipped') return `${took}: the pipeline was running already, started by hand`;
  if (changes === null || copied === null || rounds === null) return took;
  const rows = copied === 0 ? '' : `, ${counted(copied, 'row')} copied`;
  return `${took}: ${counted(changes, 'change')}${rows}, ${counted(rounds, 'round')}`;
}

/** What a schedule adds to the status of its pipeline. */
export function scheduleLines(schedule: ScheduleReport, now: number, paint: Paint): string {
  const left =
    schedule.skipped === 0 ? '' : `, ${count(schedule.skipped)} left out because another was still on`;
  const lines = [
    labelled(
      [
        ['schedule', when(schedule)],
        ['next run', nextText(schedule, now, paint)],
        ['last run', lastText(schedule, now, paint)],
        ['runs', `${count(schedule.runs)}${left}`],
      ],
      paint.dim,
    ),
  ];
  const error = schedule.lastRun?.error ?? null;
  if (error !== null) {
    lines.push('', `  ${paint.red(error.code)}  ${error.message}`, `  What to do: ${error.hint}`);
  }
  return lines.join('\n');
}

/** One schedule. */
export function scheduleReport(schedule: ScheduleReport, now: number, paint: Paint): string {
  const { pipeline, source, target, paused } = schedule;
  const advice = paused ? `No run begins until \`cdc schedule ${pipeline} --resume\`.` : null;
  return [
    `${paint.bold(pipeline)}  ${paint.dim(`${source} -> ${target}`)}`,
    '',
    scheduleLines(schedule, now, paint),
    ...(advice === null ? [] : ['', `  ${advice}`]),
  ].join('\n');
}

const LAYOUT = [
  { title: 'PIPELINE', align: 'left' },
  { title: 'SCHEDULE', align: 'left' },
  { title: 'NEXT RUN', align: 'left' },
  { title: 'LAST RUN', align: 'left' },
  { title: 'RUNS', align: 'right' },
  { title: 'LEFT OUT', align: 'right' },
] as const;

/** All of them at a glance. */
export function schedulesReport(schedules: readonly ScheduleReport[], now: number, paint: Paint): string {
  if (schedules.length === 0) return 'No schedules: `cdc schedule NAME --every 10m` makes one.';
  const rows = schedules.map((each) => [
    paint.bold(each.pipeline),
    when(each),
    nextText(each, now, paint),
    lastText(each, now, paint),
    count(each.runs),
    count(each.skipped),
  ]);
  return columns(LAYOUT, rows, paint.dim);
}
