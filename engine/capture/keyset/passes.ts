/** One pass over a table's rows, part by part: where it begins, what it reads next, and what the table's mark is after it. */
import type {
  KeysetBound,
  KeysetColumn,
  KeysetLook,
  KeysetRange,
  KeysetReader,
  NewestValue,
  TableRoute,
} from '../../model';
import { addSighting, boundAfter, horizonOf, newestBy } from './horizon';
import { sameBound, UNKNOWN } from './position';
import type { ColumnMark, LookMark, PassMark, TableMark } from './position';

/** The columns that a route reads: what was read with others can't be compared. */
export function shapeOf({ route, column, by }: KeysetColumn): string {
  return JSON.stringify([by, column, columnMarksOf(route)]);
}

/** The columns that a route reads, with their types. */
export function columnMarksOf({ columns, source }: TableRoute): readonly ColumnMark[] {
  return columns.map((name) => {
    const found = source.columns.find((entry) => entry.name === name);
    return [name, found?.declaredType ?? ''];
  });
}

export interface Beginning {
  readonly reader: KeysetReader;
  readonly column: KeysetColumn;
  readonly look: LookMark;
  readonly newest: NewestValue | null;
  readonly lookbackMs: number | null;
}

/** How a table is marked that was not read before: what turns up from where rows may still do so is a change. */
export async function firstMark(beginning: Beginning): Promise<TableMark> {
  const { look, newest } = beginning;
  const from = await nextBound(beginning, null);
  return { shape: null, from, sightings: [{ at: look.at, newest }], ...UNKNOWN };
}

/** Of a table that no window reads, since each of its rows counts its own changes: only its columns are known. */
export const UNREAD: TableMark = { shape: null, from: null, sightings: [], ...UNKNOWN };

/** All that may have changed since. */
export async function wholePass(beginning: Beginning, mark: TableMark): Promise<PassMark> {
  const next = await nextBound(beginning, mark);
  const whole = { kind: 'whole', newest: beginning.newest, next, after: null, count: 0, sum: 0 } as const;
  // Nothing lies below the place at which the next pass will begin.
  const isNew = next === null || sameBound(next, mark.from);
  return { ...whole, part: isNew ? 'new' : 'old' };
}

/** What is newer than at the last look. */
export function frontPass({ newest }: Pick<Beginning, 'newest'>, { from, count, sum }: TableMark): PassMark {
  return { kind: 'front', newest, next: from, part: 'new', after: null, count, sum };
}

/** From here on rows may turn up that no look before has seen. */
async function nextBound(
  { reader, column, look, newest, lookbackMs }: Beginning,
  mark: TableMark | null,
): Promise<KeysetBound | null> {
  const horizon = horizonOf(look, lookbackMs);
  const known = newestBy([...(mark?.sightings ?? []), { at: look.at, newest }], horizon);
  return known === undefined ? reader.valueAt(column, horizon) : boundAfter(known);
}

/** The rows that a pass reads next; null when it is done. */
export function rangeOf(column: KeysetColumn, pass: PassMark, mark: TableMark): KeysetRange | null {
  const { part, after, next, kind } = pass;
  if (part === 'done') return null;
  if (part === 'old') return { column, from: mark.from, before: next, after };
  const start = kind === 'front' ? boundAfter(mark.sightings.at(-1)?.newest ?? null) : next;
  return { column, from: start, before: null, after };
}

/** What comes after a part that has ended. */
export function nextPart(pass: PassMark): PassMark {
  return { ...pass, part: pass.part === 'old' ? 'new' : 'done', after: null };
}

/** How a table is marked once its pass is over. */
export function markAfter(
  column: KeysetColumn,
  pass: PassMark,
  mark: TableMark,
  look: LookMark,
  lookbackMs: number | null,
): TableMark {
  const sighting = { at: look.at, newest: pass.newest };
  const sightings = addSighting(mark.sightings, sighting, horizonOf(look, lookbackMs));
  const { count, sum, next } = pass;
  return { shape: shapeOf(column), from: next, sightings, count, sum, setBack: mark.setBack ?? null };
}

/** The newest value of each column, by the name of its table. */
export function newestOf(
  columns: readonly KeysetColumn[],
  look: KeysetLook,
): ReadonlyMap<string, NewestValue | null> {
  return new Map(columns.map(({ route }, index) => [route.id, look.newest[index] ?? null]));
}
