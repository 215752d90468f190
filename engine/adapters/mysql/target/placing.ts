/** Where a target table is, or would be made: always in the database that the URL names. */
import type { TableName } from '../../../model';
import type { Session } from '../database';

/** The name as the server keeps it, where it takes names of any case for one. */
export async function placeTable(session: Session, table: TableName): Promise<TableName> {
  const { schema, name } = table;
  const here = schema === session.database ? { schema: null, name } : table;
  const mode = session.variables.get('lower_case_table_names') ?? '0';
  if (mode === '0' || here.schema !== null) return here;
  const row = await session.first(
    `SELECT TABLE_NAME FROM information_schema.TABLES
WHERE TABLE_SCHEMA = ? AND LOWER(TABLE_NAME) = LOWER(?)`,
    [session.database, name],
  );
  const found = row?.[0] ?? null;
  if (found !== null) return { schema: null, name: String(found) };
  return { schema: null, name: mode === '1' ? name.toLowerCase() : name };
}
