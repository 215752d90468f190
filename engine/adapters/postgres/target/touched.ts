/** Which keys a staged chunk holds. */
import type { Tuple } from '../../../model';
import type { Session } from '../database/session';
import { encodeCursor } from '../rows/cursor';
import { writeValue } from '../rows/values';
import { rowFailure } from './row-failures';
import { stagedKey, stagedKeyColumns, type StagedSet } from './staging';

/** Places in `keys` of those that the chunk holds of a table: as a change, or as a row of the range. */
export async function touchedKeys(
  session: Session,
  sets: readonly StagedSet[],
  table: string,
  keys: readonly Tuple[],
): Promise<ReadonlySet<number>> {
  const found = new Set<number>();
  for (const set of sets) {
    if (set.route.id !== table) continue;
    // Keys that no row of the target can have were not staged.
    const unstaged = new Set([...set.unfit.map(({ key }) => key), ...set.gone].map(encodeCursor));
    keys.forEach((key, place) => {
      if (unstaged.has(encodeCursor(key))) found.add(place);
    });
    const range = await set.range?.rows.staged();
    for (const rows of [set.changes?.table, range?.table]) {
      if (rows === undefined) continue;
      for (const place of await stagedKeys(session, set, rows, keys)) found.add(place);
    }
  }
  return found;
}

/** Places in `keys` of those that stand in one TEMP table. */
export async function stagedKeys(
  session: Session,
  set: StagedSet,
  table: string,
  keys: readonly Tuple[],
): Promise<readonly number[]> {
  const texts = keys.map(set.keyTexts ?? textsOf);
  const places = keys.map((_, place) => place).filter((place) => texts[place] !== null);
  const found = await keysAmong(session, set, table, texts, places, false);
  if (!set.shape.key.some(({ respelled }) => respelled)) return found;
  // Keys that are spelt in another way are equal as the target's type has it.
  const rest = places.filter((place) => !found.includes(place));
  return [...found, ...(await keysAmong(session, set, table, texts, rest, true))];
}

/** A key that the staged columns can't have makes the statement fail: then each half is asked for by itself. */
async function keysAmong(
  session: Session,
  set: StagedSet,
  table: string,
  texts: readonly (readonly (string | null)[] | null)[],
  places: readonly number[],
  converted: boolean,
): Promise<readonly number[]> {
  if (places.length === 0) return [];
  const columns = stagedKeyColumns(set);
  const names = columns.map((_, index) => `k${index}`);
  const { key } = set.shape;
  const values = stagedKey(set);
  const types = columns.map((column, index) =>
    converted ? (key[index]?.baseType ?? 'text') : typeOf(set, column),
  );
  const casts = names.map((name, index) => `CAST(${name} AS ${types[index] ?? 'text'}) AS ${name}`);
  const arrays = names.map((_, index) => `$${index + 2}::text[]`);
  const same = columns.map((column, index) =>
    converted
      ? `${values[index] ?? 'NULL'} ${key[index]?.equals ?? '='} k.${names[index] ?? ''}`
      : `s.${column} = k.${names[index] ?? ''}`,
  );
  const parameters = names.map((_, index) => places.map((place) => texts[place]?.[index] ?? null));
  await session.execute('SAVEPOINT cdc_touched');
  try {
    const rows = await session.query(
      `SELECT DISTINCT k.place FROM ${table} AS s
JOIN (SELECT place, ${casts.join(', ')} FROM unnest($1::int[], ${arrays.join(', ')}) AS t(place, ${names.join(', ')})) AS k
  ON ${same.join(' AND ')}`,
      [places.map(String), ...parameters],
    );
    await session.execute('RELEASE SAVEPOINT cdc_touched');
    return rows.map(([place]) => Number(place));
  } catch (error) {
    if (rowFailure(error) === null) throw error;
    await session.execute('ROLLBACK TO SAVEPOINT cdc_touched; RELEASE SAVEPOINT cdc_touched');
    if (places.length === 1) return [];
    const middle = Math.ceil(places.length / 2);
    return [
      ...(await keysAmong(session, set, table, texts, places.slice(0, middle), converted)),
      ...(await keysAmong(session, set, table, texts, places.slice(middle), converted)),
    ];
  }
}

/** The type of a staged column without its collation: the column's own decides. */
function typeOf({ columns }: StagedSet, column: string): string {
  const type = columns[Number(column.slice(1))]?.type ?? 'text';
  return type.replace(/ COLLATE .*$/, '');
}

function textsOf(key: Tuple): readonly (string | null)[] {
  return key.map((value) => {
    const written = writeValue(value);
    return written === null ? null : String(written);
  });
}
