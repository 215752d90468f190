/** What a role needs to capture tables. */
import { displayName, fine, problem, warning, type Diagnosis, type TableName } from '../../../model';
import { qualify, quote, type Session } from '../database';
import { followsDdl } from '../capture/objects';
import { ownSchemaCheck } from './own-schema';

const TABLE = `SELECT has_schema_privilege(n.oid, 'USAGE'), has_table_privilege(c.oid, 'SELECT'),
  pg_has_role(c.relowner, 'USAGE'), o.rolname, current_user, o.rolsuper
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles o ON o.oid = c.relowner
WHERE n.nspname = $1 AND c.relname = $2`;

export async function sourceRights(
  session: Session,
  tables: readonly TableName[],
): Promise<readonly Diagnosis[]> {
  const found: Diagnosis[] = [await ownSchemaCheck(session, 'source')];
  const missing: Diagnosis[] = [];
  for (const table of tables) missing.push(...(await tableRights(session, table)));
  found.push(...missing);
  if (missing.length === 0 && tables.length > 0) {
    found.push(
      fine(
        'capture rights',
        `The role may read ${tables.length === 1 ? 'the table' : `all ${tables.length} tables`} and make triggers.`,
      ),
    );
  }
  found.push(
    (await followsDdl(session))
      ? fine('event trigger', 'Changes of tables’ columns are followed in their own transaction.')
      : warning(
          'event trigger',
          'The role may not make event triggers: the triggers of capture stand changed columns by themselves, which ' +
            'costs each writing statement a subtransaction and halves the rate of single-row writes.',
          'Run `cdc start` once with a superuser’s URL; the event trigger stays for the plain role.',
        ),
  );
  return found;
}

async function tableRights(session: Session, table: TableName): Promise<readonly Diagnosis[]> {
  const row = await session.first(TABLE, [table.schema ?? 'public', table.name]);
  if (row === undefined) return [];
  const [usage, select, owner, ownedBy, user, ownedBySuperuser] = row;
  const role = quote(user ?? '');
  const name = displayName(table);
  const found: Diagnosis[] = [];
  if (owner !== 't') {
    found.push(
      problem(
        'capture rights',
        `The role does not own table ${name}: only its owner can make triggers that always fire.`,
        // Nobody should become a member of a superuser for this.
        ownedBySuperuser === 't'
          ? `ALTER TABLE ${qualify(table)} OWNER TO ${role};`
          : `GRANT ${quote(ownedBy ?? '')} TO ${role};`,
      ),
    );
  }
  if (usage !== 't') {
    found.push(
      problem(
        'capture rights',
        `The role may not use the schema of table ${name}.`,
        `GRANT USAGE ON SCHEMA ${quote(table.schema ?? 'public')} TO ${role};`,
      ),
    );
  }
  if (select !== 't') {
    found.push(
      problem(
        'capture rights',
        `The role may not read table ${name}.`,
        `GRANT SELECT ON ${qualify(table)} TO ${role};`,
      ),
    );
  }
  return found;
}
