/** The newest position: all that is committed is covered by it, and nothing that is still to come. */
import { own, type FieldRow, type Session } from '../database';
import { readConsumers } from './consumers';
import {
  decodePosition,
  gapsBetween,
  withoutIds,
  type Gap,
  type MysqlPosition,
  type TablePosition,
} from './position';
import { isInstalled, readCaptures, readEpoch, type Capture } from './registry';

export async function readHead(session: Session): Promise<MysqlPosition> {
  if (!(await isInstalled(session))) return { server: session.server, epoch: 0, tables: new Map() };
  return session.transaction('snapshot', async () => {
    const positions = (await readConsumers(session)).map(({ position }) => decodePosition(position));
    const tables = new Map<number, TablePosition>();
    for (const capture of (await readCaptures(session)).values()) {
      if (capture.suspended) continue;
      // What a consumer has passed need not be looked through for gaps again.
      const passed = positions
        .filter(({ server }) => server === session.server)
        .flatMap((position) => position.tables.get(capture.id) ?? [])
        .reduce((one, other) => (other.after > one.after ? other : one), capture.floor);
      tables.set(capture.id, await extend(session, capture, passed));
    }
    return { server: session.server, epoch: await readEpoch(session), tables };
  });
}

async function extend(session: Session, capture: Capture, from: TablePosition): Promise<TablePosition> {
  const table = own(session, capture.changeTable);
  const filled: number[] = [];
  for (const [sql, parameters] of gapConditions(from.gaps)) {
    const rows = await session.query(`SELECT id FROM ${table} WHERE ${sql} ORDER BY id`, parameters);
    filled.push(...idsOf(rows));
  }
  const ids = idsOf(
    await session.query(`SELECT id FROM ${table} WHERE id > ? ORDER BY id`, [BigInt(from.after)]),
  );
  const last = ids.at(-1);
  const gaps = [...withoutIds(from.gaps, filled), ...gapsBetween(from.after, ids)];
  if (last === undefined) return { ...from, gaps };
  return { after: last, gaps, at: await changedAt(session, table, last) };
}

export function idsOf(rows: readonly FieldRow[]): readonly number[] {
  return rows.map(([id]) => Number(id));
}

/** `changed_at` of a change; null where it is gone. */
export async function changedAt(session: Session, table: string, id: number): Promise<string | null> {
  const row = await session.first(`SELECT changed_at FROM ${table} WHERE id = ?`, [BigInt(id)]);
  return row === undefined ? null : String(row[0]);
}

/** So many gaps are asked for in one statement. */
const GAPS_AT_ONCE = 500;

/** Conditions on `id` that hold in these gaps, in their order. */
export function gapConditions(
  gaps: readonly Gap[],
): readonly (readonly [sql: string, parameters: readonly bigint[]])[] {
  const conditions: (readonly [string, readonly bigint[]])[] = [];
  for (let start = 0; start < gaps.length; start += GAPS_AT_ONCE) {
    const some = gaps.slice(start, start + GAPS_AT_ONCE);
    conditions.push([
      `(${some.map(() => 'id BETWEEN ? AND ?').join(' OR ')})`,
      some.flatMap(([first, last]) => [BigInt(first), BigInt(last)]),
    ]);
  }
  return conditions;
}
