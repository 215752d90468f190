/** Whether a reader has seen all that a goal covers. */
import type { Position } from '../../../model';
import { currentSnapshot } from '../capture/head';
import { requireSamePast } from '../capture/past';
import { coversPosition, decodePosition } from '../capture/position';
import { readCaptures } from '../capture/registry';
import type { Session } from '../database';
import { probe, type Branch, type Span } from './spans';
import { restOf } from './window';

/**
 * A later snapshot is seen, too, when no transaction in between has changed a captured table: a server's numbers go
 * on with whatever is written on it. Throws POSITION_INVALID, SOURCE_REPLACED, SOURCE_FAILED_OVER and SOURCE_WENT_BACK.
 */
export async function coversGoal(session: Session, position: Position, goal: Position): Promise<boolean> {
  const [here, there] = [decodePosition(position), decodePosition(goal)];
  if (coversPosition(here, there)) return true;
  requireSamePast(session, there, await currentSnapshot(session));
  return session.transaction('repeatable read, read only', async () => {
    const captures = [...(await readCaptures(session)).values()];
    const branches = captures.flatMap(({ generations }) =>
      generations.map((generation): Branch => ({ route: 0, generation })),
    );
    const to = there.cut?.to ?? there.from;
    const open: Span = { from: here.cut?.to ?? here.from, to, after: null, upTo: null };
    if (here.cut !== null && (await probe(session, branches, restOf(here)))) return false;
    return !(await probe(session, branches, open));
  });
}
