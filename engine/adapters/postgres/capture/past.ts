/**
 * Whether a position belongs to the past of the server as it is now. A promoted standby gives the numbers of lost
 * transactions to others, which a reader would take for read; so does a restored dump.
 */
import { CdcError } from '../../../errors';
import type { Position } from '../../../model';
import type { Session } from '../database';
import { currentSnapshot } from './head';
import { lifeOf } from './life';
import { decodePosition, encodePosition, parseSnapshot, type PostgresPosition } from './position';

/** `now`: the session's present snapshot. Throws SOURCE_REPLACED, SOURCE_FAILED_OVER and SOURCE_WENT_BACK. */
export function requireSamePast(session: Session, position: PostgresPosition, now: string): void {
  const life = lifeOf(session);
  if (position.system !== life.system) {
    throw new CdcError('SOURCE_REPLACED', `Database ${session.database} is on another server than before`, {
      hint:
        'Its transactions may have other numbers now: run `cdc resync`; after pg_upgrade, which keeps them, run ' +
        '`cdc resume NAME --accept-failover`.',
    });
  }
  if (position.timeline !== life.timeline) {
    throw new CdcError(
      'SOURCE_FAILED_OVER',
      `Database ${session.database} is on a server that was promoted since`,
    );
  }
  requireReached(session, position, now);
}

/** The same position in the server's present life. Throws SOURCE_WENT_BACK and POSITION_INVALID. */
export async function adoptPosition(session: Session, position: Position): Promise<Position> {
  const at = decodePosition(position);
  requireReached(session, at, await currentSnapshot(session));
  return encodePosition({ ...at, ...lifeOf(session) });
}

/** The transactions that were read last must be known to the server. */
function requireReached(session: Session, { from, cut }: PostgresPosition, now: string): void {
  if (parseSnapshot(cut?.to ?? from).xmax <= parseSnapshot(now).xmax) return;
  throw new CdcError(
    'SOURCE_WENT_BACK',
    `Database ${session.database} does not have the transactions that were read last`,
  );
}
