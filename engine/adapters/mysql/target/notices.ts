/** What a person should know of target tables before rows are written into them. */
import { chosenTypeNotices, displayName, type PlanNotice, type TableRoute } from '../../../model';
import { OWN_PREFIX, qualify, quote, type Session } from '../database';
import { readTable } from '../schema/tables';
import { describeType } from '../schema/types';
import { familyNotices } from './create-table';
import { defaultNotices } from './defaults';

export async function readNotices(
  session: Session,
  routes: readonly TableRoute[],
  sameFamily: boolean,
): Promise<readonly PlanNotice[]> {
  const notices: PlanNotice[] = [];
  for (const route of routes) {
    const table = displayName(route.target);
    const detail = await readTable(session, route.target.name);
    if (detail === null) {
      notices.push(...defaultNotices(route, sameFamily));
      if (sameFamily) notices.push(...(await familyNotices(session, route)));
      continue;
    }
    const there = detail.found.columns;
    notices.push(
      ...chosenTypeNotices(
        route,
        there.map(({ name, declared }) => ({ name, declaredType: declared })),
        {
          describe: describeType,
          alter: ({ target }, column, type) => {
            const nullable = there.find(({ name }) => name === column)?.nullable ?? true;
            return `ALTER TABLE ${qualify(target)} MODIFY ${quote(column)} ${type}${nullable ? '' : ' NOT NULL'}`;
          },
        },
      ),
    );
    const triggers = await readTriggers(session, route);
    if (triggers.length === 0) continue;
    notices.push({
      table: route.id,
      message: `Triggers of target table ${table} will fire on replicated rows, which MySQL and MariaDB can't switch off: ${triggers.join(', ')}`,
    });
  }
  return notices;
}

async function readTriggers(session: Session, { target }: TableRoute): Promise<readonly string[]> {
  const rows = await session.query(
    `SELECT TRIGGER_NAME FROM information_schema.TRIGGERS
WHERE EVENT_OBJECT_SCHEMA = ? AND EVENT_OBJECT_TABLE = ? AND LEFT(TRIGGER_NAME, ${OWN_PREFIX.length}) <> '${OWN_PREFIX}'
ORDER BY TRIGGER_NAME`,
    [session.database, target.name],
  );
  return rows.map(([name]) => String(name));
}
