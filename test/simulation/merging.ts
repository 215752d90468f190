/** Applies net changes and snapshot ranges to the simulated target's rows, and remembers how to undo it. */
import { displayName } from '../../engine';
import type { RowSet, TableRoute, Tuple } from '../../engine';
import { keyOf, valueOf } from './schema';

export type Undo = () => void;

export function put<K, V>(map: Map<K, V>, key: K, value: V, undo: Undo[]): void {
  const before = map.get(key);
  undo.push(before === undefined ? () => map.delete(key) : () => map.set(key, before));
  map.set(key, value);
}

function remove<K, V>(map: Map<K, V>, key: K, undo: Undo[]): void {
  const before = map.get(key);
  if (before === undefined) return;
  undo.push(() => map.set(key, before));
  map.delete(key);
}

/** Deletes children first, upserts parents first, then makes the ranges equal. */
export function mergeSets(
  tables: ReadonlyMap<string, Map<number, Tuple>>,
  sets: readonly RowSet[],
  undo: Undo[],
  onUpsert: (route: TableRoute, value: number) => void,
): void {
  const rowsOf = (set: RowSet): Map<number, Tuple> => {
    const rows = tables.get(displayName(set.route.target));
    if (rows === undefined) throw new Error(`No table ${displayName(set.route.target)}`);
    return rows;
  };
  for (const set of sets.toReversed()) {
    for (const key of set.deletes) remove(rowsOf(set), keyOf(key), undo);
  }
  for (const set of sets) {
    for (const row of set.upserts) {
      put(rowsOf(set), keyOf(row), row, undo);
      onUpsert(set.route, valueOf(row));
    }
  }
  for (const set of sets) if (set.range !== null) equalize(rowsOf(set), set.range, undo);
}

function equalize(rows: Map<number, Tuple>, range: NonNullable<RowSet['range']>, undo: Undo[]): void {
  const after = range.after === null ? -Infinity : Number(range.after);
  const upTo = range.upTo === null ? Infinity : Number(range.upTo);
  const wanted = new Set(range.rows.map(keyOf));
  if (range.replace) {
    const only = range.only ?? null;
    const inside = (key: number): boolean =>
      only === null ? key > after && key <= upTo : only.some((one) => key === Number(one));
    const extra = [...rows.keys()].filter((key) => inside(key) && !wanted.has(key));
    for (const key of extra) remove(rows, key, undo);
  }
  for (const row of range.rows) put(rows, keyOf(row), row, undo);
}
