/** How much is waiting, and whether anything is. */
import type { CaptureFigures, Pending, Position, TableRoute } from '../../../model';
import { isInstalled, readCaptures } from '../capture/registry';
import { readChangeTables, toMilliseconds } from '../capture/captured';
import { denseSince, readHead } from '../capture/counter';
import { quote } from '../database/identifiers';
import { decodePosition } from '../capture/position';
import type { Session } from '../database/session';
import { readSource, requireSameFile } from './transaction';
import { numberOf } from '../database/values';

/** Counts up to `limit` changes of these tables after the position. */
export function countPending(
  session: Session,
  position: Position,
  routes: readonly TableRoute[],
  limit: number,
): Pending {
  const after = decodePosition(position).id;
  return readSource(session, () => {
    const head = isInstalled(session) ? readHead(session).id : 0;
    if (head <= after) return { count: 0, oldestChangedAt: null };
    const all = readChangeTables(session, 'main');
    const asked = routes.flatMap((route) => all.get(route.source.name.name) ?? []);
    // Ids have no gaps: where all tables are asked for, counting is subtracting.
    const count =
      asked.length === all.size && after >= denseSince(session)
        ? Math.min(limit, head - after)
        : countRows(session, asked, after, limit);
    return { count, oldestChangedAt: count === 0 ? null : oldestAfter(session, asked, after) };
  });
}

function countRows(session: Session, changeTables: readonly string[], after: number, limit: number): number {
  let count = 0;
  for (const table of changeTables) {
    if (count >= limit) break;
    const sql = `SELECT count(*) FROM (SELECT 1 FROM ${table} WHERE id > ? LIMIT ?)`;
    count += numberOf(session.get(sql, BigInt(after), BigInt(limit - count))?.[0]);
  }
  return count;
}

function oldestAfter(session: Session, changeTables: readonly string[], after: number): number | null {
  const firsts = changeTables.flatMap((table) => {
    const row = session.get(
      `SELECT id, changed_at FROM ${table} WHERE id > ? ORDER BY id LIMIT 1`,
      BigInt(after),
    );
    return row === undefined ? [] : { id: numberOf(row[0]), at: numberOf(row[1]) };
  });
  const [oldest] = firsts.toSorted((one, other) => one.id - other.id);
  return oldest === undefined ? null : toMilliseconds(oldest.at);
}

/** What a look found; `version` is for the next one. */
export interface Look {
  /** Changes when another connection has committed. */
  readonly version: number;
  readonly found: boolean;
}

/**
 * Looks for a change of these tables after the position. `version` is that of the last look that found none: while
 * nobody commits, a look is microseconds.
 */
export function lookForChange(
  session: Session,
  position: Position,
  tables: readonly string[],
  lastVersion: number | null,
): Look {
  requireSameFile(session);
  const version = numberOf(session.get('PRAGMA main.data_version')?.[0]);
  if (version === lastVersion) return { version, found: false };
  const after = decodePosition(position).id;
  return readSource(session, () => {
    if (!isInstalled(session) || readHead(session).id <= after) return { version, found: false };
    const changeTables = readChangeTables(session, 'main');
    const found = tables.some((name) => {
      const table = changeTables.get(name);
      return (
        table !== undefined &&
        session.get(`SELECT 1 FROM ${table} WHERE id > ? LIMIT 1`, BigInt(after)) !== undefined
      );
    });
    return { version, found };
  });
}

/** Rows in the change tables of these routes, for reports. */
export function readFigures(session: Session, routes: readonly TableRoute[]): readonly CaptureFigures[] {
  return readSource(session, () => {
    const captures = readCaptures(session);
    return routes.map((route) => {
      const capture = captures.get(route.source.name.name);
      const stored =
        capture === undefined || capture.suspended
          ? 0
          : numberOf(session.get(`SELECT count(*) FROM main.${quote(capture.changeTable)}`)?.[0]);
      return { table: route.id, stored };
    });
  });
}
