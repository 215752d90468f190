/**
 * Rows with a number that SQLite itself would change: NaN becomes NULL, and a column for numbers makes -0 of a real 0.
 * They never reach a statement: the merge sets them aside, or fails by them.
 */
import { CdcError, tooManySetAside } from '../../../errors';
import type { SetAside, TableRoute, Tuple } from '../../../model';
import { rowValue, quote } from '../database/identifiers';
import type { Session } from '../database/session';
import { flagOf } from '../database/values';
import { keyValues } from '../rows/key-values';
import { bindCursorValue } from '../rows/cursor';
import { targetShape } from './shape';

export interface UnfitRow {
  readonly key: Tuple;
  readonly row: Tuple;
  readonly column: string;
  readonly value: number;
  /** True for a row of the snapshot range. */
  readonly copied: boolean;
}

/** Null for a row that the target takes as it is. Throws TARGET_TABLE_MISMATCH. */
export function unfitRow(session: Session, route: TableRoute, row: Tuple, copied: boolean): UnfitRow | null {
  const place = row.findIndex(
    (value, index) =>
      Number.isNaN(value) || (Object.is(value, -0) && losesSign(session, route, route.columns[index])),
  );
  const value = row[place];
  const column = route.columns[place];
  if (typeof value !== 'number' || column === undefined) return null;
  const key = route.key.map((name) => row[route.columns.indexOf(name)] ?? null);
  return { key, row, column, value, copied };
}

function losesSign(session: Session, route: TableRoute, column = ''): boolean {
  return targetShape(session, route).signless.includes(column);
}

/** True for a key that stands in no row of the target, nor can be compared with one. */
export function hasNotANumber(key: Tuple): boolean {
  return key.some((value) => Number.isNaN(value));
}

/** The rows as they are set aside. Throws TYPE_MISMATCH with the column where they may not be, and DEAD_LETTER_LIMIT. */
export function setUnfitAside(
  session: Session,
  route: TableRoute,
  unfit: readonly UnfitRow[],
  { setAside, most }: { readonly setAside: boolean; readonly most: number },
): readonly SetAside[] {
  const [first] = unfit;
  if (first === undefined) return [];
  if (!setAside) throw refusal(route, first);
  const code = 'TYPE_MISMATCH';
  // A row of the changes can be one of the range, too.
  if (unfit.length > 2 * most) throw tooManySetAside(route.id, most, { code, column: first.column });
  return unfit.map(({ key, row, column, copied }) => ({
    table: route.id,
    key,
    op: 'upsert',
    row,
    code,
    column,
    copied,
    held: isHeld(session, route, key),
  }));
}

function isHeld(session: Session, route: TableRoute, key: Tuple): boolean {
  const parts = keyValues(key).map(bindCursorValue);
  const found = session.get(
    `SELECT EXISTS (SELECT 1 FROM ${targetShape(session, route).table}
WHERE ${rowValue(route.key.map(quote))} = ${rowValue(parts.map(({ sql }) => sql))})`,
    ...parts.map(({ bound }) => bound),
  );
  return flagOf(found?.[0]);
}

function refusal({ id }: TableRoute, { column, value }: UnfitRow): CdcError {
  const about = { table: id, column };
  return Number.isNaN(value)
    ? new CdcError('TYPE_MISMATCH', `Table ${id}: SQLite can't hold NaN, found in column ${column}`, {
        ...about,
        hint: 'Store NULL in its place, or leave the column out with `columns`.',
      })
    : new CdcError('TYPE_MISMATCH', `Table ${id}: SQLite would make 0 of -0, found in column ${column}`, {
        ...about,
        hint: 'Store 0 in its place, or make the table yourself with a column that has no type, which keeps it.',
      });
}
