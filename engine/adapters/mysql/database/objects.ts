/**
 * Our own objects in a database: sets of tables with versions. A database can be the source of one pipeline and the
 * target of another, so the two sets have versions of their own in the one table they share, `_cdc_meta`. They stand in
 * the database itself, or in one of our own (`own-database` of the URL).
 */
import { createHash } from 'node:crypto';
import { CdcError } from '../../../errors';
import { quote } from './identifiers';
import { own, type Session } from './session';

/** Names of all that is ours begin with it. */
export const OWN_PREFIX = '_cdc_';

/** Where a set's version stands in `_cdc_meta`. */
export type VersionKey = 'source_version' | 'target_version';

export interface ObjectSet {
  readonly versionKey: VersionKey;
  /**
   * Element n holds the statements that lead from version n to n + 1, for the database that holds them. Never changed
   * once published. DDL commits by itself, so each has to stand it when it was run before.
   */
  readonly migrations: readonly ((session: Session) => readonly string[])[];
  /** Dropped with the last pipeline, in this order. */
  readonly tables: readonly string[];
  /** The set's further names in `_cdc_meta`. */
  readonly metaNames: readonly string[];
}

/** Texts of ours are compared by their bytes. */
export const TEXT_OPTIONS = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';

const META = '_cdc_meta';

/** In `_cdc_meta` of a database of our own: whose objects it holds. */
const SERVES = 'serves';

function createMeta(session: Session): string {
  return `CREATE TABLE IF NOT EXISTS ${own(session, META)} (
  name VARCHAR(64) ${TEXT_OPTIONS} NOT NULL PRIMARY KEY,
  value TEXT ${TEXT_OPTIONS} NOT NULL
) ENGINE = InnoDB`;
}

/** How long somebody else may be at our objects. */
const LOCK_WAIT_S = 30;

/** Runs `work` with nobody else at our objects. Throws DATABASE_LOCKED when somebody else stays too long. */
export async function withObjectsLock<T>(session: Session, work: () => Promise<T>): Promise<T> {
  // Names of locks are of the whole server, and 64 characters at most.
  const digest = createHash('sha256').update(session.ownDatabase).digest('hex').slice(0, 32);
  const name = `temporal-cdc ${digest}`;
  const row = await session.first(`SELECT GET_LOCK(?, ${LOCK_WAIT_S})`, [name]);
  if (Number(row?.[0]) !== 1) {
    throw new CdcError('DATABASE_LOCKED', `Database ${session.database}: another process is at our objects`);
  }
  try {
    return await work();
  } finally {
    // A session that is lost has let go of it.
    if (!session.isLost) await session.query('SELECT RELEASE_LOCK(?)', [name]).catch(() => undefined);
  }
}

/** Whether a table of ours is there. */
export async function hasOwnTable(session: Session, name: string): Promise<boolean> {
  const row = await session.first(
    'SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [session.ownDatabase, name],
  );
  return Number(row?.[0]) > 0;
}

/** Names of the tables in our own database. */
export async function readOwnTables(session: Session): Promise<ReadonlySet<string>> {
  const rows = await session.query(
    'SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?',
    [session.ownDatabase],
  );
  return new Set(rows.map(([name]) => String(name)));
}

/** A value of `_cdc_meta`; null where there is none. `tables`: those that are known to be there. */
export async function readMeta(
  session: Session,
  name: string,
  tables?: ReadonlySet<string>,
): Promise<string | null> {
  if (!(tables?.has(META) ?? (await hasOwnTable(session, META)))) return null;
  const row = await session.first(`SELECT value FROM ${own(session, META)} WHERE name = ?`, [name]);
  return row === undefined ? null : String(row[0]);
}

export async function writeMeta(session: Session, name: string, value: string): Promise<void> {
  await session.execute(`REPLACE INTO ${own(session, META)} (name, value) VALUES (?, ?)`, [name, value]);
}

/** The set's version in this database, 0 where it was never installed. `tables`: as of `readMeta`. Throws OBJECTS_TOO_NEW. */
export async function installedVersion(
  session: Session,
  set: ObjectSet,
  tables?: ReadonlySet<string>,
): Promise<number> {
  const version = Number((await readMeta(session, set.versionKey, tables)) ?? 0);
  if (version > set.migrations.length) {
    throw new CdcError(
      'OBJECTS_TOO_NEW',
      `The objects in database ${session.ownDatabase} have version ${version}`,
    );
  }
  return version;
}

/** The statements that `migrate` would run; none when all is in place. */
export async function missingObjects(session: Session, set: ObjectSet): Promise<readonly string[]> {
  const version = await installedVersion(session, set);
  const rest = set.migrations.slice(version).flatMap((statements) => statements(session));
  if (rest.length === 0 || version > 0) return rest;
  return [
    ...((await hasOwnDatabase(session))
      ? []
      : [`CREATE DATABASE IF NOT EXISTS ${quote(session.ownDatabase)}`]),
    ...((await hasOwnTable(session, META)) ? [] : [createMeta(session)]),
    ...rest,
  ];
}

/** Makes the set or brings it up to date. To be called with the objects' lock; commits. */
export async function migrate(session: Session, set: ObjectSet): Promise<void> {
  const missing = await missingObjects(session, set);
  if (missing.length === 0) return;
  for (const sql of missing) await session.execute(sql);
  if (session.ownDatabase !== session.database) {
    const serves = await readMeta(session, SERVES);
    if (serves !== null && serves !== session.database) {
      throw new CdcError(
        'CONFIG_INVALID',
        `Database ${session.ownDatabase} already holds the objects of another database, ${serves}`,
        { hint: 'Name another one by own-database for each database that is replicated.' },
      );
    }
    await writeMeta(session, SERVES, session.database);
  }
  await writeMeta(session, set.versionKey, String(set.migrations.length));
}

/** Drops a set with all that it holds; `_cdc_meta` goes with the last set. To be called with the objects' lock. */
export async function dropObjects(session: Session, set: ObjectSet): Promise<void> {
  for (const table of set.tables) await session.execute(`DROP TABLE IF EXISTS ${own(session, table)}`);
  if (!(await hasOwnTable(session, META))) return;
  for (const name of [set.versionKey, ...set.metaNames]) {
    await session.execute(`DELETE FROM ${own(session, META)} WHERE name = ?`, [name]);
  }
  const left = await session.query(`SELECT name FROM ${own(session, META)} WHERE name <> ?`, [SERVES]);
  if (left.length === 0) await session.execute(`DROP TABLE ${own(session, META)}`);
}

async function hasOwnDatabase(session: Session): Promise<boolean> {
  if (session.ownDatabase === session.database) return true;
  const row = await session.first('SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?', [
    session.ownDatabase,
  ]);
  return Number(row?.[0]) > 0;
}
