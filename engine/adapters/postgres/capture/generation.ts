/**
 * The SQL of one generation of a table's capture: the change table, its indexes and the trigger function. It is
 * written by the database itself, by one query over its catalogs: `install` runs that query and then what it answers,
 * and the event trigger does the same inside of the transaction of an ALTER TABLE, where no worker could.
 *
 * A change table has the columns of the source in their own types, once as `old_*` and once as `new_*`, and:
 *
 * - `lsn`, `xid`: the order of all changes, by the WAL's insert position. Whoever waits for a row's lock reads a later
 *   one. A sequence would change what `lastval()` tells the application.
 * - `changed_at`: the time of the statement.
 * - `depth`: above 1 the change was made inside of another statement's triggers, and may be logged before or after
 *   changes that it followed: it says only that the row is to be read again.
 * - `op`: insert, update, delete, truncate; `touch`: the row is to be read again; `truncated`: a row that went with a
 *   TRUNCATE.
 */
import { OWN_SCHEMA, own, quoteText } from '../database';

/** What the event trigger and the fallback write to where changes got lost. */
export const MISSED = own('missed');

/** Rows of a truncated table up to which their keys are logged; beyond it the table has to be copied again. */
const MOST_TRUNCATED = 1_000_000;

/**
 * Columns that are captured, as a query: `$1` is the table, `$2` the key's attribute numbers. A domain's base type
 * stands in for it, since a domain may forbid the NULLs of an `old_*` column.
 */
const COLUMNS = `SELECT a.attnum, a.attname::text AS name, base.type AS type_oid, base.typmod,
    format_type(base.type, base.typmod) AS type,
    -- Names of change columns must fit into 63 bytes and stay apart.
    CASE WHEN octet_length(a.attname::text) <= 59 THEN a.attname::text
      ELSE left(a.attname::text, 13) || '~' || a.attnum END AS short,
    array_position($2::int2[], a.attnum) AS place
  FROM pg_attribute a
  CROSS JOIN LATERAL (
    WITH RECURSIVE unwrapped(type, typmod) AS (
      SELECT a.atttypid, a.atttypmod
      UNION ALL
      SELECT t.typbasetype, t.typtypmod FROM unwrapped u JOIN pg_type t ON t.oid = u.type WHERE t.typtype = 'd'
    )
    SELECT u.type, u.typmod FROM unwrapped u JOIN pg_type t ON t.oid = u.type WHERE t.typtype <> 'd'
  ) base
  WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''`;

/**
 * Old and new rows of an UPDATE belong together when their keys are the same byte for byte: then a key that is only
 * written otherwise (1.0 and 1.00) is a delete and an insert, as it must be for whoever tells them apart. For most
 * types \`=\` means just that (their operator class says so), and can be hashed. Others are compared as records; the cast
 * keeps ROW(…) from being taken for a comparison column by column.
 */
const PAIRING = `SELECT
    CASE WHEN bool_and(k.operator IS NOT NULL)
      THEN string_agg(format('o.%1$I%3$s OPERATOR(%2$s) n.%1$I%3$s', k.name, k.operator, k.collation), ' AND ' ORDER BY k.place)
      ELSE format('ROW(%s)::pg_catalog.record OPERATOR(pg_catalog.*=) ROW(%s)::pg_catalog.record',
        string_agg(format('o.%I', k.name), ', ' ORDER BY k.place),
        string_agg(format('n.%I', k.name), ', ' ORDER BY k.place))
      END AS pairs,
    format('ROW(%s)::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(%s)::pg_catalog.record',
      string_agg(format('OLD.%I', k.name), ', ' ORDER BY k.place),
      string_agg(format('NEW.%I', k.name), ', ' ORDER BY k.place)) AS moved,
    min(k.name) FILTER (WHERE k.place = 1) AS first,
    string_agg(quote_ident(k.name), ', ' ORDER BY k.place) AS names,
    string_agg(quote_ident('old_' || k.short), ', ' ORDER BY k.place) AS old_names,
    string_agg(quote_ident('new_' || k.short), ', ' ORDER BY k.place) AS new_names,
    string_agg(format('o.%I', k.name), ', ' ORDER BY k.place) AS o_values,
    string_agg(format('n.%I', k.name), ', ' ORDER BY k.place) AS n_values,
    string_agg(format('OLD.%I', k.name), ', ' ORDER BY k.place) AS old_values,
    string_agg(format('NEW.%I', k.name), ', ' ORDER BY k.place) AS new_values
  FROM (
    SELECT c.name, c.short, c.place,
      CASE WHEN t.typcollation <> 0 THEN ' COLLATE pg_catalog."C"' ELSE '' END AS collation,
      (SELECT format('%I.%s', n.nspname, o.oprname)
        FROM pg_opclass oc
        JOIN pg_amop ao ON ao.amopfamily = oc.opcfamily AND ao.amopstrategy = 3
          AND ao.amoplefttype = oc.opcintype AND ao.amoprighttype = oc.opcintype
        JOIN pg_operator o ON o.oid = ao.amopopr
        JOIN pg_namespace n ON n.oid = o.oprnamespace
        WHERE oc.opcdefault AND oc.opcmethod = (SELECT oid FROM pg_am WHERE amname = 'btree')
          AND oc.opcintype = CASE WHEN t.typtype = 'e' THEN 'anyenum'::regtype
            WHEN t.oid = 'varchar'::regtype THEN 'text'::regtype ELSE t.oid END
          AND ((t.oid = 'numeric'::regtype AND c.typmod <> -1) OR EXISTS (
            SELECT FROM pg_amproc p WHERE p.amprocfamily = oc.opcfamily AND p.amprocnum = 4
              AND p.amproclefttype = oc.opcintype AND p.amprocrighttype = oc.opcintype))
      ) AS operator
    FROM col c JOIN pg_type t ON t.oid = c.type_oid WHERE c.place IS NOT NULL
  ) k`;

