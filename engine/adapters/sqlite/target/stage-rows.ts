/** Stages net changes that came by rows, so that what merges them is the same whichever way they travelled. */
import { decodeCursor, type Cursor, type RowSet, type TableRoute, type Tuple } from '../../../model';
import type { Session } from '../database/session';
import {
  borrowTable,
  dropTable,
  insertStaged,
  keepChunk,
  KIND,
  type StagedInsert,
  type StagedRoute,
  type UnfitRow,
} from './staging';
import { isStorableKey, unfitIn } from './unfit';
import { probeOf } from './keeping';

/** Stages `sets` under `token`. Throws POSITION_INVALID for a cursor of another adapter. */
export function stageRows(session: Session, token: number, sets: readonly RowSet[]): void {
  const borrowed: string[] = [];
  const borrow = (route: RowSet['route']): string => {
    const table = borrowTable(session, route);
    borrowed.push(table);
    return table;
  };
  probeOf(session);
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
  const unfit: UnfitRow[] = [];
  const find = unfitIn(session, route);
  const isKnown = (key: Tuple): boolean => isStorableKey(session, route, key);
  const gone = deletes.filter((key) => !isKnown(key));
  const known = gone.length === 0 ? deletes : deletes.filter(isKnown);
  /** Stages what fits, and of what doesn't the keys: they are neither missing in the source nor to be deleted here. */
  const stage = (insert: StagedInsert, rows: readonly Tuple[], copied: boolean): void => {
    const before = unfit.length;
    // Looked at and written in one go: rows that are gone through twice come from memory twice.
    for (const row of rows) {
      const found = find(row, copied);
      if (found === null) insert.add(KIND.upsert, row);
      else unfit.push(found);
    }
    for (const { key } of unfit.slice(before)) {
      if (isKnown(key)) insert.add(KIND.unfit, widen(route, key));
    }
    insert.end();
  };
  let changes: StagedRoute['changes'] = null;
  if (deletes.length + upserts.length > 0) {
    const table = borrow(route);
    const insert = insertStaged(session, route, table);
    for (const key of known) insert.add(KIND.delete, widen(route, key));
    stage(insert, upserts, false);
    changes = { table, deletes: deletes.length > 0, upserts: upserts.length > 0 };
  }
  if (range === null) return { route, changes, range: null, unfit, gone };
  const table = borrow(route);
  stage(insertStaged(session, route, table), range.rows, true);
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
    unfit,
    gone,
  };
}

/** A key as a row whose other columns are NULL. */
function widen(route: TableRoute, key: Tuple): Tuple {
  return route.columns.map((column) => {
    const place = route.key.indexOf(column);
    return place === -1 ? null : (key[place] ?? null);
  });
}
