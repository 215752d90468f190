/** Columns of a plan that can't be replicated. */
import { CdcError } from '../errors';
import type { Plan } from './reports';

/** Throws TYPE_MISMATCH with every column that no value of the source's would fit. */
export function requireFitting({ tables }: Pick<Plan, 'tables'>): void {
  const refused = tables.flatMap(({ source, fidelity }) =>
    fidelity
      .filter((column) => column.fidelity === 'refused')
      .map((column) => ({ table: source, ...column })),
  );
  const [first] = refused;
  if (first === undefined) return;
  const names = refused.map(({ table, column, reason }) => `${table}.${column} (${reason ?? ''})`);
  throw new CdcError(
    'TYPE_MISMATCH',
    `${refused.length === 1 ? 'A column' : `${refused.length} columns`} can't be replicated: ${names.join('; ')}`,
    {
      table: first.table,
      column: first.column,
      hint: 'Choose a type for it with `types`, leave it out with `columns`, or change the target table.',
    },
  );
}
