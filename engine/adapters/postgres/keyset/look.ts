/** A look at the newest values, the clock, and what is open, in this order. */
import {
  encodeCursor,
  type KeysetBound,
  type KeysetColumn,
  type KeysetLook,
  type NewestValue,
} from '../../../model';
import { qualify, quote, type Session } from '../database';
import { readOpen } from './open';
import { clockSql, formOf, highestOf, isOverSql, valueSql } from './time';

/** Throws SCHEMA_MOVED. */
export async function look(session: Session, columns: readonly KeysetColumn[]): Promise<KeysetLook> {
  const newest: (NewestValue | null)[] = [];
  for (const column of columns) newest.push(await newestOf(session, column));
  return { newest, ...(await readOpen(session)) };
}

async function newestOf(session: Session, keyset: KeysetColumn): Promise<NewestValue | null> {
  const { route, column, by } = keyset;
  if (by === 'version') {
    const highest = await highestOf(session, keyset);
    // A version that is taken later is higher.
    return highest === null ? null : { value: encodeCursor([highest]), over: true };
  }
  const form = await formOf(session, keyset);
  if (form === null) return null;
  const name = `s.${quote(column)}`;
  const [row] = await session.query(
    `SELECT n.value, ${isOverSql(form, 'n.value')} FROM (
  SELECT ${name} AS value FROM ${qualify(route.source.name)} AS s
  WHERE ${name} <= ${clockSql(form)} ORDER BY ${name} DESC LIMIT 1) AS n`,
    [],
    { table: route.id },
  );
  const value = row?.[0] ?? null;
  return value === null ? null : { value: encodeCursor([value]), over: row?.[1] === 't' };
}

/** Nobody writes a time of before 1970 now, and not all columns could hold one. */
const EARLIEST = 0;

export async function valueAt(
  session: Session,
  keyset: KeysetColumn,
  time: number,
): Promise<KeysetBound | null> {
  if (keyset.by === 'version') return null;
  const form = await formOf(session, keyset);
  if (form === null) return null;
  const [row] = await session.query(`SELECT ${valueSql(form)}`, [String(Math.max(time, EARLIEST))]);
  const value = row?.[0] ?? null;
  return value === null ? null : { value: encodeCursor([value]), inclusive: true };
}
