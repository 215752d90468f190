/** Whether reading may go on from a position: is this the same past, and has nothing been missed since? */
import { createHash } from 'node:crypto';
import { CdcError, type ErrorDetails } from '../../../errors';
import { displayName, type Position, type TableRoute } from '../../../model';
import { installedVersion, type Session } from '../database';
import { readTables, type TableDetail } from '../schema/tables';
import { requireFilterHolds } from '../rows/filter';
import { SOURCE_OBJECTS } from './objects';
import { requireSamePast } from './past';
import { findHole } from './plan';
import {
  compareMarks,
  decodePosition,
  includes,
  parseSnapshot,
  sees,
  type PostgresPosition,
} from './position';
import {
  isInstalled,
  latestOf,
  readCaptures,
  type Capture,
  type CapturedColumn,
  type Generation,
} from './registry';

/**
 * Answers a token of the schema as it was checked. Throws SOURCE_WENT_BACK, SOURCE_REPLACED, SOURCE_FAILED_OVER,
 * CAPTURE_MISSING, CAPTURE_SUSPENDED, SOURCE_SCHEMA_CHANGED, POSITION_PURGED, POSITION_INVALID and OBJECTS_TOO_NEW.
 */
export async function checkPosition(
  session: Session,
  position: Position,
  routes: readonly TableRoute[],
): Promise<string> {
  const at = decodePosition(position);
  return session.reading(async (now) => {
    await installedVersion(session, SOURCE_OBJECTS);
    if (!(await isInstalled(session))) {
      throw new CdcError('CAPTURE_MISSING', `Database ${session.database} has no capture (any more)`);
    }
    requireSamePast(session, at, now);
    const captures = await readCaptures(
      session,
      routes.map((route) => route.source.name),
    );
    const moved = routes.some((route) => captures.get(route.id)?.now.sameColumns !== true);
    const details = moved ? await readTables(session) : null;
    for (const route of routes) checkTable(route, captures.get(route.id), details, at);
    for (const route of routes) await requireFilterHolds(session, route);
    return schemaToken(routes, captures);
  });
}

/** What a route depends on, of each of these tables. */
function schemaToken(routes: readonly TableRoute[], captures: ReadonlyMap<string, Capture>): string {
  return JSON.stringify(routes.map((route) => [route.id, signatureHash(captures.get(route.id))]));
}

/**
 * Throws SCHEMA_MOVED when a table is not any more as it was checked. A chunk can be read for others besides: those
 * that a snapshot is about to replace, and those that were checked at a position of their own.
 */
export function requireToken(
  session: Session,
  routes: readonly TableRoute[],
  captures: ReadonlyMap<string, Capture>,
  token: string,
): void {
  const parsed: unknown = JSON.parse(token);
  const checked = new Map<unknown, unknown>(
    Array.isArray(parsed) ? parsed.filter((entry): entry is [unknown, unknown] => Array.isArray(entry)) : [],
  );
  for (const { id } of routes) {
    if (!checked.has(id) || checked.get(id) === signatureHash(captures.get(id))) continue;
    throw new CdcError('SCHEMA_MOVED', `The schema of database ${session.database} has changed`, {
      table: id,
    });
  }
}

function signatureHash(capture: Capture | undefined): string {
  return createHash('sha256')
    .update(capture?.now.signature ?? '')
    .digest('base64');
}

function checkTable(
  route: TableRoute,
  capture: Capture | undefined,
  details: ReadonlyMap<string, TableDetail> | null,
  position: PostgresPosition,
): void {
  const fail = (code: CdcError['code'], what: string, more: ErrorDetails = {}): never => {
    throw new CdcError(code, `Table ${route.id}: ${what}`, { table: route.id, ...more });
  };
  if (capture === undefined) return fail('CAPTURE_MISSING', 'its changes are not captured');
  if (capture.suspended) {
    return fail('CAPTURE_SUSPENDED', 'capture was stopped because its backlog grew too large');
  }
  if (capture.now.oid === null) return fail('SOURCE_SCHEMA_CHANGED', 'it does not exist any more');
  const hole = findHole(capture);
  if (hole?.kind === 'gone') return fail('CAPTURE_MISSING', hole.reason);
  const changed = changedColumn(route, capture, details?.get(route.id) ?? null, position);
  if (changed !== null) return fail('SOURCE_SCHEMA_CHANGED', changed.what, changed.details);
  if (hole !== null) return fail('CAPTURE_MISSING', hole.reason);
  const seen = parseSnapshot(position.from);
  if (capture.wholeSince !== null && !sees(seen, capture.wholeSince)) {
    return fail('CAPTURE_MISSING', 'changes were missed before its capture was made whole');
  }
  if (isPurged(capture, position))
    return fail('POSITION_PURGED', 'changes after this position have been purged');
}

