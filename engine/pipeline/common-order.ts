/** Whether a comparison can go range by range: only where both sides put a table's keys into the same order. */
import { keepsOrder, targetNameOf } from '../model';
import type { ColumnSchema, TableRoute, TableSchema } from '../model';

/** `target`: the table as it is there; undefined where that is not known. */
export function haveCommonOrder(
  route: TableRoute,
  target: TableSchema | undefined,
  sameFamily: boolean,
): boolean {
  if (!sameFamily && !keepsOrder(route)) return false;
  return route.key.every(
    (name) =>
      collationIn(route.source.columns, name) ===
      collationIn(target?.columns ?? [], targetNameOf(route, name)),
  );
}

/** Servers compare text byte by byte for this; where values are typed one by one, a column is read in its own order. */
function collationIn(columns: readonly ColumnSchema[], name: string): string {
  const column = columns.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
  return column?.type.kind === 'dynamic' ? (column.collation ?? BYTES) : BYTES;
}

const BYTES = 'BINARY';
