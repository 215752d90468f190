/** What both ways of reading a source (by rows, attached) ask of its own objects; `schema` is `main` or attached. */
import { CdcError } from '../../../errors';
import type { ChunkRequest, ChunkSummary, Position, TableRoute } from '../../../model';
import { quote } from '../database/identifiers';
import { decodePosition, type ChangeMark, type SqlitePosition } from './position';
import type { Session } from '../database/session';
import { numberOf, numberOrNull, textOf } from '../database/values';

/** Changes whenever anybody changes the schema of the database; the same inside of one read transaction. */
export function readSchemaToken(session: Session, schema: string): string {
  return String(numberOf(session.get(`PRAGMA ${schema}.schema_version`)?.[0]));
}

/** The newest change of all tables. Throws CAPTURE_MISSING when the counter has been emptied. */
export function readNewest(session: Session, schema: string): ChangeMark {
  const row = session.get(`SELECT n, at FROM ${schema}._cdc_counter`);
  if (row === undefined)
    throw new CdcError('CAPTURE_MISSING', 'The counter of changes in the source is gone');
  return { id: numberOf(row[0]), at: numberOf(row[1]) };
}

/** Change tables, quoted and qualified, by the name of the table that they belong to; none of suspended capture. */
export function readChangeTables(session: Session, schema: string): ReadonlyMap<string, string> {
  const rows = session.all(`SELECT table_name, change_table FROM ${schema}._cdc_capture WHERE NOT suspended`);
  return new Map(rows.map(([table, changes]) => [textOf(table), `${schema}.${quote(textOf(changes))}`]));
}

/** `changed_at` of the change with this id, whichever table it is of; null when it is gone. */
export function readChangedAt(session: Session, changeTables: Iterable<string>, id: number): number | null {
  for (const table of changeTables) {
    const row = session.get(`SELECT changed_at FROM ${table} WHERE id = ?`, BigInt(id));
    if (row !== undefined) return numberOrNull(row[0]);
  }
  return null;
}

/** Julian day of 1970-01-01T00:00Z. */
const EPOCH_DAY = 2_440_587.5;
const MS_PER_DAY = 86_400_000;

/** Triggers log julianday('now'), which every SQLite has; whole milliseconds since 1970. */
export function toMilliseconds(julianDay: number): number {
  return Math.round((julianDay - EPOCH_DAY) * MS_PER_DAY);
}

export function toJulianDay(milliseconds: number): number {
  return milliseconds / MS_PER_DAY + EPOCH_DAY;
}

/** Ids after `from`, up to and including `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * The next `limit` ids of a window. Where they are all of other tables than these change tables', it goes on to the
 * first that is, so that an empty chunk means an empty window.
 */
function nextSpan(session: Session, changeTables: readonly string[], window: Span, limit: number): Span {
  const next = (after: number): Span => ({ from: window.from, to: Math.min(after + limit, window.to) });
  const span = next(window.from);
  if (span.to === window.to) return span;
  const firsts = changeTables.flatMap((table) => {
    const row = session.get(`SELECT min(id) FROM ${table} WHERE id > ?`, BigInt(window.from));
    return numberOrNull(row?.[0]) ?? [];
  });
  return firsts.length === 0 ? { from: window.from, to: window.to } : next(Math.min(...firsts) - 1);
}

/** A table of a chunk: as it has to be read, and which of its changes are taken. */
export interface ReachedTable {
  readonly route: TableRoute;
  /** The change table, quoted and qualified. */
  readonly changes: string;
  readonly span: Span;
}

/** What a chunk takes. */
export interface Reach {
  readonly tables: readonly ReachedTable[];
  /** The id of the chunk's end. */
  readonly to: number;
  readonly more: boolean;
}

/**
 * Up to where a chunk goes, and from where in each table. Null when tables that stand at positions of their own don't
 * fit into one together with the rest.
 */
export function reachOf(
  session: Session,
  changeTables: ReadonlyMap<string, string>,
  { from: start, routes, limit, schemaToken, behind = [] }: Omit<ChunkRequest, 'snapshot'>,
  newest: number,
): Reach | null {
  const common = decodePosition(start);
  const own = new Map(behind.map(({ table, from }) => [table, decodePosition(from)]));
  for (const { id } of [common, ...own.values()]) {
    if (id > newest) {
      throw new CdcError('SOURCE_WENT_BACK', 'The source is older than the position reached in it');
    }
  }
  const tables = routes.map((route) => {
    const from = own.get(route.id) ?? common;
    return { route: routeSince(route, from, schemaToken), changes: changeTableOf(changeTables, route), from };
  });
  if (own.size === 0) {
    const names = tables.map(({ changes }) => changes);
    const span = nextSpan(session, names, { from: common.id, to: newest }, limit);
    return { tables: tables.map((table) => ({ ...table, span })), to: span.to, more: span.to < newest };
  }
  let left = limit;
  for (const { changes, from } of tables) {
    left -= countUpTo(session, changes, from.id, left + 1);
    if (left < 0) return null;
  }
  const spanFrom = (id: number): Span => ({ from: id, to: newest });
  return {
    tables: tables.map(({ from, ...table }) => ({ ...table, span: spanFrom(from.id) })),
    to: newest,
    more: false,
  };
}

function countUpTo(session: Session, changes: string, after: number, limit: number): number {
  const [count] =
    session.get(
      `SELECT count(*) FROM (SELECT 1 FROM ${changes} WHERE id > ? LIMIT ?)`,
      BigInt(after),
      BigInt(limit),
    ) ?? [];
  return numberOf(count);
}

/** The change table of a route, quoted and qualified. Throws CAPTURE_MISSING. */
export function changeTableOf(changeTables: ReadonlyMap<string, string>, route: TableRoute): string {
  const table = changeTables.get(route.source.name.name);
  if (table !== undefined) return table;
  throw new CdcError('CAPTURE_MISSING', `Changes of table ${route.id} are not captured`, { table: route.id });
}

/** The last change of a chunk, with its fingerprint: of a mark that is known, else of the change itself. */
export function markOf(
  session: Session,
  changeTables: ReadonlyMap<string, string>,
  id: number,
  known: readonly ChangeMark[],
): ChangeMark {
  return (
    known.find((mark) => mark.id === id) ?? {
      id,
      at: readChangedAt(session, changeTables.values(), id),
    }
  );
}

/** What a chunk is that does not fit: nothing was read. */
export function nothingRead(from: Position): ChunkSummary {
  return {
    to: from,
    more: true,
    changes: 0,
    counts: [],
    oldestChangedAt: null,
    newestChangedAt: null,
    snapshot: [],
  };
}

/**
 * A route as the changes after a position have to be read. A trigger that wrote rows of its own table and was dropped
 * before anybody looked has left no trace but the schema's token: under another one nothing is taken from the log.
 */
function routeSince(route: TableRoute, position: SqlitePosition, schemaToken: string): TableRoute {
  if (position.schema === schemaToken) return route;
  return { ...route, source: { ...route.source, reread: true } };
}

/** The position after a chunk; `more`: changes of the time before the schema moved may remain. */
export function positionAfter(
  mark: ChangeMark,
  from: SqlitePosition,
  more: boolean,
  schemaToken: string,
): SqlitePosition {
  return { id: mark.id, at: mark.at, schema: more ? from.schema : schemaToken };
}
