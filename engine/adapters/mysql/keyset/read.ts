/** Rows in the order of a column and of the key, and ranges of a first copy. */
import {
  allowanceOf,
  encodeCursor,
  filterSql,
  type Allowance,
  type KeysetBound,
  type RangeRead,
  type KeysetPage,
  type KeysetRange,
  type RangeToRead,
  type TableRoute,
} from '../../../model';
import { qualify, quote, type Parameter, type Session } from '../database';
import { decodeCursor } from '../rows/cursor';
import { keyIdentity } from '../rows/key-identity';
import { keyExpression, rangeCondition } from '../rows/key-order';
import { columnsOf, readersOf, readTuple, selectList, writeValue } from '../rows/values';
import { readRange } from '../source/read';
import { requireColumns } from './columns';
import { millisecondsOf } from './time';

/** Throws SCHEMA_MOVED, POSITION_INVALID, and CHUNK_TOO_LARGE beyond `bytes`. */
export async function readPages(
  session: Session,
  ranges: readonly KeysetRange[],
  limit: number,
  bytes: number | null,
): Promise<readonly KeysetPage[]> {
  return session.transaction('snapshot', async () => {
    const pages: KeysetPage[] = [];
    const allowance = allowanceOf(bytes);
    let left = limit;
    for (const range of ranges) {
      const page = await readPage(session, range, left, allowance);
      pages.push(page);
      left -= page.rows.length;
      if (!page.ended || left <= 0) break;
    }
    // A table that was read is held against ALTER until the transaction ends.
    const held = ranges.filter((_, index) => (pages[index]?.rows.length ?? 0) > 0);
    await requireColumns(
      session,
      held.map(({ column }) => column.route),
    );
    return pages;
  });
}

/** Throws SCHEMA_MOVED, POSITION_INVALID, and CHUNK_TOO_LARGE beyond `bytes`. */
export function copyRange(session: Session, range: RangeToRead, bytes: number | null): Promise<RangeRead> {
  return session.transaction('snapshot', async () => {
    const read = await readRange(session, range, allowanceOf(bytes));
    await requireColumns(session, [range.route]);
    return read;
  });
}

async function readPage(
  session: Session,
  { column: keyset, from, before, after }: KeysetRange,
  limit: number,
  allowance: Allowance | null,
): Promise<KeysetPage> {
  const { route, column, by } = keyset;
  const { source } = route;
  const order = [column, ...route.key];
  const parameters: Parameter[] = [];
  const conditions: string[] = [];
  const compare = ({ value }: KeysetBound, operator: string): void => {
    conditions.push(`s.${quote(column)} ${operator} ?`);
    for (const { type } of columnsOf(source, [column])) {
      parameters.push(...decodeCursor(value, 1).map((one) => writeValue(one, type)));
    }
  };
  if (from !== null) compare(from, from.inclusive ? '>=' : '>');
  else if (after === null) conditions.push(`s.${quote(column)} IS NOT NULL`);
  if (before !== null) compare(before, before.inclusive ? '<' : '<=');
  if (after !== null) {
    const next = rangeCondition({ table: source, key: order, order: 'own', after, upTo: null }, 's');
    conditions.push(next.sql);
    parameters.push(...next.parameters);
  }
  const sorted = columnsOf(source, order).map((part) => keyExpression(part, 'own', 's'));
  const found = await session.query(
    `SELECT ${selectList(source, [column, ...route.columns], 's')}, ${goneSql(route)} AS gone FROM ${qualify(source.name)} AS s
WHERE ${conditions.join(' AND ')} ORDER BY ${sorted.join(', ')} LIMIT ${String(limit)}`,
    parameters,
    { table: route.id, allowance },
  );
  const readers = readersOf(source, [column, ...route.columns]);
  const keys = route.key.map((key) => route.columns.indexOf(key));
  const rows = found.map((fields) => {
    const [value = null, ...row] = readTuple(fields, readers);
    return {
      identity: keyIdentity(keys.map((place) => row[place] ?? null)),
      row,
      value,
      gone: Number(fields.at(-1)) === 1,
      changedAt: by === 'timestamp' ? millisecondsOf(value) : null,
    };
  });
  const last = rows.at(-1);
  return {
    rows: rows.map(({ identity, row, gone, changedAt }) => ({ identity, row, gone, changedAt })),
    ended: rows.length < limit,
    after:
      last === undefined ? null : encodeCursor([last.value, ...keys.map((place) => last.row[place] ?? null)]),
  };
}

function goneSql({ where }: TableRoute): string {
  return where === null ? '0' : `${filterSql(where)} IS NOT TRUE`;
}
