/**
 * Times as MySQL and MariaDB keep them: TIMESTAMP, which sessions of ours see in UTC; DATETIME, which knows no zone; and
 * whole numbers since 1970, whose size tells their unit. SQL computes with them; here is only which form it is.
 */
import type { ColumnSchema, KeysetColumn, Value } from '../../../model';
import { qualify, quote, type Field, type Session } from '../database';
import { nativeName } from '../schema/types';
import { columnsOf, readersOf, readTuple } from '../rows/values';

/** `zoneless`: taken as UTC. The others are numbers since 1970. */
export type TimeForm = 'zoned' | 'zoneless' | 'seconds' | 'milliseconds' | 'microseconds';

/** Units in a second. */
const UNITS = { seconds: 1, milliseconds: 1_000, microseconds: 1_000_000 } as const;

/** Seconds reach this in the year 5138, milliseconds have passed it since 1973. */
const LEAST_MILLISECONDS = 1e11;
/** Milliseconds reach this in the year 5138, microseconds have passed it since 1973. */
const LEAST_MICROSECONDS = 1e14;

function unitOf(value: number): keyof typeof UNITS {
  const size = Math.abs(value);
  if (size >= LEAST_MICROSECONDS) return 'microseconds';
  return size >= LEAST_MILLISECONDS ? 'milliseconds' : 'seconds';
}

const INTEGERS = ['tinyint', 'smallint', 'mediumint', 'int', 'bigint'];

/** As the route knows it; what it lacks is taken for text. */
export function columnOf({ route, column }: KeysetColumn): ColumnSchema | null {
  return columnsOf(route.source, [column])[0] ?? null;
}

/** True for a type of whole numbers, YEAR and BIT not among them. */
export function isInteger(column: ColumnSchema | null): boolean {
  return INTEGERS.includes(nativeName(column?.declaredType ?? ''));
}

/** Null where the column can't hold times, and for numbers where there is none yet that would tell their unit. */
export async function formOf(session: Session, keyset: KeysetColumn): Promise<TimeForm | null> {
  const column = columnOf(keyset);
  if (column?.type.kind === 'timestamp') return column.type.zone ? 'zoned' : 'zoneless';
  if (!isInteger(column)) return null;
  const highest = await highestOf(session, keyset);
  return highest === null ? null : unitOf(Number(highest));
}

/** Null where no row has one. */
export async function highestOf(session: Session, keyset: KeysetColumn): Promise<Value> {
  const { route, column } = keyset;
  const name = quote(column);
  const [row] = await session.query(
    `SELECT ${name} AS f0 FROM ${qualify(route.source.name)} WHERE ${name} IS NOT NULL ORDER BY ${name} DESC LIMIT 1`,
    [],
    { table: route.id },
  );
  return valueOf(row?.[0] ?? null, keyset);
}

/** A field of the column as a value. */
export function valueOf(field: Field, { route, column }: KeysetColumn): Value {
  return readTuple([field], readersOf(route.source, [column]))[0] ?? null;
}

/** The clock in the column's form; the same all through a statement. */
export function clockSql(form: TimeForm): string {
  switch (form) {
    case 'zoned':
    case 'zoneless':
      // Sessions of ours are in UTC.
      return 'NOW(6)';
    case 'seconds':
    case 'milliseconds':
    case 'microseconds':
      return `CAST(FLOOR(UNIX_TIMESTAMP(NOW(6)) * ${UNITS[form]}) AS SIGNED)`;
  }
}

/** All zones are whole quarters of an hour away from UTC. */
const QUARTER_US = 900_000_000;

/**
 * Whether a value that is not ahead of the clock is more than a second old: columns may keep whole seconds, rounded.
 * Without a zone it is at least as old as what is left of the quarter of an hour, whatever the zone is.
 */
export function isOverSql(form: TimeForm, value: string): string {
  switch (form) {
    case 'zoned':
      return `${value} < NOW(6) - INTERVAL 1 SECOND`;
    case 'zoneless':
      return `TIMESTAMPDIFF(MICROSECOND, ${value}, NOW(6)) % ${QUARTER_US} > 1000000`;
    case 'seconds':
    case 'milliseconds':
    case 'microseconds':
      return `${value} < ${clockSql(form)} - ${UNITS[form]}`;
  }
}

/** The zone that is furthest ahead of UTC, or behind it. */
const FURTHEST_ZONE_MS = 14 * 60 * 60 * 1_000;

/** What the servers may round away. */
const RESOLUTION_MS = 1_000;

/** The column's value at a time, milliseconds since 1970, and not below any that is written later. */
export function valueOfTime(form: TimeForm, time: number): Value {
  // Nobody writes a time of before 1970 now, and a TIMESTAMP has no such value.
  const since = Math.max(Math.floor(time) - RESOLUTION_MS, RESOLUTION_MS);
  switch (form) {
    case 'zoned':
      return `${spelled(since)}+00`;
    case 'zoneless':
      return spelled(since - FURTHEST_ZONE_MS);
    case 'seconds':
    case 'milliseconds':
    case 'microseconds':
      return BigInt(Math.floor((since / 1_000) * UNITS[form]));
  }
}

function spelled(time: number): string {
  return new Date(time).toISOString().replace('T', ' ').replace('Z', '');
}

/** A value of the column as milliseconds since 1970; null where it is no time. */
export function millisecondsOf(value: Value): number | null {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Math.floor((number / UNITS[unitOf(number)]) * 1_000);
  }
  if (typeof value !== 'string') return null;
  const [, date, time] =
    /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?)\d*(?:\+00)?$/.exec(value) ?? [];
  const found = Date.parse(`${date ?? ''}T${time ?? ''}Z`);
  return Number.isNaN(found) ? null : found;
}
