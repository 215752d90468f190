/** Keys that are apart on the source and would meet on the target: two rows would be one. */
import type { Value } from '../value';
import type { LogicalType } from './logical';

const READING: readonly LogicalType['kind'][] = ['decimal', 'uuid', 'date', 'time', 'timestamp', 'interval'];

/** True where '1' and '1.0', or a uuid in capitals and in small letters, may be two keys here and one there. */
export function mergesSpellings(from: LogicalType, to: LogicalType): boolean {
  if (!READING.includes(to.kind)) return false;
  if (from.kind === 'text') return true;
  if (from.kind !== 'dynamic') return false;
  // What looks like a number is one under an affinity for numbers.
  const hasNumberTexts = from.affinity === 'text' || from.affinity === 'blob';
  return to.kind !== 'decimal' || hasNumberTexts;
}

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
