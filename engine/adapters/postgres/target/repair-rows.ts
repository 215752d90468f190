/** Keys to repair as rows of `cdc.repair`. */
import { createHash } from 'node:crypto';
import {
  presentText,
  repairKeyOf,
  type RepairChoice,
  type RepairKey,
  type RepairQuery,
} from '../../../model';
import { hasRelation, own } from '../database/objects';
import type { Session } from '../database/session';

/** In the order in which they were saved; none before setup. */
export async function readRepairs(
  session: Session,
  uuid: string,
  { tables, refused, limit }: RepairQuery,
): Promise<readonly RepairKey[]> {
  if (!(await hasRelation(session, 'repair'))) return [];
  const rows = await session.query(
    `SELECT id, source, key, code, column_name FROM ${own('repair')}
WHERE uuid = $1 AND source = ANY ($2) AND (code IS NOT NULL) = $3
ORDER BY place LIMIT $4`,
    [uuid, tables, refused, limit],
  );
  return rows.map(([id, table, key, code, column]) =>
    repairKeyOf({
      id: text(id),
      table: text(table),
      key: text(key),
      code: code ?? null,
      column: column ?? null,
    }),
  );
}

/** Inserts keys, or replaces those of the same table and key. */
export async function writeRepairs(
  session: Session,
  uuid: string,
  repairs: readonly RepairKey[],
): Promise<void> {
  // A statement can't write a row twice.
  const each = [...new Map(repairs.map((repair) => [`${repair.table} ${repair.key}`, repair])).values()];
  await session.query(
    `INSERT INTO ${own('repair')} (uuid, id, source, key, key_hash, code, column_name)
SELECT $1::text, r.id, r.source, r.key, r.key_hash, r.code, r.column_name
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) WITH ORDINALITY
  AS r(id, source, key, key_hash, code, column_name, place)
ORDER BY r.place
ON CONFLICT (uuid, source, key_hash) DO UPDATE SET (id, code, column_name)
  = (excluded.id, excluded.code, excluded.column_name)`,
    [
      uuid,
      each.map(({ id }) => id),
      each.map(({ table }) => table),
      each.map(({ key }) => key),
      each.map(({ key }) => createHash('sha256').update(key).digest('hex')),
      each.map(({ refused }) => refused?.code ?? null),
      each.map(({ refused }) => refused?.column ?? null),
    ],
  );
}

/** Safe where a former version made our objects. */
export async function deleteRepairs(session: Session, uuid: string, choice: RepairChoice): Promise<void> {
  if (!(await hasRelation(session, 'repair'))) return;
  if ('ids' in choice) {
    await session.query(`DELETE FROM ${own('repair')} WHERE uuid = $1 AND id = ANY ($2)`, [uuid, choice.ids]);
    return;
  }
  await session.query(`DELETE FROM ${own('repair')} WHERE uuid = $1 AND ($2::text IS NULL OR source = $2)`, [
    uuid,
    choice.table,
  ]);
}

function text(value: string | null | undefined): string {
  return presentText(value, 'key to repair');
}
