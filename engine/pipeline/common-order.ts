/** Whether a comparison can go range by range: only where both sides put a table's keys into the same order. */
import { keepsOrder, targetNameOf } from '../model';
import type { ColumnSchema, LogicalType, TableRoute, TableSchema } from '../model';

/** `target`: the table as it is there; undefined where that is not known. */
export function haveCommonOrder(
  route: TableRoute,
  target: TableSchema | undefined,
  sameFamily: boolean,
): boolean {
  if (!sameFamily && !keepsOrder(route)) return false;
  return route.key.every((name) => {
    const here = columnIn(route.source.columns, name);
    const there = columnIn(target?.columns ?? [], targetNameOf(route, name));
    return collationOf(here) === collationOf(there) && (!sameFamily || areOrderedAlike(here, there));
  });
}

function columnIn(columns: readonly ColumnSchema[], name: string): ColumnSchema | undefined {
  return columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
}

/** Servers compare text byte by byte for this; where values are typed one by one, a column is read in its own order. */
function collationOf(column: ColumnSchema | undefined): string {
  return column?.type.kind === 'dynamic' ? (column.collation ?? BYTES) : BYTES;
}

const BYTES = 'BINARY';

/** One type, or two of which each puts the other's values into its own order. */
function areOrderedAlike(one: ColumnSchema | undefined, other: ColumnSchema | undefined): boolean {
  if (one === undefined || other === undefined || one.declaredType === other.declaredType) return true;
  const order = orderOf(one.type);
  return order !== null && order === orderOf(other.type);
}

/** Null for an order that each type has for itself. */
function orderOf({ kind }: LogicalType): LogicalType['kind'] | null {
  switch (kind) {
    case 'bool':
    case 'int':
    case 'decimal':
    case 'float':
      return 'decimal';
    case 'text':
    case 'bytes':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'uuid':
    case 'dynamic':
      return kind;
    case 'interval':
    case 'json':
    case 'enum':
    case 'array':
    case 'other':
      return null;
  }
}
