/**
 * By which operator keys are equal. The search path of our sessions holds the system's schema alone, so that the `=`
 * of an extension's type is not found there, or another one is: that of `text` for `citext`.
 */
import type { TableName } from '../../../model';
import { qualify, type Session } from '../database';

/** A domain's base type as SQL; the type itself for all others. `type` is an expression over `pg_type.oid`. */
export function baseTypeOf(type: string): string {
  return `(WITH RECURSIVE unwrapped(type) AS (
    SELECT ${type}
    UNION ALL
    SELECT x.typbasetype FROM unwrapped u JOIN pg_type x ON x.oid = u.type WHERE x.typtype = 'd')
  SELECT u.type FROM unwrapped u JOIN pg_type x ON x.oid = u.type WHERE x.typtype <> 'd')`;
}

/** The operator of a type as SQL: `OPERATOR(schema.=)` for a type of one's own, `=` for one of the system's. */
export function equalityOf(type: string): string {
  return `coalesce((SELECT format('OPERATOR(%I.%s)', n.nspname, op.oprname)
  FROM pg_opclass oc JOIN pg_am am ON am.oid = oc.opcmethod AND am.amname = 'btree'
  JOIN pg_amop ao ON ao.amopfamily = oc.opcfamily AND ao.amoplefttype = oc.opcintype
    AND ao.amoprighttype = oc.opcintype AND ao.amopstrategy = 3
  JOIN pg_operator op ON op.oid = ao.amopopr JOIN pg_namespace n ON n.oid = op.oprnamespace
  WHERE oc.opcdefault AND oc.opcintype = ${baseTypeOf(type)} AND n.nspname <> 'pg_catalog'), '=')`;
}

/** Those of some columns of a table, by name. */
export async function readEquality(
  session: Session,
  table: TableName,
  columns: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await session.query(
    `SELECT a.attname, ${equalityOf('a.atttypid')} FROM pg_attribute a
WHERE a.attrelid = to_regclass($1) AND a.attname = ANY ($2)`,
    [qualify(table), columns],
    { prepared: true },
  );
  return new Map(rows.map(([name, operator]): [string, string] => [name ?? '', operator ?? '=']));
}
