/** Keys to repair as rows of `_cdc_repair`. */
import { createHash } from 'node:crypto';
import { repairKeyOf, type RepairChoice, type RepairKey, type RepairQuery } from '../../../model';
import { hasOwnTable, own, type Session } from '../database';
import { text, textOrNull } from './stored';

/** MariaDB turns longer lists into a subquery. */
const IDS_AT_ONCE = 500;

/** Far below what a server takes in one statement. */
const CHARACTERS_AT_ONCE = 100_000;

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
  const hashed = repairs.map((repair) => ({ ...repair, hash: hashOf(repair.key) }));
  const last = new Map(hashed.map((repair) => [nameOf(repair.table, repair.hash), repair]));
  const there = await namesThere(session, uuid, [...new Set(hashed.map(({ hash }) => hash))]);
  const table = own(session, '_cdc_repair');
  const fresh: HashedKey[] = [];
  for (const [name, repair] of last) {
    if (!there.has(name)) {
      fresh.push(repair);
      continue;
    }
    // By its other key: ON DUPLICATE KEY would take either for the one.
    await session.execute(
      `UPDATE ${table} SET id = ?, code = ?, column_name = ? WHERE uuid = ? AND source = ? AND key_hash = ?`,
      [...stateOf(repair), uuid, repair.table, repair.hash],
    );
  }
  for (const some of pieces(fresh)) {
    const places = some.map(() => '(?, ?, ?, ?, ?, ?, ?)').join(', ');
    await session.execute(
      `INSERT INTO ${table} (id, code, column_name, uuid, source, key_hash, row_key) VALUES ${places}`,
      some.flatMap((repair) => [...stateOf(repair), uuid, repair.table, repair.hash, repair.key]),
    );
  }
}

interface HashedKey extends RepairKey {
  readonly hash: string;
}

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

function nameOf(table: string, hash: string): string {
  return `${hash} ${table}`;
}

function stateOf({ id, refused }: RepairKey): readonly (string | null)[] {
  return [id, refused?.code ?? null, refused?.column ?? null];
}

async function namesThere(
  session: Session,
  uuid: string,
  hashes: readonly string[],
): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (let from = 0; from < hashes.length; from += IDS_AT_ONCE) {
    const some = hashes.slice(from, from + IDS_AT_ONCE);
    const rows = await session.query(
      `SELECT source, key_hash FROM ${own(session, '_cdc_repair')}
WHERE uuid = ? AND key_hash IN (${some.map(() => '?').join(', ')}) FOR UPDATE`,
      [uuid, ...some],
    );
    for (const [source = null, hash = null] of rows) names.add(nameOf(text(source), text(hash)));
  }
  return names;
}

/** Keys that fit into one statement. */
function* pieces(repairs: readonly HashedKey[]): Generator<readonly HashedKey[]> {
  let piece: HashedKey[] = [];
  let characters = 0;
  for (const repair of repairs) {
    if (piece.length > 0 && characters + repair.key.length > CHARACTERS_AT_ONCE) {
      yield piece;
      piece = [];
      characters = 0;
    }
    piece.push(repair);
    characters += repair.key.length;
  }
  if (piece.length > 0) yield piece;
}

/** Safe where a former version made our objects. */
export async function deleteRepairs(session: Session, uuid: string, choice: RepairChoice): Promise<void> {
  if (!(await hasOwnTable(session, '_cdc_repair'))) return;
  const table = own(session, '_cdc_repair');
  if ('ids' in choice) {
    for (let from = 0; from < choice.ids.length; from += IDS_AT_ONCE) {
      const ids = choice.ids.slice(from, from + IDS_AT_ONCE);
      const places = ids.map(() => '?').join(', ');
      await session.execute(`DELETE FROM ${table} WHERE uuid = ? AND id IN (${places})`, [uuid, ...ids]);
    }
    return;
  }
  await session.execute(`DELETE FROM ${table} WHERE uuid = ? AND (? IS NULL OR source = ?)`, [
    uuid,
    choice.table,
    choice.table,
  ]);
}
