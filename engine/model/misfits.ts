/** Columns of a plan that can't be replicated. */
import { CdcError } from '../errors';
import { displayName } from './schema';
import type { TableRoute } from './plan';
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

/** For a key that the target's column converts: rows would collapse, or stand elsewhere in its order. */
export function convertedKey(
  route: TableRoute,
  column: string,
  { isMade }: { readonly isMade: boolean },
): CdcError {
  const who = isMade ? `Table ${route.id}: \`types\`` : `Target table ${displayName(route.target)}`;
  return new CdcError(
    'TARGET_TABLE_MISMATCH',
    `${who} declares the key column ${column} with a type that may convert its values`,
    {
      hint: isMade
        ? 'Different keys would become one. Choose a type that holds each as it is, or leave the column out of `types`.'
        : 'Declare it as the source does, or drop the table so that it is created.',
      table: route.id,
      column,
    },
  );
}
