/** Whether source and target hold the same rows. */
import type { Comparison, TableComparison } from '../../../engine/model';
import type { Paint } from '../terminal';
import { columns } from './columns';
import { count, counted } from './figures';

export interface JsonComparison extends Comparison {
  readonly version: 1;
  readonly pipeline: string;
}

export function verifyJson(pipeline: string, comparison: Comparison): JsonComparison {
  return { version: 1, pipeline, ...comparison };
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
  const equal = table.missing + table.extra + table.different === 0;
  const name = table.source === table.target ? table.source : `${table.source} -> ${table.target}`;
  const wrong = (value: number): string => (value === 0 ? '0' : paint.red(count(value)));
  return [
    name,
    count(table.sourceRows),
    count(table.targetRows),
    ...[table.missing, table.extra, table.different].map(wrong),
    `${equal ? paint.green('equal') : paint.red('differs')}${asideText(table, paint)}`,
  ];
}

function asideText({ deadLetters }: TableComparison, paint: Paint): string {
  return deadLetters === 0 ? '' : paint.yellow(`, ${counted(deadLetters, 'dead letter')}`);
}

function verdict(comparison: Comparison, paint: Paint): string {
  const rows = comparison.tables.reduce((sum, table) => sum + table.sourceRows, 0);
  const unequal = comparison.tables.filter((table) => table.missing + table.extra + table.different > 0);
  const scope = `${counted(comparison.tables.length, 'table')}, ${counted(rows, 'row')}`;
  if (comparison.equal) return paint.green(`Equal: ${scope}.`);
  return paint.red(`Not equal: ${unequal.length} of ${counted(comparison.tables.length, 'table')} differ.`);
}

export function verifyReport(pipeline: string, comparison: Comparison, paint: Paint): string {
  const lines = [
    paint.bold(pipeline),
    '',
    columns(
      LAYOUT,
      comparison.tables.map((table) => row(table, paint)),
      paint.dim,
    ),
    '',
    verdict(comparison, paint),
  ];
  if (!comparison.exact) {
    lines.push(
      'Changes were captured or waiting while the tables were compared, so this is not exact.',
      `Let the writers rest, run \`cdc wait ${pipeline} caught-up\`, then verify again.`,
    );
  }
  return lines.join('\n');
}
