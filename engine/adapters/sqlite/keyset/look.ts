/** A look at the newest values. SQLite has one writer at a time: what is open has written nothing older than them. */
import {
  encodeCursor,
  type KeysetBound,
  type KeysetColumn,
  type KeysetLook,
  type NewestValue,
  type Value,
} from '../../../model';
import { quote } from '../database/identifiers';
import type { Session } from '../database/session';
import { numberOf } from '../database/values';
import { readSource } from '../source/transaction';
import { requireColumns } from './columns';
import { formOf, isoOf, timeSql } from './time';

/** Times may be kept in whole seconds. */
const RESOLUTION_MS = 1_000;

const NOW = `CAST(round(unixepoch('now', 'subsec') * 1000) AS INTEGER)`;

/** Throws SCHEMA_MOVED. */
export function look(session: Session, columns: readonly KeysetColumn[]): KeysetLook {
  return readSource(session, () => {
    const before = readClock(session);
    const newest = columns.map((column) => newestOf(session, column, before));
    return { newest, at: readClock(session), open: [] };
  });
}

function readClock(session: Session): number {
  return numberOf(session.get(`SELECT ${NOW}`)?.[0]);
}

function newestOf(session: Session, keyset: KeysetColumn, now: number): NewestValue | null {
  requireColumns(session, keyset.route, [keyset.column]);
  const value = highest(session, keyset, null);
  if (value === null) return null;
  // A version that is taken later is higher.
  if (keyset.by === 'version') return { value: encodeCursor([value]), over: true };
  const form = formOf(value);
  if (form === null) return { value: encodeCursor([value]), over: false };
  const clock = spelled(session, timeSql(form, value), now);
  const past = isBelow(session, value, clock, true) ? value : highest(session, keyset, clock);
  if (past === null) return null;
  const before = spelled(session, timeSql(form, value), now - RESOLUTION_MS);
  return { value: encodeCursor([past]), over: isBelow(session, past, before, false) };
}

/** The highest value, not above `most` if given. */
function highest(session: Session, { route, column }: KeysetColumn, most: Value): Value {
  const bound = most === null ? `IS NOT NULL` : `<= ?`;
  const sql = `SELECT ${quote(column)} FROM main.${quote(route.source.name.name)}
WHERE ${quote(column)} ${bound} ORDER BY ${quote(column)} DESC LIMIT 1`;
  return session.get(sql, ...(most === null ? [] : [most]))?.[0] ?? null;
}

function spelled(session: Session, sql: string, time: number): Value {
  return session.get(`SELECT ${sql}`, isoOf(time))?.[0] ?? null;
}

function isBelow(session: Session, value: Value, limit: Value, orEqual: boolean): boolean {
  return numberOf(session.get(`SELECT ? ${orEqual ? '<=' : '<'} ?`, value, limit)?.[0]) === 1;
}

/** Spelled as the newest value is; null where that is no time. */
export function valueAt(session: Session, keyset: KeysetColumn, time: number): KeysetBound | null {
  if (keyset.by === 'version') return null;
  return readSource(session, () => {
    const like = highest(session, keyset, null);
    const form = formOf(like);
    if (form === null) return null;
    const value = spelled(session, timeSql(form, like), time - RESOLUTION_MS);
    return value === null ? null : { value: encodeCursor([value]), inclusive: true };
  });
}
