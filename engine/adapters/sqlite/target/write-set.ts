/** Writes one table's staged rows: as a set, and where the set fails, in ways that may still do. */
import { CdcError } from '../../../errors';
import type { SetAside, TableRoute } from '../../../model';
import { isConstraintFailure } from '../database/errors';
import type { Session } from '../database/session';
import { flagOf } from '../database/values';
import { selectExact } from '../rows/exact-rows';
import { comparableRow } from '../rows/scan';
import { quote, rowValue } from '../database/identifiers';
import { attempt, inSavepoint, writePieces } from './pieces';
import { columnAtFault, type RowFailure } from './row-failures';
import type { TargetShape } from './shape';
import { comparedKey, KIND, stagedColumn } from './staging';
import { deleteSql, insertSql, upsertSql } from './write-sql';

export interface WriteOptions {
  /** Rows outside of the set may be deleted where they stand in the way of a unique index. */
  readonly mayClear: boolean;
  /** Rows that can't be written are returned, and the rest is written. */
  readonly setAside: boolean;
  /** Most of them: DEAD_LETTER_LIMIT is thrown beyond it. */
  readonly most: number;
  /** The rows are those of a snapshot range. */
  readonly copied: boolean;
}

/** Upserts the rows staged in `table`; a unique value may move from row to row within it. */
export function writeSet(
  session: Session,
  route: TableRoute,
  shape: TargetShape,
  table: string,
  options: WriteOptions,
): readonly SetAside[] {
  const write = (rows: string): void => writeRows(session, route, shape, rows, options.mayClear);
  const all = `${table} WHERE kind = ${KIND.upsert}`;
  if (options.setAside) {
    if (attempt(session, () => write(all)) === null) return [];
    const { copied, mayClear, most } = options;
    const exchange = {
      remove: (rows: string): void => void session.run(deleteSql(route, shape, rows)),
      insert: (rows: string): void =>
        mayClear ? replaceSet(session, route, shape, rows) : void session.run(insertSql(route, shape, rows)),
    };
    return writePieces(session, route, table, KIND.upsert, { write, exchange, most }, (row, failure) =>
      describeLost(session, route, shape, row, failure, { op: 'upsert', copied }),
    );
  }
  if (!shape.furtherUnique || options.mayClear) write(all);
  else if (!succeeds(session, () => write(all))) writeOneByOne(session, route, shape, table);
  return [];
}

/** Deletes the target's rows whose keys are staged in `table`. */
export function deleteSet(
  session: Session,
  route: TableRoute,
  shape: TargetShape,
  table: string,
  { setAside, most }: Pick<WriteOptions, 'setAside' | 'most'>,
): readonly SetAside[] {
  const write = (rows: string): void => void session.run(deleteSql(route, shape, rows));
  const all = `${table} WHERE kind = ${KIND.delete}`;
  if (!setAside) {
    write(all);
    return [];
  }
  if (attempt(session, () => write(all)) === null) return [];
  return writePieces(session, route, table, KIND.delete, { write, exchange: null, most }, (row, failure) =>
    describeLost(session, route, shape, row, failure, { op: 'delete', copied: false }),
  );
}

/** `upserts`: the staged rows, as `table WHERE …`. Throws what the database throws; nothing of it stays then. */
function writeRows(
  session: Session,
  route: TableRoute,
  shape: TargetShape,
  upserts: string,
  mayClear: boolean,
): void {
  const upsert = (): void => void session.run(upsertSql(route, shape, upserts));
  const replace = (): void => {
    session.run(deleteSql(route, shape, upserts));
    session.run(insertSql(route, shape, upserts));
  };
  if (!shape.furtherUnique) upsert();
  else if (succeeds(session, upsert)) return;
  else if (!mayClear) inSavepoint(session, replace);
  else if (!succeeds(session, replace)) replaceSet(session, route, shape, upserts);
}

/** False when a constraint made it fail, which is undone then. */
function succeeds(session: Session, work: () => void): boolean {
  try {
    inSavepoint(session, work);
    return true;
  } catch (error) {
    if (!isConstraintFailure(error) || !session.db.inTransaction) throw error;
    return false;
  }
}

/** The last resort where victims are known to be outdated: whatever stands in the way is deleted. */
function replaceSet(session: Session, route: TableRoute, shape: TargetShape, upserts: string): void {
  refuseNullsForDefaults(session, route, shape, upserts);
  session.run(deleteSql(route, shape, upserts));
  session.run(insertSql(route, shape, `${upserts} ORDER BY ord`, 'INSERT OR REPLACE'));
}

/** REPLACE would put the column's default in the place of NULL: a silent change. */
function refuseNullsForDefaults(
  session: Session,
  route: TableRoute,
  shape: TargetShape,
  upserts: string,
): void {
  const nulls = shape.defaulted.map((column) => `${stagedColumn(route, column)} IS NULL`);
  if (nulls.length === 0) return;
  if (session.get(`SELECT 1 FROM ${upserts} AND (${nulls.join(' OR ')}) LIMIT 1`) === undefined) return;
  throw new CdcError(
    'CONSTRAINT_FAILED',
    `${session.file.name} (table ${route.id}) refused a row by a constraint`,
    {
      table: route.id,
    },
  );
}

/** Row by row in source order: finds out that a row cannot be applied, whatever the order of the set. */
function writeOneByOne(session: Session, route: TableRoute, shape: TargetShape, table: string): void {
  const upserts = `${table} WHERE kind = ${KIND.upsert}`;
  const one = upsertSql(route, shape, `${upserts} AND rowid = ?`);
  for (const [rowid = null] of session.all(`SELECT rowid FROM ${upserts} ORDER BY ord`))
    session.run(one, rowid);
}

/** A staged row that was not written, with its values as they are in the source. */
function describeLost(
  session: Session,
  route: TableRoute,
  shape: TargetShape,
  row: string,
  failure: RowFailure,
  { op, copied }: Pick<SetAside, 'op' | 'copied'>,
): SetAside {
  const staged = route.columns.map((column) => stagedColumn(route, column));
  const [found] = selectExact(session, staged, `FROM ${row}`, []);
  const values = found === undefined ? [] : comparableRow(found);
  const key = route.key.map((column) => values[route.columns.indexOf(column)] ?? null);
  const held = session.get(
    `SELECT EXISTS (SELECT 1 FROM ${shape.table}
WHERE ${rowValue(route.key.map(quote))} IN (SELECT ${comparedKey(route).join(', ')} FROM ${row}))`,
  );
  return {
    table: route.id,
    key,
    op,
    row: op === 'delete' ? null : values,
    code: failure.code,
    column: columnAtFault(route, failure),
    copied,
    held: flagOf(held?.[0]),
  };
}
