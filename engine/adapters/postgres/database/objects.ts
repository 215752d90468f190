/**
 * Our own objects in a database: a schema of ours, and sets of tables with versions. A database can be the source of
 * one pipeline and the target of another, so the two sets have versions of their own in the one table they share.
 */
import { CdcError } from '../../../errors';
import { qualify, quote } from './identifiers';
import type { Session } from './session';

/** The schema that holds all that is ours. */
export const OWN_SCHEMA = 'cdc';

/** A table or function of ours, qualified and quoted. */
export function own(name: string): string {
  return qualify({ schema: OWN_SCHEMA, name });
}

/** Where a set's version stands in `cdc.meta`. */
export type VersionKey = 'source_version' | 'target_version';

export interface ObjectSet {
  readonly versionKey: VersionKey;
  /** Element n holds the statements that lead from version n to n + 1. Never changed once published. */
  readonly migrations: readonly (readonly string[])[];
  /** Statements that drop the set, in this order; each has to stand it when its object is gone. */
  readonly drops: readonly string[];
  /** The set's further keys in `cdc.meta`. */
  readonly metaKeys: readonly string[];
}

const META = `CREATE TABLE ${own('meta')} (key text NOT NULL PRIMARY KEY, value text NOT NULL)`;

/** In `cdc.meta` where the schema was made by us, and so is ours to drop. */
const SCHEMA_MADE = 'schema_made';

/** Serialises whoever makes, changes or drops objects of ours in this database. */
const LOCK = '1667523443, 1';

/**
 * Runs `work` with nobody else at our objects. Not tied to a transaction, since an installation has several.
 * Throws DATABASE_LOCKED when somebody else stays too long.
 */
export async function withObjectsLock<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.query(`SELECT pg_catalog.pg_advisory_lock(${LOCK})`);
  try {
    return await work();
  } finally {
    // A session that is lost has let go of it.
    if (!session.isLost) {
      await session.query(`SELECT pg_catalog.pg_advisory_unlock(${LOCK})`).catch(() => undefined);
    }
  }
}

export async function hasRelation(session: Session, name: string): Promise<boolean> {
  const row = await session.first('SELECT pg_catalog.to_regclass($1) IS NOT NULL', [own(name)]);
  return row?.[0] === 't';
}

/** A value of `cdc.meta`; null where there is none. */
export async function readMeta(session: Session, key: string): Promise<string | null> {
  if (!(await hasRelation(session, 'meta'))) return null;
  return (await session.first(`SELECT value FROM ${own('meta')} WHERE key = $1`, [key]))?.[0] ?? null;
}

export async function writeMeta(session: Session, key: string, value: string): Promise<void> {
  await session.query(
    `INSERT INTO ${own('meta')} (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
    [key, value],
  );
}

/** The set's version in this database, 0 where it was never installed. Throws OBJECTS_TOO_NEW. */
export async function installedVersion(session: Session, set: ObjectSet): Promise<number> {
  const version = Number((await readMeta(session, set.versionKey)) ?? 0);
  if (version > set.migrations.length) {
    throw new CdcError(
      'OBJECTS_TOO_NEW',
      `The objects in database ${session.database} have version ${version}`,
    );
  }
  return version;
}

/** The statements that `migrate` would run; none when all is in place. */
export async function missingObjects(session: Session, set: ObjectSet): Promise<readonly string[]> {
  const version = await installedVersion(session, set);
  const rest = set.migrations.slice(version).flat();
  if (rest.length === 0 || version > 0) return rest;
  return [
    ...((await hasSchema(session)) ? [] : [`CREATE SCHEMA ${quote(OWN_SCHEMA)}`]),
    ...((await hasRelation(session, 'meta')) ? [] : [META]),
    ...rest,
  ];
}

/** Makes the set or brings it up to date. To be called inside a transaction, with the objects' lock. */
export async function migrate(session: Session, set: ObjectSet): Promise<void> {
  const missing = await missingObjects(session, set);
  if (missing.length === 0) return;
  const makesSchema = !(await hasSchema(session));
  if (makesSchema) await requireCreate(session);
  for (const sql of missing) await session.execute(sql);
  if (makesSchema) await writeMeta(session, SCHEMA_MADE, 'true');
  await writeMeta(session, set.versionKey, String(set.migrations.length));
}

/** Drops a set with all that it holds; the schema goes with the last set if it was ours to begin with. */
export async function dropObjects(session: Session, set: ObjectSet): Promise<void> {
  for (const sql of set.drops) await session.execute(sql);
  if (!(await hasRelation(session, 'meta'))) return;
  await session.query(`DELETE FROM ${own('meta')} WHERE key = ANY($1)`, [[set.versionKey, ...set.metaKeys]]);
  const left = await session.query(`SELECT key FROM ${own('meta')}`);
  if (left.some(([key]) => key !== SCHEMA_MADE)) return;
  await session.execute(`DROP TABLE ${own('meta')}`);
  if (left.length > 0 && (await isSchemaEmpty(session))) {
    await session.execute(`DROP SCHEMA ${quote(OWN_SCHEMA)}`);
  }
}

async function hasSchema(session: Session): Promise<boolean> {
  const row = await session.first('SELECT pg_catalog.to_regnamespace($1) IS NOT NULL', [quote(OWN_SCHEMA)]);
  return row?.[0] === 't';
}

/** Somebody may have put something of their own into it. */
async function isSchemaEmpty(session: Session): Promise<boolean> {
  const row = await session.first(
    `SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
  WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = pg_catalog.to_regnamespace($1))`,
    [quote(OWN_SCHEMA)],
  );
  return row?.[0] === 't';
}

async function requireCreate(session: Session): Promise<void> {
  const row = await session.first(
    `SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'), current_user`,
  );
  if (row?.[0] === 't') return;
  const role = quote(row?.[1] ?? '');
  throw new CdcError('PRIVILEGE_MISSING', `The role may not create the schema ${OWN_SCHEMA}`, {
    hint:
      `Run as an administrator: CREATE SCHEMA ${quote(OWN_SCHEMA)} AUTHORIZATION ${role}` +
      ` (or: GRANT CREATE ON DATABASE ${quote(session.database)} TO ${role})`,
  });
}
