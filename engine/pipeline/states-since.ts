/** What rows were, one state after the other, since a position: by the change table. */
import type { Position, Row, TableRoute, Tuple } from '../model';
import type { Sides } from './compare-ranges';

/** Most changes that are looked through. */
const MOST_CHANGES = 5_000;

/** Whether a key's row has been this one (null: gone) after a change that was captured since. */
export type WasMeanwhile = (identity: string, row: Tuple | null) => boolean;

/**
 * Changes of which only the key is known, or that were purged, say nothing. Nor does the log tell which states a
 * route's condition chooses: that a row was not chosen meanwhile is never taken from it.
 */
export async function statesSince(
  { source, likenessOf }: Sides,
  route: TableRoute,
  after: Position,
): Promise<WasMeanwhile> {
  const likeness = likenessOf(route);
  const changes = await source.changes({
    route,
    after,
    afterId: null,
    appliedUpTo: null,
    limit: MOST_CHANGES,
    newest: true,
  });
  const states = new Map<string, (Tuple | null)[]>();
  for (const change of changes) {
    if (change.after === null && change.op !== 'delete') continue;
    const identity = likeness.keyIdentity('source', valuesIn(change.key, route.key));
    const known = states.get(identity) ?? [];
    known.push(change.after === null ? null : valuesIn(change.after, route.columns));
    states.set(identity, known);
  }
  return (identity, row) =>
    (states.get(identity) ?? []).some((state) =>
      state === null || row === null ? state === row : likeness.sameRows(state, row),
    );
}

function valuesIn(row: Row, columns: readonly string[]): Tuple {
  return columns.map((column) => row[column] ?? null);
}