/** Bodies of the branches; `t` is the change table. PL/pgSQL, with every operator and function qualified. */
const BRANCHES = `SELECT
    CASE WHEN $5::boolean
      THEN format('INSERT INTO %s (op, %s) VALUES (''insert'', %s);', t.name, l.new_names, l.new_values)
      ELSE format('INSERT INTO %s (op, %s) SELECT ''insert'', %s FROM new_rows n;', t.name, l.new_names, l.n_values)
      END AS inserted,
    CASE WHEN $5::boolean
      THEN format('INSERT INTO %s (op, %s) VALUES (''delete'', %s);', t.name, l.old_names, l.old_values)
      ELSE format('INSERT INTO %s (op, %s) SELECT ''delete'', %s FROM old_rows o;', t.name, l.old_names, l.o_values)
      END AS deleted,
    CASE WHEN $5::boolean
      THEN format('IF %s THEN
      INSERT INTO %2$s (op, %3$s) VALUES (''delete'', %4$s);
      INSERT INTO %2$s (op, %5$s) VALUES (''insert'', %6$s);
    ELSIF OLD OPERATOR(pg_catalog.*<>) NEW THEN
      INSERT INTO %2$s (op, %3$s, %5$s) VALUES (''update'', %4$s, %6$s);
    END IF;', k.moved, t.name, l.old_names, l.old_values, l.new_names, l.new_values)
      -- Rows that left a key come first, so that a unique value is free before it is taken.
      ELSE format('INSERT INTO %s (op, %s, %s)
      SELECT CASE WHEN n.%7$I IS NULL THEN ''delete'' WHEN o.%7$I IS NULL THEN ''insert'' ELSE ''update'' END, %4$s, %5$s
      FROM old_rows o FULL JOIN new_rows n ON %6$s
      WHERE o.%7$I IS NULL OR n.%7$I IS NULL OR o.* OPERATOR(pg_catalog.*<>) n.*
      ORDER BY n.%7$I IS NULL DESC;', t.name, l.old_names, l.new_names, l.o_values, l.n_values, k.pairs, k.first)
      END AS updated,
    CASE WHEN $5::boolean
      THEN format('IF TG_OP OPERATOR(pg_catalog.<>) ''INSERT'' THEN
        INSERT INTO %1$s (op, %2$s) VALUES (''touch'', %3$s);
      END IF;
      IF TG_OP OPERATOR(pg_catalog.<>) ''DELETE'' THEN
        INSERT INTO %1$s (op, %4$s) VALUES (''touch'', %5$s);
      END IF;', t.name, k.old_names, k.old_values, k.new_names, k.new_values)
      ELSE format('IF TG_OP OPERATOR(pg_catalog.<>) ''INSERT'' THEN
        INSERT INTO %1$s (op, %2$s) SELECT ''touch'', %3$s FROM old_rows o;
      END IF;
      IF TG_OP OPERATOR(pg_catalog.<>) ''DELETE'' THEN
        INSERT INTO %1$s (op, %4$s) SELECT ''touch'', %5$s FROM new_rows n;
      END IF;', t.name, k.old_names, k.o_values, k.new_names, k.n_values)
      END AS touched,
    -- A transaction that keeps its first MVCC snapshot may not see all the rows that its TRUNCATE removes.
    format('IF pg_catalog.current_setting(''transaction_isolation'') OPERATOR(pg_catalog.<>) ''read committed'' THEN
      INSERT INTO ${MISSED} (relid, reason) VALUES (%5$s, ''it was truncated in a transaction that could not see all its rows'');
      RETURN NULL;
    END IF;
    EXECUTE pg_catalog.format(''SELECT pg_catalog.count(*) FROM (SELECT FROM %%s LIMIT ${MOST_TRUNCATED + 1}) x'', TG_RELID::pg_catalog.regclass) INTO counted;
    IF counted OPERATOR(pg_catalog.>) ${MOST_TRUNCATED} THEN
      INSERT INTO ${MISSED} (relid, reason) VALUES (%5$s, ''it was truncated with more rows than are logged'');
      RETURN NULL;
    END IF;
    INSERT INTO %1$s (op) VALUES (''truncate'');
    EXECUTE pg_catalog.format(''INSERT INTO %%s (op, %%s) SELECT ''''truncated'''', %%s FROM %%s'', %2$L, %3$L, %4$L, TG_RELID::pg_catalog.regclass);',
      t.name, t.name, k.old_names, k.names, $1::oid) AS truncated
  FROM k, l, t`;

