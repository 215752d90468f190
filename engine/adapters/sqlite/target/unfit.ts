/**
 * Rows with a value that SQLite itself would change: NaN becomes NULL, a column for numbers makes 0 of -0 and rounds an
 * integer of more than 64 bits, and a text that is none in Unicode becomes another one. They never reach a statement: the
 * merge sets them aside, or fails by them.
 */
import { CdcError, tooManySetAside } from '../../../errors';
import type { SetAside, TableRoute, Tuple, Value } from '../../../model';
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
  readonly value: NonNullable<Value>;
  /** True for a row of the snapshot range. */
  readonly copied: boolean;
}

/** Null for a row that the target takes as it is. Throws TARGET_TABLE_MISMATCH. */
export function unfitRow(session: Session, route: TableRoute, row: Tuple, copied: boolean): UnfitRow | null {
  const place = row.findIndex(
    (value, index) =>
      isNowhere(value) || (isChangedAsNumber(value) && isNumeric(session, route, route.columns[index])),
  );
  const value = row[place] ?? null;
  const column = route.columns[place];
  if (value === null || column === undefined) return null;
  const key = route.key.map((name) => row[route.columns.indexOf(name)] ?? null);
  return { key, row, column, value, copied };
}

/** What no column holds as it is. */
function isNowhere(value: Value): boolean {
  return Number.isNaN(value) || (typeof value === 'string' && !value.isWellFormed());
}

function isChangedAsNumber(value: Value): boolean {
  return Object.is(value, -0) || (typeof value === 'bigint' && BigInt.asIntN(64, value) !== value);
}

function isNumeric(session: Session, route: TableRoute, column = ''): boolean {
  return targetShape(session, route).numeric.includes(column);
}

/** True for a key that stands in no row of the target, nor can be compared with one. */
export function standsNowhere(key: Tuple): boolean {
  return key.some(isNowhere);
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
  if (standsNowhere(key)) return false;
  const parts = keyValues(key).map(bindCursorValue);
  const found = session.get(
    `SELECT EXISTS (SELECT 1 FROM ${targetShape(session, route).table}
WHERE ${rowValue(route.key.map(quote))} = ${rowValue(parts.map(({ sql }) => sql))})`,
    ...parts.map(({ bound }) => bound),
  );
  return flagOf(found?.[0]);
}

function refusal({ id }: TableRoute, { column, value }: UnfitRow): CdcError {
  const [says, hint] = reasonOf(value);
  return new CdcError('TYPE_MISMATCH', `Table ${id}: SQLite ${says}, found in column ${column}`, {
    table: id,
    column,
    hint,
  });
}

const UNTYPED = 'or make the table yourself with a column that has no type, which keeps it.';

function reasonOf(value: NonNullable<Value>): readonly [says: string, hint: string] {
  if (typeof value === 'string') {
    return [
      `can't hold a text that is none in Unicode`,
      'Correct the text, or leave the column out with `columns`.',
    ];
  }
  if (typeof value === 'bigint') {
    return ['would round an integer of more than 64 bits', `Store a smaller one in its place, ${UNTYPED}`];
  }
  return Number.isNaN(value)
    ? [`can't hold NaN`, 'Store NULL in its place, or leave the column out with `columns`.']
    : ['would make 0 of -0', `Store 0 in its place, ${UNTYPED}`];
}
