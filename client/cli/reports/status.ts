/** How a pipeline stands, for people. */
import type { TableProgress } from '../../../engine/model';
import type { ScheduleReport } from '../..';
import type { LastError, PipelineState, PipelineStatus } from '../../../workflows/messages';
import type { Paint } from '../terminal';
import { captureText } from './capture';
import { columns, labelled } from './columns';
import { atRate, copyLines, copyText } from './copy';
import { choiceLines } from './plan';
import { scheduleLines } from './schedule';
import { ago, count, counted, duration, time } from './figures';

export function paintState(state: PipelineState, paint: Paint): string {
  switch (state) {
    case 'running':
    case 'completed':
      return paint.green(state);
    case 'starting':
    case 'snapshotting':
      return paint.cyan(state);
    case 'pausing':
    case 'paused':
    case 'stopped':
      return paint.yellow(state);
    case 'failing':
      return paint.red(state);
  }
}

/** What the person would do next, by the state alone; null when nothing is to be done. */
function adviceFor(status: PipelineStatus, schedule: ScheduleReport | null): string | null {
  const { pipeline, state } = status;
  const comesBack = schedule !== null && !schedule.paused;
  switch (state) {
    case 'paused':
      if (schedule !== null)
        return `Neither this run nor a later one applies anything until \`cdc resume ${pipeline}\`.`;
      return `Nothing is applied until \`cdc resume ${pipeline}\`.`;
    case 'pausing':
      return 'The pause is not certain yet: the target has to be reached.';
    case 'stopped':
      if (comesBack) return 'The next run of its schedule goes on from here.';
      return `\`cdc start ${pipeline}\` goes on from here; \`cdc teardown ${pipeline}\` removes it.`;
    case 'completed':
      if (schedule !== null) {
        return comesBack ? null : `No run begins until \`cdc schedule ${pipeline} --resume\`.`;
      }
      return `The batch is done; \`cdc start ${pipeline}\` runs it again.`;
    case 'starting':
    case 'snapshotting':
    case 'running':
    case 'failing':
      return null;
  }
}

const LAYOUT = [
  { title: 'TABLE', align: 'left' },
  { title: 'STATE', align: 'left' },
  { title: 'COPIED', align: 'right' },
  { title: 'INSERTED', align: 'right' },
  { title: 'UPDATED', align: 'right' },
  { title: 'DELETED', align: 'right' },
] as const;

function tableRow(table: TableProgress, paint: Paint): readonly string[] {
  const name = table.source === table.target ? table.source : `${table.source} -> ${table.target}`;
  const state = table.state === 'parked' ? paint.red(table.state) : table.state;
  const figures = [table.snapshotRows, table.inserted, table.updated, table.deleted].map(count);
  return [name, table.state === 'snapshotting' ? paint.cyan(state) : state, ...figures];
}

function totals(tables: readonly TableProgress[]): {
  readonly copied: number;
  readonly ops: readonly number[];
} {
  const sum = (of: (table: TableProgress) => number): number =>
    tables.reduce((total, each) => total + of(each), 0);
  return {
    copied: sum((table) => table.snapshotRows),
    ops: [sum((table) => table.inserted), sum((table) => table.updated), sum((table) => table.deleted)],
  };
}

/** Columns of the tables, with a last line of sums when there are several. */
export function tableColumns(tables: readonly TableProgress[], paint: Paint): string {
  const rows = tables.map((table) => tableRow(table, paint));
  const { copied, ops } = totals(tables);
  if (tables.length > 1) rows.push(['all', '', count(copied), ...ops.map(count)].map(paint.bold));
  return columns(LAYOUT, rows, paint.dim);
}

export function errorLines(error: LastError, now: number, paint: Paint): readonly string[] {
  const attempts = error.attempts > 1 ? `, ${counted(error.attempts, 'attempt')} failed` : '';
  const next =
    error.nextAttemptAt === null
      ? ''
      : error.nextAttemptAt <= now
        ? ', trying again now'
        : `, next attempt in ${duration(error.nextAttemptAt - now)}`;
  return [
    `  ${paint.red(error.code)}  ${paint.dim(`${ago(error.at, now)}${attempts}${next}`)}`,
    `  ${error.message}`,
    `  What to do: ${error.hint}`,
  ];
}

