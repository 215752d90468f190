/** Whether reading may go on from a position: is this the same past, and has nothing been missed since? */
import { createHash } from 'node:crypto';
import { CdcError, type ErrorDetails } from '../../../errors';
import type { Position, TableName, TableRoute } from '../../../model';
import { installedVersion, own, qualify, readOwnTables, type Session } from '../database';
import type { TableDetail } from '../schema/tables';
import { SOURCE_OBJECTS } from './objects';
import { compareCaptured, findHole, isDoubtful } from './plan';
import { coversTable, decodePosition, encodePosition, type MysqlPosition } from './position';
import { requireFilterHolds } from '../rows/filter';
import { CAPTURE_TABLE, isInstalled, readCaptures, writeCapture, type Capture } from './registry';
import { identitiesOf, readState, type SourceState } from './state';

/**
 * Answers a token of the schema as it was checked. Throws SOURCE_FAILED_OVER, SOURCE_WENT_BACK, CAPTURE_MISSING,
 * CAPTURE_SUSPENDED, SOURCE_SCHEMA_CHANGED, POSITION_PURGED, POSITION_INVALID and OBJECTS_TOO_NEW.
 */
export async function checkPosition(
  session: Session,
  position: Position,
  routes: readonly TableRoute[],
): Promise<string> {
  const at = decodePosition(position);
  const ownTables = await readOwnTables(session);
  await installedVersion(session, SOURCE_OBJECTS, ownTables);
  if (!ownTables.has(CAPTURE_TABLE)) {
    throw new CdcError('CAPTURE_MISSING', `Database ${session.database} has no capture (any more)`);
  }
  if (at.server !== session.server) {
    throw new CdcError('SOURCE_FAILED_OVER', `Database ${session.database} is on another server than before`);
  }
  const state = await readState(session, await readCaptures(session), ownTables);
  for (const route of routes) checkTable(session, route, state, at);
  for (const route of routes) await requireFilterHolds(session, route);
  await requireReached(session, routes, state, at);
  return tokenOf(session, routes, state);
}

/** What a route depends on, of each of these tables, and whether its triggers know all of its indexes. */
async function tokenOf(
  session: Session,
  routes: readonly TableRoute[],
  { captures, details, references }: SourceState,
): Promise<string> {
  const entries: TokenEntry[] = [];
  for (const { id, source } of routes) {
    const [capture, detail] = [captures.get(source.name.name), details.get(source.name.name)];
    const isKnown =
      capture !== undefined && detail !== undefined && !isDoubtful(detail, capture.columns, references);
    entries.push([id, await signatureOf(session, source.name, capture), isKnown]);
  }
  return JSON.stringify(entries);
}

type TokenEntry = readonly [table: string, signature: string, triggersKnowIndexes: boolean];

/**
 * Throws SCHEMA_MOVED when a table is not any more as it was checked. A chunk can be read for others besides: those
 * that a snapshot is about to replace, and those that were checked at a position of their own. Answers the tables whose
 * changes can be taken as they were logged.
 */
export async function requireToken(
  session: Session,
  routes: readonly TableRoute[],
  captures: ReadonlyMap<string, Capture>,
  token: string,
): Promise<ReadonlySet<string>> {
  const parsed: unknown = JSON.parse(token);
  const checked = new Map(
    Array.isArray(parsed) ? parsed.filter(isTokenEntry).map((entry) => [entry[0], entry]) : [],
  );
  const sound = new Set<string>();
  for (const { id, source } of routes) {
    const [, signature, triggersKnowIndexes] = checked.get(id) ?? [];
    if (signature === undefined) continue;
    if (signature !== (await signatureOf(session, source.name, captures.get(source.name.name)))) {
      throw new CdcError('SCHEMA_MOVED', `The schema of database ${session.database} has changed`, {
        table: id,
      });
    }
    if (triggersKnowIndexes === true) sound.add(id);
  }
  return sound;
}

function isTokenEntry(entry: unknown): entry is TokenEntry {
  return Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'string';
}

/** Of the table's definition and of what is captured of it. Triggers that are gone are seen by the next check. */
async function signatureOf(session: Session, name: TableName, capture: Capture | undefined): Promise<string> {
  const row = await session.first(`SHOW CREATE TABLE ${qualify(name)}`);
  const definition = String(row?.[1] ?? '').replace(/ AUTO_INCREMENT=\d+/, '');
  const captured =
    capture === undefined ? null : [capture.id, capture.suspended, capture.wholeSince, capture.columns];
  return createHash('sha256')
    .update(JSON.stringify([definition, captured]))
    .digest('base64');
}

