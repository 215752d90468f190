/** Ranges of a table in the order of its key, as SQL. */
import { decodeCursor, filterSql, type Cursor, type Value } from '../../../model';
import { bindCursorValue } from './cursor';
import { quote, quoteAll, rowValue } from '../database/identifiers';

export interface KeyRange {
  /** Exclusive; null: from the start. */
  readonly after: Cursor | null;
  /** Inclusive; null: to the end. */
  readonly upTo: Cursor | null;
  /** This one key. */
  readonly only?: Cursor | null;
  /** These keys. */
  readonly keys?: readonly Cursor[];
  readonly limit: number | null;
  /** Of rows that fulfil this condition alone. */
  readonly where?: string | null;
}

/**
 * `FROM table WHERE … ORDER BY key LIMIT …`, in the collation of the columns, which is that of the key's index.
 * Throws POSITION_INVALID for a cursor of another key.
 */
export function selectRange(
  table: string,
  key: readonly string[],
  range: KeyRange,
): { readonly sql: string; readonly parameters: readonly Value[] } {
  const conditions: string[] = [];
  const parameters: Value[] = [];
  const comparison = (operator: string, cursor: Cursor): string => {
    const bound = decodeCursor(cursor, key.length).map(bindCursorValue);
    parameters.push(...bound.map((value) => value.bound));
    return `${rowValue(key.map(quote))} ${operator} ${rowValue(bound.map((value) => value.sql))}`;
  };
  const compare = (operator: string, cursor: Cursor | null): void => {
    if (cursor !== null) conditions.push(comparison(operator, cursor));
  };
  compare('>', range.after);
  compare('<=', range.upTo);
  compare('=', range.only ?? null);
  if (range.keys !== undefined) conditions.push(anyOf(range.keys.map((cursor) => comparison('=', cursor))));
  if (typeof range.where === 'string') conditions.push(filterSql(range.where));
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')} `;
  const limit = range.limit === null ? '' : ' LIMIT ?';
  if (range.limit !== null) parameters.push(BigInt(range.limit));
  return { sql: `FROM main.${quote(table)} ${where}ORDER BY ${quoteAll(key)}${limit}`, parameters };
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'FALSE' : `(${conditions.join(' OR ')})`;
}
