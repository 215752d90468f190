/** The statement that nets changes of one table, and how it is chosen. */
import type { TableRoute } from '../../../model';
import { quote } from '../database/identifiers';
import { collateKey, KIND, stagedColumns } from '../target/staging';

/** Bytes of a row from which sorting it takes longer than finding it again by its id. */
const LONG_ROW = 1000;

/** By a route's columns, which stay the same array while it does: a chunk asks for all tables, changed or not. */
const known = new WeakMap<readonly string[], string>();

/** An expression over changes that is not NULL where a row may be long. */
export function longSql(route: TableRoute): string {
  const sql = known.get(route.columns) ?? makeLongSql(route);
  known.set(route.columns, sql);
  return sql;
}

/**
 * A CASE, since as OR a thousand columns would be nested too deep for SQLite. Columns of texts and bytes come first: a
 * length stands in a record's header, where a number may lie behind all pages of a long value. That a number is one is
 * told faster by comparing than by its length; texts and bytes are greater than all of them.
 */
function makeLongSql({ columns, key, source }: TableRoute): string {
  const types = new Map(source.columns.map(({ name, type }) => [name, type]));
  const holdsNumbers = (column: string): boolean => {
    const type = types.get(column);
    return type?.kind === 'dynamic' && (type.affinity === 'integer' || type.affinity === 'real');
  };
  const texts = columns.filter((column) => !holdsNumbers(column));
  const most = Math.floor(LONG_ROW / Math.max(1, texts.length));
  const isLong = (value: string): string => `octet_length(${value}) > ${most}`;
  const conditions = [
    ...texts.map((column) => isLong(quote(`new_${column}`))),
    // A change that has no new row is sorted with its former key.
    ...texts.filter((column) => key.includes(column)).map((column) => isLong(quote(`old_${column}`))),
    ...columns.filter(holdsNumbers).map((column) => {
      const value = quote(`new_${column}`);
      return `${value} > 9e999 AND ${isLong(value)}`;
    }),
  ];
  return `CASE ${conditions.map((condition) => `WHEN ${condition} THEN 1`).join(' ')} END`;
}

/**
 * Stages the last change of each key, in the order of the keys, in which they are written fastest. Short rows are sorted
 * as they are: beside max(), SQLite takes every other column of a group from the row that holds the maximum. Of long ones
 * only the keys are, since a row can be any size and what is sorted is held in memory.
 *
 * The key is written by CASE, not as it is grouped: spellings that are equal share a group, and the group's own value
 * could be an older spelling than that row's.
 */
export function netSql(
  route: TableRoute,
  changes: string,
  table: string,
  { isLong }: { readonly isLong: boolean },
): string {
  const columns = route.columns.map((column) => {
    const [before, after] = [quote(`old_${column}`), quote(`new_${column}`)];
    return route.key.includes(column)
      ? `CASE WHEN op IN ('delete', 'touch') THEN ${before} ELSE ${after} END`
      : after;
  });
  const key = route.key.map(
    (column) => `coalesce(${quote(`new_${column}`)}, ${quote(`old_${column}`)})${collateKey(route, column)}`,
  );
  const kind = route.source.reread
    ? String(KIND.reread)
    : `CASE op WHEN 'delete' THEN ${KIND.delete} WHEN 'touch' THEN ${KIND.reread} ELSE ${KIND.upsert} END`;
  const grouped = `FROM ${changes} WHERE id > ? AND id <= ? GROUP BY ${key.join(', ')}`;
  return `INSERT INTO ${table} (ord, kind, ${stagedColumns(route)})
SELECT ${isLong ? 'id' : 'max(id)'}, ${kind}, ${columns.join(', ')}
${isLong ? `FROM (SELECT max(id) AS last ${grouped}) CROSS JOIN ${changes} ON id = last` : grouped}`;
}
