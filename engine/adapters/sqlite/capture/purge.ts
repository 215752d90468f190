/** Deletes changes that everybody has passed, and remembers how far. */
import type { PurgeRequest } from '../../../model';
import { isInstalled, readCaptures, writeCapture } from './registry';
import { toJulianDay } from './captured';
import { readConsumers } from './consumers';
import { quote } from '../database/identifiers';
import { decodePosition } from './position';
import type { Session } from '../database/session';
import { readSource, writeSource } from '../source/transaction';
import { numberOrNull } from '../database/values';

interface Purgeable {
  readonly table: string;
  readonly changeTable: string;
  /** The last id that goes. */
  readonly upTo: number;
}

/**
 * Deletes up to `limit` changes that every consumer of their table has passed and that are older than asked, with
 * the floor in the same transaction. Returns how many. Takes no lock where there is nothing to delete.
 */
export function purge(session: Session, request: PurgeRequest): number {
  if (!readSource(session, () => isInstalled(session) && findPurgeable(session, request, 1).length > 0))
    return 0;
  return writeSource(session, () => {
    let left = request.limit;
    const captures = readCaptures(session);
    for (;;) {
      // One table after the other, since each takes from the same limit.
      const [next] = left > 0 ? findPurgeable(session, request, left) : [];
      if (next === undefined) return request.limit - left;
      left -= session.run(`DELETE FROM main.${quote(next.changeTable)} WHERE id <= ?`, BigInt(next.upTo));
      const capture = captures.get(next.table);
      if (capture !== undefined) writeCapture(session, { ...capture, floor: next.upTo });
    }
  });
}

function findPurgeable(session: Session, { before }: PurgeRequest, limit: number): readonly Purgeable[] {
  const consumers = readConsumers(session).filter((consumer) => !consumer.suspended);
  return [...readCaptures(session).values()].flatMap(
    ({ table, changeTable, suspended }): readonly Purgeable[] => {
      const readers = consumers.filter((consumer) => consumer.tables.includes(table));
      if (suspended || readers.length === 0) return [];
      const passed = Math.min(...readers.map((reader) => decodePosition(reader.position).id));
      // The oldest ones only, so that what stays has no gap. A clock that was set back delays a purge, no more.
      const row = session.get(
        `SELECT max(id) FROM
  (SELECT id, changed_at FROM main.${quote(changeTable)} WHERE id <= ? ORDER BY id LIMIT ?)
WHERE changed_at < ?`,
        BigInt(passed),
        BigInt(limit),
        toJulianDay(before),
      );
      const upTo = numberOrNull(row?.[0]);
      return upTo === null ? [] : [{ table, changeTable, upTo }];
    },
  );
}
