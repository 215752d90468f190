/** What an account was granted, as far as the information schema tells. */
import type { Session } from '../database';

/** True where a right is held on a database, or on a table of it (null: on the database itself). */
export type Grants = (right: string, database: string, table: string | null) => boolean;

/** Null where rights can also come from roles, which only what is tried can tell. */
export async function readGrants(session: Session, account: string): Promise<Grants | null> {
  const { database, ownDatabase } = session;
  const rows = await session.query(
    `SELECT PRIVILEGE_TYPE, '' FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = ?
UNION ALL SELECT PRIVILEGE_TYPE, TABLE_SCHEMA FROM information_schema.SCHEMA_PRIVILEGES
  WHERE GRANTEE = ? AND (? LIKE TABLE_SCHEMA OR ? LIKE TABLE_SCHEMA)
UNION ALL SELECT PRIVILEGE_TYPE, CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) FROM information_schema.TABLE_PRIVILEGES
  WHERE GRANTEE = ? AND TABLE_SCHEMA = ?`,
    [account, account, database, ownDatabase, account, database],
  );
  if (rows.length === 0 || (await hasRoles(session))) return null;
  return (right, on, table) =>
    rows.some(([type, where]) => {
      const scope = String(where);
      const here = scope === '' || covers(scope, on);
      return type === right && (here || (table !== null && scope === `${on}.${table}`));
    });
}

/** Whether a database's name is among those that a grant means: `_` and `%` stand for others, unless escaped. */
function covers(pattern: string, database: string): boolean {
  const source = pattern.replace(/\\([_%])|([_%])|[^\w]/g, (part, escaped?: string, wild?: string) => {
    if (escaped !== undefined) return escaped;
    if (wild !== undefined) return wild === '_' ? '.' : '.*';
    return `\\${part}`;
  });
  return new RegExp(`^${source}$`, 's').test(database);
}

async function hasRoles(session: Session): Promise<boolean> {
  const row = await session.first('SELECT CURRENT_ROLE()').catch(() => undefined);
  const role = row?.[0] ?? null;
  return role !== null && role !== '' && role !== 'NONE';
}
