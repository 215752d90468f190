/** Dead letters as rows of `cdc.dead_letter`. */
import { createHash } from 'node:crypto';
import {
  letterCodeOf,
  letterOpOf,
  presentText,
  type DeadLetterEntry,
  type StoredDeadLetter,
} from '../../../model';
import { hasRelation, own } from '../database/objects';
import type { Session, TextRow } from '../database/session';

const ENTRY = 'id, source, key, op, code, column_name, set_aside_at, attempts, retry';

/** Of one source table, or of all (null), oldest first; none before setup. */
export async function readLetters(
  session: Session,
  uuid: string,
  table: string | null,
): Promise<readonly DeadLetterEntry[]> {
  if (!(await hasRelation(session, 'dead_letter'))) return [];
  const rows = await session.query(
    `SELECT ${ENTRY} FROM ${own('dead_letter')} WHERE uuid = $1 AND ($2::text IS NULL OR source = $2)
ORDER BY set_aside_at, place`,
    [uuid, table],
  );
  return rows.map(entryOf);
}

/** Null where there is none of this id. */
export async function readLetter(
  session: Session,
  uuid: string,
  id: string,
): Promise<StoredDeadLetter | null> {
  if (!(await hasRelation(session, 'dead_letter'))) return null;
  const found = await session.first(
    `SELECT ${ENTRY}, row_values FROM ${own('dead_letter')} WHERE uuid = $1 AND id = $2`,
    [uuid, id],
  );
  return found === undefined ? null : { ...entryOf(found), row: found[9] ?? null };
}

/** Inserts letters, or replaces those of the same table and key. */
export async function writeLetters(
  session: Session,
  uuid: string,
  letters: readonly StoredDeadLetter[],
): Promise<void> {
  for (const letter of letters) {
    await session.query(
      `INSERT INTO ${own('dead_letter')} AS l
  (uuid, id, source, key, key_hash, op, row_values, code, column_name, set_aside_at, attempts, retry)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (uuid, source, key_hash) DO UPDATE SET (id, op, row_values, code, column_name, set_aside_at, attempts, retry)
  = (excluded.id, excluded.op, excluded.row_values, excluded.code, excluded.column_name, excluded.set_aside_at,
    excluded.attempts, excluded.retry)`,
      [
        uuid,
        letter.id,
        letter.table,
        letter.key,
        createHash('sha256').update(letter.key).digest('hex'),
        letter.op,
        letter.row,
        letter.code,
        letter.column,
        Math.trunc(letter.setAsideAt),
        letter.attempts,
        letter.retry,
      ],
    );
  }
}

export async function flagLetters(session: Session, uuid: string, ids: readonly string[]): Promise<void> {
  await session.query(`UPDATE ${own('dead_letter')} SET retry = true WHERE uuid = $1 AND id = ANY ($2)`, [
    uuid,
    ids,
  ]);
}

export async function deleteLetters(session: Session, uuid: string, ids: readonly string[]): Promise<void> {
  await session.query(`DELETE FROM ${own('dead_letter')} WHERE uuid = $1 AND id = ANY ($2)`, [uuid, ids]);
}

function entryOf(row: TextRow): DeadLetterEntry {
  return {
    id: text(row[0]),
    table: text(row[1]),
    key: text(row[2]),
    op: letterOpOf(text(row[3])),
    code: letterCodeOf(text(row[4])),
    column: row[5] ?? null,
    setAsideAt: Number(row[6]),
    attempts: Number(row[7]),
    retry: row[8] === 't',
  };
}

function text(value: string | null | undefined): string {
  return presentText(value, 'dead letter');
}