/** Every change that was purged must have been seen by whoever stands at the position. */
function isPurged({ floor }: Capture, { from, cut }: PostgresPosition): boolean {
  if (floor === null || includes(parseSnapshot(from), floor.seen)) return false;
  if (cut === null || !includes(parseSnapshot(cut.to), floor.seen)) return true;
  return compareMarks(floor.mark, cut.after) > 0;
}

interface ColumnChange {
  readonly what: string;
  readonly details: ErrorDetails;
}

/** How the table differs from what is captured of it after the position, as far as that concerns the route. */
function changedColumn(
  route: TableRoute,
  capture: Capture,
  detail: TableDetail | null,
  position: PostgresPosition,
): ColumnChange | null {
  const named = (column: string, what: string): ColumnChange => ({
    what: `column ${column} ${what}`,
    details: { column },
  });
  const latest = latestOf(capture);
  const unread = unreadGenerations(capture, position.from);
  const isWhole = latest.columns.every((column) => route.columns.includes(column.name));
  for (const name of route.columns) {
    const column = columnNamed(latest, name);
    if (column === undefined) return named(name, 'was added and is not captured yet');
    if (unread.some((generation) => !hasColumn(generation, column))) {
      return named(name, 'was added, renamed or declared anew');
    }
  }
  // A route of chosen columns is not concerned by others that come and go.
  if (isWhole) {
    for (const generation of unread) {
      const gone = generation.columns.find((column) => !hasColumn(latest, column));
      if (gone !== undefined) return named(gone.name, 'was dropped, renamed or declared anew');
    }
  }
  const key = latest.columns.filter(({ key: place }) => place > 0).toSorted((a, b) => a.key - b.key);
  const sameKey = key.map(({ name }) => name).join('\0') === route.key.join('\0');
  if (!sameKey) return { what: 'its key has changed', details: {} };
  return capture.now.sameColumns ? null : driftedColumn(route, latest, detail, isWhole);
}

/** The same for a table whose columns changed without a new generation. */
function driftedColumn(
  route: TableRoute,
  latest: Generation,
  detail: TableDetail | null,
  isWhole: boolean,
): ColumnChange | null {
  if (detail === null) return { what: 'it does not exist any more', details: {} };
  const now = new Map(detail.schema.columns.map((column) => [column.name, column]));
  const gone = latest.columns.find((column) => {
    const concerns = isWhole || route.columns.includes(column.name);
    return concerns && detail.columnTypes.get(column.name) !== `${column.number} ${column.type}`;
  });
  if (gone !== undefined) {
    return {
      what: `column ${gone.name} was dropped, renamed or declared anew`,
      details: { column: gone.name },
    };
  }
  const added = [...now.values()].find(
    (column) => isWhole && column.generated === 'no' && columnNamed(latest, column.name) === undefined,
  );
  if (added === undefined) return null;
  return { what: `column ${added.name} was added and is not captured yet`, details: { column: added.name } };
}

/** Generations that may hold changes which a reader at this snapshot has not seen. */
export function unreadGenerations(capture: Capture, from: string): readonly Generation[] {
  const seen = parseSnapshot(from);
  return capture.generations.filter((_, index) => {
    const next = capture.generations[index + 1];
    return next === undefined || !sees(seen, next.since);
  });
}

export function columnNamed(generation: Generation, name: string): CapturedColumn | undefined {
  return generation.columns.find((column) => column.name === name);
}

function hasColumn(generation: Generation, column: CapturedColumn): boolean {
  const found = columnNamed(generation, column.name);
  return found?.number === column.number && found.type === column.type;
}

/** Throws CAPTURE_MISSING. */
export function requireCapture(captures: ReadonlyMap<string, Capture>, route: TableRoute): Capture {
  const capture = captures.get(displayName(route.source.name));
  if (capture !== undefined && !capture.suspended) return capture;
  throw new CdcError('CAPTURE_MISSING', `Changes of table ${route.id} are not captured`, { table: route.id });
}
