/** Dead letters as rows of `_cdc_dead_letter`. */
import {
  letterCodeOf,
  letterOpOf,
  type DeadLetterEntry,
  type StoredDeadLetter,
  type Tuple,
} from '../../../model';
import { hasTable } from '../database/objects';
import type { Session } from '../database/session';
import { flagOf, numberOf, textOf, textOrNull } from '../database/values';

const ENTRY = 'id, source, key, op, code, column_name, set_aside_at, attempts, retry';

/** Of one source table, or of all (null), oldest first; none before setup. */
export function readLetters(
  session: Session,
  uuid: string,
  table: string | null,
): readonly DeadLetterEntry[] {
  if (!hasTable(session, '_cdc_dead_letter')) return [];
  return session
    .all(
      `SELECT ${ENTRY} FROM main._cdc_dead_letter WHERE uuid = @uuid AND (@source IS NULL OR source = @source)
ORDER BY set_aside_at, place`,
      { uuid, source: table },
    )
    .map(entryOf);
}

/** Null where there is none of this id. */
export function readLetter(session: Session, uuid: string, id: string): StoredDeadLetter | null {
  if (!hasTable(session, '_cdc_dead_letter')) return null;
  const found = session.get(
    `SELECT ${ENTRY}, row_values FROM main._cdc_dead_letter WHERE uuid = ? AND id = ?`,
    uuid,
    id,
  );
  return found === undefined ? null : { ...entryOf(found), row: textOrNull(found[9]) };
}

/** Inserts letters, or replaces those of the same table and key. */
export function writeLetters(session: Session, uuid: string, letters: readonly StoredDeadLetter[]): void {
  for (const letter of letters) {
    session.run(
      `INSERT INTO main._cdc_dead_letter
  (uuid, id, source, key, op, row_values, code, column_name, set_aside_at, attempts, retry)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (uuid, source, key) DO UPDATE SET (id, op, row_values, code, column_name, set_aside_at, attempts, retry)
  = (excluded.id, excluded.op, excluded.row_values, excluded.code, excluded.column_name, excluded.set_aside_at,
    excluded.attempts, excluded.retry)`,
      uuid,
      letter.id,
      letter.table,
      letter.key,
      letter.op,
      letter.row,
      letter.code,
      letter.column,
      BigInt(Math.trunc(letter.setAsideAt)),
      BigInt(letter.attempts),
      letter.retry,
    );
  }
}

export function flagLetters(session: Session, uuid: string, ids: readonly string[]): void {
  for (const id of ids) {
    session.run('UPDATE main._cdc_dead_letter SET retry = 1 WHERE uuid = ? AND id = ?', uuid, id);
  }
}

export function deleteLetters(session: Session, uuid: string, ids: readonly string[]): void {
  for (const id of ids) session.run('DELETE FROM main._cdc_dead_letter WHERE uuid = ? AND id = ?', uuid, id);
}

function entryOf(row: Tuple): DeadLetterEntry {
  return {
    id: textOf(row[0]),
    table: textOf(row[1]),
    key: textOf(row[2]),
    op: letterOpOf(textOf(row[3])),
    code: letterCodeOf(textOf(row[4])),
    column: textOrNull(row[5]),
    setAsideAt: numberOf(row[6]),
    attempts: numberOf(row[7]),
    retry: flagOf(row[8]),
  };
}
