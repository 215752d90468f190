/** A target that refuses certain values: what of a chunk is left to write, and which rows are set aside. */
import { displayName } from '../../engine';
import type { RowSet, SetAside, Tuple } from '../../engine';
import { keyOf, valueOf } from './schema';
import type { TargetDatabase } from './target-database';

/** Every third write is one that a picky table refuses. */
const REFUSED = 3;

export interface Refusal {
  /** What can be written. */
  readonly sets: readonly RowSet[];
  readonly aside: readonly SetAside[];
}

export function refuseRows({ picky, state }: TargetDatabase, sets: readonly RowSet[]): Refusal {
  const aside: SetAside[] = [];
  const left = sets.map((set): RowSet => {
    const { route, range } = set;
    const name = displayName(route.target);
    if (!picky.has(name)) return set;
    const held = state.tables.get(name);
    const refuse = (row: Tuple, copied: boolean): void => {
      const key = [row[0] ?? null];
      const about = { table: route.id, key, op: 'upsert', row, code: 'CONSTRAINT_FAILED' } as const;
      aside.push({ ...about, column: null, copied, held: held?.has(keyOf(row)) ?? false });
    };
    // What it took before it became picky it keeps, and takes again.
    const isRefused = (row: Tuple): boolean => {
      const before = held?.get(keyOf(row));
      return valueOf(row) % REFUSED === 0 && (before === undefined || valueOf(before) !== valueOf(row));
    };
    const kept = (key: number): readonly Tuple[] => {
      const row = held?.get(key);
      return row === undefined ? [] : [row];
    };
    // Rows of the range have the last word about their keys.
    const copied = new Set((range?.rows ?? []).map(keyOf));
    const written = set.upserts.filter((row) => !isRefused(row));
    set.upserts
      .filter((row) => isRefused(row) && !copied.has(keyOf(row)))
      .forEach((row) => refuse(row, false));
    range?.rows.filter(isRefused).forEach((row) => refuse(row, true));
    if (range === null) return { ...set, upserts: written };
    const rows = range.rows.flatMap((row) => (isRefused(row) ? kept(keyOf(row)) : [row]));
    return { ...set, upserts: written, range: { ...range, rows } };
  });
  return { sets: left, aside };
}

/** Which of the keys a chunk holds. */
export function touchedKeys(
  sets: readonly RowSet[],
  table: string,
  keys: readonly Tuple[],
): readonly boolean[] {
  const own = sets.filter(({ route }) => route.id === table);
  const held = new Set(
    own.flatMap(({ deletes, upserts, range }) => [...deletes, ...upserts, ...(range?.rows ?? [])]).map(keyOf),
  );
  return keys.map((key) => held.has(keyOf(key)));
}
