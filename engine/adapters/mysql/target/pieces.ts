/** Statements over rows that may fail for one of them: tried in a savepoint, then over smaller and smaller pieces. */
import type { Session } from '../database';
import { rowFailure, type RowFailure } from './row-failures';

/** Writes some items; null when all are written, else nothing is. */
export type Write<T> = (items: readonly T[]) => Promise<RowFailure | null>;

/** How rows are written that stand in each other's way: all are taken out first. */
export interface Exchange<T> {
  readonly remove: (items: readonly T[]) => Promise<void>;
  /** `kept`: items whose rows nothing may delete. */
  readonly insert: (item: T, kept: readonly T[]) => Promise<RowFailure | null>;
}

/** Runs `work` in a savepoint that is undone when a row makes it fail. Throws any other failure. */
export async function within(session: Session, work: () => Promise<void>): Promise<RowFailure | null> {
  await session.execute('SAVEPOINT cdc_set');
  try {
    await work();
  } catch (error) {
    const failure = rowFailure(error);
    if (failure === null) throw error;
    await session.execute('ROLLBACK TO SAVEPOINT cdc_set');
    await session.execute('RELEASE SAVEPOINT cdc_set');
    return failure;
  }
  await session.execute('RELEASE SAVEPOINT cdc_set');
  return null;
}

/** Runs statements, all or none. A single one needs no savepoint: the server undoes what failed by itself. */
export async function runAll(session: Session, statements: Iterable<string>): Promise<RowFailure | null> {
  const iterator = statements[Symbol.iterator]();
  const first = iterator.next();
  if (first.done === true) return null;
  const second = iterator.next();
  if (second.done === true) {
    try {
      await session.execute(first.value);
      return null;
    } catch (error) {
      const failure = rowFailure(error);
      if (failure === null) throw error;
      return failure;
    }
  }
  return within(session, async () => {
    await session.execute(first.value);
    await session.execute(second.value);
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      await session.execute(next.value);
    }
  });
}

/**
 * Halves the items until what fails stands alone. Returns those that can't be written, and why. `exchange`: null where
 * rows can't stand in each other's way. Stops where more than `most` are refused for their own sake.
 */
export async function writePieces<T>(
  items: readonly T[],
  write: (items: readonly T[], kept: readonly T[]) => Promise<RowFailure | null>,
  exchange: Exchange<T> | null,
  session: Session,
  most = Infinity,
): Promise<ReadonlyMap<T, RowFailure>> {
  const lost = new Map<T, RowFailure>();
  let alone = 0;
  const kept = (but: readonly T[]): readonly T[] => {
    const out = new Set(but);
    return items.filter((item) => !lost.has(item) && !out.has(item));
  };
  const piece = async (part: readonly T[]): Promise<void> => {
    const [first] = part;
    if (first === undefined || alone > most) return;
    const failure = await write(part, kept(part));
    if (failure === null) return;
    if (part.length === 1) {
      lost.set(first, failure);
      if (!failure.unique) alone += 1;
      return;
    }
    const middle = Math.ceil(part.length / 2);
    await piece(part.slice(0, middle));
    await piece(part.slice(middle));
  };
  await piece(items);

  // The value that a row wants may have been held by a row that was written after it, or by one that wants its own:
  // rows that pass values round among themselves can only be written together.
  while (exchange !== null && alone <= most) {
    const waiting = [...lost].filter(([, failure]) => failure.unique).map(([item]) => item);
    const written = await writeTogether(session, waiting, exchange, kept);
    if (written.length === 0) break;
    for (const item of written) lost.delete(item);
  }
  // In the order of the items, whatever the order in which they were lost.
  return new Map(
    items.flatMap((item) => {
      const failure = lost.get(item);
      return failure === undefined ? [] : [[item, failure] as const];
    }),
  );
}

/** Writes as many of the rows as go together; the others keep what the target has. Returns those. */
async function writeTogether<T>(
  session: Session,
  items: readonly T[],
  { remove, insert }: Exchange<T>,
  kept: (but: readonly T[]) => readonly T[],
): Promise<readonly T[]> {
  for (let left = items; left.length > 0;) {
    const failed = new Set<T>();
    await session.execute('SAVEPOINT cdc_exchange');
    await remove(left);
    for (const item of left) if ((await insert(item, [...kept([]), ...left])) !== null) failed.add(item);
    if (failed.size > 0) await session.execute('ROLLBACK TO SAVEPOINT cdc_exchange');
    await session.execute('RELEASE SAVEPOINT cdc_exchange');
    if (failed.size === 0) return left;
    left = left.filter((item) => !failed.has(item));
  }
  return [];
}
