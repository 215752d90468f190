/** Whether source and target hold the same rows. */
import type {
  Comparison,
  RowDifference,
  RowFailureCode,
  RowKey,
  TableComparison,
} from '../../../engine/model';
import type { Paint } from '../terminal';
import { keyText } from './changes';
import { columns } from './columns';
import { count, counted } from './figures';
import { type JsonValue, jsonRow, shownValue } from './values';

/** What was compared, and what became of a repair. */
export interface VerifyShown {
  /** After the repair, if there was one. */
  readonly comparison: Comparison;
  /** Null where nothing was to be repaired. */
  readonly repaired: {
    /** Keys whose rows the target would not take. */
    readonly refused: readonly (RowKey & { readonly code: RowFailureCode; readonly column: string | null })[];
    /** How many differences there were before and are not any more. */
    readonly rows: number;
  } | null;
}

type JsonRow = Readonly<Record<string, JsonValue>>;

/** A row that differs. `source` and `target` where values are shown. */
export interface JsonDifference extends Omit<RowDifference, 'key' | 'source' | 'target'> {
  readonly key: JsonRow;
  readonly source?: JsonRow | null;
  readonly target?: JsonRow | null;
}

export interface JsonComparison extends Omit<Comparison, 'differences'> {
  readonly version: 1;
  readonly pipeline: string;
  readonly differences: readonly JsonDifference[];
  readonly repaired?: {
    readonly rows: number;
    readonly refused: readonly {
      readonly table: string;
      readonly key: JsonRow;
      readonly code: RowFailureCode;
      readonly column: string | null;
    }[];
  };
}

export function verifyJson(
  pipeline: string,
  { comparison, repaired }: VerifyShown,
  values: boolean,
): JsonComparison {
  return {
    version: 1,
    pipeline,
    ...comparison,
    differences: comparison.differences.map((difference) => differenceJson(difference, values)),
    ...(repaired === null
      ? {}
      : {
          repaired: {
            rows: repaired.rows,
            refused: repaired.refused.map((row) => ({ ...row, key: jsonRow(row.key) })),
          },
        }),
  };
}

export function differenceJson(difference: RowDifference, values: boolean): JsonDifference {
  const { table, kind, key, columns: names, source, target } = difference;
  const about = { table, kind, key: jsonRow(key), columns: names };
  const row = (side: RowDifference['source']): JsonRow | null => (side === null ? null : jsonRow(side));
  return values ? { ...about, source: row(source), target: row(target) } : about;
}

/** A comparison with what its differences have become, by another one of their keys. */
export function repairedComparison(before: Comparison, again: Comparison): Comparison {
  const tables = before.tables.map((table): TableComparison => {
    const now = again.tables.find(({ source }) => source === table.source);
    if (now === undefined || !table.settled) return table;
    const { missing, extra, different, settled, deadLetters } = now;
    const unsettled = table.unsettled + now.unsettled;
    const kept = table.kept + now.kept;
    return { ...table, missing, extra, different, settled, deadLetters, unsettled, kept };
  });
  return {
    ...again,
    equal: tables.every((table) => isEqual(table)),
    exact: tables.every(({ settled, unsettled }) => settled && unsettled === 0),
    inexactBecause: before.inexactBecause ?? again.inexactBecause,
    tables,
  };
}

export function differencesOf({ tables }: Comparison): number {
  return tables.reduce((sum, { missing, extra, different }) => sum + missing + extra + different, 0);
}

function isEqual({ missing, extra, different, unsettled }: TableComparison): boolean {
  return missing + extra + different + unsettled === 0;
}

const LAYOUT = [
  { title: 'TABLE', align: 'left' },
  { title: 'SOURCE ROWS', align: 'right' },
  { title: 'TARGET ROWS', align: 'right' },
  { title: 'MISSING', align: 'right' },
  { title: 'EXTRA', align: 'right' },
  { title: 'DIFFERENT', align: 'right' },
  { title: '', align: 'left' },
] as const;

