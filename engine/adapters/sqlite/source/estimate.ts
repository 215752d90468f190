/** About how many rows tables hold, for reports. */
import { filterSql, ROWS_COUNTED, type TableRoute } from '../../../model';
import { quote } from '../database/identifiers';
import type { Session } from '../database/session';
import { flagOf, numberOf } from '../database/values';
import { readSource } from './transaction';

/** In the order of `routes`; null for a large table without a rowid, and for chosen rows of a large one. */
export function estimateRows(session: Session, routes: readonly TableRoute[]): readonly (number | null)[] {
  return readSource(session, () => routes.map((route) => estimateTable(session, route)));
}

/** Beyond what is counted, the span of the rowids: SQLite keeps no count, and counting reads the whole table. */
function estimateTable(session: Session, { source, where }: TableRoute): number | null {
  const { name } = source.name;
  const table = `main.${quote(name)}`;
  const counting = `SELECT count(*) FROM (SELECT 1 FROM ${table} LIMIT ${ROWS_COUNTED + 1})`;
  const count = numberOf(session.get(counting)?.[0]);
  if (count <= ROWS_COUNTED) {
    if (where === null) return count;
    return numberOf(session.get(`SELECT count(*) FROM ${table} AS s WHERE ${filterSql(where)}`)?.[0]);
  }
  if (where !== null) return null;
  const [without] =
    session.get(`SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?`, name) ?? [];
  const names = new Set(source.columns.map((column) => column.name.toLowerCase()));
  const rowid = ['rowid', '_rowid_', 'oid'].find((alias) => !names.has(alias));
  if (rowid === undefined || without === undefined || flagOf(without)) return null;
  // Each by itself, so that SQLite goes to one end of the table and does not read all of it.
  const [least, most] = ['min', 'max'].map((end) =>
    Number(session.get(`SELECT ${end}(${rowid}) FROM ${table}`)?.[0]),
  );
  return Math.max(count, (most ?? 0) - (least ?? 0) + 1);
}
