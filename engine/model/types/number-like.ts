/** Keys without a type, of which numbers become texts: a text of the same letters is another key and must not meet one. */
import type { Value } from '../value';
import type { LogicalType } from './logical';

/**
 * True for a value of a key's column that is the same text as a number of that column would be on its way into a text:
 * `'1'` beside 1, which only SQLite can hold in one column.
 */
export function meetsNumber(from: LogicalType, value: Value): boolean {
  if (from.kind !== 'dynamic' || typeof value !== 'string') return false;
  return (
    from.affinity !== 'text' && (/^-?(?:0|[1-9]\d{0,18})$/.test(value) || String(Number(value)) === value)
  );
}
