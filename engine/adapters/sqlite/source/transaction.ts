/** Transactions on a source: always on the file that was opened, and never longer than their work. */
import { CdcError } from '../../../errors';
import { identityOf, sameFile } from '../database/file';
import { forgetTables } from '../schema/schema';
import type { Session } from '../database/session';

/** Throws SOURCE_REPLACED when another file stands at the path, DATABASE_MISSING when none does. */
export function requireSameFile(session: Session): void {
  const found = identityOf(session.file.path);
  if (sameFile(session.identity, found)) return;
  if (found === null)
    throw new CdcError('DATABASE_MISSING', `There is no database file ${session.file.name} any more`);
  throw new CdcError('SOURCE_REPLACED', `${session.file.name} is another file than the one that was opened`);
}

/** Runs `work` on one state of the database. */
export function readSource<T>(session: Session, work: () => T): T {
  requireSameFile(session);
  return session.db.transaction(work).deferred();
}

/** Runs `work` with the source's write lock, all or nothing. */
export function writeSource<T>(session: Session, work: () => T): T {
  requireSameFile(session);
  try {
    return session.db.transaction(work).immediate();
  } catch (error) {
    // What was read of a schema that is rolled back must not be taken for a later one of the same version.
    forgetTables(session);
    throw error;
  }
}
