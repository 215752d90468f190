/** Foreign keys of the target that would delete or change rows by themselves. */
import { CdcError } from '../../../errors';
import { displayName, type TableRoute } from '../../../model';
import { quote } from '../database/identifiers';
import type { Session } from '../database/session';

/**
 * For a role that may not let triggers rest: rows would vanish without an error, so such a table is refused with
 * TARGET_TABLE_MISMATCH.
 */
export async function refuseActions(session: Session, route: TableRoute): Promise<void> {
  const [found] = await session.query(
    `SELECT k.conname, kn.nspname || '.' || kc.relname FROM pg_constraint k
JOIN pg_class c ON c.oid = k.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class kc ON kc.oid = k.conrelid JOIN pg_namespace kn ON kn.oid = kc.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 AND k.contype = 'f' AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
ORDER BY 2, 1`,
    [route.target.schema, route.target.name],
  );
  if (found === undefined) return;
  const [role] = await session.query('SELECT current_user');
  throw new CdcError(
    'TARGET_TABLE_MISMATCH',
    `Foreign key ${found[0] ?? ''} of ${found[1] ?? ''} would delete or change rows by itself when rows of ${displayName(route.target)} are replicated`,
    {
      table: route.id,
      hint:
        `Run as an administrator: GRANT SET ON PARAMETER session_replication_role TO ${quote(role?.[0] ?? '')} ` +
        '(PostgreSQL 15 and later), or make the foreign key NO ACTION.',
    },
  );
}
