/** How much a look has found. */
import type { Pending } from '../../model';
import type { WindowRead } from './window';

export function pendingIn({ passes }: WindowRead, limit: number): Pending {
  const rows = passes.flatMap((pass) => pass.changes());
  let oldestChangedAt: number | null = null;
  for (const { changedAt } of rows) {
    if (changedAt === null) continue;
    oldestChangedAt = oldestChangedAt === null ? changedAt : Math.min(oldestChangedAt, changedAt);
  }
  return { count: Math.min(rows.length, limit), oldestChangedAt };
}
