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
import { clockSql, formOf, highestOf, isOverSql, valueOf, valueOfTime } from './time';

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
  const name = quote(column);
  const [row] = await session.query(
    `SELECT ${name} AS f0, ${isOverSql(form, name)} AS f1 FROM ${qualify(route.source.name)}
WHERE ${name} <= ${clockSql(form)} ORDER BY ${name} DESC LIMIT 1`,
    [],
    { table: route.id },
  );
  const value = valueOf(row?.[0] ?? null, keyset);
  return value === null ? null : { value: encodeCursor([value]), over: Number(row?.[1] ?? 0) === 1 };
}

export async function valueAt(
  session: Session,
  keyset: KeysetColumn,
  time: number,
): Promise<KeysetBound | null> {
  if (keyset.by === 'version') return null;
  const form = await formOf(session, keyset);
  return form === null ? null : { value: encodeCursor([valueOfTime(form, time)]), inclusive: true };
}
