/** What `cdc apply` would change, worked out from what runs and what `cdc.yaml` says; and the words for it. */
import type {
  PipelineSettings,
  PipelineSpec,
  Plan,
  TableMapping,
  TableProgress,
} from '../../../engine/model';
import { formatDuration } from '../../../worker/config';
import type { ScheduleReport, ScheduleTiming } from '../..';
import type { Paint } from '../terminal';
import { count, counted } from './figures';
import { noticeLines, sqlLines } from './plan';

export interface ChangedSetting {
  readonly setting: keyof PipelineSettings;
  readonly from: unknown;
  readonly to: unknown;
}

/** A table by its display names. */
export interface AppliedTable {
  readonly source: string;
  readonly target: string;
}

export interface ApplyPlan {
  readonly pipeline: string;
  readonly settings: readonly ChangedSetting[];
  readonly added: readonly AppliedTable[];
  readonly removed: readonly (AppliedTable & { readonly deadLetters: number })[];
  /** Led to another target, or with other columns, rows or names (`changed`): copied again. */
  readonly copiedAgain: readonly (AppliedTable & {
    readonly formerTarget: string;
    readonly changed: readonly (typeof SELECTED)[number][];
  })[];
  /** Null where the schedule stays, or there is none. */
  readonly schedule: ScheduleTiming | null;
  /** What setup would run. */
  readonly steps: Plan['steps'];
  readonly skipped: Plan['skipped'];
  readonly notices: Plan['notices'];
}

export interface JsonApply extends ApplyPlan {
  readonly version: 1;
  /** False with `--dry-run`, and where nothing had to be changed. */
  readonly applied: boolean;
}

export interface Compared {
  /** What runs, and what shall. */
  readonly now: PipelineSpec;
  readonly wanted: PipelineSpec;
  /** The tables of what runs. */
  readonly tables: readonly TableProgress[];
  /** What setup would do for what shall run. */
  readonly plan: Plan;
  readonly schedule: { readonly now: ScheduleReport; readonly wanted: ScheduleTiming } | null;
}

export function applyPlan({ now, wanted, tables, plan, schedule }: Compared): ApplyPlan {
  const known = new Map(tables.map((table) => [table.source, table]));
  const staying = new Set(plan.tables.map(({ source }) => source));
  return {
    pipeline: wanted.name,
    settings: changedSettings(now.settings, wanted.settings),
    added: plan.tables
      .filter(({ source }) => !known.has(source))
      .map(({ source, target }) => ({ source, target })),
    removed: tables
      .filter(({ source }) => !staying.has(source))
      .map(({ source, target, deadLetters }) => ({ source, target, deadLetters })),
    copiedAgain: plan.tables.flatMap(({ source, target }) => {
      const before = known.get(source);
      if (before === undefined) return [];
      const changed = changedSelection(now, wanted, source);
      return before.target === target && changed.length === 0
        ? []
        : [{ source, target, formerTarget: before.target, changed }];
    }),
    schedule: schedule === null || isSameTiming(schedule.now, schedule.wanted) ? null : schedule.wanted,
    steps: plan.steps,
    skipped: plan.skipped,
    notices: plan.notices,
  };
}

/** True when the pipeline is as `cdc.yaml` says. */
export function isNothing({ settings, added, removed, copiedAgain, schedule }: ApplyPlan): boolean {
  return [settings, added, removed, copiedAgain].every(({ length }) => length === 0) && schedule === null;
}

function changedSettings(now: PipelineSettings, wanted: PipelineSettings): readonly ChangedSetting[] {
  return SETTINGS.flatMap(({ setting }) => {
    const [from, to] = [now[setting], wanted[setting]];
    return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ setting, from, to }];
  });
}

/** What a mapping says of a table besides its names. */
const SELECTED = ['columns', 'where', 'rename', 'types'] as const;

/** What is configured otherwise, whatever its order; patterns have none of it. */
function changedSelection(
  now: PipelineSpec,
  wanted: PipelineSpec,
  source: string,
): readonly (typeof SELECTED)[number][] {
  const mappingIn = ({ tables }: PipelineSpec) => tables.find(({ from }) => from === source);
  const [one, other] = [mappingIn(now), mappingIn(wanted)];
  return SELECTED.filter((key) => inOneOrder(one?.[key]) !== inOneOrder(other?.[key]));
}

