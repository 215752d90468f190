/** Whether what is captured is captured, and will be: triggers in place, their definer alive. */
import { displayName, fine, problem, type Diagnosis, type TableName } from '../../../model';
import { OWN_PREFIX, type Session } from '../database';
import { findHole } from '../capture/plan';
import { isInstalled, readCaptures } from '../capture/registry';
import { readState } from '../capture/state';

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
    `SELECT DISTINCT DEFINER FROM information_schema.TRIGGERS
WHERE TRIGGER_SCHEMA = ? AND LEFT(TRIGGER_NAME, ${OWN_PREFIX.length}) = '${OWN_PREFIX}'`,
    [session.database],
  );
  const known = await session.query('SELECT User, Host FROM mysql.user').catch(() => null);
  // Who may not see the accounts is told of none.
  if (known === null) return [];
  const accounts = new Set(known.map(([user, host]) => `${String(user)}@${String(host)}`));
  return rows
    .map(([definer]) => String(definer))
    .filter((definer) => !accounts.has(definer))
    .map((definer) =>
      problem(
        'definer',
        `The triggers of capture belong to the account ${definer}, which is gone: writes to the tables fail.`,
        'Create the account again with SELECT, TRIGGER and INSERT on the database.',
      ),
    );
}
