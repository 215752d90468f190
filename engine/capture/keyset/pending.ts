/** How much a look has found. */
import type { Pending } from '../../model';
import type { WindowRead } from './window';

export function pendingIn({ passes }: WindowRead, limit: number): Pending {
  const found = passes.map((pass) => pass.pending());
  const times = found.flatMap(({ oldestChangedAt }) => oldestChangedAt ?? []);
  return {
    count: Math.min(
      found.reduce((sum, { count }) => sum + count, 0),
      limit,
    ),
    oldestChangedAt: times.length === 0 ? null : Math.min(...times),
  };
}
