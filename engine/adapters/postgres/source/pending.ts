/** How much is waiting. */
import type { CaptureFigures, Pending, Position, TableRoute } from '../../../model';
import { decodePosition } from '../capture/position';
import { isInstalled } from '../capture/registry';
import { own, type Session } from '../database';
import { branchesOf, capturesOf, type Captures } from './branches';
import { countChanges, type Branch } from './spans';
import { restOf } from './window';

/** Counts up to `limit` changes of these tables after the position. */
export async function countPending(
  session: Session,
  position: Position,
  routes: readonly TableRoute[],
  limit: number,
): Promise<Pending> {
  const at = decodePosition(position);
  return session.reading(async (now) => {
    if (now === at.from) return { count: 0, oldestChangedAt: null };
    if (!(await isInstalled(session))) return { count: 0, oldestChangedAt: null };
    const branches = capturedBranches(routes, await capturesOf(session, routes), at.from);
    const open = { from: at.cut?.to ?? at.from, to: now, after: null, upTo: null };
    const counts = [
      ...(at.cut === null ? [] : await countChanges(session, branches, restOf(at), limit)),
      ...(await countChanges(session, branches, open, limit)),
    ];
    const times = counts.map(({ oldest }) => oldest);
    return {
      count: Math.min(
        limit,
        counts.reduce((sum, { changes }) => sum + changes, 0),
      ),
      oldestChangedAt: times.length === 0 ? null : Math.min(...times),
    };
  });
}

/** Change tables of those routes that are captured. */
export function capturedBranches(
  routes: readonly TableRoute[],
  captures: Captures,
  from: string,
): readonly Branch[] {
  const captured = routes.filter((route) => captures.get(route.id)?.suspended === false);
  return branchesOf(captured, captures, from);
}

/** Rows in the change tables of these routes, for reports. */
export async function readFigures(
  session: Session,
  routes: readonly TableRoute[],
): Promise<readonly CaptureFigures[]> {
  return session.transaction('repeatable read, read only', async () => {
    await session.execute('SET LOCAL enable_seqscan = on');
    const captures = await capturesOf(session, routes);
    const figures: CaptureFigures[] = [];
    for (const route of routes) {
      let stored = 0;
      for (const { changeTable } of captures.get(route.id)?.generations ?? []) {
        stored += Number((await session.first(`SELECT count(*) FROM ${own(changeTable)}`))?.[0]);
      }
      figures.push({ table: route.id, stored });
    }
    return figures;
  });
}
