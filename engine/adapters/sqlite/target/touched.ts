/** Which keys a staged chunk holds. */
import type { TableRoute, Tuple, Value } from '../../../model';
import { bindCursorValue } from '../rows/cursor';
import { keyIdentity } from '../rows/key-identity';
import { keyValues } from '../rows/key-values';
import type { Session } from '../database/session';
import { numberOf } from '../database/values';
import { stagedKey, type StagedRoute } from './staging';
import { isStorableKey } from './unfit';

/** Numbers of keys that are asked for at once: few different statements, whatever their number. */
const BATCHES = [1, 10, 100];

/** Places in `keys` of those that the chunk holds of a route: as a change, or as a row of the range. */
export function touchedKeys(
  session: Session,
  staged: readonly StagedRoute[],
  table: string,
  keys: readonly Tuple[],
): ReadonlySet<number> {
  const found = new Set<number>();
  for (const { route, changes, range, unfit, gone } of staged) {
    if (route.id !== table) continue;
    // No statement compares these.
    const refused = unfit.map(({ key }) => key).filter((key) => !isStorableKey(session, route, key));
    const apart = new Set([...gone, ...refused].map(keyIdentity));
    for (const [place, key] of keys.entries()) if (apart.has(keyIdentity(key))) found.add(place);
    for (const rows of [changes?.table, range?.table]) {
      if (rows === undefined) continue;
      for (const place of stagedKeys(session, route, rows, keys)) found.add(place);
    }
  }
  return found;
}

/** Places in `keys` of those that stand in one TEMP table, compared as the source does it. */
export function stagedKeys(
  session: Session,
  route: TableRoute,
  table: string,
  keys: readonly Tuple[],
): readonly number[] {
  const places: number[] = [];
  for (let start = 0; start < keys.length;) {
    const left = keys.length - start;
    const size = BATCHES.find((batch) => batch >= left) ?? 100;
    const batch = Array.from({ length: size }, (_, index) => Math.min(start + index, keys.length - 1));
    const bound: Value[] = [];
    const values = batch.map((place) => {
      const parts = keyValues(keys[place] ?? []).map(bindCursorValue);
      bound.push(BigInt(place), ...parts.map((part) => part.bound));
      return `(?, ${parts.map((part) => part.sql).join(', ')})`;
    });
    const names = route.key.map((_, index) => `k${index}`);
    const same = stagedKey(route).map((column, index) => `s.${column} = k.${names[index] ?? ''}`);
    const rows = session.all(
      `WITH k (place, ${names.join(', ')}) AS (VALUES ${values.join(', ')})
SELECT DISTINCT k.place FROM ${table} AS s JOIN k ON ${same.join(' AND ')}`,
      ...bound,
    );
    places.push(...rows.map(([place]) => numberOf(place)));
    start += size;
  }
  return places;
}
