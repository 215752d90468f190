/**
 * Times as SQLite keeps them: it has no type for them, so a value's storage class and size tell its form. SQL computes
 * with them; here is only which form it is.
 */
import type { Value } from '../../../model';

/** `iso`: text in ISO 8601, in UTC. `seconds`, `milliseconds`: since 1970. `julian`: days. */
export type TimeForm = 'iso' | 'seconds' | 'milliseconds' | 'julian';

/** Seconds reach this in the year 5138, milliseconds have passed it since 1973. */
const LEAST_MILLISECONDS = 1e11;
/** Julian days reach this in the year 22666; as seconds it is April 1970. */
const MOST_DAYS = 1e7;

/** Down to the second: rows of one day, or of one minute, can't be told by the time of their change. */
const ISO = /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}/;

/** Null for a value that is no time. */
export function formOf(value: Value): TimeForm | null {
  if (typeof value === 'string') return ISO.test(value) ? 'iso' : null;
  if (typeof value !== 'bigint' && typeof value !== 'number') return null;
  const size = Math.abs(Number(value));
  if (size >= LEAST_MILLISECONDS) return 'milliseconds';
  return typeof value === 'number' && size < MOST_DAYS ? 'julian' : 'seconds';
}

/** SQL of a time, given as text in `ISO 8601` that SQLite reads, in a form; text is spelled as `like` is. */
export function timeSql(form: TimeForm, like: Value): string {
  switch (form) {
    case 'iso': {
      const separator = typeof like === 'string' && like[10] === 'T' ? 'T' : ' ';
      return `strftime('%Y-%m-%d${separator}%H:%M:%f', ?)`;
    }
    case 'seconds':
      return typeof like === 'bigint' ? `unixepoch(?)` : `unixepoch(?, 'subsec')`;
    case 'milliseconds':
      return `CAST(round(unixepoch(?, 'subsec') * 1000) AS INTEGER)`;
    case 'julian':
      return 'julianday(?)';
  }
}

/** SQL of a column's value as milliseconds since 1970; NULL where it is no time. */
export function millisecondsSql(column: string): string {
  return `CASE typeof(${column})
WHEN 'text' THEN CAST(round(unixepoch(${column}, 'subsec') * 1000) AS INTEGER)
WHEN 'integer' THEN CASE WHEN abs(${column}) >= 1e11 THEN ${column} ELSE ${column} * 1000 END
WHEN 'real' THEN CAST(round(CASE WHEN abs(${column}) >= 1e11 THEN ${column}
  WHEN abs(${column}) < 1e7 THEN (${column} - 2440587.5) * 86400000 ELSE ${column} * 1000 END) AS INTEGER) END`;
}

/** As SQLite reads it. */
export function isoOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '');
}
