/** What capture needs in a source besides change tables and triggers, which come per table. */
import { OWN_SCHEMA, own, quote, quoteText, type ObjectSet, type Session } from '../database';
import { CAPTURED_COLUMNS_SQL, GENERATION_SQL, MISSED, sqlFunction } from './generation';

/** Keys in `cdc.meta` that go with the source's objects. */
export const SOURCE_ID = 'source_id';

/** The event trigger, whose name is one for the whole database. */
export const DDL_TRIGGER = 'temporal_cdc_follow_ddl';

/** Changes with the columns that are captured, so that it tells whether the latest generation still fits. */
const SIGNATURE = `SELECT md5(string_agg(format('%s %s %s %s', attnum, attname, atttypid, atttypmod), ',' ORDER BY attnum))
  FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`;

/** The same as text for a query over several tables; `relid` is an expression. */
export function signatureOf(relid: string): string {
  return `(${SIGNATURE.replace('$1', relid)})`;
}

/**
 * Ends a generation and begins the next, in the transaction that changed the columns. A table whose key is gone can't
 * be captured any more, and must not fail the writes of the application either.
 */
const NEXT_GENERATION = `
DECLARE
  known ${own('capture')};
  latest ${own('generation')};
  change_table text;
  command text;
  trigger_name text;
BEGIN
  SELECT * INTO known FROM ${own('capture')} c WHERE c.relid = $1 FOR UPDATE;
  SELECT * INTO latest FROM ${own('generation')} g WHERE g.relid = $1 ORDER BY g.number DESC LIMIT 1;
  IF (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = $1 AND a.attnum = ANY (known.key_columns)
      AND NOT a.attisdropped) < array_length(known.key_columns, 1)
    OR to_regclass(format('%I.%I', '${OWN_SCHEMA}', latest.change_table)) IS NULL THEN
    FOR trigger_name IN SELECT tgname FROM pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal
      AND tgfoid = to_regproc(format('%I.%I', '${OWN_SCHEMA}', known.function_name))
    LOOP
      EXECUTE format('DROP TRIGGER %I ON %s', trigger_name, $1::regclass);
    END LOOP;
    RETURN;
  END IF;
  change_table := format('%s_g%s', known.base_name, latest.number + 1);
  FOR command IN SELECT s.statement FROM ${own('generation_statements')}($1, known.key_columns, change_table,
    known.function_name, known.row_level, known.guarded) s ORDER BY s.ordinal
  LOOP
    EXECUTE command;
  END LOOP;
  INSERT INTO ${own('generation')} (relid, number, change_table, columns)
    VALUES ($1, latest.number + 1, change_table, ${own('captured_columns')}($1, known.key_columns, '', '', false, false));
  UPDATE ${own('capture')} c SET signature = ${signatureOf('$1')} WHERE c.relid = $1;
END`;

/**
 * After DDL of any kind: looks for captured tables that have other columns than their latest generation. A failure
 * must not fail the DDL: then the trigger function gets a fallback that stands any columns.
 */
const FOLLOW_DDL = `
DECLARE
  moved record;
  command text;
BEGIN
  FOR moved IN SELECT c.*, g.change_table FROM ${own('capture')} c
    JOIN LATERAL (SELECT * FROM ${own('generation')} g WHERE g.relid = c.relid ORDER BY number DESC LIMIT 1) g ON true
    WHERE NOT c.suspended AND EXISTS (SELECT FROM pg_class WHERE oid = c.relid)
      AND (c.signature IS DISTINCT FROM ${signatureOf('c.relid')}
        OR to_regclass(format('%I.%I', '${OWN_SCHEMA}', g.change_table)) IS NULL)
    ORDER BY c.relid
  LOOP
    BEGIN
      PERFORM ${own('next_generation')}(moved.relid);
    EXCEPTION WHEN OTHERS THEN
      RAISE WARNING 'temporal-cdc could not follow the change of a captured table; changes to it are logged by key';
      FOR command IN SELECT s.statement FROM ${own('generation_statements')}(moved.relid, moved.key_columns,
        moved.change_table, moved.function_name, moved.row_level, true) s WHERE s.ordinal = 5
      LOOP
        EXECUTE command;
      END LOOP;
    END;
  END LOOP;
EXCEPTION WHEN OTHERS THEN
  RAISE WARNING 'temporal-cdc could not look at the change of a table';
END`;

/**
 * Waits in the server: looks every few milliseconds whether anything was written, and by a prepared statement of the
 * session whether that was one of the tables in question. A reader that asked as often would spend ten times as much.
 *
 * `looks`: names of two prepared statements that take two snapshots and answer true where there is a change between
 * them; the second one is for a first snapshot with transactions that were running. A look ends its transaction, so that
 * no lock on change tables is kept.
 */
const WAIT_FOR_CHANGE = `
DECLARE
  until timestamptz := pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => wait_ms / 1000.0);
  looked timestamptz;
  now_seen text;
BEGIN
  found_change := false;
  LOOP
    now_seen := pg_catalog.pg_current_snapshot()::text;
    IF now_seen = seen THEN
      pause_ms := least(pause_ms * 1.1, quiet_ms);
    ELSE
      looked := pg_catalog.clock_timestamp();
      EXECUTE pg_catalog.format('EXECUTE %I(%L, %L)', looks[CASE WHEN pg_catalog.right(seen, 1) = ':' THEN 1 ELSE 2 END],
        seen, now_seen) INTO found_change;
      found_change := coalesce(found_change, false);
      seen := now_seen;
      IF found_change THEN
        RETURN;
      END IF;
      pause_ms := least(pause_ms * 1.1, greatest(busy_ms, least(longest_ms,
        1000 * extract(epoch FROM pg_catalog.clock_timestamp() - looked) / share)));
      COMMIT;
    END IF;
    EXIT WHEN pg_catalog.clock_timestamp() >= until;
    PERFORM pg_catalog.pg_sleep(pause_ms / 1000);
  END LOOP;
END`;

