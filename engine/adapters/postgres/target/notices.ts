/** What a person should know of target tables before rows are written into them. */
import { chosenTypeNotices, displayName, type PlanNotice, type TableRoute } from '../../../model';
import { qualify, quote } from '../database/identifiers';
import { describeType } from '../schema/types';
import { defaultNotices } from './defaults';
import { refuseActions } from './foreign-actions';
import type { Session } from '../database/session';
import { takeReplicaRole } from './preparing';

/**
 * Throws TARGET_TABLE_MISMATCH for a table whose own foreign keys would delete or change rows of the pipeline, where
 * the role may not let them rest: rows would vanish without an error.
 */
export async function readNotices(
  session: Session,
  routes: readonly TableRoute[],
  sameFamily: boolean,
): Promise<readonly PlanNotice[]> {
  const resting = await canRest(session);
  const notices: PlanNotice[] = [];
  for (const route of routes) {
    if (!(await exists(session, route))) {
      notices.push(...defaultNotices(route, sameFamily));
      continue;
    }
    notices.push(...(await typeNotices(session, route)));
    if (!resting) await refuseActions(session, route);
    const triggers = await readTriggers(session, route);
    const firing = triggers.filter(({ fires }) => (resting ? fires !== 'O' : fires !== 'R'));
    const quiet = triggers.filter((trigger) => !firing.includes(trigger));
    const name = displayName(route.target);
    const say = (what: string, found: readonly { readonly name: string }[]): void => {
      if (found.length === 0) return;
      const names = found.map((trigger) => trigger.name).join(', ');
      notices.push({
        table: route.id,
        message: `Triggers of target table ${name} will ${what} on replicated rows: ${names}`,
      });
    };
    say('fire', firing);
    say('not fire', quiet);
  }
  return notices;
}

async function exists(session: Session, { target }: TableRoute): Promise<boolean> {
  const row = await session.first('SELECT to_regclass($1) IS NOT NULL', [qualify(target)]);
  return row?.[0] === 't';
}

async function typeNotices(session: Session, route: TableRoute): Promise<readonly PlanNotice[]> {
  if (Object.values(route.types ?? {}).every(({ type }) => type === null)) return [];
  const rows = await session.query(
    `SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
    [qualify(route.target)],
  );
  const there = rows.map(([name, declared]) => ({ name: name ?? '', declaredType: declared ?? '' }));
  return chosenTypeNotices(route, there, {
    describe: describeType,
    alter: ({ target }, column, type) =>
      `ALTER TABLE ${qualify(target)} ALTER COLUMN ${quote(column)} TYPE ${type}`,
  });
}

/** Looks whether the role may set what makes triggers rest, and leaves the session as it was. */
async function canRest(session: Session): Promise<boolean> {
  const taken = await takeReplicaRole(session);
  if (taken) await session.execute('SET session_replication_role = origin');
  return taken;
}

interface Trigger {
  readonly name: string;
  /** O: by default, R: for replicas, A: always. */
  readonly fires: string;
}

async function readTriggers(session: Session, { target }: TableRoute): Promise<readonly Trigger[]> {
  const rows = await session.query(
    `SELECT t.tgname, t.tgenabled::text FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace pn ON pn.oid = p.pronamespace
WHERE n.nspname = $1 AND c.relname = $2 AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND pn.nspname <> 'cdc'
ORDER BY t.tgname`,
    [target.schema, target.name],
  );
  return rows.map(([name, fires]) => ({ name: name ?? '', fires: fires ?? '' }));
}
