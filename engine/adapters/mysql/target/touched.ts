/** Which keys a staged chunk holds. */
import type { Tuple } from '../../../model';
import { encodeCursor } from '../rows/cursor';
import type { StagedSet } from './staging';

/** In the order of `keys`, which have the values of the source as the chunk's have. */
export function touchedKeys(
  sets: readonly StagedSet[],
  table: string,
  keys: readonly Tuple[],
): readonly boolean[] {
  if (keys.length === 0) return [];
  const held = new Set(
    sets
      .filter(({ route }) => route.id === table)
      .flatMap(({ deletes, upserts, range, unfit, gone }) => [
        ...[...deletes, ...upserts, ...(range?.keys ?? []), ...unfit].map(({ key }) => key),
        ...gone,
      ])
      .map(encodeCursor),
  );
  return keys.map((key) => held.has(encodeCursor(key)));
}