function checkTable(session: Session, route: TableRoute, state: SourceState, position: MysqlPosition): void {
  const fail = (code: CdcError['code'], what: string, more: ErrorDetails = {}): never => {
    throw new CdcError(code, `Table ${route.id}: ${what}`, { table: route.id, ...more });
  };
  const capture = state.captures.get(route.source.name.name);
  if (capture === undefined) return fail('CAPTURE_MISSING', 'its changes are not captured');
  if (capture.suspended) {
    return fail('CAPTURE_SUSPENDED', 'capture was stopped because its backlog grew too large');
  }
  const detail = state.details.get(capture.table);
  if (detail === undefined) return fail('SOURCE_SCHEMA_CHANGED', 'it does not exist any more');
  const hole = findHole(session, capture, state);
  if (hole?.kind === 'gone') return fail('CAPTURE_MISSING', hole.reason);
  const changed = changedColumn(detail, capture, route);
  if (changed !== null) return fail('SOURCE_SCHEMA_CHANGED', changed.what, changed.details);
  if (hole !== null) return fail('CAPTURE_MISSING', hole.reason);
  if (position.epoch < capture.wholeSince) {
    return fail('CAPTURE_MISSING', 'changes were missed before its capture was made whole');
  }
  const later = capture.columns.find(
    ({ name, since }) => route.columns.includes(name) && position.epoch < since,
  );
  if (later !== undefined) {
    return fail('SOURCE_SCHEMA_CHANGED', `column ${later.name} was added, and not captured at once`, {
      column: later.name,
    });
  }
  const here = position.tables.get(capture.id);
  if (here !== undefined && !coversTable(here, capture.floor)) {
    return fail('POSITION_PURGED', 'changes after this position have been purged');
  }
}

/** How the table differs from what is captured of it, as far as that concerns the route. */
function changedColumn(
  detail: TableDetail,
  capture: Capture,
  route: TableRoute,
): { readonly what: string; readonly details: ErrorDetails } | null {
  const difference = compareCaptured(detail, capture.columns);
  if (difference.kind === 'changed') {
    const { column } = difference;
    return column === null
      ? { what: 'its key has changed', details: {} }
      : { what: `column ${column} was dropped, renamed or declared anew`, details: { column } };
  }
  // A route of chosen columns is not concerned by others that are new.
  const all = capture.columns.every(({ name }) => route.columns.includes(name));
  const added = difference.kind === 'added' && all ? difference.columns[0] : undefined;
  const column =
    added ?? route.columns.find((name) => capture.columns.every((captured) => captured.name !== name));
  if (column === undefined) return null;
  return { what: `column ${column} was added and is not captured yet`, details: { column } };
}

/** Of each table the change that was read last must be the one that is there, and its number must have been given. */
async function requireReached(
  session: Session,
  routes: readonly TableRoute[],
  { captures }: SourceState,
  position: MysqlPosition,
): Promise<void> {
  const reached = routes.flatMap(({ id, source }) => {
    const capture = captures.get(source.name.name);
    const here = capture === undefined ? undefined : position.tables.get(capture.id);
    return capture === undefined || here === undefined || here.after === 0 ? [] : [{ id, capture, here }];
  });
  for (let start = 0; start < reached.length; start += TABLES_AT_ONCE) {
    const some = reached.slice(start, start + TABLES_AT_ONCE);
    const row = await session.first(
      `SELECT ${some
        .map(({ capture, here }) => {
          const table = own(session, capture.changeTable);
          return `(SELECT changed_at FROM ${table} WHERE id = ${here.after}), (SELECT MAX(id) FROM ${table})`;
        })
        .join(',\n  ')}`,
    );
    for (const [index, { id, capture, here }] of some.entries()) {
      const [found, newest] = [row?.[2 * index], row?.[2 * index + 1]];
      const isOther = typeof found === 'string' && here.at !== null && found !== here.at;
      const isKnown = Number(newest ?? 0) >= here.after || (await nextId(session, capture)) > here.after;
      if (isOther || !isKnown) {
        throw new CdcError(
          'SOURCE_WENT_BACK',
          `Database ${session.database} does not have the change that was read last`,
          { table: id },
        );
      }
    }
  }
}

/** A statement names so many tables at most: the servers take 61 in one join, and more in selects of their own. */
const TABLES_AT_ONCE = 50;

/** The number that the next change gets. */
async function nextId(session: Session, { changeTable }: Capture): Promise<number> {
  const row = await session.first(
    'SELECT AUTO_INCREMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [session.ownDatabase, changeTable],
  );
  return Number(row?.[0] ?? 0);
}

/**
 * The same position on the server that has taken the former one's place: tables have other numbers there. Throws
 * SOURCE_WENT_BACK where it lacks changes that were read, and POSITION_INVALID.
 */
export async function adoptPosition(session: Session, position: Position): Promise<Position> {
  const at = decodePosition(position);
  if (at.server === session.server || !(await isInstalled(session))) return position;
  const captures = await readCaptures(session);
  for (const capture of captures.values()) {
    const here = at.tables.get(capture.id);
    if (capture.suspended || here === undefined) continue;
    if ((await nextId(session, capture)) <= here.after) {
      throw new CdcError(
        'SOURCE_WENT_BACK',
        `Database ${session.database} does not have the change that was read last`,
        { table: capture.table },
      );
    }
  }
  const moved = [...captures.values()].filter(
    ({ server, suspended }) => !suspended && server !== session.server,
  );
  const identities = await identitiesOf(session, moved);
  for (const capture of moved) {
    const identity = identities.get(capture.table) ?? '';
    await writeCapture(session, { ...capture, server: session.server, identity });
  }
  return encodePosition({ ...at, server: session.server });
}