/** Everything a person wants to know first, the figures before the tables, what is wrong last. */
export function statusReport(
  status: PipelineStatus,
  now: number,
  paint: Paint,
  schedule: ScheduleReport | null = null,
): string {
  const { pipeline, source, target, capture, mode, transport } = status;
  const changes = totals(status.tables).ops.reduce((sum, each) => sum + each, 0);
  const backlog = counted(status.backlog, 'change');
  const figures: (readonly [string, string])[] = [
    ['lag', duration(status.lagMs)],
    ['backlog', status.overLimit ? paint.red(`${backlog}, over maxBacklog`) : backlog],
    ...(status.copy === null ? [] : [['copying', copyText(atRate(status.copy, status.state))] as const]),
    ['applied', counted(changes, 'change')],
    ['last applied', status.lastAppliedAt === null ? 'never' : ago(status.lastAppliedAt, now)],
    ['started', `${time(status.startedAt)}, ${counted(status.rounds, 'round')}`],
    ['as of', ago(status.asOf, now)],
  ];
  const route = `${source} -> ${target}, ${captureText(capture)}, ${mode}${transport === null ? '' : `, by ${transport}`}`;
  const lines = [
    `${paint.bold(pipeline)}  ${paintState(status.state, paint)}  ${paint.dim(route)}`,
    '',
    labelled(figures, paint.dim),
  ];
  if (schedule !== null) lines.push('', scheduleLines(schedule, now, paint));
  if (status.tables.length > 0) lines.push('', tableColumns(status.tables, paint));
  const choices = choiceLines(status.tables, paint);
  if (choices.length > 0) lines.push('', ...choices);
  if (status.copy !== null && status.tables.length > 1) {
    lines.push(
      '',
      ...copyLines(status.tables, status.state).map((line) => `  ${paint.cyan('copying')}  ${line}`),
    );
  }
  for (const table of status.tables.filter(({ state }) => state === 'parked')) {
    lines.push(
      '',
      `  ${paint.red('parked')}  ${table.source}: ${table.cause ?? 'cause unknown'}`,
      `  What to do: ${remedyFor(pipeline, table)}`,
    );
  }
  const aside = status.tables.filter(({ deadLetters }) => deadLetters > 0);
  if (aside.length > 0) {
    const rows = aside.map(({ source, deadLetters }) => `${source} ${count(deadLetters)}`).join(', ');
    lines.push(
      '',
      `  ${paint.yellow('dead letters')}  Rows that the target refused are set aside: ${rows}.`,
      `  What to do: look with \`cdc dead-letters list ${pipeline}\`, mend the cause, then retry them.`,
    );
  }
  if (status.suspended) {
    lines.push(
      '',
      `  ${paint.red('capture stopped')}  The backlog passed maxBacklog.`,
      `  What to do: \`cdc resync ${pipeline}\` copies the tables again.`,
    );
  }
  if (status.atomicCuts > 0) {
    lines.push(
      '',
      `  ${paint.yellow('notice')}  ${counted(status.atomicCuts, 'commit')} cut a large transaction.`,
    );
  }
  for (const { table, message } of status.noticed) {
    lines.push('', `  ${paint.yellow('notice')}  ${table === null ? '' : `${table}: `}${message}`);
  }
  if (status.lastError !== null) lines.push('', ...errorLines(status.lastError, now, paint));
  if (status.state === 'failing') lines.push(`  \`cdc resume ${pipeline}\` makes it try at once.`);
  const advice = adviceFor(status, schedule);
  if (advice !== null) lines.push('', `  ${advice}`);
  return lines.join('\n');
}

/** A table that is parked with another one goes on with it. */
function remedyFor(pipeline: string, { source, cause }: TableProgress): string {
  if (cause?.startsWith('PARENT_PARKED') === true) return 'resume the table that it references.';
  return `mend the cause, then \`cdc resume ${pipeline} --table ${source}\`.`;
}
