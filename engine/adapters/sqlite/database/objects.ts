/**
 * Our own objects in a database, as versions: what each version adds, and how a database is brought up to date.
 * A database can be the source of one pipeline and the target of another, so the two sets have versions of their
 * own in the one table they share, `_cdc_meta`.
 */
import { CdcError } from '../../../errors';
import { foldName, quote } from './identifiers';
import type { Session } from './session';
import { numberOf, textOf } from './values';

/** Where a set's version stands in `_cdc_meta`. */
export type VersionKey = 'source_version' | 'target_version';

export interface ObjectSet {
  readonly versionKey: VersionKey;
  /** Element n holds the statements that lead from version n to n + 1. Never changed once published. */
  readonly migrations: readonly (readonly string[])[];
  /** Dropped with the last pipeline, in this order. */
  readonly tables: readonly string[];
}

const META = `CREATE TABLE IF NOT EXISTS _cdc_meta (
  key TEXT NOT NULL PRIMARY KEY,
  value
) WITHOUT ROWID`;

/** What capture needs in a source. Change tables and triggers come per table, in `capture/triggers.ts`. */
export const SOURCE_OBJECTS: ObjectSet = {
  versionKey: 'source_version',
  migrations: [
    [
      META,
      // The one order over all tables: SQLite has one writer, so the counter grows in commit order. `at` is the
      // julian day of change `n`.
      `CREATE TABLE _cdc_counter (
  one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  n INTEGER NOT NULL,
  at REAL NOT NULL
)`,
      `INSERT INTO _cdc_counter (one, n, at) VALUES (1, 0, julianday('now'))`,
      // One row per captured table; its columns are explained in capture/registry.ts.
      `CREATE TABLE _cdc_capture (
  table_name TEXT NOT NULL PRIMARY KEY,
  change_table TEXT NOT NULL,
  suspended INTEGER NOT NULL,
  columns TEXT NOT NULL,
  triggers TEXT NOT NULL,
  guards TEXT NOT NULL,
  floor INTEGER NOT NULL,
  started INTEGER NOT NULL,
  whole_since INTEGER NOT NULL
) WITHOUT ROWID`,
      `CREATE TABLE _cdc_consumer (
  uuid TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  seq INTEGER NOT NULL,
  position TEXT NOT NULL,
  suspended INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID`,
      `CREATE TABLE _cdc_consumer_table (
  uuid TEXT NOT NULL,
  table_name TEXT NOT NULL,
  PRIMARY KEY (uuid, table_name)
) WITHOUT ROWID`,
    ],
  ],
  tables: ['_cdc_consumer_table', '_cdc_consumer', '_cdc_capture', '_cdc_counter'],
};

/** What a target keeps: the checkpoints, the rows that were set aside, and keys to repair. */
export const TARGET_OBJECTS: ObjectSet = {
  versionKey: 'target_version',
  migrations: [
    [
      META,
      `CREATE TABLE _cdc_pipeline (
  name TEXT NOT NULL PRIMARY KEY,
  uuid TEXT NOT NULL UNIQUE,
  source_id TEXT NOT NULL,
  chain TEXT NOT NULL,
  chain_ended INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  acked_seq INTEGER NOT NULL,
  holder_host TEXT,
  holder_pid INTEGER,
  holder_session TEXT,
  position TEXT NOT NULL,
  goal TEXT,
  last_applied_at INTEGER
) WITHOUT ROWID`,
      `CREATE TABLE _cdc_table (
  uuid TEXT NOT NULL,
  source TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  source_schema TEXT,
  source_table TEXT NOT NULL,
  target_schema TEXT,
  target_table TEXT NOT NULL,
  columns TEXT,
  state TEXT NOT NULL,
  position TEXT,
  cause TEXT,
  cursor TEXT,
  replace_rows INTEGER NOT NULL,
  snapshot_rows INTEGER NOT NULL,
  inserted INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  PRIMARY KEY (uuid, source)
) WITHOUT ROWID`,
      // `key` and `row_values` are JSON by column, see engine/apply/row-text.ts.
      `CREATE TABLE _cdc_dead_letter (
  place INTEGER PRIMARY KEY,
  uuid TEXT NOT NULL,
  id TEXT NOT NULL,
  source TEXT NOT NULL,
  key TEXT NOT NULL,
  op TEXT NOT NULL,
  row_values TEXT,
  code TEXT NOT NULL,
  column_name TEXT,
  set_aside_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  retry INTEGER NOT NULL,
  UNIQUE (uuid, id),
  UNIQUE (uuid, source, key)
)`,
    ],
    // Keys whose rows are to be made equal; `key` as in a dead letter.
    [
      `CREATE TABLE _cdc_repair (
  place INTEGER PRIMARY KEY,
  uuid TEXT NOT NULL,
  id TEXT NOT NULL,
  source TEXT NOT NULL,
  key TEXT NOT NULL,
  code TEXT,
  column_name TEXT,
  UNIQUE (uuid, id),
  UNIQUE (uuid, source, key)
)`,
    ],
  ],
  tables: ['_cdc_repair', '_cdc_dead_letter', '_cdc_table', '_cdc_pipeline'],
};

/** True for a table or trigger that this project made: nobody's to replicate. */
export function isOwnName(name: string): boolean {
  return /^(_cdc_|cdc_changes_)/.test(foldName(name));
}

export function hasTable(session: Session, name: string): boolean {
  return (
    session.get(`SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?`, name) !== undefined
  );
}

/** A value of `_cdc_meta`; undefined where there is none. */
export function readMeta(session: Session, key: string): ReturnType<Session['get']> {
  return hasTable(session, '_cdc_meta')
    ? session.get('SELECT value FROM main._cdc_meta WHERE key = ?', key)
    : undefined;
}

export function writeMeta(session: Session, key: string, value: string | bigint): void {
  session.run(
    `INSERT INTO main._cdc_meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
    key,
    value,
  );
}

/** The set's version in this database, 0 where it was never installed. Throws OBJECTS_TOO_NEW. */
export function installedVersion(session: Session, set: ObjectSet): number {
  const row = readMeta(session, set.versionKey);
  const version = row === undefined ? 0 : numberOf(row[0]);
  if (version > set.migrations.length) {
    throw new CdcError('OBJECTS_TOO_NEW', `The objects in ${session.file.name} have version ${version}`);
  }
  return version;
}

/** The statements that `migrate` would run; none when all is in place. */
export function missingObjects(session: Session, set: ObjectSet): readonly string[] {
  return set.migrations.slice(installedVersion(session, set)).flat();
}

/** Makes the set or brings it up to date. To be called inside a write transaction. */
export function migrate(session: Session, set: ObjectSet): void {
  const missing = missingObjects(session, set);
  if (missing.length === 0) return;
  for (const sql of missing) session.db.exec(sql);
  writeMeta(session, set.versionKey, BigInt(set.migrations.length));
}

/**
 * Drops a set with all that it holds. `_cdc_meta` goes only when nobody has anything left in it: the other set may
 * live in the same database. `own` are the set's further keys in `_cdc_meta`.
 */
export function dropObjects(session: Session, set: ObjectSet, own: readonly string[] = []): void {
  for (const table of set.tables) session.db.exec(`DROP TABLE IF EXISTS main.${quote(table)}`);
  if (!hasTable(session, '_cdc_meta')) return;
  for (const key of [set.versionKey, ...own]) session.run('DELETE FROM main._cdc_meta WHERE key = ?', key);
  const left = session.all('SELECT key FROM main._cdc_meta').map((row) => textOf(row[0]));
  if (left.length === 0) session.db.exec('DROP TABLE main._cdc_meta');
}
