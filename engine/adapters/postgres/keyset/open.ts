/**
 * Which transactions are open. A transaction takes its time when its first statement arrives; from then on it is told
 * here, as active or in a transaction, until what it has written is seen by all.
 */
import type { OpenTransaction } from '../../../model';
import { quote, type Session } from '../database';

/**
 * Not those of autovacuum, which write no rows, and not the session that asks. One whose statement has arrived begins
 * its transaction a moment later; senders of replication run one statement for good.
 */
const OPEN = `SELECT floor(extract(epoch FROM statement_timestamp()) * 1000)::int8,
  current_setting('max_prepared_transactions')::int4 > 0, current_setting('track_activities'), NULL, NULL
UNION ALL
SELECT pid, NULL, state, extract(epoch FROM coalesce(xact_start, query_start)),
  floor(extract(epoch FROM coalesce(xact_start, query_start)) * 1000)::int8
FROM pg_stat_activity
WHERE datid = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND pid <> pg_backend_pid() AND backend_type <> 'autovacuum worker'
  AND (xact_start IS NOT NULL OR state = 'disabled'
    OR (backend_type = 'client backend' AND state IN ('active', 'fastpath function call')))`;

/** Their times are of when they were prepared. */
const PREPARED = `SELECT transaction FROM pg_prepared_xacts WHERE database = current_database()`;

export interface OpenNow {
  /** The clock before the list was asked for, milliseconds since 1970. */
  readonly at: number;
  readonly open: readonly OpenTransaction[] | null;
}

export async function readOpen(session: Session): Promise<OpenNow> {
  const isBlind = (await blindness(session)) !== null;
  const [first, ...rows] = await session.query(OPEN, [], { prepared: true });
  const at = Number(first?.[0]);
  // A session that reports nothing of itself may have begun at any time.
  if (isBlind || rows.some(([, , state]) => state === 'disabled')) return { at, open: null };
  const active = rows.map(([pid, , , began, since]) => ({
    id: `${pid ?? ''}:${began ?? ''}`,
    since: since === null || since === undefined ? at : Number(since),
    formerly: null,
    detached: false,
  }));
  // Asked for last: what is prepared meanwhile has left the other list only after it is in this one.
  const prepared = first?.[1] === 't' ? await session.query(PREPARED, [], { prepared: true }) : [];
  return {
    at,
    open: [
      ...active,
      ...prepared.map(([transaction]) => ({
        id: `p:${transaction ?? ''}`,
        since: null,
        formerly: null,
        detached: true,
      })),
    ],
  };
}

const SIGHT = `SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'), current_setting('track_activities'),
  current_user`;

/** Why what is open can't be seen, and what would help; null where it can. */
export async function blindness(session: Session): Promise<string | null> {
  const [sees, tracks, user] = (await session.query(SIGHT, [], { prepared: true }))[0] ?? [];
  if (sees !== 't') {
    return `the role does not see the transactions of others (GRANT pg_read_all_stats TO ${quote(user ?? '')}).`;
  }
  return tracks === 'on'
    ? null
    : 'the server does not tell which transactions are open (ALTER SYSTEM SET track_activities = on).';
}
