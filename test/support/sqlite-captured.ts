/** A table under capture in this thread, and what is logged of statements. */
import { expect } from '@jest/globals';
import type Database from 'better-sqlite3';
import type { Position, TableRoute } from '../../engine/model';
import type { Session } from '../../engine/adapters/sqlite/database/session';
import type { TemporaryFolder } from './sqlite';
import { captureTables, replicaOf, routeOf, sourceRows, sourceSession } from './sqlite-replica';

export interface Captured {
  /** The application's connection. */
  readonly db: Database.Database;
  readonly session: Session;
  readonly routes: readonly TableRoute[];
  readonly position: Position;
  /** Ops and keys as logged, in the order of all tables. */
  readonly log: () => readonly string[];
  /** Runs statements and asserts that what is captured of them leads to the same rows. */
  readonly follows: (...statements: readonly string[]) => void;
}

/** Makes a database `source.db` by `sql` and captures its tables. */
export function captureIn(folder: TemporaryFolder, sql: string, tables: readonly string[] = ['t']): Captured {
  const db = folder.database('source.db', sql);
  const session = folder.closing(sourceSession(folder.file('source.db')));
  const position = captureTables(session, tables);
  const routes = tables.map((table) => routeOf(session, table));
  return {
    db,
    session,
    routes,
    position,
    log: () =>
      db
        .prepare<[], { op: string; key: unknown }>(
          `SELECT op, coalesce(new_k, old_k) AS key FROM cdc_changes_t ORDER BY id`,
        )
        .all()
        .map(({ op, key }) => `${op} ${typeof key === 'number' ? key.toFixed(1) : String(key)}`),
    follows: (...statements) => {
      const replica = replicaOf(session, routes, position);
      for (const statement of statements) db.exec(statement);
      replica.catchUp(routes, 1);
      for (const route of routes) expect(replica.rows(route)).toEqual(sourceRows(session, route));
    },
  };
}
