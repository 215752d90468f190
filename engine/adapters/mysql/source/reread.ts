/** Rows as they are now, by their keys. */
import { andFilter, type TableRoute, type Tuple } from '../../../model';
import { qualify, quote, type Session } from '../database';
import { readingChosen } from '../rows/filter';
import { keyIdentity } from '../rows/key-identity';
import { columnsOf, readersOf, readTuple, selectList, writeValue } from '../rows/values';

/** Rows asked for at once. */
const BATCH = 1_000;

/**
 * Answers the route's columns by the identity of the key; a key without a row is absent. A row that is found under
 * another spelling of its key is the row of that spelling.
 */
export async function rereadRows(
  session: Session,
  route: TableRoute,
  keys: readonly Tuple[],
): Promise<ReadonlyMap<string, Tuple>> {
  const found = new Map<string, Tuple>();
  const { source, key, columns } = route;
  const types = columnsOf(source, key).map(({ type }) => type);
  const readers = readersOf(source, columns);
  const places = key.map((name) => columns.indexOf(name));
  const names = key.map((name) => `s.${quote(name)}`);
  const left = names.length === 1 ? (names[0] ?? '') : `(${names.join(', ')})`;
  const one = names.length === 1 ? '?' : `(${names.map(() => '?').join(', ')})`;
  for (let start = 0; start < keys.length; start += BATCH) {
    const batch = keys.slice(start, start + BATCH);
    const rows = await readingChosen(route, () =>
      session.query(
        `SELECT ${selectList(source, columns, 's')} FROM ${qualify(source.name)} AS s
WHERE ${left} IN (${batch.map(() => one).join(', ')})${andFilter(route.where)}`,
        batch.flatMap((values) =>
          values.map((value, index) => writeValue(value, types[index] ?? { kind: 'text', length: null })),
        ),
        { table: route.id },
      ),
    );
    for (const fields of rows) {
      const row = readTuple(fields, readers);
      found.set(keyIdentity(places.map((place) => row[place] ?? null)), row);
    }
  }
  return found;
}
