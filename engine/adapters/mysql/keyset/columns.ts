/** Whether tables have the columns that their routes say. */
import { CdcError } from '../../../errors';
import type { TableRoute } from '../../../model';
import type { Session } from '../database';
import { requireFilterHolds } from '../rows/filter';

const COLUMNS = `SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = ? AND TABLE_NAME IN`;

/** Throws SCHEMA_MOVED with the table. */
export async function requireColumns(session: Session, routes: readonly TableRoute[]): Promise<void> {
  if (routes.length === 0) return;
  const names = routes.map(({ source }) => source.name.name);
  const rows = await session.query(
    `${COLUMNS} (${names.map(() => '?').join(', ')}) ORDER BY TABLE_NAME, ORDINAL_POSITION`,
    [session.database, ...names],
  );
  const found = new Map<string, (readonly string[])[]>();
  for (const [table, name, type] of rows) {
    const columns = found.get(String(table)) ?? [];
    columns.push([String(name), String(type)]);
    found.set(String(table), columns);
  }
  for (const { id, source } of routes) {
    const known = source.columns.map(({ name, declaredType }) => [name, declaredType]);
    if (JSON.stringify(found.get(source.name.name)) === JSON.stringify(known)) continue;
    throw new CdcError('SCHEMA_MOVED', `Table ${id} has other columns than a moment ago`, { table: id });
  }
}

/** Throws SCHEMA_MOVED, SOURCE_SCHEMA_CHANGED. */
export async function checkRoutes(session: Session, routes: readonly TableRoute[]): Promise<void> {
  await requireColumns(session, routes);
  for (const route of routes) await requireFilterHolds(session, route);
}
