/** Write transactions on a target, begun so that nothing but the target is locked. */
import { SqliteError } from 'better-sqlite3';
import { CdcError } from '../../../errors';
import { readHolders } from './checkpoint-rows';
import { toDatabaseError } from '../database/errors';
import { identityOf, sameFile } from '../database/file';
import { hasTable } from '../database/objects';
import type { Session } from '../database/session';

/**
 * Begins a transaction that holds the target's write lock. Throws DATABASE_LOCKED with the name of who may hold it,
 * and CONNECTION_LOST when the file is no longer the one that was opened.
 *
 * `BEGIN IMMEDIATE` would lock an attached source, too, and refuse its writers; a deferred one locks what is written
 * first. Being the first statement, the UPDATE also starts from the newest state, so it cannot fail for being late.
 */
export function beginWrite(session: Session): void {
  if (!sameFile(session.identity, identityOf(session.file.path))) {
    throw new CdcError('CONNECTION_LOST', `${session.file.name} was moved or replaced while it was open`);
  }
  const installed = hasTable(session, '_cdc_meta');
  session.run('BEGIN');
  try {
    if (installed) session.run(`UPDATE main._cdc_meta SET value = value WHERE key = 'target_version'`);
  } catch (error) {
    rollback(session);
    throw lockError(session, error);
  }
}

export function commit(session: Session): void {
  session.run('COMMIT');
}

/** Safe where the database has ended the transaction by itself, as it does on a full disk. */
export function rollback(session: Session): void {
  if (session.db.inTransaction) session.run('ROLLBACK');
}

/** Runs `work` in one write transaction. */
export function inWriteTransaction<T>(session: Session, work: () => T): T {
  beginWrite(session);
  try {
    const result = work();
    commit(session);
    return result;
  } catch (error) {
    rollback(session);
    throw lockError(session, error);
  }
}

function lockError(session: Session, error: unknown): CdcError {
  const failure = toDatabaseError(error, session.file.name);
  if (failure.code !== 'DATABASE_LOCKED' || !(error instanceof SqliteError)) return failure;
  const holders = holdersOf(session);
  if (holders.length === 0) return failure;
  return new CdcError(failure.code, `${failure.message}; last claimed by ${holders.join(', ')}`, {
    hint:
      'If that process is stopped or hangs inside a transaction, continue or end it; else another program holds the ' +
      'write lock: end its transaction.',
    cause: error,
  });
}

/** Readers pass a writer in WAL mode; where they don't, nobody can be named. */
function holdersOf(session: Session): readonly string[] {
  try {
    return readHolders(session)
      .slice(0, 3)
      .map(({ pipeline, holder }) => `process ${holder.pid} on ${holder.host} (pipeline ${pipeline})`);
  } catch {
    return [];
  }
}
