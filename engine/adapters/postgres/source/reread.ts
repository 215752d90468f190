/** Rows as they are now, by their keys. */
import { filterSql, type Allowance, type TableRoute, type Tuple } from '../../../model';
import { qualify, quote, type Session, type TextRow } from '../database';
import { readEquality } from '../rows/equality';
import { readingChosen } from '../rows/filter';
import { keyIdentity } from '../rows/key-identity';
import { selectList } from '../rows/scan';
import { readersOf, readTuple } from '../rows/values';

/** Rows asked for at once. */
const BATCH = 10_000;

/**
 * Answers the route's columns by the identity of the key; a key without a row is absent. A row that is found under
 * another spelling of its key is the row of that spelling.
 */
export async function rereadRows(
  session: Session,
  route: TableRoute,
  keys: readonly TextRow[],
  allowance: Allowance | null,
): Promise<ReadonlyMap<string, Tuple>> {
  const found = new Map<string, Tuple>();
  const types = route.key.map(
    (name) => route.source.columns.find((column) => column.name === name)?.declaredType ?? 'text',
  );
  const names = route.key.map((_, index) => `k${index}`);
  const equality = await readEquality(session, route.source.name, route.key);
  const sql = `SELECT ${selectList(route.key)}, ${selectList(route.columns)}
FROM (SELECT ${names.map((name, index) => `CAST(${name} AS ${types[index] ?? 'text'}) AS ${name}`).join(', ')}
  FROM unnest(${names.map((_, index) => `$${index + 1}::text[]`).join(', ')}) AS t(${names.join(', ')})) k
JOIN ${chosenRows(route)} s ON ${route.key
    .map((name, index) => `s.${quote(name)} ${equality.get(name) ?? '='} k.k${index}`)
    .join(' AND ')}`;
  const readers = readersOf(route.source, route.columns);
  for (let start = 0; start < keys.length; start += BATCH) {
    const batch = keys.slice(start, start + BATCH);
    const rows = await readingChosen(route, () =>
      session.query(
        sql,
        route.key.map((_, place) => batch.map((key) => key[place] ?? null)),
        { table: route.id, allowance },
      ),
    );
    for (const row of rows) {
      found.set(keyIdentity(row.slice(0, route.key.length)), readTuple(row, readers, route.key.length));
    }
  }
  return found;
}

/** The table, or those of its rows that the route is about: in a query of its own, where no other names are. */
function chosenRows({ source, where }: TableRoute): string {
  const table = qualify(source.name);
  return where === null ? table : `(SELECT * FROM ${table} WHERE ${filterSql(where)})`;
}
