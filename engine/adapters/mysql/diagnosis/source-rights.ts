/** What an account needs to capture tables. */
import { displayName, fine, problem, warning, type Diagnosis, type TableName } from '../../../model';
import { quote, type Session } from '../database';
import { readFence } from '../capture/fence';
import { accountOf, globalVariables } from '../capture/server';
import { readGrants } from './grants';

/** On the tables that are captured, and on the database that holds what is ours. */
const ON_TABLES = ['SELECT', 'TRIGGER', 'LOCK TABLES'] as const;
const ON_OWN = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'ALTER', 'LOCK TABLES'] as const;

export async function sourceRights(
  session: Session,
  tables: readonly TableName[],
): Promise<readonly Diagnosis[]> {
  const account = await accountOf(session);
  return [
    await processRight(session, account),
    ...(await databaseRights(session, account, tables)),
    await triggerRight(session, account),
  ];
}

async function processRight(session: Session, account: string): Promise<Diagnosis> {
  const check = 'transactions';
  if ((await readFence(session)) !== 'denied') {
    return fine(check, 'The account sees the transactions of the server.');
  }
  const remedy = `GRANT PROCESS ON *.* TO ${account};`;
  return session.gaps === 'wait'
    ? warning(
        check,
        'The account does not see the transactions of the server: reading stops before each change that is missing, and a TRUNCATE is not noticed.',
        remedy,
      )
    : problem(
        check,
        'The account does not see the transactions of the server, which prove that a missing change will never come.',
        remedy,
      );
}

/** Rights by database, those on all databases among them; by table where they were granted so. */
async function databaseRights(
  session: Session,
  account: string,
  tables: readonly TableName[],
): Promise<readonly Diagnosis[]> {
  const has = await readGrants(session, account);
  if (has === null) return [];
  const missing: Diagnosis[] = [];
  for (const table of tables) {
    const lacking = ON_TABLES.filter((right) => !has(right, session.database, table.name));
    if (lacking.length === 0) continue;
    missing.push(
      problem(
        'capture rights',
        `The account lacks ${lacking.join(', ')} on table ${displayName(table)}.`,
        `GRANT ${lacking.join(', ')} ON ${quote(session.database)}.* TO ${account};`,
      ),
    );
  }
  const lacking = ON_OWN.filter((right) => !has(right, session.ownDatabase, null));
  if (lacking.length > 0) {
    missing.push(
      problem(
        'source objects',
        `The account lacks ${lacking.join(', ')} on database ${session.ownDatabase}, which holds what temporal-cdc keeps here.`,
        `GRANT ${lacking.join(', ')} ON ${quote(session.ownDatabase)}.* TO ${account};`,
      ),
    );
  }
  if (missing.length > 0) return missing;
  return [fine('capture rights', 'The account may read the tables, make triggers, and keep what is ours.')];
}

/** With the binary log on, the servers let only trusted accounts make triggers. */
async function triggerRight(session: Session, account: string): Promise<Diagnosis> {
  const check = 'binary log';
  const found = await globalVariables(session, ['log_bin', 'log_bin_trust_function_creators']);
  if (found.get('log_bin') !== 'ON' || found.get('log_bin_trust_function_creators') === 'ON') {
    return fine(check, 'The binary log does not stand in the way of triggers.');
  }
  const rows = await session.query(
    `SELECT 1 FROM information_schema.USER_PRIVILEGES
WHERE GRANTEE = ? AND PRIVILEGE_TYPE = 'SUPER'`,
    [account],
  );
  return rows.length > 0
    ? fine(check, 'The account may make triggers although the binary log is on.')
    : problem(
        check,
        'The binary log is on, and the server lets only superusers make triggers then.',
        'SET GLOBAL log_bin_trust_function_creators = 1;',
      );
}
