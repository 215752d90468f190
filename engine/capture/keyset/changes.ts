/** What there is to show of rows that have changed: what they are now, for what they were is not kept. */
import type { Change, ChangeQuery, Position, Row, Tuple } from '../../model';
import type { WindowRead } from './window';

/** Those that wait; what has been applied can't be told from what never changed. */
export async function changesAfter(
  query: ChangeQuery,
  look: (position: Position) => Promise<WindowRead>,
): Promise<readonly Change[]> {
  const { route, afterId, limit, newest } = query;
  const position = query.after ?? query.appliedUpTo;
  if (position === null) return [];
  const { passes } = await look(position);
  const found = passes
    .flatMap((pass) => pass.changes())
    .map(({ row, gone, changedAt }, index): Change => ({
      id: String(index + 1),
      table: route.id,
      op: gone ? 'delete' : 'update',
      key: named(
        route.key,
        route.key.map((name) => row[route.columns.indexOf(name)] ?? null),
      ),
      before: null,
      after: gone ? null : named(route.columns, row),
      transaction: null,
      changedAt: changedAt ?? 0,
      synced: false,
    }))
    .slice(Number(afterId ?? 0));
  return newest ? found.slice(-limit) : found.slice(0, limit);
}

function named(columns: readonly string[], row: Tuple): Row {
  return Object.fromEntries(columns.map((column, index) => [column, row[index] ?? null]));
}
