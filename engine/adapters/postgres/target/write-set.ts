/**
 * Writes one table's staged rows: as a set, and where the set fails, in ways that may still do. PostgreSQL ends a
 * transaction at the first error, so every attempt stands in a savepoint, sent along with its statements.
 */
import { CdcError, tooManySetAside } from '../../../errors';
import type { SetAside, Tuple } from '../../../model';
import type { Session } from '../database/session';
import { quote } from '../database/identifiers';
import { writeValue } from '../rows/values';
import { countedWithin, stagedPlaces, within, writePieces, type Exchange, type Write } from './pieces';
import { rowFailure, type RowFailure } from './row-failures';
import { KIND, type StagedRows, type StagedSet } from './staging';
import { keyOf, readStagedRow } from './staged-row';
import {
  clearSql,
  convertSql,
  deleteSql,
  expectedSql,
  insertSql,
  updatedColumns,
  upsertSql,
  type Places,
} from './write-sql';

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

/** Throws CONSTRAINT_FAILED or TYPE_MISMATCH with table and, where it can be found out, column. */
export async function writeSet(
  session: Session,
  set: StagedSet,
  rows: StagedRows,
  options: WriteOptions,
): Promise<readonly SetAside[]> {
  if (await writeExpected(session, set, rows)) return [];
  const write: Write = (places, own) =>
    attempt(session, set, rows, { places, own, mayClear: options.mayClear });
  const failure = await write('all', 'all');
  if (failure === null) return [];
  if (!options.setAside) throw await namedFailure(session, set, rows, failure);
  const lost = await writePieces(
    session,
    await stagedPlaces(session, rows, KIND.upsert),
    write,
    exchangeOf(session, set, rows, options),
    options.most,
  );
  await refuseTooMany(session, set, rows, lost, options.most);
  return describeLost(session, set, rows, lost, options.copied);
}

/** False when the target was not as expected, or nothing is expected of it: then the rows are still to be written. */
async function writeExpected(session: Session, set: StagedSet, rows: StagedRows): Promise<boolean> {
  const { expected } = rows;
  if (expected === null || set.shape.insertOnly || updatedColumns(set).length === 0) return false;
  const outcome = await countedWithin(session, expectedSql(set, rows, expected));
  return 'written' in outcome && (expected.present === 0 || outcome.written[0] === expected.present);
}

/**
 * Upserts; where a unique value has moved from row to row, all these rows are deleted first, so that any permutation
 * among them comes out right; where a row that may go holds it, that one is deleted, too. Null when it is done.
 */
async function attempt(
  session: Session,
  set: StagedSet,
  rows: StagedRows,
  { places, own, mayClear }: { readonly places: Places; readonly own: Places; readonly mayClear: boolean },
): Promise<RowFailure | null> {
  const { insertOnly, furtherUnique } = set.shape;
  const replacing = [deleteSql(set, rows, KIND.upsert, places), insertSql(set, rows, places)];
  let failure = await within(session, insertOnly ? replacing : [upsertSql(set, rows, places)]);
  if (failure?.unique === true && furtherUnique && !insertOnly) failure = await within(session, replacing);
  if (failure?.unique !== true || !mayClear) return failure;
  const [remove = '', insert = ''] = replacing;
  return within(session, [remove, ...clearSql(set, rows, places, own), insert]);
}

async function refuseTooMany(
  session: Session,
  set: StagedSet,
  rows: StagedRows,
  lost: ReadonlyMap<number, RowFailure>,
  most: number,
): Promise<void> {
  const last = [...lost].at(-1);
  if (last === undefined || lost.size <= most) return;
  const [place, failure] = last;
  const column = await columnAtFault(session, set, rows, failure, { only: [place] });
  throw tooManySetAside(set.route.id, most, { code: failure.code, column });
}

function exchangeOf(
  session: Session,
  set: StagedSet,
  rows: StagedRows,
  { mayClear }: WriteOptions,
): Exchange {
  return {
    remove: (places) => session.execute(deleteSql(set, rows, KIND.upsert, places)),
    insert: (places, own) =>
      within(session, [...(mayClear ? clearSql(set, rows, places, own) : []), insertSql(set, rows, places)]),
  };
}

/** What became of lost rows; their staged rows become keys that stay. */
async function describeLost(
  session: Session,
  set: StagedSet,
  rows: StagedRows,
  lost: ReadonlyMap<number, RowFailure>,
  copied: boolean,
): Promise<readonly SetAside[]> {
  const { route } = set;
  const aside: SetAside[] = [];
  for (const [place, failure] of lost) {
    const column = await columnAtFault(session, set, rows, failure, { only: [place] });
    const inKey = column !== null && route.key.includes(column);
    const row = await readStagedRow(session, set, rows.table, place, KIND.upsert);
    const key = keyOf(route, row);
    const held = await isHeld(session, set, key);
    aside.push({ table: route.id, key, op: 'upsert', row, code: failure.code, column, copied, held });
    // A key that can't be converted is no key of the target: nothing is to be kept of it.
    const kind = inKey && failure.code === 'TYPE_MISMATCH' ? KIND.lost : KIND.keep;
    await session.execute(`UPDATE ${rows.table} SET kind = '${kind}' WHERE ord = ${place}`);
  }
  return aside;
}

/** Whether the target holds a row under a key of the source. A key that can't be converted is no key of the target. */
export async function isHeld(session: Session, { shape }: StagedSet, key: Tuple): Promise<boolean> {
  const same = shape.key.map(
    ({ name, baseType, equals }, index) =>
      `${quote(name)} ${equals} CAST($${index + 1}::text AS ${baseType})`,
  );
  await session.execute('SAVEPOINT cdc_held');
  try {
    const found = await session.first(
      `SELECT EXISTS (SELECT FROM ${shape.table} WHERE ${same.join(' AND ')})`,
      key.map(writeValue),
    );
    await session.execute('RELEASE SAVEPOINT cdc_held');
    return found?.[0] === 't';
  } catch (error) {
    if (rowFailure(error) === null) throw error;
    await session.execute('ROLLBACK TO SAVEPOINT cdc_held; RELEASE SAVEPOINT cdc_held');
    return false;
  }
}

/** The failure as an error that names the table and, where it can be found out, the column. */
export async function namedFailure(
  session: Session,
  set: StagedSet,
  rows: StagedRows,
  failure: RowFailure,
): Promise<CdcError> {
  return refusal(set.route.id, failure.code, await columnAtFault(session, set, rows, failure, 'all'));
}

export function refusal(table: string, code: SetAside['code'], column: string | null): CdcError {
  const what =
    code === 'TYPE_MISMATCH' ? 'refused a value by the type of its column' : 'refused a row by a constraint';
  const where = column === null ? `table ${table}` : `table ${table}, column ${column}`;
  return new CdcError(code, `The target (${where}) ${what}`, {
    table,
    ...(column === null ? {} : { column }),
  });
}

/** The route's column whose value fails. Of a conversion the database doesn't name it, so each is tried alone. */
async function columnAtFault(
  session: Session,
  set: StagedSet,
  rows: StagedRows,
  failure: RowFailure,
  places: Places,
): Promise<string | null> {
  const named = set.shape.columns.findIndex(({ name }) => name === failure.column);
  if (named >= 0) return set.route.columns[named] ?? null;
  if (failure.code !== 'TYPE_MISMATCH') return null;
  for (const [index, column] of set.route.columns.entries()) {
    if ((await within(session, [convertSql(set, rows, index, places)])) !== null) return column;
  }
  return null;
}
