/** Rows as they are now, by their keys. */
import { andFilter, type Allowance, type ColumnSchema, type TableRoute, type Tuple } from '../../../model';
import { qualify, quote, type Session } from '../database';
import { readingChosen } from '../rows/filter';
import { keyIdentity } from '../rows/key-identity';
import { sameKey, type RangeSql } from '../rows/key-order';
import { noTextSql } from '../rows/no-text';
import { columnsOf, readersOf, readTuple, selectList, writeValue } from '../rows/values';

/** Rows asked for at once. */
const BATCH = 1_000;

/** In one list, but for keys that a list can't hold. */
function amongKeys(columns: readonly ColumnSchema[], keys: readonly Tuple[]): RangeSql {
  const names = columns.map(({ name }) => `s.${quote(name)}`);
  const [left, one] =
    names.length === 1
      ? [names[0] ?? '', '?']
      : [`(${names.join(', ')})`, `(${names.map(() => '?').join(', ')})`];
  const isUntold = (key: Tuple): boolean =>
    columns.some((column, place) => noTextSql(column, key[place]) !== null);
  const apart = keys.filter(isUntold).map((key) => sameKey(columns, key, 's'));
  const listed = keys.filter((key) => !isUntold(key));
  const list = listed.length === 0 ? [] : [`${left} IN (${listed.map(() => one).join(', ')})`];
  return {
    sql: [...list, ...apart.map(({ sql }) => `(${sql})`)].join(' OR '),
    parameters: [
      ...listed.flatMap((values) =>
        values.map((value, place) =>
          writeValue(value, columns[place]?.type ?? { kind: 'text', length: null }),
        ),
      ),
      ...apart.flatMap(({ parameters }) => parameters),
    ],
  };
}

/**
 * Answers the route's columns by the identity of the key; a key without a row is absent. A row that is found under
 * another spelling of its key is the row of that spelling.
 */
export async function rereadRows(
  session: Session,
  route: TableRoute,
  keys: readonly Tuple[],
  allowance: Allowance | null,
): Promise<ReadonlyMap<string, Tuple>> {
  const found = new Map<string, Tuple>();
  const { source, key, columns } = route;
  const keyColumns = columnsOf(source, key);
  const readers = readersOf(source, columns);
  const places = key.map((name) => columns.indexOf(name));
  for (let start = 0; start < keys.length; start += BATCH) {
    const among = amongKeys(keyColumns, keys.slice(start, start + BATCH));
    const rows = await readingChosen(route, () =>
      session.query(
        `SELECT ${selectList(source, columns, 's')} FROM ${qualify(source.name)} AS s
WHERE (${among.sql})${andFilter(route.where)}`,
        among.parameters,
        { table: route.id, allowance },
      ),
    );
    for (const fields of rows) {
      const row = readTuple(fields, readers);
      found.set(keyIdentity(places.map((place) => row[place] ?? null)), row);
    }
  }
  return found;
}
