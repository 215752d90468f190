/** Stages net changes that came by rows, so that what merges them is the same whichever way they travelled. */
import { decodeCursor, type Cursor, type RowSet, type Tuple } from '../../../model';
import type { Session } from '../database/session';
import { borrowTable, dropTable, insertStaged, keepChunk, KIND, type StagedRoute } from './staging';

/** Stages `sets` under `token`. Throws POSITION_INVALID for a cursor of another adapter. */
export function stageRows(session: Session, token: number, sets: readonly RowSet[]): void {
  const borrowed: string[] = [];
  const borrow = (route: RowSet['route']): string => {
    const table = borrowTable(session, route);
    borrowed.push(table);
    return table;
  };
  session.run('BEGIN');
  try {
    const staged = sets.map((set) => stageSet(session, set, borrow));
    session.run('COMMIT');
    keepChunk(session, token, staged);
  } catch (error) {
    if (session.db.inTransaction) session.run('ROLLBACK');
    for (const table of borrowed) dropTable(session, table);
    throw error;
  }
}

function stageSet(session: Session, set: RowSet, borrow: (route: RowSet['route']) => string): StagedRoute {
  const { route, deletes, upserts, range } = set;
  let changes: StagedRoute['changes'] = null;
  if (deletes.length + upserts.length > 0) {
    const table = borrow(route);
    insertStaged(
      session,
      route,
      table,
      KIND.delete,
      deletes.map((key) => widen(set, key)),
      0,
    );
    insertStaged(session, route, table, KIND.upsert, upserts, deletes.length);
    changes = { table, deletes: deletes.length > 0, upserts: upserts.length > 0 };
  }
  if (range === null) return { route, changes, range: null };
  const table = borrow(route);
  insertStaged(session, route, table, KIND.upsert, range.rows, 0);
  const bound = (cursor: Cursor | null): ReturnType<typeof decodeCursor> | null =>
    cursor === null ? null : decodeCursor(cursor, route.key.length);
  return {
    route,
    changes,
    range: {
      table,
      after: bound(range.after),
      upTo: bound(range.upTo),
      only: range.only?.map((cursor) => decodeCursor(cursor, route.key.length)) ?? null,
      replace: range.replace,
    },
  };
}

/** A key as a row whose other columns are NULL. */
function widen({ route }: RowSet, key: Tuple): Tuple {
  return route.columns.map((column) => {
    const place = route.key.indexOf(column);
    return place === -1 ? null : (key[place] ?? null);
  });
}
