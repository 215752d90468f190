/**
 * Keys to repair inside a commit. They are a snapshot range of their own, read at the end of a window: for each, the
 * source's row is written over whatever the target holds, or the target's row goes, with the checkpoint. They are done
 * with then.
 */
import type { RepairKey, SetAside, StagedChunk, TargetTransaction } from '../model';
import type { LetterRules, RefusedRepairs } from './letters';
import { encodeRow, rowOf } from './row-text';

/** Most keys that an attempt holds; it reads the next ones when these are done. */
export const REPAIRS_AT_ONCE = 500;

/** What the ids of keys begin with that a sweep has marked: nobody waits for those, they are changes like any other. */
export const SWEEP_MARK = 'sweep-';

function isOfSweep({ id }: RepairKey): boolean {
  return id.startsWith(SWEEP_MARK);
}

/**
 * The rows of repairs that the target refused where nothing may be set aside: their keys are told so, and the table
 * goes on. Without those that were written, or have their dead letters.
 */
export function refusedRepairs(
  { policy, repairs, routes }: LetterRules,
  aside: readonly SetAside[],
): RefusedRepairs {
  const refused = new Map<RepairKey, SetAside>();
  const [first] = repairs;
  const route = routes.find(({ id }) => id === first?.table);
  if (route === undefined || policy.action !== 'park') return refused;
  const byKey = new Map(repairs.map((repair) => [repair.key, repair]));
  for (const row of aside) {
    if (!row.copied || row.table !== route.id) continue;
    const repair = byKey.get(encodeRow(rowOf(route.key, row.key)));
    if (repair !== undefined && !isOfSweep(repair)) refused.set(repair, row);
  }
  return refused;
}

/** Ends repairs in the commit that read them; where changes were left in the window they were not read, and wait. */
export async function settleRepairs(
  tx: TargetTransaction,
  uuid: string,
  chunk: StagedChunk,
  { repairs }: LetterRules,
  refused: RefusedRepairs,
): Promise<void> {
  if (repairs.length === 0 || chunk.snapshot.length === 0) return;
  const ids = repairs.filter((repair) => !refused.has(repair)).map(({ id }) => id);
  if (ids.length > 0) await tx.removeRepairs(uuid, { ids });
  const told = [...refused].map(([repair, { code, column }]) => ({ ...repair, refused: { code, column } }));
  if (told.length > 0) await tx.saveRepairs(uuid, told);
}
