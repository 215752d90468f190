/** Statements over staged rows that may fail for a row: tried over smaller and smaller pieces, until it stands alone. */
import type { TableRoute } from '../../../model';
import { rowFailure, type RowFailure } from './row-failures';
import { KIND, stagedColumns } from './staging';
import type { Session } from '../database/session';

/** The pieces' own table: rows in source order, so that a piece is a range of rowids. */
const PIECES = 'temp._cdc_pieces';

/** Writes the staged rows that `rows` (`table WHERE …`) stands for; throws what the database throws. */
export type WriteRows = (rows: string) => void;

/** A row that could not be written. */
export interface LostRow {
  readonly place: number;
  readonly failure: RowFailure;
}

/**
 * Writes what can be written of the rows staged under a kind. `read` gets each row that is left over, as `table WHERE …`.
 * Throws whatever is no row's fault.
 */
export function writePieces<T>(
  session: Session,
  route: TableRoute,
  staged: string,
  kind: number,
  write: WriteRows,
  read: (row: string, failure: RowFailure) => T,
): readonly T[] {
  // Made in the transaction and dropped in it: nothing of it is left whichever way that ends.
  session.db.exec(`CREATE TABLE ${PIECES} (ord, kind, ${stagedColumns(route)});
INSERT INTO ${PIECES} SELECT ord, kind, ${stagedColumns(route)} FROM ${staged} WHERE kind = ${kind} ORDER BY ord, rowid`);
  const count = session.get(`SELECT count(*) FROM ${PIECES}`)?.[0];
  const lost = writeHalves(session, Number(count), write);
  const left = lost.map(({ place, failure }) => read(piece(place, place), failure));
  session.db.exec(`DROP TABLE ${PIECES}`);
  session.forgetStatements();
  return left;
}

function piece(from: number, to: number): string {
  return `${PIECES} WHERE kind IN (${KIND.delete}, ${KIND.upsert}) AND rowid BETWEEN ${from} AND ${to}`;
}

function writeHalves(session: Session, count: number, write: WriteRows): readonly LostRow[] {
  const lost = new Map<number, RowFailure>();
  const halve = (from: number, to: number): void => {
    const failure = attempt(session, () => write(piece(from, to)));
    if (failure === null) return;
    if (from === to) {
      lost.set(from, failure);
      return;
    }
    const middle = Math.floor((from + to) / 2);
    halve(from, middle);
    halve(middle + 1, to);
  };
  if (count > 0) halve(1, count);

  // The value that a row wants may have been held by a row that was written after it, or by one that wants its own:
  // rows that pass values round among themselves can only be written together.
  for (let before = Infinity; ;) {
    const waiting = [...lost].filter(([, failure]) => failure.unique).map(([place]) => place);
    if (waiting.length === 0 || waiting.length === before) break;
    before = waiting.length;
    const together = `${PIECES} WHERE rowid IN (${waiting.join(', ')})`;
    if (attempt(session, () => write(together)) === null) {
      for (const place of waiting) lost.delete(place);
      break;
    }
    for (const place of waiting) {
      if (attempt(session, () => write(piece(place, place))) === null) lost.delete(place);
    }
  }
  return [...lost].sort(([one], [other]) => one - other).map(([place, failure]) => ({ place, failure }));
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
