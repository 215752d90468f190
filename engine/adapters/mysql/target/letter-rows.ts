/** Dead letters as rows of `_cdc_dead_letter`. */
import { createHash } from 'node:crypto';
import { letterCodeOf, letterOpOf, type DeadLetterEntry, type StoredDeadLetter } from '../../../model';
import { hasOwnTable, own, type FieldRow, type Session } from '../database';
import { flag, text, textOrNull } from './stored';

const ENTRY = 'id, source, row_key, op, code, column_name, set_aside_at, attempts, retry';

/** Of one source table, or of all (null), oldest first; none before setup. */
export async function readLetters(
  session: Session,
  uuid: string,
  table: string | null,
): Promise<readonly DeadLetterEntry[]> {
  if (!(await hasOwnTable(session, '_cdc_dead_letter'))) return [];
  const rows = await session.query(
    `SELECT ${ENTRY} FROM ${own(session, '_cdc_dead_letter')} WHERE uuid = ? AND (? IS NULL OR source = ?)
ORDER BY set_aside_at, place`,
    [uuid, table, table],
  );
  return rows.map(entryOf);
}

/** Null where there is none of this id. */
export async function readLetter(
  session: Session,
  uuid: string,
  id: string,
): Promise<StoredDeadLetter | null> {
  if (!(await hasOwnTable(session, '_cdc_dead_letter'))) return null;
  const found = await session.first(
    `SELECT ${ENTRY}, row_values FROM ${own(session, '_cdc_dead_letter')} WHERE uuid = ? AND id = ?`,
    [uuid, id],
  );
  return found === undefined ? null : { ...entryOf(found), row: textOrNull(found[9]) };
}

/** Inserts letters, or replaces those of the same table and key. */
export async function writeLetters(
  session: Session,
  uuid: string,
  letters: readonly StoredDeadLetter[],
): Promise<void> {
  for (const letter of letters) {
    const hash = createHash('sha256').update(letter.key).digest('hex');
    const found = [letter.op, letter.row, letter.code, letter.column, BigInt(Math.trunc(letter.setAsideAt))];
    const rest = [letter.id, ...found, BigInt(letter.attempts), letter.retry];
    // By its other key: ON DUPLICATE KEY would take either for the one.
    const { rows } = await session.execute(
      `UPDATE ${own(session, '_cdc_dead_letter')}
SET id = ?, op = ?, row_values = ?, code = ?, column_name = ?, set_aside_at = ?, attempts = ?, retry = ?
WHERE uuid = ? AND source = ? AND key_hash = ?`,
      [...rest, uuid, letter.table, hash],
    );
    if (rows > 0) continue;
    await session.execute(
      `INSERT INTO ${own(session, '_cdc_dead_letter')}
  (id, op, row_values, code, column_name, set_aside_at, attempts, retry, uuid, source, key_hash, row_key)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [...rest, uuid, letter.table, hash, letter.key],
    );
  }
}

export async function flagLetters(session: Session, uuid: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await session.execute(
      `UPDATE ${own(session, '_cdc_dead_letter')} SET retry = 1 WHERE uuid = ? AND id = ?`,
      [uuid, id],
    );
  }
}

export async function deleteLetters(session: Session, uuid: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await session.execute(`DELETE FROM ${own(session, '_cdc_dead_letter')} WHERE uuid = ? AND id = ?`, [
      uuid,
      id,
    ]);
  }
}

function entryOf(row: FieldRow): DeadLetterEntry {
  return {
    id: text(row[0]),
    table: text(row[1]),
    key: text(row[2]),
    op: letterOpOf(text(row[3])),
    code: letterCodeOf(text(row[4])),
    column: textOrNull(row[5]),
    setAsideAt: Number(row[6]),
    attempts: Number(row[7]),
    retry: flag(row[8]),
  };
}
