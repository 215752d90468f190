/** The position at which a pipeline begins. */
import type { Position, TableRoute } from '../../model';
import { markLook } from './horizon';
import { columnMarksOf, firstMark, newestOf, UNREAD } from './passes';
import { encodeKeyset } from './position';
import type { TableMark } from './position';
import type { WindowContext } from './window';

/**
 * Where a pipeline begins: at the newest values of the tables that are followed, and what may still turn up below them;
 * of all `routes`, which have all columns of their tables, at the columns that there are.
 */
export async function beginAt(
  context: WindowContext,
  routes: readonly TableRoute[],
  followed = routes,
): Promise<Position> {
  const { reader, lookbackMs } = context;
  const columns = followed.map(context.columnOf);
  const seen = await reader.look(columns);
  const look = markLook(seen, null);
  const newest = newestOf(columns, seen);
  const followedMarks = new Map<string, TableMark>();
  for (const column of columns) {
    const { id } = column.route;
    const mark = await firstMark({ reader, column, look, newest: newest.get(id) ?? null, lookbackMs });
    followedMarks.set(id, mark);
  }
  const tables = routes.map((route): [string, TableMark] => {
    const mark = followedMarks.get(route.id) ?? UNREAD;
    return [route.id, { ...mark, begun: columnMarksOf(route) }];
  });
  return encodeKeyset({ look, wholeAt: look.at, tables: Object.fromEntries(tables), window: null });
}
