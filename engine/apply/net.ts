/** Net changes: what a chunk's changes come to, per key. */
import { routeOnTarget } from '../model';
import type { RowChange, RowChunk, RowSet, TableRoute, Tuple } from '../model';

/** The last change of each key wins. A key update came as delete and insert, so it nets like two keys. */
export function netChanges(changes: readonly RowChange[]): {
  readonly deletes: Tuple[];
  readonly upserts: Tuple[];
} {
  const last = new Map<string, RowChange>();
  for (const change of changes) last.set(change.identity, change);
  const deletes: Tuple[] = [];
  const upserts: Tuple[] = [];
  for (const change of last.values()) {
    if (change.kind === 'delete') deletes.push(change.key);
    else upserts.push(change.row);
  }
  return { deletes, upserts };
}

/** A chunk's net changes per table, in the order of `routes` (parents first), for a target to stage. */
export function netChunk(chunk: RowChunk, routes: readonly TableRoute[]): readonly RowSet[] {
  const byTable = new Map(chunk.tables.map((entry) => [entry.table, entry.changes]));
  const ranges = new Map(chunk.ranges.map((range) => [range.table, range]));
  return routes.flatMap((route): RowSet[] => {
    const changes = byTable.get(route.id) ?? [];
    const range = ranges.get(route.id) ?? null;
    return changes.length === 0 && range === null
      ? []
      : [{ route: routeOnTarget(route), ...netChanges(changes), range }];
  });
}
