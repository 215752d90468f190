/** Ranges of a table in the order of its key, as SQL. */
import { decodeCursor, filterSql, type Cursor, type CursorValue, type Value } from '../../../model';
import { bindCursorValue } from './cursor';
import { quote, quoteAll, rowValue } from '../database/identifiers';

export interface KeyRange {
  /** Exclusive; null: from the start. */
  readonly after: Cursor | null;
  /** Inclusive; null: to the end. */
  readonly upTo: Cursor | null;
  /** These keys alone. */
  readonly keys?: readonly Cursor[] | null;
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
  const compare = (operator: string, cursor: Cursor | null): void => {
    if (cursor === null) return;
    const bound = decodeCursor(cursor, key.length).map(bindCursorValue);
    parameters.push(...bound.map((value) => value.bound));
    conditions.push(`${rowValue(key.map(quote))} ${operator} ${rowValue(bound.map((value) => value.sql))}`);
  };
  compare('>', range.after);
  compare('<=', range.upTo);
  if (range.keys !== undefined && range.keys !== null) {
    const among = amongKeys(
      key,
      range.keys.map((cursor) => decodeCursor(cursor, key.length)),
    );
    conditions.push(among.sql);
    parameters.push(...among.parameters);
  }
  if (typeof range.where === 'string') conditions.push(filterSql(range.where));
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')} `;
  const limit = range.limit === null ? '' : ' LIMIT ?';
  if (range.limit !== null) parameters.push(BigInt(range.limit));
  return { sql: `FROM main.${quote(table)} ${where}ORDER BY ${quoteAll(key)}${limit}`, parameters };
}

/** Numbers of keys that are asked for at once: few different statements, whatever their number. */
const BATCHES = [1, 10, 100, 500];

/** `(key) IN (…)`: equal as the key's columns have it. */
export function amongKeys(
  key: readonly string[],
  keys: readonly (readonly CursorValue[])[],
): { readonly sql: string; readonly parameters: readonly Value[] } {
  const last = keys.at(-1);
  if (last === undefined) return { sql: 'FALSE', parameters: [] };
  const size = BATCHES.find((batch) => batch >= keys.length) ?? keys.length;
  const parameters: Value[] = [];
  const rows = [...keys, ...Array.from({ length: size - keys.length }, () => last)].map((values) => {
    const bound = values.map(bindCursorValue);
    parameters.push(...bound.map((value) => value.bound));
    return `(${bound.map((value) => value.sql).join(', ')})`;
  });
  return { sql: `${rowValue(key.map(quote))} IN (VALUES ${rows.join(', ')})`, parameters };
}
