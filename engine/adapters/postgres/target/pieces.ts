/**
 * Statements over staged rows that may fail for a row: tried in a savepoint, then over smaller and smaller pieces.
 * PostgreSQL ends a transaction at the first error, so every attempt stands in a savepoint, sent along with it.
 */
import type { Session } from '../database/session';
import { rowFailure, type RowFailure } from './row-failures';
import type { StagedRows } from './staging';
import type { Places } from './write-sql';

/** Writes the rows at some places; `own` are the places whose rows nothing may delete. */
export type Write = (places: Places, own: Places) => Promise<RowFailure | null>;

/** Runs statements in a savepoint that is undone when a row makes them fail. Throws any other failure. */
export async function within(session: Session, statements: readonly string[]): Promise<RowFailure | null> {
  const outcome = await countedWithin(session, statements);
  return 'failure' in outcome ? outcome.failure : null;
}

/** The same; `written`: how many rows each statement wrote. */
export async function countedWithin(
  session: Session,
  statements: readonly string[],
): Promise<{ readonly written: readonly number[] } | { readonly failure: RowFailure }> {
  try {
    const counts = await session.execute(
      ['SAVEPOINT cdc_set', ...statements, 'RELEASE SAVEPOINT cdc_set'].join(';\n'),
    );
    return { written: counts.slice(1, -1) };
  } catch (error) {
    const failure = rowFailure(error);
    if (failure === null) throw error;
    await session.execute('ROLLBACK TO SAVEPOINT cdc_set; RELEASE SAVEPOINT cdc_set');
    return { failure };
  }
}

/** How rows are written that stand in each other's way: all are taken out first. */
export interface Exchange {
  readonly remove: (places: Places) => Promise<unknown>;
  readonly insert: Write;
}

/**
 * Halves the set until what fails stands alone. Returns the places of rows that can't be written, and why. `exchange`:
 * null where rows can't stand in each other's way. Stops where more than `most` rows are refused for their own sake.
 */
export async function writePieces(
  session: Session,
  places: readonly number[],
  write: Write,
  exchange: Exchange | null,
  most = Infinity,
): Promise<ReadonlyMap<number, RowFailure>> {
  const lost = new Map<number, RowFailure>();
  let alone = 0;
  const own = (): Places => ({ except: [...lost.keys()] });
  const piece = async (part: readonly number[]): Promise<void> => {
    const [from, to] = [part[0], part.at(-1)];
    if (from === undefined || to === undefined || alone > most) return;
    const failure = await write({ from, to }, own());
    if (failure === null) return;
    if (from === to) {
      lost.set(from, failure);
      if (!failure.unique) alone += 1;
      return;
    }
    const middle = Math.ceil(part.length / 2);
    await piece(part.slice(0, middle));
    await piece(part.slice(middle));
  };
  await piece(places);

  // The value that a row wants may have been held by a row that was written after it, or by one that wants its own:
  // rows that pass values round among themselves can only be written together.
  while (exchange !== null && alone <= most) {
    const waiting = [...lost].filter(([, failure]) => failure.unique).map(([place]) => place);
    const written = await writeTogether(session, waiting, exchange, own());
    if (written.length === 0) break;
    for (const place of written) lost.delete(place);
  }
  return lost;
}

/** Writes as many of the rows as go together; the others keep what the target has. Returns the places of those. */
async function writeTogether(
  session: Session,
  places: readonly number[],
  { remove, insert }: Exchange,
  own: Places,
): Promise<readonly number[]> {
  for (let left = places; left.length > 0;) {
    const failed = new Set<number>();
    await session.execute('SAVEPOINT cdc_exchange');
    await remove({ only: left });
    for (const place of left) if ((await insert({ only: [place] }, own)) !== null) failed.add(place);
    if (failed.size === 0) {
      await session.execute('RELEASE SAVEPOINT cdc_exchange');
      return left;
    }
    await session.execute('ROLLBACK TO SAVEPOINT cdc_exchange; RELEASE SAVEPOINT cdc_exchange');
    left = left.filter((place) => !failed.has(place));
  }
  return [];
}

/** Places of the rows that are staged under this kind, in source order. Each row gets a place of its own. */
export async function stagedPlaces(
  session: Session,
  { table, placed }: StagedRows,
  kind: string,
): Promise<readonly number[]> {
  if (!placed) {
    // Rows of different keys can share an LSN.
    await session.execute(`UPDATE ${table} AS s SET ord = n.place
FROM (SELECT ctid AS row_place, row_number() OVER (ORDER BY lsn) AS place FROM ${table}) AS n
WHERE s.ctid = n.row_place`);
  }
  const rows = await session.query(`SELECT ord FROM ${table} WHERE kind = '${kind}' ORDER BY ord`);
  return rows.map(([ord]) => Number(ord));
}
