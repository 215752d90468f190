/**
 * Shapes of target tables as last looked at. Kept for a round: each claim and each failure looks again, so that a
 * table that its owner alters is noticed without asking for every chunk.
 */
import type { TableRoute } from '../../../model';
import type { Session } from '../database';
import { readShape, type TargetShape } from './shape';

export interface Shapes {
  /** Throws TARGET_TABLE_MISMATCH. */
  of(session: Session, route: TableRoute): Promise<TargetShape>;
  /** Looks again at the next use. */
  forget(): void;
}

export function createShapes(): Shapes {
  const known = new Map<string, TargetShape>();
  return {
    async of(session, route) {
      const id = JSON.stringify([route.id, route.target, route.key, route.columns]);
      const found = known.get(id) ?? (await readShape(session, route));
      known.set(id, found);
      return found;
    },
    forget: () => known.clear(),
  };
}
