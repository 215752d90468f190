/** Keys of texts in columns of a type that reads several texts as one value: two rows of the source would be one. */
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
