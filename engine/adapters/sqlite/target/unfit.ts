/**
 * Rows with a value that SQLite would change without a word: NaN becomes NULL, a column's type converts numbers and
 * texts. They never reach a statement: the merge sets them aside, or fails by them.
 */
import { CdcError, isCdcError, tooManySetAside } from '../../../errors';
import {
  allowanceOf,
  BYTES_IN_MEMORY,
  type SetAside,
  type TableRoute,
  type Tuple,
  type Value,
} from '../../../model';
import { encodingOf } from '../database/encoding';
import { rowValue, quote } from '../database/identifiers';
import type { Session } from '../database/session';
import { flagOf } from '../database/values';
import { bindCursorValue } from '../rows/cursor';
import { bytesOfComparable, selectExact } from '../rows/exact-rows';
import { keyValues } from '../rows/key-values';
import { comparableRow } from '../rows/scan';
import { convertingColumnsOf, keeps, suspectSql } from './keeping';
import { KIND, stagedColumn, type UnfitRow } from './staging';
import { targetShape } from './shape';

/** Tells of a row what the target would not take as it is; null for one that it does. */
export type FindUnfit = (row: Tuple, copied: boolean) => UnfitRow | null;

export function unfitIn(session: Session, route: TableRoute): FindUnfit {
  const converting = convertingColumnsOf(session, route);
  const own = isFromOwnKind(route);
  // It runs for each row: what iterators and closures cost would show.
  const placeOf = (row: Tuple): number => {
    for (let place = 0; place < row.length; place++) {
      if (!isStorable(session, row[place] ?? null, own)) return place;
    }
    for (const column of converting) {
      if (!keeps(session, column, row[column.place] ?? null)) return column.place;
    }
    return -1;
  };
  return (row, copied) => {
    const place = placeOf(row);
    if (place < 0) return null;
    const column = route.columns[place];
    if (column === undefined) return null;
    const key = route.key.map((name) => row[route.columns.indexOf(name)] ?? null);
    return { key, row, column, value: row[place] ?? null, copied };
  };
}

/** True for a table of another SQLite: what is no valid text there are bytes of such a database. */
function isFromOwnKind({ source }: TableRoute): boolean {
  return source.columns.every(({ type }) => type.kind === 'dynamic');
}

/** False for what no column holds: NaN, and text that is not valid in the encoding of this database. */
function isStorable(session: Session, value: Value, own: boolean): boolean {
  if (typeof value === 'number') return !Number.isNaN(value);
  if (typeof value !== 'string' || value.isWellFormed()) return true;
  return own && bytesOfComparable(value)?.encoding === encodingOf(session);
}

/** False for a key that stands in no row of the target, nor can be compared with one. */
export function isStorableKey(session: Session, route: TableRoute, key: Tuple): boolean {
  const own = isFromOwnKind(route);
  return key.every((value) => isStorable(session, value, own));
}

/** Rows that are looked at together. */
const PAGE = 1000;

/** Takes those rows out of what is staged in `table` that came there without being looked at, by SQL alone. */
export function takeOutUnfit(
  session: Session,
  route: TableRoute,
  table: string,
  copied: boolean,
): readonly UnfitRow[] {
  const suspect = suspectSql(convertingColumnsOf(session, route));
  if (suspect === null) return [];
  const find = unfitIn(session, route);
  const columns = ['rowid', ...route.columns.map((column) => stagedColumn(route, column))];
  const page = `FROM ${table} WHERE rowid > ? AND kind = ${KIND.upsert} AND (${suspect}) ORDER BY rowid LIMIT ?`;
  const unfit: UnfitRow[] = [];
  let most = PAGE;
  for (let after: Value = 0n, isLast = false; !isLast;) {
    const { rows, limit } = readFitting(session, columns, page, { after, most });
    most = limit;
    for (const [place = null, ...row] of rows) {
      const found = find(row, copied);
      if (found === null) continue;
      session.run(`UPDATE ${table} SET kind = ${KIND.unfit} WHERE rowid = ?`, place);
      unfit.push(found);
    }
    after = rows.at(-1)?.[0] ?? null;
    isLast = rows.length < limit;
  }
  return unfit;
}

/** A page of rows, of fewer where these take too much memory, and of how many. */
function readFitting(
  session: Session,
  columns: readonly string[],
  page: string,
  { after, most }: { readonly after: Value; readonly most: number },
): { readonly rows: readonly Tuple[]; readonly limit: number } {
  for (let limit = most; ; limit = Math.ceil(limit / 4)) {
    try {
      const allowance = limit === 1 ? null : allowanceOf(BYTES_IN_MEMORY);
      const found = selectExact(session, columns, page, [after, BigInt(limit)], allowance);
      return { rows: found.map(comparableRow), limit };
    } catch (error) {
      if (!isCdcError(error, 'CHUNK_TOO_LARGE')) throw error;
    }
  }
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
  if (!setAside) throw refusal(session, route, first);
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

function refusal(session: Session, route: TableRoute, { column, value }: UnfitRow): CdcError {
  const { id } = route;
  const [says, hint] = reasonOf(column, value, isStorable(session, value, isFromOwnKind(route)));
  return new CdcError('TYPE_MISMATCH', `Table ${id}: ${says}`, { table: id, column, hint });
}

/** What is the matter, without the value, and what can be done. `isStored`: some column would hold it. */
function reasonOf(column: string, value: Value, isStored: boolean): readonly [string, string] {
  if (Number.isNaN(value)) {
    return [
      `SQLite can't hold NaN, found in column ${column}`,
      'Store NULL in its place, or leave the column out with `columns`.',
    ];
  }
  if (!isStored) {
    return [
      `column ${column} holds text that is not valid Unicode`,
      'Store such bytes as BLOB. SQLite keeps them between databases of the same encoding only.',
    ];
  }
  return Object.is(value, -0)
    ? [
        `SQLite would make 0 of -0, found in column ${column}`,
        'Store 0 in its place, or make the table yourself with a column that has no type, which keeps it.',
      ]
    : [
        `column ${column} of the target has a type that would change a value`,
        'Declare it without a type, which keeps every value, or as `cdc plan` would for a table that is missing.',
      ];
}
