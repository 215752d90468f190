/** About how many rows tables hold, for reports. */
import { filterSql, ROWS_COUNTED, type TableRoute } from '../../../model';
import { qualify, type Session } from '../database';

/** In the order of `routes`; null where the server has no statistics: of a table, or of rows that are chosen. */
export async function estimateRows(
  session: Session,
  routes: readonly TableRoute[],
): Promise<readonly (number | null)[]> {
  const estimates: (number | null)[] = [];
  for (const route of routes) estimates.push(await estimateTable(session, route));
  return estimates;
}

/** Beyond what is counted, TABLE_ROWS, which MySQL may have looked at a day ago: never less than what was counted. */
async function estimateTable(session: Session, { source, where }: TableRoute): Promise<number | null> {
  const table = source.name;
  const counted = await session.first(
    `SELECT COUNT(*) FROM (SELECT 1 FROM ${qualify(table)} LIMIT ${ROWS_COUNTED + 1}) AS few`,
  );
  const count = Number(counted?.[0]);
  if (count <= ROWS_COUNTED) return where === null ? count : countChosen(session, table, where);
  if (where !== null) return null;
  const found = await session.first(
    `SELECT TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?`,
    [table.schema ?? session.database, table.name],
  );
  const rows = Number(found?.[0] ?? 0);
  return rows > count ? rows : null;
}

/** Of a table that has few rows. */
async function countChosen(
  session: Session,
  table: TableRoute['source']['name'],
  where: string,
): Promise<number> {
  const counted = await session.first(
    `SELECT COUNT(*) FROM ${qualify(table)} AS s WHERE ${filterSql(where)}`,
  );
  return Number(counted?.[0]);
}