function row(table: TableComparison, paint: Paint): readonly string[] {
  const differs = table.missing + table.extra + table.different > 0;
  const name = table.source === table.target ? table.source : `${table.source} -> ${table.target}`;
  const wrong = (value: number): string => (value === 0 ? '0' : paint.red(count(value)));
  const state = differs ? paint.red('differs') : table.unsettled > 0 ? '' : paint.green('equal');
  const aside = table.deadLetters === 0 ? '' : paint.yellow(counted(table.deadLetters, 'dead letter'));
  const kept = table.kept === 0 ? '' : `${count(table.kept)} kept`;
  const unsettled = table.unsettled === 0 ? '' : paint.yellow(`${count(table.unsettled)} unsettled`);
  return [
    name,
    count(table.sourceRows),
    count(table.targetRows),
    ...[table.missing, table.extra, table.different].map(wrong),
    [state, unsettled, kept, aside].filter((part) => part !== '').join(', '),
  ];
}

function verdict(comparison: Comparison, paint: Paint): string {
  const rows = comparison.tables.reduce((sum, table) => sum + table.sourceRows, 0);
  const unequal = comparison.tables.filter((table) => table.missing + table.extra + table.different > 0);
  const tables = counted(comparison.tables.length, 'table');
  if (comparison.equal) return paint.green(`Equal: ${tables}, ${counted(rows, 'row')}.`);
  if (unequal.length > 0) return paint.red(`Not equal: ${unequal.length} of ${tables} differ.`);
  return paint.red('Not known: rows changed each time they were looked at. Verify again.');
}

function differenceLines(
  { table, kind, key, columns: names, source, target }: RowDifference,
  { paint, showValues }: VerifyPaint,
): readonly string[] {
  const what = names.length === 0 ? '' : `: ${names.join(', ')}`;
  const head = `${paint.red(kind.padEnd('different'.length))}  ${table}  ${keyText(key)}${what}`;
  if (!showValues) return [head];
  const shown = Object.keys(source ?? target ?? {});
  const width = Math.max(0, ...shown.map((name) => name.length));
  return [
    head,
    ...shown.map((name) => {
      const there = source === null ? '(no row)' : shownValue(source[name] ?? null);
      const here = target === null ? '(no row)' : shownValue(target[name] ?? null);
      return `    ${name.padEnd(width)}  source ${paint.green(there)}  target ${paint.red(here)}`;
    }),
  ];
}

export interface VerifyPaint {
  readonly paint: Paint;
  readonly showValues: boolean;
}

export function verifyReport(
  pipeline: string,
  { comparison, repaired }: VerifyShown,
  look: VerifyPaint,
): string {
  const { paint } = look;
  const lines = [
    paint.bold(pipeline),
    '',
    columns(
      LAYOUT,
      comparison.tables.map((table) => row(table, paint)),
      paint.dim,
    ),
    '',
  ];
  const { differences, differencesOmitted } = comparison;
  if (differences.length > 0) {
    lines.push(...differences.flatMap((difference) => differenceLines(difference, look)));
    if (differencesOmitted > 0) {
      lines.push(`and ${count(differencesOmitted)} more; --limit lists more, --output FILE writes all.`);
    }
    lines.push('');
  }
  if (repaired !== null) {
    lines.push(`Repaired: ${counted(repaired.rows, 'row')}.`);
    for (const { table, key, code, column } of repaired.refused) {
      const where = column === null ? '' : ` (column ${column})`;
      lines.push(`${paint.red('refused')}  ${table}  ${keyText(key)}: ${code}${where}`);
    }
  }
  lines.push(verdict(comparison, paint));
  if (comparison.inexactBecause !== null) {
    lines.push(
      `This is not exact: ${comparison.inexactBecause.replace(/\.$/, '')}. What differs may be on its way.`,
      `Once ${pipeline} goes on (see \`cdc status ${pipeline}\`), verify again.`,
    );
  }
  return lines.join('\n');
}
