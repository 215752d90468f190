/** Keys to repair as rows of `_cdc_repair`. */
import { createHash } from 'node:crypto';
import { repairKeyOf, type RepairChoice, type RepairKey, type RepairQuery } from '../../../model';
import { hasOwnTable, own, type Session } from '../database';
import { text, textOrNull } from './stored';

/** In the order in which they were saved; none before setup. */
export async function readRepairs(
  session: Session,
  uuid: string,
  { tables, refused, limit }: RepairQuery,
): Promise<readonly RepairKey[]> {
  if (tables.length === 0 || !(await hasOwnTable(session, '_cdc_repair'))) return [];
  const rows = await session.query(
    `SELECT id, source, row_key, code, column_name FROM ${own(session, '_cdc_repair')}
WHERE uuid = ? AND source IN (${tables.map(() => '?').join(', ')}) AND (code IS NOT NULL) = ?
ORDER BY place LIMIT ${String(Math.trunc(limit))}`,
    [uuid, ...tables, refused],
  );
  return rows.map(([id, table, key, code, column]) =>
    repairKeyOf({
      id: text(id),
      table: text(table),
      key: text(key),
      code: textOrNull(code),
      column: textOrNull(column),
    }),
  );
}

/** Inserts keys, or replaces those of the same table and key. */
export async function writeRepairs(
  session: Session,
  uuid: string,
  repairs: readonly RepairKey[],
): Promise<void> {
  for (const { id, table, key, refused } of repairs) {
    const hash = createHash('sha256').update(key).digest('hex');
    const rest = [id, refused?.code ?? null, refused?.column ?? null];
    // By its other key: ON DUPLICATE KEY would take either for the one.
    const { rows } = await session.execute(
      `UPDATE ${own(session, '_cdc_repair')} SET id = ?, code = ?, column_name = ?
WHERE uuid = ? AND source = ? AND key_hash = ?`,
      [...rest, uuid, table, hash],
    );
    if (rows > 0) continue;
    await session.execute(
      `INSERT INTO ${own(session, '_cdc_repair')} (id, code, column_name, uuid, source, key_hash, row_key)
VALUES (?, ?, ?, ?, ?, ?, ?)`,
      [...rest, uuid, table, hash, key],
    );
  }
}

/** Safe where a former version made our objects. */
export async function deleteRepairs(session: Session, uuid: string, choice: RepairChoice): Promise<void> {
  if (!(await hasOwnTable(session, '_cdc_repair'))) return;
  const table = own(session, '_cdc_repair');
  if ('ids' in choice) {
    for (const id of choice.ids)
      await session.execute(`DELETE FROM ${table} WHERE uuid = ? AND id = ?`, [uuid, id]);
    return;
  }
  await session.execute(`DELETE FROM ${table} WHERE uuid = ? AND (? IS NULL OR source = ?)`, [
    uuid,
    choice.table,
    choice.table,
  ]);
}
