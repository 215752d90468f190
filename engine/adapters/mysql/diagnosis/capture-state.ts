/** Whether what is captured is captured, and will be: triggers in place, their definer alive. */
import { displayName, fine, problem, type Diagnosis, type TableName } from '../../../model';
import { OWN_PREFIX, quote, quoteText, type Session } from '../database';
import { findHole } from '../capture/plan';
import { isInstalled, readCaptures } from '../capture/registry';
import { readState } from '../capture/state';
import { readGrants } from './grants';

export async function captureState(
  session: Session,
  tables: readonly TableName[],
): Promise<readonly Diagnosis[]> {
  if (!(await isInstalled(session))) return [];
  const captures = await readCaptures(session);
  const state = await readState(session, captures);
  const found: Diagnosis[] = [];
  for (const name of tables) {
    const table = displayName(name);
    const capture = captures.get(table);
    if (capture === undefined || capture.suspended || !state.details.has(table)) continue;
    const hole = findHole(session, capture, state);
    if (hole === null) continue;
    found.push(
      problem('capture', `Table ${table}: ${hole.reason}.`, `Run cdc resync NAME --table ${table}.`),
    );
  }
  found.push(...(await definers(session)));
  return found.length > 0 ? found : [fine('capture', 'The triggers of capture are in place.')];
}

/** A trigger whose definer is gone, or has lost its rights, fails every write of its table. */
async function definers(session: Session): Promise<readonly Diagnosis[]> {
  const rows = await session.query(
    `SELECT DEFINER, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS
WHERE TRIGGER_SCHEMA = ? AND LEFT(TRIGGER_NAME, ${OWN_PREFIX.length}) = '${OWN_PREFIX}' ORDER BY 1, 2`,
    [session.database],
  );
  const known = await session.query('SELECT User, Host FROM mysql.user').catch(() => null);
  // Who may not see the accounts is told of none.
  if (known === null) return [];
  const accounts = new Set(known.map(([user, host]) => `${String(user)}@${String(host)}`));
  const withRoles = await accountsWithRoles(session);
  const tables = new Map<string, Set<string>>();
  for (const [definer, table] of rows) {
    const name = String(definer);
    tables.set(name, (tables.get(name) ?? new Set()).add(String(table)));
  }
  const found: Diagnosis[] = [];
  for (const [definer, own] of tables) {
    const [, user = '', host = ''] = /^(.*)@([^@]*)$/s.exec(definer) ?? [];
    const account = `${quoteText(user)}@${quoteText(host)}`;
    const grant = (rights: readonly string[], database: string): string =>
      `GRANT ${rights.join(', ')} ON ${quote(database)}.* TO ${account};`;
    const { database, ownDatabase } = session;
    if (!accounts.has(definer)) {
      found.push(
        problem(
          'definer',
          `The triggers of capture belong to the account ${definer}, which is gone: writes to the tables fail.`,
          `CREATE USER ${account} ACCOUNT LOCK; ${grant(ON_TABLES, database)} ${grant(ON_CHANGES, ownDatabase)}`,
        ),
      );
      continue;
    }
    // What comes by a role is not told.
    const has = withRoles.has(definer) ? null : await readGrants(session, account);
    if (has === null) continue;
    const lacking = ON_TABLES.filter((right) => [...own].some((table) => !has(right, database, table)));
    const without = ON_CHANGES.filter((right) => !has(right, ownDatabase, null));
    const remedies = [
      ...(lacking.length > 0 ? [grant(lacking, database)] : []),
      ...(without.length > 0 ? [grant(without, ownDatabase)] : []),
    ];
    if (remedies.length === 0) continue;
    found.push(
      problem(
        'definer',
        `The triggers of capture belong to the account ${definer}, which lacks rights: writes to the tables fail.`,
        remedies.join(' '),
      ),
    );
  }
  return found;
}

/** MySQL keeps them in one table, MariaDB in another. */
async function accountsWithRoles(session: Session): Promise<ReadonlySet<string>> {
  const rows = await session
    .query('SELECT TO_USER, TO_HOST FROM mysql.role_edges')
    .catch(() => session.query('SELECT User, Host FROM mysql.roles_mapping'))
    .catch(() => []);
  return new Set(rows.map(([user, host]) => `${String(user)}@${String(host)}`));
}

/** What a trigger may do is what its definer may: also read, since cascades look at rows of other tables. */
const ON_TABLES = ['SELECT', 'TRIGGER', 'LOCK TABLES'] as const;
const ON_CHANGES = ['INSERT'] as const;
