/** What each session of a target is told before its first work, beyond the settings of all sessions of ours. */
import type { Session } from '../database';

/** A claim waits for a commit that is at work, and ends one that isn't (`takeover.ts`). */
const LOCK_WAIT_S = 20;

/** A worker that is stopped inside a commit keeps others from taking over no longer than this, where the server can tell. */
const IDLE_IN_TRANSACTION_S = 15;

/** For all that is asked and written but chunks. */
export async function prepareControl(session: Session): Promise<void> {
  await session.execute(`SET SESSION innodb_lock_wait_timeout = ${LOCK_WAIT_S}`);
  await lockFewerRows(session);
}

/**
 * For merging. Foreign keys rest: their actions would delete or change rows that no change speaks of, and the source has
 * checked them. Nothing cascades then, on MySQL and on MariaDB.
 */
export async function prepareMerging(session: Session): Promise<void> {
  await session.execute(
    `SET SESSION innodb_lock_wait_timeout = ${LOCK_WAIT_S}, SESSION foreign_key_checks = 0`,
  );
  if (session.variables.has('idle_transaction_timeout')) {
    await session.execute(`SET SESSION idle_transaction_timeout = ${IDLE_IN_TRANSACTION_S}`);
  }
  await lockFewerRows(session);
}

/** At READ COMMITTED a missing row locks no gap, in which others would insert. The binary log may not allow it. */
async function lockFewerRows(session: Session): Promise<void> {
  const row = await session.first('SELECT @@log_bin, @@binlog_format');
  const [hasLog, format] = row ?? [];
  if (Number(hasLog) === 1 && format === 'STATEMENT') return;
  await session.execute('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
}
