/** `_cdc_counter`: the one order of all changes, as our own transactions use it. */
import { readNewest, readSchemaToken } from './captured';
import { readMeta, writeMeta } from '../database/objects';
import type { ChangeMark, SqlitePosition } from './position';
import type { Session } from '../database/session';
import { numberOf } from '../database/values';

/** The newest change. Throws CAPTURE_MISSING when the counter has been emptied. */
export function readHead(session: Session): ChangeMark {
  return readNewest(session, 'main');
}

/** The newest position: it covers everything that this transaction sees. */
export function readHeadPosition(session: Session): SqlitePosition {
  return { ...readHead(session), schema: readSchemaToken(session, 'main') };
}

/** Takes an id that no change has: positions before it and after it can then be told apart. */
export function takeId(session: Session): number {
  session.run(`UPDATE main._cdc_counter SET n = n + 1, at = julianday('now')`);
  markGap(session);
  return readHead(session).id;
}

const DENSE_SINCE = 'dense_since';

/** Keys in `_cdc_meta` that go with the source's objects. */
export const SOURCE_ID = 'source_id';
export const SOURCE_META: readonly string[] = [SOURCE_ID, DENSE_SINCE];

/** Records that some ids up to now have no change any more. */
export function markGap(session: Session): void {
  writeMeta(session, DENSE_SINCE, BigInt(readHead(session).id));
}

/** Every id above this one belongs to a change of a captured table, so that ids can be counted without reading. */
export function denseSince(session: Session): number {
  const row = readMeta(session, DENSE_SINCE);
  return row === undefined ? 0 : numberOf(row[0]);
}
