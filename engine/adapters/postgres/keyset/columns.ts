/** Whether tables have the columns that their routes say. */
import { CdcError } from '../../../errors';
import type { TableRoute } from '../../../model';
import type { Session } from '../database';
import { requireFilterHolds } from '../rows/filter';

/** Names and types in order, as a list of JSON; null where there is no such table. */
const COLUMNS = `SELECT (
  SELECT json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum)
  FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS t(schema, name, place)
LEFT JOIN pg_namespace n ON n.nspname = t.schema
LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
ORDER BY t.place`;

/** Throws SCHEMA_MOVED with the table. */
export async function requireColumns(session: Session, routes: readonly TableRoute[]): Promise<void> {
  if (routes.length === 0) return;
  const names = routes.map(({ source }) => source.name);
  const rows = await session.query(
    COLUMNS,
    [names.map(({ schema }) => schema ?? 'public'), names.map(({ name }) => name)],
    { prepared: true },
  );
  for (const [index, { id, source }] of routes.entries()) {
    const found: unknown = JSON.parse(rows[index]?.[0] ?? '[]');
    const known = source.columns.map(({ name, declaredType }) => [name, declaredType]);
    if (JSON.stringify(found) === JSON.stringify(known)) continue;
    throw new CdcError('SCHEMA_MOVED', `Table ${id} has other columns than a moment ago`, { table: id });
  }
}

/** Throws SCHEMA_MOVED, SOURCE_SCHEMA_CHANGED. */
export async function checkRoutes(session: Session, routes: readonly TableRoute[]): Promise<void> {
  await requireColumns(session, routes);
  for (const route of routes) await requireFilterHolds(session, route);
}