function inOneOrder(value: TableMapping[(typeof SELECTED)[number]]): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return JSON.stringify(value);
  return JSON.stringify(
    (Array.isArray(value) ? value : Object.entries(value)).map((entry) => JSON.stringify(entry)).toSorted(),
  );
}

function isSameTiming(now: ScheduleReport, wanted: ScheduleTiming): boolean {
  if (now.jitterMs !== wanted.jitterMs) return false;
  return wanted.kind === 'every'
    ? now.everyMs === wanted.everyMs
    : now.cron === wanted.cron && now.timeZone === wanted.timeZone;
}

/** How `cdc.yaml` calls a setting. */
const SETTINGS = [
  { setting: 'existing', name: 'existing' },
  { setting: 'snapshot', name: 'snapshot' },
  { setting: 'sequences', name: 'sequences' },
  { setting: 'atomic', name: 'atomic' },
  { setting: 'atomicRows', name: 'atomic.maxRows' },
  { setting: 'batchRows', name: 'batch' },
  { setting: 'snapshotRows', name: 'snapshotBatch' },
  { setting: 'snapshotTables', name: 'snapshotTables' },
  { setting: 'roundMs', name: 'round' },
  { setting: 'retainMs', name: 'retain' },
  { setting: 'maxBacklog', name: 'maxBacklog' },
  { setting: 'onError', name: 'onError' },
  { setting: 'onDelete', name: 'onDelete' },
  { setting: 'createTables', name: 'createTables' },
] as const satisfies readonly { readonly setting: keyof PipelineSettings; readonly name: string }[];

function settingLine({ setting, from, to }: ChangedSetting): string {
  const name = SETTINGS.find((each) => each.setting === setting)?.name ?? setting;
  const show = (value: unknown): string => {
    if (value === null) return 'none';
    if (typeof value === 'number') return setting.endsWith('Ms') ? formatDuration(value) : count(value);
    return typeof value === 'string' ? value : JSON.stringify(value);
  };
  return `${name}: ${show(from)} -> ${show(to)}`;
}

/** What would change, and the SQL that setup would run for it. */
export function applyReport(plan: ApplyPlan, paint: Paint): string {
  const { pipeline, settings, added, removed, copiedAgain, schedule } = plan;
  if (isNothing(plan)) return `${paint.bold(pipeline)} runs as its configuration says: nothing to apply.`;
  const letters = (deadLetters: number): string =>
    deadLetters === 0 ? '' : ` and its ${counted(deadLetters, 'dead letter')}`;
  const notices = noticeLines(plan, paint);
  const sql = sqlLines(plan, paint);
  return [
    paint.bold(pipeline),
    '',
    ...settings.map((each) => `  ${paint.yellow('~')} ${settingLine(each)}`),
    ...added.map(
      ({ source, target }) => `  ${paint.green('+')} ${source} -> ${target}: copied, then followed`,
    ),
    ...copiedAgain.map(
      ({ source, target, formerTarget, changed }) =>
        `  ${paint.yellow('~')} ${source} -> ${target}: copied again${otherwise(changed)}${formerTarget === target ? '' : `; ${formerTarget} keeps its rows and is not followed any more`}`,
    ),
    ...removed.map(
      ({ source, target, deadLetters }) =>
        `  ${paint.red('-')} ${source}: its capture${letters(deadLetters)} and its progress are removed; ${target} keeps its rows`,
    ),
    ...(schedule === null ? [] : [`  ${paint.yellow('~')} schedule: ${timingText(schedule)}`]),
    ...(notices.length === 0 ? [] : ['', ...notices]),
    ...(sql.length === 0 ? [] : ['', ...sql]),
  ]
    .join('\n')
    .trimEnd();
}

/** What is other than before. */
function otherwise(changed: readonly (typeof SELECTED)[number][]): string {
  const words = {
    columns: 'other columns',
    where: 'another condition',
    rename: 'other names of columns',
    types: 'other types of columns',
  };
  return changed.length === 0 ? '' : `, with ${changed.map((key) => words[key]).join(' and ')}`;
}

function timingText(timing: ScheduleTiming): string {
  const when =
    timing.kind === 'cron' ? `${timing.cron} ${timing.timeZone}` : `every ${formatDuration(timing.everyMs)}`;
  return timing.jitterMs === 0 ? when : `${when}, up to ${formatDuration(timing.jitterMs)} later`;
}
