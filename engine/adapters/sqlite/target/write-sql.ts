/** The statements that bring staged rows into a target table. Nothing in them comes from a row. */
import type { TableRoute } from '../../../model';
import { quote, quoteAll, rowValue } from '../database/identifiers';
import type { TargetShape } from './shape';
import { comparedKey, stagedColumns } from './staging';

/** `staged`: the rows whose keys are deleted, as `table WHERE …`. */
export function deleteSql(route: TableRoute, shape: TargetShape, staged: string): string {
  return `DELETE FROM ${shape.table}
WHERE ${rowValue(route.key.map(quote))} IN (SELECT ${comparedKey(route).join(', ')} FROM ${staged})`;
}

export function insertSql(route: TableRoute, shape: TargetShape, staged: string, insert = 'INSERT'): string {
  return `${insert} INTO ${shape.table} (${quoteAll(route.columns)})
SELECT ${stagedColumns(route)} FROM ${staged}`;
}

export function upsertSql(route: TableRoute, shape: TargetShape, staged: string): string {
  const written = route.columns.filter(
    (column) => !route.key.includes(column) || shape.respelled.includes(column),
  );
  const assignments = written.map((column) => `${quote(column)} = excluded.${quote(column)}`).join(', ');
  const action = assignments === '' ? 'NOTHING' : `UPDATE SET ${assignments}`;
  return `${insertSql(route, shape, staged)}
ON CONFLICT (${shape.conflictTarget}) DO ${action}`;
}
