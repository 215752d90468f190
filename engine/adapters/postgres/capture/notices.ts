/** What a person should know before capture starts; nothing that forbids it. */
import { displayName, type PlanNotice, type TableName } from '../../../model';
import { qualify, type Session } from '../database';
import { requireTable } from '../schema/tables';
import { followsDdl } from './objects';

export async function readNotices(
  session: Session,
  tables: readonly TableName[],
): Promise<readonly PlanNotice[]> {
  const notices: PlanNotice[] = [];
  if (!(await followsDdl(session))) {
    notices.push({
      table: null,
      message:
        'The role may not create event triggers, so the triggers of capture stand changed columns by themselves: ' +
        'each statement costs a subtransaction, and single-row writes were measured at 0.41 to 0.49 of their rate ' +
        'without capture, instead of 0.52 to 0.58. A superuser can make the event trigger by running setup once.',
    });
  }
  const settings = await session.first(
    `SELECT current_setting('wal_level'), current_setting('idle_in_transaction_session_timeout')`,
  );
  if (settings?.[0] === 'minimal') {
    notices.push({ table: null, message: 'wal_level is minimal: this has not been tested as a source.' });
  }
  for (const table of tables) {
    const id = displayName(table);
    notices.push(...(await tableNotices(session, table)).map((message) => ({ table: id, message })));
  }
  return notices;
}

async function tableNotices(session: Session, table: TableName): Promise<readonly string[]> {
  const { oid, rowLevel } = await requireTable(session, table);
  const notices: string[] = [];
  const row = await session.first(
    `SELECT (SELECT count(*) FROM pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal AND tgname NOT LIKE '\\_cdc\\_%'),
  relrowsecurity, (SELECT count(*) FROM pg_inherits WHERE inhparent = $1),
  has_table_privilege($1::oid, 'SELECT')
FROM pg_class WHERE oid = $1`,
    [oid],
  );
  if (Number(row?.[0]) > 0) {
    notices.push('It has triggers of the application: rows that they write again are read by their key.');
  }
  if (row?.[1] === 't') {
    notices.push(
      'It has row level security: a role that it applies to cannot read the table for the first copy. Make the ' +
        'role of the connection the owner of the table, or give it BYPASSRLS.',
    );
  }
  if (rowLevel && Number(row?.[2]) > 0) {
    notices.push(
      'It is partitioned: changes are captured row by row. Partitions that are attached with rows, detached, ' +
        'dropped or truncated by themselves change rows without a trace: copy the table again afterwards.',
    );
  }
  if (row?.[3] !== 't') {
    notices.push(`The role of the connection cannot read it: GRANT SELECT ON ${qualify(table)}.`);
  }
  return notices;
}
