/** The position at which a pipeline begins. */
import type { Position, TableRoute } from '../../model';
import { markLook } from './horizon';
import { firstMark, newestOf } from './passes';
import { encodeKeyset } from './position';
import type { WindowContext } from './window';

/** Where a pipeline begins: at the newest values, and what may still turn up below them. */
export async function beginAt(context: WindowContext, routes: readonly TableRoute[]): Promise<Position> {
  const { reader, lookbackMs } = context;
  const columns = routes.map(context.columnOf);
  const seen = await reader.look(columns);
  const look = markLook(seen, null);
  const newest = newestOf(columns, seen);
  const tables = [];
  for (const column of columns) {
    const { id } = column.route;
    const mark = await firstMark({ reader, column, look, newest: newest.get(id) ?? null, lookbackMs });
    tables.push([id, mark] as const);
  }
  return encodeKeyset({ look, wholeAt: look.at, tables: Object.fromEntries(tables), window: null });
}
