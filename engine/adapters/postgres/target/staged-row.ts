/** A staged row read back, for those who are told that it was set aside. */
import type { Tuple, Value } from '../../../model';
import type { Session } from '../database/session';
import type { SetAside } from './set-aside';
import type { StagedSet } from './staging';

/** The row at one place of a set's upserts. What was staged as text stays text. */
export async function readStagedRow(
  session: Session,
  { route, columns }: StagedSet,
  table: string,
  place: number,
): Promise<Pick<SetAside, 'table' | 'key' | 'row' | 'op'>> {
  const names = route.columns.map((_, index) => `c${index}`).join(', ');
  const texts = await session.first(`SELECT ${names} FROM ${table} WHERE ord = $1 AND kind = 'u'`, [place]);
  const row = columns.map(({ type }, index) => stagedValue(type, texts?.[index] ?? null));
  return { table: route.id, key: keyOf(route, row), row, op: 'upsert' };
}

/** The values of the key's columns. */
export function keyOf(route: StagedSet['route'], row: Tuple): Tuple {
  return route.key.map((column) => row[route.columns.indexOf(column)] ?? null);
}

function stagedValue(type: string, text: string | null): Value {
  if (text === null) return null;
  if (/^(smallint|integer|bigint)$/.test(type)) return BigInt(text);
  if (/^(real|double precision)$/.test(type)) return Number(text);
  if (type === 'boolean') return text === 't';
  return type === 'bytea' ? Buffer.from(text.slice(2), 'hex') : text;
}
