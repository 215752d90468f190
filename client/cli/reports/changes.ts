/** The audit trail of a table: what happened to which key, with the values before and after. */
import type { Change, ChangeOp, Row } from '../../../engine/model';
import type { Paint } from '../terminal';
import { counted, time } from './figures';
import { type JsonValue, jsonRow, sameValue, shownValue } from './values';

/** One entry of `cdc changes … --json`. `changedAt` is milliseconds since 1970. */
export interface JsonChange {
  readonly version: 1;
  readonly id: string;
  readonly op: ChangeOp;
  readonly key: Readonly<Record<string, JsonValue>>;
  readonly before: Readonly<Record<string, JsonValue>> | null;
  readonly after: Readonly<Record<string, JsonValue>> | null;
  readonly changedAt: number;
  readonly synced: boolean;
}

export function changesJson(changes: readonly Change[]): readonly JsonChange[] {
  return changes.map(({ id, op, key, before, after, changedAt, synced }) => ({
    version: 1,
    id,
    op,
    key: jsonRow(key),
    before: before === null ? null : jsonRow(before),
    after: after === null ? null : jsonRow(after),
    changedAt,
    synced,
  }));
}

/** One line. */
export function keyText(key: Row): string {
  return Object.entries(key)
    .map(([name, value]) => `${name} = ${shownValue(value)}`)
    .join(', ');
}

/** Lines of one change: for an update the columns that differ, else the whole row. */
function valueLines(change: Change, paint: Paint): readonly string[] {
  const { before, after } = change;
  const names = Object.keys(after ?? before ?? {});
  const both = before !== null && after !== null;
  const shown = both ? names.filter((name) => !sameValue(before[name], after[name])) : names;
  if (both && shown.length === 0) return [paint.dim('    (no column changed)')];
  const width = Math.max(0, ...shown.map((name) => name.length));
  const text = (row: Row | null, name: string): string => shownValue(row?.[name] ?? null);
  return shown.map((name) => {
    const label = name.padEnd(width);
    if (both) return `    ${label}  ${paint.red(text(before, name))} -> ${paint.green(text(after, name))}`;
    if (after !== null) return `    ${label}  ${paint.green(text(after, name))}`;
    return `    ${label}  ${paint.red(text(before, name))}`;
  });
}

function paintOp(op: ChangeOp, paint: Paint): string {
  switch (op) {
    case 'insert':
      return paint.green(op);
    case 'update':
      return paint.yellow(op);
    case 'delete':
    case 'truncate':
      return paint.red(op);
    case 'touch':
      return paint.cyan(op);
  }
}

export interface ChangesShown {
  readonly table: string;
  readonly changes: readonly Change[];
  /** True when there may be more than are shown. */
  readonly more: boolean;
  readonly onlyPending: boolean;
}

/** Oldest first. */
export function changesReport(shown: ChangesShown, paint: Paint): string {
  const { table, changes, more, onlyPending } = shown;
  if (changes.length === 0) {
    return onlyPending ? `${table}: nothing waits to be applied.` : `${table}: no changes are kept.`;
  }
  const lines: string[] = [];
  for (const change of changes) {
    const state = change.synced ? paint.dim('applied') : paint.yellow('pending');
    const head = `${paint.bold(`#${change.id}`)}  ${paintOp(change.op, paint)}  ${keyText(change.key)}`;
    lines.push(`${head}  ${paint.dim(time(change.changedAt))}  ${state}`, ...valueLines(change, paint), '');
  }
  const pending = changes.filter((change) => !change.synced).length;
  const tail = more ? '; there may be more, see --limit and --newest' : '';
  lines.push(`${counted(changes.length, 'change')} of ${table}, ${pending} pending${tail}`);
  return lines.join('\n');
}
