/** What a person should know of a source before capture begins. */
import type { PlanNotice } from '../../../model';
import { guardsOf, hasUnforeseeableDefault } from '../schema/guards';
import { requireTable } from '../schema/schema';
import type { Session } from '../database/session';
import { readSource } from '../source/transaction';

/** Throws TABLE_UNKNOWN, KEY_MISSING, TABLE_UNSUPPORTED. */
export function readNotices(session: Session, tables: readonly string[]): readonly PlanNotice[] {
  return readSource(session, () => [
    ...databaseNotices(session),
    ...tables.flatMap((table) => tableNotices(session, table).map((message) => ({ table, message }))),
  ]);
}

function databaseNotices(session: Session): readonly PlanNotice[] {
  const mode = String(session.get('PRAGMA main.journal_mode')?.[0]);
  const notices: PlanNotice[] = [];
  if (mode !== 'wal') {
    notices.push({
      table: null,
      message:
        `The source is in rollback-journal mode (${mode}): writers wait while a chunk is read, and fail if they have ` +
        'no busy timeout. Better run once: PRAGMA journal_mode = WAL',
    });
  }
  notices.push({
    table: null,
    message:
      'While a table is captured, SQLite refuses to drop its columns. Triggers that an application makes as TEMP ' +
      'triggers cannot be seen: they must not write the row that fires them.',
  });
  return notices;
}

function tableNotices(session: Session, table: string): readonly string[] {
  const detail = requireTable(session, table);
  const notices: string[] = [];
  if (detail.schema.reread) {
    notices.push(
      "Triggers or foreign key actions can write this table's rows while one of them is written: changed rows are " +
        'read again by their key instead of being taken from the log.',
    );
  }
  const guards = guardsOf(detail).filter((guard) => guard.kind === 'index').length;
  if (guards > 0) {
    notices.push(
      `Rows that REPLACE deletes for ${guards === 1 ? 'a unique index' : `${guards} unique indexes`} are looked for ` +
        'before each insert: that costs an insert one index lookup each.',
    );
  }
  if (hasUnforeseeableDefault(detail)) {
    notices.push(
      'A unique column has a random default: a REPLACE that writes NULL to it could delete a row unseen.',
    );
  }
  return notices;
}