/** Commands that can change the columns of a table, or drop a change table. */
const DDL_TAGS = [
  'ALTER TABLE',
  'ALTER TYPE',
  'ALTER DOMAIN',
  'DROP TABLE',
  'DROP TYPE',
  'DROP DOMAIN',
  'DROP SCHEMA',
  'DROP EXTENSION',
  'DROP OWNED',
];

export const SOURCE_OBJECTS: ObjectSet = {
  versionKey: 'source_version',
  migrations: [
    [
      // One row per captured table; its columns are explained in capture/registry.ts.
      `CREATE TABLE ${own('capture')} (
  relid oid NOT NULL PRIMARY KEY,
  schema_name text NOT NULL,
  table_name text NOT NULL,
  base_name text NOT NULL UNIQUE,
  function_name text NOT NULL UNIQUE,
  key_columns int2[] NOT NULL,
  row_level boolean NOT NULL,
  guarded boolean NOT NULL,
  suspended boolean NOT NULL DEFAULT false,
  signature text NOT NULL,
  whole_since xid8,
  floor_xid xid8,
  floor_lsn pg_lsn,
  floor_seen pg_snapshot,
  UNIQUE (schema_name, table_name)
)`,
      `CREATE TABLE ${own('generation')} (
  relid oid NOT NULL,
  number integer NOT NULL,
  change_table text NOT NULL,
  columns jsonb NOT NULL,
  since xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (relid, number)
)`,
      `CREATE TABLE ${MISSED} (
  relid oid NOT NULL,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  reason text NOT NULL
)`,
      `CREATE TABLE ${own('consumer')} (
  uuid text NOT NULL PRIMARY KEY,
  name text NOT NULL,
  seq bigint NOT NULL,
  position text NOT NULL,
  suspended boolean NOT NULL DEFAULT false,
  updated_at bigint NOT NULL
)`,
      `CREATE TABLE ${own('consumer_table')} (
  uuid text NOT NULL,
  table_name text NOT NULL,
  PRIMARY KEY (uuid, table_name)
)`,
      sqlFunction('generation_statements', 'TABLE (ordinal integer, statement text)', GENERATION_SQL),
      sqlFunction('captured_columns', 'jsonb', CAPTURED_COLUMNS_SQL),
      `CREATE FUNCTION ${own('next_generation')}(oid) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS ${quoteText(NEXT_GENERATION)}`,
      `CREATE PROCEDURE ${own('wait_for_change')}(INOUT seen text, INOUT found_change boolean, INOUT pause_ms float8,
  looks text[], wait_ms int4, quiet_ms float8, busy_ms float8, longest_ms float8, share float8)
LANGUAGE plpgsql AS ${quoteText(WAIT_FOR_CHANGE)}`,
      `CREATE FUNCTION ${own('follow_ddl')}() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS ${quoteText(FOLLOW_DDL)}`,
    ],
  ],
  drops: [
    `DROP EVENT TRIGGER IF EXISTS ${quote(DDL_TRIGGER)}`,
    `DROP FUNCTION IF EXISTS ${own('follow_ddl')}()`,
    `DROP PROCEDURE IF EXISTS ${own('wait_for_change')}`,
    `DROP FUNCTION IF EXISTS ${own('next_generation')}(oid)`,
    ...['generation_statements', 'captured_columns'].map(
      (name) => `DROP FUNCTION IF EXISTS ${own(name)}(oid, int2[], text, text, boolean, boolean)`,
    ),
    ...['consumer_table', 'consumer', 'missed', 'generation', 'capture'].map(
      (name) => `DROP TABLE IF EXISTS ${own(name)}`,
    ),
  ],
  metaKeys: [SOURCE_ID],
};

/** The statements for the event trigger, which take a right that few roles have; none where it is in place. */
export async function missingDdlTrigger(session: Session): Promise<readonly string[]> {
  const row = await session.first(
    `SELECT rolsuper, EXISTS (SELECT FROM pg_event_trigger WHERE evtname = $1) FROM pg_roles WHERE rolname = current_user`,
    [DDL_TRIGGER],
  );
  if (row?.[0] !== 't' || row[1] === 't') return [];
  return [
    `CREATE EVENT TRIGGER ${quote(DDL_TRIGGER)} ON ddl_command_end WHEN TAG IN (${DDL_TAGS.map(quoteText).join(', ')})
EXECUTE FUNCTION ${own('follow_ddl')}()`,
    `ALTER EVENT TRIGGER ${quote(DDL_TRIGGER)} ENABLE ALWAYS`,
  ];
}

/** True where DDL on captured tables is (or will be) followed at once: trigger functions then need no fallback. */
export async function followsDdl(session: Session): Promise<boolean> {
  const row = await session.first(
    `SELECT coalesce((SELECT evtenabled <> 'D' FROM pg_event_trigger WHERE evtname = $1),
  (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))`,
    [DDL_TRIGGER],
  );
  return row?.[0] === 't';
}
