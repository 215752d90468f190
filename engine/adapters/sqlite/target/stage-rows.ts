/** Stages net changes that came by rows, so that what merges them is the same whichever way they travelled. */
import { decodeCursor, type Cursor, type RowSet, type Tuple } from '../../../model';
import type { Session } from '../database/session';
import {
  borrowTable,
  dropTable,
  insertStaged,
  keepChunk,
  KIND,
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
  const stage = (table: string, rows: readonly Tuple[], first: number, copied: boolean): void => {
    const before = unfit.length;
    const fitting = rows.filter((row) => {
      const found = find(row, copied);
      if (found !== null) unfit.push(found);
      return found === null;
    });
    insertStaged(session, route, table, KIND.upsert, fitting, first);
    const keys = unfit.slice(before).map(({ key }) => key);
    insertKeys(session, set, table, KIND.unfit, keys.filter(isKnown), first + fitting.length);
  };
  let changes: StagedRoute['changes'] = null;
  if (deletes.length + upserts.length > 0) {
    const table = borrow(route);
    insertKeys(session, set, table, KIND.delete, known, 0);
    stage(table, upserts, known.length, false);
    changes = { table, deletes: deletes.length > 0, upserts: upserts.length > 0 };
  }
  if (range === null) return { route, changes, range: null, unfit, gone };
  const table = borrow(route);
  stage(table, range.rows, 0, true);
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

function insertKeys(
  session: Session,
  set: RowSet,
  table: string,
  kind: number,
  keys: readonly Tuple[],
  first: number,
): void {
  const rows = keys.map((key) => widen(set, key));
  insertStaged(session, set.route, table, kind, rows, first);
}

/** A key as a row whose other columns are NULL. */
function widen({ route }: RowSet, key: Tuple): Tuple {
  return route.columns.map((column) => {
    const place = route.key.indexOf(column);
    return place === -1 ? null : (key[place] ?? null);
  });
}
