/** Where a target table is, or would be made. */
import type { TableName } from '../../../model';
import { qualify, quote } from '../database/identifiers';
import type { Session } from '../database/session';

/**
 * The whole name of a table. Without a schema it goes to the first one of the role's own search path; `to:
 * sales.orders` names a schema, unless a table of that very name exists.
 */
export async function placeTable(session: Session, table: TableName): Promise<TableName> {
  if (table.schema !== null) return table;
  const here = { schema: await defaultSchema(session), name: table.name };
  const [, schema, name] = /^([^.]+)\.([^.]+)$/.exec(table.name) ?? [];
  if (schema === undefined || name === undefined) return here;
  const [row] = await session.query('SELECT to_regclass($1) IS NULL AND to_regnamespace($2) IS NOT NULL', [
    qualify(here),
    quote(schema),
  ]);
  return row?.[0] === 't' ? { schema, name } : here;
}

/** The search path of our sessions is pinned; the role's own one is what a person expects. */
async function defaultSchema(session: Session): Promise<string> {
  return session.transaction('read committed', async () => {
    await session.execute(
      `SELECT set_config('search_path', (SELECT reset_val FROM pg_settings WHERE name = 'search_path'), true)`,
    );
    // Nobody makes tables among the server's own, which a path may name first.
    const [row] = await session.query(
      `SELECT found FROM unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS path (found, place)
WHERE found !~ '^pg_' ORDER BY place LIMIT 1`,
    );
    return row?.[0] ?? 'public';
  });
}
