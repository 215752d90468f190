/** Whether our own objects are there or can be made. */
import { fine, problem, type Diagnosis } from '../../../model';
import { OWN_SCHEMA, quote, type Session } from '../database';

export async function ownSchemaCheck(session: Session, side: 'source' | 'target'): Promise<Diagnosis> {
  const check = `${side} objects`;
  const row = await session.first(
    `SELECT n.oid IS NOT NULL, coalesce(has_schema_privilege(n.oid, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE'), false),
  has_database_privilege(current_database(), 'CREATE'), current_user
FROM (SELECT 1) one LEFT JOIN pg_namespace n ON n.nspname = $1`,
    [OWN_SCHEMA],
  );
  const [exists, mayUse, mayCreate, user] = row ?? [];
  const role = quote(user ?? '');
  const schema = quote(OWN_SCHEMA);
  if (exists === 't' && mayUse !== 't') {
    return problem(
      check,
      `The role may not use the schema ${OWN_SCHEMA}, which holds what temporal-cdc keeps here.`,
      `GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${role};`,
    );
  }
  if (exists !== 't' && mayCreate !== 't') {
    return problem(
      check,
      `The role may not create the schema ${OWN_SCHEMA}, which holds what temporal-cdc keeps here.`,
      `CREATE SCHEMA ${schema} AUTHORIZATION ${role}; or: GRANT CREATE ON DATABASE ${quote(session.database)} TO ${role};`,
    );
  }
  return fine(
    check,
    exists === 't' ? `The schema ${OWN_SCHEMA} is there.` : `The schema ${OWN_SCHEMA} can be made.`,
  );
}
