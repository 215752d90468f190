/** How much is waiting, and whether anything is. */
import type { CaptureFigures, Pending, Position, TableRoute } from '../../../model';
import type { Session } from '../database';
import { decodePosition, type TablePosition } from '../capture/position';
import { isStillInstalled } from '../capture/registry';
import { capturedRoutes, isChange, type CapturedRoute } from './captures';
import { toMilliseconds } from './log';
import { inGaps, pendingTables } from './window';

/** Counts up to `limit` changes of these tables after the position. */
export async function countPending(
  session: Session,
  position: Position,
  routes: readonly TableRoute[],
  limit: number,
): Promise<Pending> {
  const at = decodePosition(position);
  if (!(await isStillInstalled(session))) return { count: 0, oldestChangedAt: null };
  return session.transaction('snapshot', async () => {
    const tables = await capturedRoutes(session, routes);
    const starts = startsOf(tables, at.tables);
    let count = 0;
    let oldest: number | null = null;
    for (const table of await pendingTables(session, tables, starts)) {
      const from = starts.get(table.capture.id) ?? table.capture.floor;
      const conditions = [`c.id > ${from.after}`, ...(from.gaps.length === 0 ? [] : [inGaps(from.gaps)])];
      for (const condition of conditions) {
        const row = await session.first(
          `SELECT COUNT(*), MIN(changed_at) FROM (SELECT c.changed_at FROM ${table.changes} AS c
  WHERE ${condition} AND ${isChange(table.capture)} ORDER BY c.id LIMIT ${limit}) AS some`,
        );
        const [found, first] = row ?? [];
        count += Number(found ?? 0);
        if (typeof first === 'string') oldest = Math.min(oldest ?? Infinity, toMilliseconds(first));
      }
    }
    return { count: Math.min(limit, count), oldestChangedAt: oldest };
  });
}

/** Where each captured table is read from. */
export function startsOf(
  tables: readonly CapturedRoute[],
  positions: ReadonlyMap<number, TablePosition>,
): ReadonlyMap<number, TablePosition> {
  return new Map(tables.map(({ capture }) => [capture.id, positions.get(capture.id) ?? capture.floor]));
}

/** Rows in the change tables of these routes, for reports. */
export async function readFigures(
  session: Session,
  routes: readonly TableRoute[],
): Promise<readonly CaptureFigures[]> {
  if (!(await isStillInstalled(session))) return routes.map(({ id }) => ({ table: id, stored: 0 }));
  const captured = await capturedRoutes(session, routes);
  const figures: CaptureFigures[] = [];
  for (const { id } of routes) {
    const table = captured.find(({ route }) => route.id === id);
    const row =
      table === undefined ? undefined : await session.first(`SELECT COUNT(*) FROM ${table.changes}`);
    figures.push({ table: id, stored: Number(row?.[0] ?? 0) });
  }
  return figures;
}
