/** Statements of an application that may break a constraint: they do so, and its transaction goes on. */
import Database from 'better-sqlite3';

/** Runs SQL without an OR ROLLBACK; the failure of a constraint is none. */
export function attempt(db: Database.Database, sql: string): void {
  try {
    db.exec(sql);
  } catch (error) {
    const broken = error instanceof Database.SqliteError && error.code.startsWith('SQLITE_CONSTRAINT');
    if (!broken) throw error;
  }
}
