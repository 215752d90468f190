/** Statements of an application that may break a constraint: they do so, and its transaction goes on. */
import type Database from 'better-sqlite3';

/** Runs SQL without an OR ROLLBACK; the failure of a constraint is none. */
export function attempt(db: Database.Database, sql: string): void {
  try {
    db.exec(sql);
  } catch (error) {
    // The driver's class of errors is no use: each module registry of a test runner has its own.
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!code.startsWith('SQLITE_CONSTRAINT')) throw error;
  }
}
