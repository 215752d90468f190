/** Whether a target table has to be made, and whether the one that stands there will do. */
import { CdcError } from '../../../errors';
import { convertedKey, displayName, type PlanStep, type TablePlan, type TableRoute } from '../../../model';
import { sqlStateOf } from '../database/errors';
import { qualify } from '../database/identifiers';
import { OWN_SCHEMA } from '../database/objects';
import type { Session } from '../database/session';
import { createTableSql } from './create-table';

/**
 * Null where the table exists. Throws NAME_COLLISION for a name in our own schema, TARGET_TABLE_MISMATCH where
 * something else has the name or where the key would be converted, TYPE_MISMATCH for what can't be made here.
 */
export async function planTable(
  session: Session,
  route: TableRoute,
  sameFamily: boolean,
): Promise<TablePlan | null> {
  const { schema, name } = route.target;
  if (schema === OWN_SCHEMA) {
    throw new CdcError(
      'NAME_COLLISION',
      `Table ${route.id} cannot go to ${displayName(route.target)}: the schema is temporal-cdc's own`,
      { hint: 'Map the table to another name with `to`.', table: route.id },
    );
  }
  const kind = await kindOf(session, route);
  if (kind === null) {
    const made = await createTableSql(session, route, route.target, sameFamily);
    for (const { name: column, declaredType } of made.columns) {
      if (!route.key.includes(column) || (route.types?.[column]?.type ?? null) === null) continue;
      const source = route.source.columns.find((candidate) => candidate.name === column);
      const isSame = source?.declaredType === declaredType && source.type.kind !== 'dynamic';
      if (!isSame && MERGING.test(await baseOf(session, declaredType)))
        throw convertedKey(route, column, { isMade: true });
    }
    return { on: 'target', table: route.id, ...made };
  }
  if (kind !== 'r' && kind !== 'p') {
    throw new CdcError(
      'TARGET_TABLE_MISMATCH',
      `Target table ${displayName(route.target)} cannot be made: ${KINDS[kind] ?? 'something else'} has this name already`,
      { hint: 'Map the table to another name with `to`, or rename what stands there.', table: route.id },
    );
  }
  await requireSameKey(session, route, { schema, name });
  return null;
}

const KINDS: Readonly<Record<string, string>> = {
  v: 'a view',
  m: 'a materialized view',
  f: 'a foreign table',
  S: 'a sequence',
  i: 'an index',
  I: 'an index',
  c: 'a type',
  // Not every row of the source would be let in.
  partition: 'a partition of another table',
};

/** `relkind` of what has the name, or `partition` of a table; null where nothing has. */
async function kindOf(session: Session, { target }: TableRoute): Promise<string | null> {
  const row = await session.first(
    `SELECT CASE WHEN relispartition AND relkind IN ('r', 'p', 'f') THEN 'partition' ELSE relkind::text END
FROM pg_class WHERE oid = to_regclass($1)`,
    [qualify(target)],
  );
  return row?.[0] ?? null;
}

/** Types that take different keys for one, or give a key another value. */
const MERGING = /^(citext|.*\.citext|bpchar|character|"char"|name|real|money|interval|jsonb)$/;

/** A key that the target converts is another key: rows would collapse. */
async function requireSameKey(
  session: Session,
  route: TableRoute,
  { schema, name }: TableRoute['target'],
): Promise<void> {
  const rows = await session.query(
    `SELECT a.attname, format_type(a.atttypid, a.atttypmod), format_type(a.atttypid, -1),
  coalesce(c.collisdeterministic, true)
FROM pg_attribute a LEFT JOIN pg_collation c ON c.oid = a.attcollation
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`,
    [qualify({ schema, name })],
  );
  for (const key of route.key) {
    const source = route.source.columns.find((column) => column.name === key);
    const found = rows.find(([column]) => column?.toLowerCase() === key.toLowerCase());
    if (source === undefined || found === undefined) continue;
    const [, declared, base, deterministic] = found;
    const isSame = source.declaredType === declared && source.type.kind !== 'dynamic';
    if (isSame || (deterministic === 't' && !MERGING.test(base ?? ''))) continue;
    throw convertedKey(route, key, { isMade: false });
  }
}

/** The name of a type without its length, as the catalog has it. */
async function baseOf(session: Session, type: string): Promise<string> {
  const row = await session.first('SELECT format_type(to_regtype($1), -1)', [
    type.replace(/ *\([\d, -]+\)/, ''),
  ]);
  return row?.[0] ?? type;
}

/** Throws SCHEMA_MOVED when somebody else has made the table meanwhile. */
export async function createTable(session: Session, { sql, table }: PlanStep): Promise<void> {
  try {
    await session.execute(sql, table === null ? {} : { table });
  } catch (error) {
    // duplicate_table, duplicate_object, and the unique index of the catalog where both were at it at once.
    if (!['42P07', '42710', '23505'].includes(sqlStateOf(error) ?? '')) throw error;
    const name = table ?? 'of ours';
    throw new CdcError('SCHEMA_MOVED', `The target table of ${name} was made by somebody else meanwhile`, {
      ...(table === null ? {} : { table }),
      cause: error,
    });
  }
}
