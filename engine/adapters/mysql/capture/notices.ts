/** What a person should know of tables before they are captured. */
import { displayName, type PlanNotice, type TableName } from '../../../model';
import type { Session } from '../database';
import { readReferences } from '../schema/catalog';
import { readTables } from '../schema/tables';
import { cascadingParents } from './cascades';

export async function readNotices(
  session: Session,
  tables: readonly TableName[],
): Promise<readonly PlanNotice[]> {
  const references = await readReferences(session);
  const details = await readTables(session);
  const notices: PlanNotice[] = [];
  if (session.gaps === 'wait') {
    notices.push({
      table: null,
      message:
        'gaps=wait: a transaction that is rolled back can stop reading until a person decides, and a TRUNCATE is not noticed without the privilege PROCESS.',
    });
  }
  for (const name of tables) {
    const table = displayName(name);
    const parents = cascadingParents(table, references, session.database);
    if (parents.length > 0) {
      notices.push({
        table,
        message: `Foreign keys change its rows without any trigger: triggers on ${parents.join(', ')} lock these rows and log them first.`,
      });
    }
    if (details.get(table)?.found.isPartitioned === true) {
      notices.push({
        table,
        message:
          'Dropping, truncating, exchanging or reorganising a partition fires no trigger: the table is then parked and has to be copied again.',
      });
    }
  }
  if (tables.length > 0) {
    notices.push({
      table: null,
      message:
        'TRUNCATE fires no trigger, and OPTIMIZE or an ALTER that copies a table looks like it: the table is then parked and has to be copied again.',
    });
  }
  return notices;
}
