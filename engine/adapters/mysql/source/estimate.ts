/** About how many rows tables hold, for reports. */
import { ROWS_COUNTED, type TableRoute } from '../../../model';
import { qualify, type Session } from '../database';

/** In the order of `routes`; null for a table of which the server has no statistics. */
export async function estimateRows(
  session: Session,
  routes: readonly TableRoute[],
): Promise<readonly (number | null)[]> {
  const estimates: (number | null)[] = [];
  for (const { source } of routes) estimates.push(await estimateTable(session, source.name));
  return estimates;
}

/** Beyond what is counted, TABLE_ROWS, which MySQL may have looked at a day ago: never less than what was counted. */
async function estimateTable(session: Session, table: TableRoute['source']['name']): Promise<number | null> {
  const counted = await session.first(
    `SELECT COUNT(*) FROM (SELECT 1 FROM ${qualify(table)} LIMIT ${ROWS_COUNTED + 1}) AS few`,
  );
  const count = Number(counted?.[0]);
  if (count <= ROWS_COUNTED) return count;
  const found = await session.first(
    `SELECT TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?`,
    [table.schema ?? session.database, table.name],
  );
  const rows = Number(found?.[0] ?? 0);
  return rows > count ? rows : null;
}
