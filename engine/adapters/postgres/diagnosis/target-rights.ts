/** What a role needs to write tables. */
import { displayName, fine, problem, warning, type Diagnosis, type TableName } from '../../../model';
import { qualify, quote, type Session } from '../database';
import { takeReplicaRole } from '../target/preparing';
import { ownSchemaCheck } from './own-schema';

const RIGHTS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const;

/** PostgreSQL 15: from then on a superuser can grant the right to set a parameter. */
const GRANTS_PARAMETERS = 150_000;

export async function targetRights(
  session: Session,
  tables: readonly TableName[],
): Promise<readonly Diagnosis[]> {
  const found: Diagnosis[] = [await ownSchemaCheck(session, 'target')];
  const row = await session.first(
    `SELECT has_database_privilege(current_database(), 'TEMPORARY'), current_user`,
  );
  const role = quote(row?.[1] ?? '');
  const missing: Diagnosis[] = [];
  if (row?.[0] !== 't') {
    missing.push(
      problem(
        'write rights',
        'The role may not make temporary tables, in which rows are staged.',
        `GRANT TEMPORARY ON DATABASE ${quote(session.database)} TO ${role};`,
      ),
    );
  }
  for (const table of tables) missing.push(...(await tableRights(session, table, role)));
  // One schema can be the want of many tables.
  const told = new Map(missing.map((entry) => [entry.message, entry]));
  found.push(...told.values());
  if (missing.length === 0) found.push(fine('write rights', 'The role may make and write what it has to.'));
  found.push(await replicaRole(session, role));
  return found;
}

async function replicaRole(session: Session, role: string): Promise<Diagnosis> {
  const check = 'replication role';
  if (await takeReplicaRole(session)) {
    await session.execute('SET session_replication_role = origin');
    return fine(check, 'Triggers and foreign keys of the target rest while rows are written.');
  }
  return warning(
    check,
    'The role may not set session_replication_role: triggers of the target fire on replicated rows, and tables whose ' +
      'foreign keys would delete or change rows are refused.',
    session.version >= GRANTS_PARAMETERS
      ? `GRANT SET ON PARAMETER session_replication_role TO ${role};`
      : 'Use a superuser, or make such foreign keys NO ACTION; from PostgreSQL 15 on the right can be granted.',
  );
}

async function tableRights(session: Session, table: TableName, role: string): Promise<readonly Diagnosis[]> {
  const schema = table.schema ?? 'public';
  const row = await session.first(
    `SELECT c.oid IS NOT NULL, n.oid IS NOT NULL, coalesce(has_schema_privilege(n.oid, 'USAGE'), false),
  coalesce(has_schema_privilege(n.oid, 'CREATE'), false), has_database_privilege(current_database(), 'CREATE'),
  ${RIGHTS.map((right) => `coalesce(has_table_privilege(c.oid, '${right}'), false)`).join(', ')}
FROM (SELECT 1) one LEFT JOIN pg_namespace n ON n.nspname = $1
LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = $2 AND c.relkind IN ('r', 'p')`,
    [schema, table.name],
  );
  const [exists, hasSchema, mayUse, mayCreate, mayCreateSchema, ...rights] = row ?? [];
  const check = 'write rights';
  if (hasSchema !== 't') {
    if (mayCreateSchema === 't') return [];
    return [
      problem(
        check,
        `The schema ${schema} does not exist, and the role may not create it.`,
        `CREATE SCHEMA ${quote(schema)} AUTHORIZATION ${role};`,
      ),
    ];
  }
  const found: Diagnosis[] = [];
  if (mayUse !== 't') {
    found.push(
      problem(
        check,
        `The role may not use the schema ${schema}.`,
        `GRANT USAGE ON SCHEMA ${quote(schema)} TO ${role};`,
      ),
    );
  }
  if (exists !== 't') {
    if (mayCreate === 't') return found;
    return [
      ...found,
      problem(
        check,
        `The role may not create tables in the schema ${schema}.`,
        `GRANT CREATE ON SCHEMA ${quote(schema)} TO ${role};`,
      ),
    ];
  }
  const lacking = RIGHTS.filter((_, index) => rights[index] !== 't');
  if (lacking.length === 0) return found;
  return [
    ...found,
    problem(
      check,
      `The role lacks ${lacking.join(', ')} on table ${displayName({ schema, name: table.name })}.`,
      `GRANT ${lacking.join(', ')} ON ${qualify({ schema, name: table.name })} TO ${role};`,
    ),
  ];
}
