/** Keys to repair as rows of `_cdc_repair`. */
import { repairKeyOf, type RepairChoice, type RepairKey, type RepairQuery } from '../../../model';
import { hasTable } from '../database/objects';
import type { Session } from '../database/session';
import { textOf, textOrNull } from '../database/values';

/** In the order in which they were saved; none before setup. */
export function readRepairs(
  session: Session,
  uuid: string,
  { tables, refused, limit }: RepairQuery,
): readonly RepairKey[] {
  if (!hasTable(session, '_cdc_repair')) return [];
  return session
    .all(
      `SELECT id, source, key, code, column_name FROM main._cdc_repair
WHERE uuid = ? AND source IN (SELECT value FROM json_each(?)) AND (code IS NOT NULL) = ?
ORDER BY place LIMIT ?`,
      uuid,
      JSON.stringify(tables),
      refused,
      BigInt(limit),
    )
    .map(([id, table, key, code, column]) =>
      repairKeyOf({
        id: textOf(id),
        table: textOf(table),
        key: textOf(key),
        code: textOrNull(code),
        column: textOrNull(column),
      }),
    );
}

/** Inserts keys, or replaces those of the same table and key. */
export function writeRepairs(session: Session, uuid: string, repairs: readonly RepairKey[]): void {
  for (const { id, table, key, refused } of repairs) {
    session.run(
      `INSERT INTO main._cdc_repair (uuid, id, source, key, code, column_name) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (uuid, source, key) DO UPDATE SET (id, code, column_name) = (excluded.id, excluded.code, excluded.column_name)`,
      uuid,
      id,
      table,
      key,
      refused?.code ?? null,
      refused?.column ?? null,
    );
  }
}

/** Safe where a former version made our objects. */
export function deleteRepairs(session: Session, uuid: string, choice: RepairChoice): void {
  if (!hasTable(session, '_cdc_repair')) return;
  if ('ids' in choice) {
    for (const id of choice.ids)
      session.run('DELETE FROM main._cdc_repair WHERE uuid = ? AND id = ?', uuid, id);
    return;
  }
  session.run('DELETE FROM main._cdc_repair WHERE uuid = @uuid AND (@source IS NULL OR source = @source)', {
    uuid,
    source: choice.table,
  });
}
