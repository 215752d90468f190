/** Rows of columns that may be altered so that they fit (`lossy`), altered before anything else looks at them. */
import { columnsOfRoute, displayName, reduceFor, targetNameOf } from '../model';
import type { RowChunk, TableRoute, TableSchema, Tuple, Value } from '../model';

/** True where some column of a table is altered. */
export function isLossy({ types }: TableRoute): boolean {
  return Object.values(types ?? {}).some(({ lossy }) => lossy);
}

/** What is made of a row, values in the order of the route's columns. */
export type RowReduction = (row: Tuple) => Tuple;

/** By the route's id, for those that have lossy columns. `targets`: the tables of the target, as they are. */
export function reductionsOf(
  routes: readonly TableRoute[],
  targets: readonly TableSchema[],
): ReadonlyMap<string, RowReduction> {
  return new Map(routes.filter(isLossy).map((route) => [route.id, reductionOf(route, targets)]));
}

function reductionOf(route: TableRoute, targets: readonly TableSchema[]): RowReduction {
  const there = targets.find(({ name }) => displayName(name) === displayName(route.target));
  const reduces = columnsOfRoute(route).map(({ name }) => {
    if (route.types?.[name]?.lossy !== true) return null;
    const wanted = targetNameOf(route, name).toLowerCase();
    const column = there?.columns.find((candidate) => candidate.name.toLowerCase() === wanted);
    return column === undefined ? null : reduceFor(column);
  });
  // What a value is altered to may be NULL.
  return (row) => row.map((value, place) => (reduces[place] ?? kept)(value));
}

function kept(value: Value): Value {
  return value;
}

/** A chunk with its rows altered. Keys are never lossy, so what identifies a row stays. */
export function reduceChunk(chunk: RowChunk, reductions: ReadonlyMap<string, RowReduction>): RowChunk {
  const { tables, ranges } = chunk;
  return {
    ...chunk,
    tables: tables.map((entry) => {
      const reduce = reductions.get(entry.table);
      if (reduce === undefined) return entry;
      return {
        ...entry,
        changes: entry.changes.map((change) =>
          change.kind === 'delete' ? change : { ...change, row: reduce(change.row) },
        ),
      };
    }),
    ranges: ranges.map((range) => {
      const reduce = reductions.get(range.table);
      return reduce === undefined ? range : { ...range, rows: range.rows.map(reduce) };
    }),
  };
}
