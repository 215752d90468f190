/** Whether reading may go on from a position: is this the same past, and has nothing been missed since? */
import { CdcError, type ErrorDetails } from '../../../errors';
import type { Position, TableRoute } from '../../../model';
import { compareCaptured, findHole } from './plan';
import { isInstalled, readCaptures, type Capture } from './registry';
import { readChangedAt, readChangeTables, readSchemaToken } from './captured';
import { readHead } from './counter';
import { installedVersion, SOURCE_OBJECTS } from '../database/objects';
import { decodePosition, type ChangeMark } from './position';
import { tableDetails, type TableDetail } from '../schema/schema';
import type { Session } from '../database/session';
import { holdsFilter } from '../rows/filter';
import { readSource } from '../source/transaction';

/**
 * Answers a token of the schema as it was checked. Throws SOURCE_WENT_BACK, CAPTURE_MISSING, CAPTURE_SUSPENDED,
 * SOURCE_SCHEMA_CHANGED, POSITION_PURGED, POSITION_INVALID, OBJECTS_TOO_NEW, and SCHEMA_MOVED when the routes are
 * older than the schema.
 */
export function checkPosition(session: Session, position: Position, routes: readonly TableRoute[]): string {
  const at = decodePosition(position);
  return readSource(session, () => {
    installedVersion(session, SOURCE_OBJECTS);
    if (!isInstalled(session)) {
      throw new CdcError('CAPTURE_MISSING', `${session.file.name} has no capture (any more)`);
    }
    requireSamePast(session, at);
    const captures = readCaptures(session);
    for (const route of routes) checkTable(session, route, captures.get(route.source.name.name), at.id);
    return readSchemaToken(session, 'main');
  });
}

function requireSamePast(session: Session, { id, at }: ChangeMark): void {
  const head = readHead(session);
  const known =
    id === head.id ? head.at : readChangedAt(session, readChangeTables(session, 'main').values(), id);
  // Without a fingerprint on either side only the number can be compared; the handshake sees the rest.
  if (id > head.id || (at !== null && known !== null && at !== known)) {
    throw new CdcError(
      'SOURCE_WENT_BACK',
      `${session.file.name} does not have the change that was read last`,
    );
  }
}

function checkTable(
  session: Session,
  route: TableRoute,
  capture: Capture | undefined,
  position: number,
): void {
  const fail = (code: CdcError['code'], what: string, details: ErrorDetails = {}): never => {
    throw new CdcError(code, `Table ${route.id}: ${what}`, { table: route.id, ...details });
  };
  if (capture === undefined) return fail('CAPTURE_MISSING', 'its changes are not captured');
  if (capture.suspended)
    return fail('CAPTURE_SUSPENDED', 'capture was stopped because its backlog grew too large');
  const detail = tableDetails(session).get(route.source.name.name);
  if (detail === undefined) return fail('SOURCE_SCHEMA_CHANGED', 'it does not exist any more');

  const hole = findHole(session, detail, capture);
  const changed = changedColumn(detail, capture, route);
  // Triggers that are gone tell of a table made anew; but a renamed column alters their text, too.
  if (hole?.kind === 'gone') return fail('CAPTURE_MISSING', hole.reason);
  if (changed !== null) return fail('SOURCE_SCHEMA_CHANGED', changed.what, changed.details);
  if (hole !== null) return fail('CAPTURE_MISSING', hole.reason);
  if (position < capture.wholeSince)
    return fail('CAPTURE_MISSING', 'changes were missed before its capture was made whole');
  const later = capture.columns.find(
    (column) => route.columns.includes(column.name) && position < column.since,
  );
  if (later !== undefined) {
    return fail('SOURCE_SCHEMA_CHANGED', `column ${later.name} was added, and not captured at once`, {
      column: later.name,
    });
  }
  if (!holdsFilter(session, route))
    return fail('SOURCE_SCHEMA_CHANGED', 'a column that its `where` names was dropped or renamed');
  if (position < capture.floor)
    return fail('POSITION_PURGED', 'changes after this position have been purged');
  if (detail.schema.reread && !route.source.reread) {
    return fail('SCHEMA_MOVED', 'the triggers that can write it have changed');
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
  const all = capture.columns.every((column) => route.columns.includes(column.name));
  const added = difference.kind === 'added' && all ? difference.columns[0] : undefined;
  const column =
    added ?? route.columns.find((name) => capture.columns.every((captured) => captured.name !== name));
  if (column === undefined) return null;
  return { what: `column ${column} was added and is not captured yet`, details: { column } };
}
