/**
 * Keys to repair inside a commit. A key is a snapshot range of its own, read at the end of a window: the source's row is
 * written over whatever the target holds, or the target's row goes, with the checkpoint. It is done with then.
 */
import type { SetAside, StagedChunk, TableRoute, TargetTransaction } from '../model';
import type { LetterRules } from './letters';
import { encodeRow, rowOf } from './row-text';

/** Most keys that an attempt holds; it reads the next ones when these are done. */
export const REPAIRS_AT_ONCE = 500;

/**
 * The row of a repair that the target refused where nothing may be set aside: the key is told so, and its table goes on.
 * Null where it was written, or has its dead letter.
 */
export function refusedRepair(
  { policy, repair, routes }: LetterRules,
  aside: readonly SetAside[],
): SetAside | null {
  if (repair === null || policy.action !== 'park') return null;
  const route = routes.find(({ id }) => id === repair.table);
  return aside.find((row) => row.copied && isOf(row, route, repair.key)) ?? null;
}

function isOf(row: SetAside, route: TableRoute | undefined, key: string): boolean {
  return route?.id === row.table && encodeRow(rowOf(route.key, row.key)) === key;
}

/** Ends a repair in the commit that read it; where changes were left in the window it was not read, and waits. */
export async function settleRepair(
  tx: TargetTransaction,
  uuid: string,
  chunk: StagedChunk,
  { repair }: LetterRules,
  refused: SetAside | null,
): Promise<void> {
  if (repair === null || chunk.snapshot === null) return;
  if (refused === null) return tx.removeRepairs(uuid, { ids: [repair.id] });
  const { code, column } = refused;
  return tx.saveRepairs(uuid, [{ ...repair, refused: { code, column } }]);
}
