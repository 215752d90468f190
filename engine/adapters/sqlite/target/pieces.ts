/** Statements over staged rows that may fail for a row: tried over smaller and smaller pieces, until it stands alone. */
import { tooManySetAside } from '../../../errors';
import type { TableRoute } from '../../../model';
import { columnAtFault, rowFailure, type RowFailure } from './row-failures';
import { KIND, stagedColumns } from './staging';
import type { Session } from '../database/session';

/** The pieces' own table: rows in source order, so that a piece is a range of rowids. */
const PIECES = 'temp._cdc_pieces';

/** Writes the staged rows that `rows` (`table WHERE …`) stands for; throws what the database throws. */
export type WriteRows = (rows: string) => void;

/** How rows are written that stand in each other's way: all are taken out first. */
export interface Exchange {
  readonly remove: WriteRows;
  readonly insert: WriteRows;
}

/** How pieces are written; `exchange`: null where rows can't stand in each other's way. */
export interface PieceWriter {
  readonly write: WriteRows;
  readonly exchange: Exchange | null;
  /** Looking ends where more rows than this are refused for their own sake. */
  readonly most: number;
}

/** A row that could not be written. */
interface LostRow {
  readonly place: number;
  readonly failure: RowFailure;
}

/**
 * Writes what can be written of the rows staged under a kind. `read` gets each row that is left over, as `table WHERE …`.
 * Throws whatever is no row's fault, and DEAD_LETTER_LIMIT.
 */
export function writePieces<T>(
  session: Session,
  route: TableRoute,
  staged: string,
  kind: number,
  writer: PieceWriter,
  read: (row: string, failure: RowFailure) => T,
): readonly T[] {
  // Made in the transaction and dropped in it: nothing of it is left whichever way that ends.
  session.db.exec(`CREATE TABLE ${PIECES} (ord, kind, ${stagedColumns(route)});
INSERT INTO ${PIECES} SELECT ord, kind, ${stagedColumns(route)} FROM ${staged} WHERE kind = ${kind} ORDER BY ord, rowid`);
  const count = session.get(`SELECT count(*) FROM ${PIECES}`)?.[0];
  const lost = writeHalves(session, Number(count), writer);
  const last = lost.at(-1);
  if (last !== undefined && lost.length > writer.most) {
    throw tooManySetAside(route.id, writer.most, {
      code: last.failure.code,
      column: columnAtFault(route, last.failure),
    });
  }
  const left = lost.map(({ place, failure }) => read(piece(place, place), failure));
  session.db.exec(`DROP TABLE ${PIECES}`);
  session.forgetStatements();
  return left;
}

function piece(from: number, to: number): string {
  return `${PIECES} WHERE kind IN (${KIND.delete}, ${KIND.upsert}) AND rowid BETWEEN ${from} AND ${to}`;
}

function writeHalves(
  session: Session,
  count: number,
  { write, exchange, most }: PieceWriter,
): readonly LostRow[] {
  const lost = new Map<number, RowFailure>();
  let alone = 0;
  const halve = (from: number, to: number): void => {
    if (alone > most) return;
    const failure = attempt(session, () => write(piece(from, to)));
    if (failure === null) return;
    if (from === to) {
      lost.set(from, failure);
      if (!failure.unique) alone += 1;
      return;
    }
    const middle = Math.floor((from + to) / 2);
    halve(from, middle);
    halve(middle + 1, to);
  };
  if (count > 0) halve(1, count);

  // The value that a row wants may have been held by a row that was written after it, or by one that wants its own:
  // rows that pass values round among themselves can only be written together.
  while (exchange !== null && alone <= most) {
    const waiting = [...lost].filter(([, failure]) => failure.unique).map(([place]) => place);
    const written = writeTogether(session, waiting, exchange);
    if (written.length === 0) break;
    for (const place of written) lost.delete(place);
  }
  return [...lost].sort(([one], [other]) => one - other).map(([place, failure]) => ({ place, failure }));
}

/** Writes as many of the rows as go together; the others keep what the target has. Returns the places of those. */
function writeTogether(
  session: Session,
  places: readonly number[],
  { remove, insert }: Exchange,
): readonly number[] {
  for (let left = places; left.length > 0;) {
    const failed = new Set<number>();
    session.run('SAVEPOINT _cdc_exchange');
    remove(`${PIECES} WHERE rowid IN (${left.join(', ')})`);
    for (const place of left) {
      if (attempt(session, () => insert(piece(place, place))) !== null) failed.add(place);
    }
    if (failed.size > 0) session.run('ROLLBACK TO _cdc_exchange');
    session.run('RELEASE _cdc_exchange');
    if (failed.size === 0) return left;
    left = left.filter((place) => !failed.has(place));
  }
  return [];
}

/** Runs `work` in a savepoint that is undone when a row makes it fail. Throws any other failure. */
export function attempt(session: Session, work: () => void): RowFailure | null {
  try {
    inSavepoint(session, work);
    return null;
  } catch (error) {
    const failure = rowFailure(error);
    // RAISE(ROLLBACK) in a trigger of the target's owner ends the whole transaction.
    if (failure === null || !session.db.inTransaction) throw error;
    return failure;
  }
}

/** Undoes `work` alone when it fails. */
export function inSavepoint(session: Session, work: () => void): void {
  session.run('SAVEPOINT _cdc_set');
  try {
    work();
  } catch (error) {
    if (session.db.inTransaction) {
      session.run('ROLLBACK TO _cdc_set');
      session.run('RELEASE _cdc_set');
    }
    throw error;
  }
  session.run('RELEASE _cdc_set');
}
