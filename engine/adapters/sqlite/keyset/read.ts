/** Rows in the order of a column and of the key, and ranges of a first copy. */
import {
  allowanceOf,
  decodeCursor,
  filterSql,
  type Allowance,
  type KeysetBound,
  type RangeRead,
  type KeysetPage,
  type KeysetRange,
  type RangeToRead,
  type Value,
} from '../../../model';
import { quote, quoteAll, rowValue } from '../database/identifiers';
import type { Session } from '../database/session';
import { bindCursorValue } from '../rows/cursor';
import { selectExact } from '../rows/exact-rows';
import { keyIdentity } from '../rows/key-identity';
import { comparableRow, cursorOf } from '../rows/scan';
import { readSource } from '../source/transaction';
import { readRange } from '../source/window';
import { requireColumns, requireSameColumns } from './columns';
import { millisecondsSql } from './time';

/** Throws SCHEMA_MOVED, and CHUNK_TOO_LARGE beyond `bytes`. Text that is not valid in its encoding comes as `comparableText`. */
export function readPages(
  session: Session,
  ranges: readonly KeysetRange[],
  limit: number,
  bytes: number | null,
): readonly KeysetPage[] {
  return readSource(session, () => {
    const pages: KeysetPage[] = [];
    const allowance = allowanceOf(bytes);
    let left = limit;
    for (const range of ranges) {
      const page = readPage(session, range, left, allowance);
      pages.push(page);
      left -= page.rows.length;
      if (!page.ended || left <= 0) break;
    }
    return pages;
  });
}

/** Throws SCHEMA_MOVED, POSITION_INVALID, and CHUNK_TOO_LARGE beyond `bytes`. */
export function copyRange(session: Session, range: RangeToRead, bytes: number | null): RangeRead {
  return readSource(session, () => {
    const { route } = range;
    requireColumns(session, route, route.columns);
    const read = readRange(session, range, allowanceOf(bytes));
    requireSameColumns(session, route);
    return read;
  });
}

/** What stands before the route's columns in a row. */
const META = 3;

function readPage(
  session: Session,
  { column: keyset, from, before, after }: KeysetRange,
  limit: number,
  allowance: Allowance | null,
): KeysetPage {
  const { route, column, by } = keyset;
  requireColumns(session, route, [column, ...route.columns]);
  const conditions: string[] = [];
  const parameters: Value[] = [];
  const bind = ({ sql, bound }: ReturnType<typeof bindCursorValue>): string => {
    parameters.push(bound);
    return sql;
  };
  const compare = ({ value }: KeysetBound, operator: string): void => {
    const sql = decodeCursor(value, 1).map((one) => bind(bindCursorValue(one)));
    conditions.push(`${quote(column)} ${operator} ${sql.join()}`);
  };
  if (from === null) conditions.push(`${quote(column)} IS NOT NULL`);
  else compare(from, from.inclusive ? '>=' : '>');
  if (before !== null) compare(before, before.inclusive ? '<' : '<=');
  const order = [column, ...route.key];
  if (after !== null) {
    const values = decodeCursor(after, order.length).map((one) => bind(bindCursorValue(one)));
    conditions.push(`${rowValue(order.map(quote))} > ${rowValue(values)}`);
  }
  parameters.push(BigInt(limit));
  const found = selectExact(
    session,
    [
      quote(column),
      by === 'timestamp' ? millisecondsSql(quote(column)) : 'NULL',
      route.where === null ? '0' : `${filterSql(route.where)} IS NOT TRUE`,
      ...route.columns.map(quote),
    ],
    `FROM main.${quote(route.source.name.name)} WHERE ${conditions.join(' AND ')} ORDER BY ${quoteAll(order)} LIMIT ?`,
    parameters,
    allowance,
  );
  if (found.length > 0) requireSameColumns(session, route);
  const places = route.key.map((name) => META + route.columns.indexOf(name));
  return {
    rows: found.map(comparableRow).map((row) => ({
      identity: keyIdentity(places.map((place) => row[place] ?? null)),
      row: row.slice(META),
      gone: row[2] === 1n,
      changedAt: row[1] === null ? null : Number(row[1]),
    })),
    ended: found.length < limit,
    after: cursorOf(found.at(-1), [0, ...places]),
  };
}
