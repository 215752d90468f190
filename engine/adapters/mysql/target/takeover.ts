/**
 * Locking the checkpoint's row, and getting past a worker that was stopped inside its commit: it holds the row and does
 * nothing. MariaDB would end it after a while, MySQL has no time limit for it.
 */
import { createHash } from 'node:crypto';
import { CdcError, isCdcError } from '../../../errors';
import type { Checkpoint } from '../../../model';
import { errorNumberOf, hasOwnTable, own, type Session, type Sessions } from '../database';
import { lockRow } from './checkpoint-rows';

/** A commit of ours that has been idle for so long inside its transaction is not coming back soon. */
const IDLE_S = 5;
const LOOK_AFTER_MS = 1_500;

/** `KILL` of a connection that has ended meanwhile. */
const NO_SUCH_THREAD = 1094;

/**
 * The name of the lock that a connection holds beside the row. Names are of the whole server, and 64 characters at most.
 */
export function markerOf(session: Pick<Session, 'ownDatabase'>, pipeline: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([session.ownDatabase, pipeline]))
    .digest('hex');
  return `temporal-cdc row ${digest.slice(0, 32)}`;
}

/**
 * Locks the checkpoint's row. Ends a session of ours that holds it and rests. Throws DATABASE_LOCKED, with the
 * connection that holds it.
 */
export async function lockCheckpoint(
  session: Session,
  others: Sessions,
  name: string,
): Promise<Checkpoint | null> {
  const marker = markerOf(session, name);
  const seen: { holder: string | null } = { holder: null };
  const timer = setInterval(() => {
    // It tries again at the next turn; who waits is told by his own time limit.
    void others
      .use((watcher) => endIdleHolder(watcher, marker))
      .then(
        (found) => (seen.holder = found),
        () => undefined,
      );
  }, LOOK_AFTER_MS);
  try {
    if (!(await hasOwnTable(session, '_cdc_pipeline'))) return null;
    return (await lockRow(session, name, marker)) ?? (await lockAbsent(session, name, marker));
  } catch (error) {
    if (!isCdcError(error, 'DATABASE_LOCKED') || seen.holder === null) throw error;
    throw new CdcError('DATABASE_LOCKED', `${error.message}; the checkpoint is held by ${seen.holder}`, {
      cause: error,
    });
  } finally {
    clearInterval(timer);
  }
}

/** Two setups at once would both find no row: the second waits here and looks again. */
async function lockAbsent(session: Session, name: string, marker: string): Promise<Checkpoint | null> {
  await session.first(
    `SELECT value FROM ${own(session, '_cdc_meta')} WHERE name = 'target_version' FOR UPDATE`,
  );
  return lockRow(session, name, marker);
}

/** Lets go of the marker, after the transaction. */
export async function releaseMarker(session: Session, pipeline: string): Promise<void> {
  if (session.isLost) return;
  await session.execute('DO RELEASE_LOCK(?)', [markerOf(session, pipeline)]);
}

/**
 * Ends the connection that holds the marker when it rests inside its transaction; else names it. The servers let an
 * account see and end its own connections without any privilege.
 */
async function endIdleHolder(session: Session, marker: string): Promise<string | null> {
  const row = await session.first('SELECT IS_USED_LOCK(?)', [marker]);
  const id = row?.[0] ?? null;
  if (id === null) return null;
  const found = (await session.query('SHOW PROCESSLIST')).find(([number]) => String(number) === String(id));
  const [, user, host, , command, seconds] = found ?? [];
  if (command === 'Sleep' && Number(seconds) >= IDLE_S) {
    try {
      await session.execute(`KILL CONNECTION ${Number(id)}`);
    } catch (error) {
      if (errorNumberOf(error) !== NO_SUCH_THREAD) throw error;
    }
    return null;
  }
  const account = found === undefined ? '' : ` of ${String(user)}@${String(host)}`;
  return `connection ${String(id)}${account}`;
}
