/** Whether a reader has seen all that a goal covers. */
import type { Position } from '../../../model';
import { coversTable, decodePosition } from '../capture/position';

/**
 * A table that the reader's position does not name is not one of its own, and holds up nothing. Throws
 * POSITION_INVALID.
 */
export function coversGoal(position: Position, goal: Position): boolean {
  const [here, there] = [decodePosition(position), decodePosition(goal)];
  return [...there.tables].every(([id, wanted]) => {
    const reached = here.tables.get(id);
    return reached === undefined || coversTable(reached, wanted);
  });
}
