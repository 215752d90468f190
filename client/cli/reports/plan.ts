/** What setup would do. */
import type { Fidelity, Plan, PlanStep, TableChoice } from '../../../engine/model';
import type { Paint } from '../terminal';
import { columns } from './columns';
import { counted } from './figures';

export interface JsonPlan extends Plan {
  readonly version: 1;
}

export function planJson(plan: Plan): JsonPlan {
  return { version: 1, ...plan };
}

function stepLines(title: string, steps: readonly PlanStep[], paint: Paint): readonly string[] {
  if (steps.length === 0) return [];
  const lines = [paint.bold(`-- ${title}`)];
  for (const step of steps) {
    if (step.table !== null) lines.push(paint.dim(`-- ${step.table}`));
    lines.push(step.sql.trimEnd().endsWith(';') ? step.sql : `${step.sql};`, '');
  }
  return lines;
}

/** Which rows are replicated, and what is called otherwise on the target; of tables with either. */
export function choiceLines(
  tables: readonly (TableChoice & { readonly source: string })[],
  paint: Paint,
): readonly string[] {
  return tables.flatMap(({ source, where, rename, types }) => [
    ...(where === undefined ? [] : [`  ${paint.dim('where')}    ${source}: ${oneLine(where)}`]),
    ...(rename === undefined
      ? []
      : [
          `  ${paint.dim('rename')}   ${source}: ${Object.entries(rename)
            .map(([column, name]) => `${column} -> ${name}`)
            .join(', ')}`,
        ]),
    ...(types === undefined
      ? []
      : [
          `  ${paint.dim('types')}    ${source}: ${Object.entries(types)
            .map(([column, { type, lossy }]) => `${column} ${type ?? 'as it is'}${lossy ? ', lossy' : ''}`)
            .join('; ')}`,
        ]),
  ]);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

const PAINTS: Readonly<Record<Fidelity, 'green' | 'yellow' | 'red'>> = {
  exact: 'green',
  widened: 'green',
  checked: 'yellow',
  lossy: 'red',
  refused: 'red',
};

/** What becomes of each column; one line for a table that arrives just as it is. */
export function fidelityLines({ tables }: Pick<Plan, 'tables'>, paint: Paint): readonly string[] {
  const layout = ['COLUMN', 'SOURCE TYPE', 'TARGET TYPE', 'VALUES'].map((title) => ({
    title,
    align: 'left' as const,
  }));
  return tables.flatMap(({ source, fidelity }) => {
    const exact = fidelity.every((column) => column.fidelity === 'exact');
    if (exact) return [`  ${paint.bold(source)}: every column ${paint.green('exact')}`];
    const rows = fidelity.map((column) => [
      column.target === column.column ? column.column : `${column.column} -> ${column.target}`,
      column.sourceType === '' ? '-' : column.sourceType,
      column.targetType === '' ? '-' : column.targetType,
      `${paint[PAINTS[column.fidelity]](column.fidelity)}${column.reason === null ? '' : `, ${column.reason}`}`,
    ]);
    return [`  ${paint.bold(source)}`, columns(layout, rows, paint.dim)];
  });
}

/** Tables that are left out, and what a person should know. */
export function noticeLines(told: Pick<Plan, 'skipped' | 'notices'>, paint: Paint): readonly string[] {
  return [
    ...told.skipped.map(({ table, reason }) => `  ${paint.yellow('skipped')}  ${table}: ${reason}`),
    ...told.notices.map(
      ({ table, message }) => `  ${paint.yellow('notice')}   ${table === null ? '' : `${table}: `}${message}`,
    ),
  ];
}

/** The SQL by database; none when everything is in place. */
export function sqlLines({ steps }: Pick<Plan, 'steps'>, paint: Paint): readonly string[] {
  const source = steps.filter((step) => step.on === 'source');
  const target = steps.filter((step) => step.on === 'target');
  return [...stepLines('On the source', source, paint), ...stepLines('On the target', target, paint)];
}

/** What setup would run: nothing, where a column is refused. */
function doneLines(plan: Plan, paint: Paint): readonly string[] {
  const refused = plan.tables.flatMap(({ fidelity }) =>
    fidelity.filter((column) => column.fidelity === 'refused'),
  ).length;
  if (refused > 0)
    return [`Setup would run no statement: ${counted(refused, 'column')} can't be replicated.`];
  const sql = sqlLines(plan, paint);
  return sql.length === 0 ? ['Everything is in place: setup would run no statement.'] : sql;
}

/** The mapping, then the SQL by database. */
export function planReport(plan: Plan, paint: Paint): string {
  const layout = [
    { title: 'SOURCE', align: 'left' },
    { title: 'TARGET', align: 'left' },
    { title: 'COLUMNS', align: 'right' },
  ] as const;
  const rows = plan.tables.map((table) => [table.source, table.target, String(table.columns.length)]);
  const choices = choiceLines(plan.tables, paint);
  const notices = noticeLines(plan, paint);
  const fidelity = fidelityLines(plan, paint);
  return [
    `${paint.bold(plan.pipeline)}: ${counted(plan.tables.length, 'table')}, rows travel by ${plan.transport}`,
    '',
    columns(layout, rows, paint.dim),
    ...(choices.length === 0 ? [] : ['', ...choices]),
    '',
    ...fidelity,
    ...(notices.length === 0 ? [] : ['', ...notices]),
    '',
    ...doneLines(plan, paint),
  ]
    .join('\n')
    .trimEnd();
}