/**
 * Answers `(ordinal, statement)`. `$1` table, `$3` name of the change table, `$4` name of the function, `$2` the key's
 * attribute numbers, `$5` true for row-level triggers, `$6` true where no event trigger follows DDL: then the function
 * catches what goes wrong, which costs each statement a subtransaction.
 */
export const GENERATION_SQL = `WITH col AS (
  ${COLUMNS}
), t AS (
  SELECT format('%I.%I', '${OWN_SCHEMA}', $3::text) AS name, format('%I.%I', '${OWN_SCHEMA}', $4::text) AS function
), l AS (
  SELECT string_agg(quote_ident('old_' || short), ', ' ORDER BY attnum) AS old_names,
    string_agg(quote_ident('new_' || short), ', ' ORDER BY attnum) AS new_names,
    string_agg(format('o.%I', name), ', ' ORDER BY attnum) AS o_values,
    string_agg(format('n.%I', name), ', ' ORDER BY attnum) AS n_values,
    string_agg(format('OLD.%I', name), ', ' ORDER BY attnum) AS old_values,
    string_agg(format('NEW.%I', name), ', ' ORDER BY attnum) AS new_values,
    string_agg(format('%I %s', 'old_' || short, type), E',\\n  ' ORDER BY attnum) AS old_columns,
    string_agg(format('%I %s', 'new_' || short, type), E',\\n  ' ORDER BY attnum) AS new_columns
  FROM col
), k AS (
  ${PAIRING}
), b AS (
  ${BRANCHES}
)
SELECT s.ordinal, s.statement FROM t, l, b, LATERAL (VALUES
  (1, format('CREATE TABLE %s (
  lsn pg_catalog.pg_lsn NOT NULL DEFAULT pg_catalog.pg_current_wal_insert_lsn(),
  xid pg_catalog.xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
  changed_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.statement_timestamp(),
  depth pg_catalog.int2 NOT NULL DEFAULT pg_catalog.pg_trigger_depth(),
  op pg_catalog.text NOT NULL,
  %s,
  %s
) WITH (fillfactor = 100, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200000)', t.name, l.old_columns, l.new_columns)),
  (2, format('CREATE INDEX ON %s (xid)', t.name)),
  (3, format('CREATE INDEX ON %s USING brin (lsn) WITH (pages_per_range = 32)', t.name)),
  (4, format('CREATE INDEX ON %s (xid) WHERE depth > 1', t.name)),
  (5, format('CREATE OR REPLACE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS %L', t.function, format('
DECLARE
  counted pg_catalog.int8;
BEGIN
  %s
  IF TG_OP OPERATOR(pg_catalog.=) ''INSERT'' THEN
    %s
  ELSIF TG_OP OPERATOR(pg_catalog.=) ''UPDATE'' THEN
    %s
  ELSIF TG_OP OPERATOR(pg_catalog.=) ''DELETE'' THEN
    %s
  ELSE
    %s
  END IF;
  %s
  RETURN NULL;
END', CASE WHEN $6::boolean THEN 'BEGIN' ELSE '' END, b.inserted, b.updated, b.deleted, b.truncated,
    CASE WHEN $6::boolean THEN format('EXCEPTION WHEN OTHERS THEN
    BEGIN
      IF TG_OP OPERATOR(pg_catalog.=) ''TRUNCATE'' THEN
        INSERT INTO ${MISSED} (relid, reason) VALUES (%1$s, ''a TRUNCATE could not be logged'');
        RETURN NULL;
      END IF;
      %2$s
    EXCEPTION WHEN OTHERS THEN
      BEGIN
        INSERT INTO ${MISSED} (relid, reason) VALUES (%1$s, ''changes could not be logged'');
      EXCEPTION WHEN OTHERS THEN
        RAISE WARNING ''temporal-cdc could not log a change'';
      END;
    END;
  END;', $1::oid, b.touched) ELSE '' END)))
) AS s(ordinal, statement)
ORDER BY s.ordinal`;

/** Answers what `cdc.generation.columns` keeps. `$1` table, `$2` the key's attribute numbers. */
export const CAPTURED_COLUMNS_SQL = `SELECT jsonb_agg(jsonb_build_object('number', c.attnum, 'name', c.name, 'type', c.type,
    'old', 'old_' || c.short, 'new', 'new_' || c.short, 'key', coalesce(c.place, 0)) ORDER BY c.attnum)
  FROM (${COLUMNS}) c`;

/** Types of the parameters, the same in the query and in the functions that hold it. */
export const GENERATION_PARAMETERS =
  'relid oid, key_columns int2[], change_table text, function_name text, row_level boolean, guarded boolean';

/** A function of ours that is one query. */
export function sqlFunction(name: string, returns: string, query: string): string {
  return `CREATE FUNCTION ${own(name)}(${GENERATION_PARAMETERS}) RETURNS ${returns}
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS ${quoteText(query)}`;
}
