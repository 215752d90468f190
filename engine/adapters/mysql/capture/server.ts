/** What a server must be and allow so that ids and transactions mean what capture takes them to mean. */
import { CdcError } from '../../../errors';
import { own, type Session } from '../database';
import { readFence } from './fence';

/** Variables of the server as they are for new sessions. */
export async function globalVariables(
  session: Session,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await session.query(
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names.map(() => '?').join(', ')})`,
    names,
  );
  return new Map(rows.map(([name, value]) => [String(name), String(value)]));
}

/** Throws CONFIG_INVALID for a cluster of several writers, PRIVILEGE_MISSING. */
export async function requireSound(session: Session): Promise<void> {
  if (await hasSeveralWriters(session)) {
    throw new CdcError(
      'CONFIG_INVALID',
      `Database ${session.database} is on a cluster of several writers: no server of it knows the transactions of the others`,
      {
        hint: 'Capture needs one primary server: Galera and Group Replication in multi-primary mode are not supported.',
      },
    );
  }
  if (session.gaps === 'prove' && (await readFence(session)) === 'denied') throw await deniedProcess(session);
}

export async function hasSeveralWriters(session: Session): Promise<boolean> {
  const found = await globalVariables(session, [
    'wsrep_on',
    'group_replication_group_name',
    'group_replication_single_primary_mode',
  ]);
  if (found.get('wsrep_on') === 'ON') return true;
  return (
    (found.get('group_replication_group_name') ?? '') !== '' &&
    found.get('group_replication_single_primary_mode') === 'OFF'
  );
}

/** The account of a session, as GRANT takes it. */
export async function accountOf(session: Session): Promise<string> {
  const row = await session.first('SELECT CURRENT_USER()');
  const [user = '', host = '%'] = String(row?.[0]).split(/@(?=[^@]*$)/);
  return `'${user}'@'${host}'`;
}

export async function deniedProcess(session: Session): Promise<CdcError> {
  return new CdcError(
    'PRIVILEGE_MISSING',
    `The account may not see the transactions of the server of database ${session.database}, which prove that a missing change will never come`,
    {
      hint: `GRANT PROCESS ON *.* TO ${await accountOf(session)}; or add gaps=wait to the URL: reading then stops before each missing change, until a person decides.`,
    },
  );
}

/** What a person runs who knows that a change which is missing will never come. */
export function decideGap(session: Session, changeTable: string, id: number): string {
  return `INSERT INTO ${own(session, changeTable)} (id, op, changed_at) VALUES (${id}, '-', UTC_TIMESTAMP(3))`;
}
