/**
 * Getting past a worker that was stopped inside its commit: it holds the checkpoint's row and does nothing. The
 * server's own time limit would end it, too, but later.
 */
import { CdcError, isCdcError } from '../../../errors';
import type { Checkpoint } from '../../../model';
import { hasRelation } from '../database/objects';
import type { Session } from '../database/session';
import type { Sessions } from '../database/sessions';
import { lockRow } from './checkpoint-rows';

/** A commit of ours that has been idle for so long inside its transaction is not coming back soon. */
const IDLE_SECONDS = 5;
const LOOK_AFTER_MS = 1_500;

/**
 * Locks the checkpoint's row. Ends a session of ours that holds it and rests. Throws DATABASE_LOCKED, with the name of
 * whoever else holds it.
 */
export async function lockCheckpoint(
  session: Session,
  others: Sessions,
  name: string,
): Promise<Checkpoint | null> {
  let blockers: readonly string[] = [];
  const timer = setInterval(() => {
    // It tries again at the next turn; who waits is told by his own time limit.
    void others
      .use((watcher) => endIdleHolders(watcher, session.pid))
      .then(
        (found) => (blockers = found),
        () => undefined,
      );
  }, LOOK_AFTER_MS);
  try {
    if (!(await hasRelation(session, 'pipeline'))) return null;
    return (await lockRow(session, name)) ?? (await lockAbsent(session, name));
  } catch (error) {
    if (!isCdcError(error, 'DATABASE_LOCKED') || blockers.length === 0) throw error;
    throw new CdcError(
      'DATABASE_LOCKED',
      `${error.message}; the checkpoint is held by ${blockers.join(', ')}`,
      {
        cause: error,
      },
    );
  } finally {
    clearInterval(timer);
  }
}

/** Two setups at once would both find no row: the second waits here and looks again. */
async function lockAbsent(session: Session, name: string): Promise<Checkpoint | null> {
  await session.query(`SELECT pg_advisory_xact_lock(hashtextextended('temporal-cdc ' || $1, 0))`, [name]);
  return lockRow(session, name);
}

/** Ends sessions of ours that hold up `pid` and rest inside a transaction; names those that hold it up still. */
async function endIdleHolders(session: Session, pid: number): Promise<readonly string[]> {
  const rows = await session.query(
    // A COPY that nobody feeds counts as active, and waits for its client.
    `SELECT application_name, pid, CASE
  WHEN application_name LIKE '%: target%' AND usename = current_user
    AND (state = 'idle in transaction' OR state = 'active' AND wait_event = 'ClientRead')
    AND clock_timestamp() - state_change > make_interval(secs => $2)
  THEN pg_terminate_backend(pid) END
FROM pg_stat_activity WHERE pid = ANY (pg_blocking_pids($1))`,
    [pid, IDLE_SECONDS],
  );
  return rows
    .filter(([, , ended]) => ended !== 't')
    .map(([application, holder]) => `${application ?? ''} (session ${holder ?? ''})`);
}
