/**
 * Times as PostgreSQL keeps them: its types for them, of which one knows no zone, and whole numbers since 1970, whose
 * size tells their unit. SQL computes with them; here is only which form it is.
 */
import { decodeCursor, type Cursor, type KeysetColumn, type LogicalType } from '../../../model';
import { qualify, quote, type Session } from '../database';

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

export function typeOf({ route, column }: KeysetColumn): LogicalType | null {
  return route.source.columns.find(({ name }) => name === column)?.type ?? null;
}

/** Null where the column can't hold times, and for numbers where there is none yet that would tell their unit. */
export async function formOf(session: Session, keyset: KeysetColumn): Promise<TimeForm | null> {
  const type = typeOf(keyset);
  if (type?.kind === 'timestamp') return type.zone ? 'zoned' : 'zoneless';
  if (type?.kind !== 'int') return null;
  const highest = await highestOf(session, keyset);
  return highest === null ? null : unitOf(Number(highest));
}

/** As the server writes it; null where no row has one. */
export async function highestOf(session: Session, { route, column }: KeysetColumn): Promise<string | null> {
  const name = `s.${quote(column)}`;
  const found = await session.query(
    `SELECT ${name} FROM ${qualify(route.source.name)} AS s WHERE ${name} IS NOT NULL ORDER BY ${name} DESC LIMIT 1`,
    [],
    { table: route.id },
  );
  return found[0]?.[0] ?? null;
}

/** The clock in the column's form; the same all through a statement, so that an index can be asked for it. */
export function clockSql(form: TimeForm): string {
  switch (form) {
    case 'zoned':
      return 'statement_timestamp()';
    case 'zoneless':
      return `(statement_timestamp() AT TIME ZONE 'UTC')`;
    case 'seconds':
    case 'milliseconds':
    case 'microseconds':
      return `floor(extract(epoch FROM statement_timestamp()) * ${UNITS[form]})::int8`;
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
      return `${value} < ${clockSql(form)} - interval '1 second'`;
    case 'zoneless':
      return `(isfinite(${value}) AND mod((extract(epoch FROM ${clockSql(form)} -
  CASE WHEN isfinite(${value}) THEN ${value} END) * 1000000)::int8, ${QUARTER_US}) > 1000000)`;
    case 'seconds':
    case 'milliseconds':
    case 'microseconds':
      return `${value} < ${clockSql(form)} - ${UNITS[form]}`;
  }
}

/** Of the zone that is furthest ahead of UTC, or behind it. */
const FURTHEST_ZONE = '14 hours';

/** SQL of the column's value at a time, given as `$1`, milliseconds since 1970, and not below any that is written later. */
export function valueSql(form: TimeForm): string {
  const time = `(to_timestamp($1::float8 / 1000) - interval '1 second')`;
  switch (form) {
    case 'zoned':
      return time;
    case 'zoneless':
      return `(${time} AT TIME ZONE 'UTC' - interval '${FURTHEST_ZONE}')`;
    case 'seconds':
    case 'milliseconds':
    case 'microseconds':
      return `floor(($1::numeric / 1000 - 1) * ${UNITS[form]})::int8`;
  }
}

/** The text of a value as milliseconds since 1970; null where it is no time that JavaScript knows. */
export function millisecondsOf(text: string | null, type: LogicalType | null): number | null {
  if (text === null || type === null) return null;
  if (type.kind === 'int') {
    const value = Number(text);
    return Math.floor((value / UNITS[unitOf(value)]) * 1_000);
  }
  const [, date, time] =
    /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?)\d*(?:\+00)?$/.exec(text) ?? [];
  const found = Date.parse(`${date ?? ''}T${time ?? ''}Z`);
  return Number.isNaN(found) ? null : found;
}

/** The text that a bound or a sighting holds. Throws POSITION_INVALID. */
export function textIn(cursor: Cursor): string {
  return decodeCursor(cursor, 1)
    .map((value) => (typeof value === 'string' ? value : ''))
    .join('');
}
