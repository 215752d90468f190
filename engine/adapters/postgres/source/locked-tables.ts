/**
 * Reads with those tables locked of which rows are read. A table that is rewritten after an MVCC snapshot was taken
 * reads as empty in it: the lock comes first.
 */
import { isCdcError } from '../../../errors';
import type { ChunkRequest, SnapshotRequest, TableRoute } from '../../../model';
import { qualify, type Session } from '../database';

export interface LockedTables {
  readonly locked: ReadonlySet<TableRoute>;
  /** The ranges that can be read: without those of tables that somebody else alters. */
  readonly snapshot: SnapshotRequest | null;
  /** Ranges are asked for, and none can be read. */
  readonly altered: boolean;
}

/**
 * `reread`: further tables to lock, by display name. Whoever alters one of these is waited for. A range of a table that
 * somebody alters is left for another chunk. `work` answers `altered` when it has nothing else to read: the first of
 * these tables is waited for then, and all begins anew.
 */
export async function readingLocked<T>(
  session: Session,
  { routes, snapshot }: Pick<ChunkRequest, 'routes' | 'snapshot'>,
  reread: ReadonlySet<string>,
  work: (now: string, tables: LockedTables) => Promise<T | 'altered'>,
): Promise<T> {
  const ranges = snapshot?.ranges ?? [];
  const ranged = ranges.flatMap(({ table }) => routes.find(({ id }) => id === table) ?? []);
  const needed = routes.filter(({ id }) => reread.has(id));
  for (;;) {
    const free: TableRoute[] = [];
    const lock = async (): Promise<void> => {
      free.push(...(await lockFree(session, ranged, snapshot?.atOnce === 1)));
    };
    const read = (now: string): Promise<T | 'altered'> => {
      const names = new Set(free.map(({ id }) => id));
      return work(now, {
        locked: new Set([...needed, ...free]),
        snapshot:
          snapshot === null ? null : { ...snapshot, ranges: ranges.filter(({ table }) => names.has(table)) },
        altered: ranged.length > 0 && free.length === 0,
      });
    };
    const done = await readingAllLocked(session, needed, read, ranged.length === 0 ? undefined : lock);
    if (done !== 'altered') return done;
    const [first] = ranged;
    if (first !== undefined) await waitFor(session, first);
  }
}

/**
 * Reads with all of the tables locked, and with what `further` locks. Only who holds nothing waits: an application that
 * alters several tables in one transaction would else wait for us while we wait for it, and may be the one who fails.
 */
export async function readingAllLocked<T>(
  session: Session,
  routes: readonly TableRoute[],
  work: (now: string) => Promise<T>,
  further?: () => Promise<void>,
): Promise<T> {
  if (routes.length === 0) return session.reading(work, further);
  for (;;) {
    const altered: TableRoute[] = [];
    const lock = async (): Promise<void> => {
      altered.push(...(await lockAll(session, routes)));
      if (altered.length === 0) await further?.();
    };
    const read = async (now: string): Promise<{ readonly value: T } | null> =>
      altered.length > 0 ? null : { value: await work(now) };
    const done = await session.reading(read, lock);
    if (done !== null) return done.value;
    for (const route of altered) await waitFor(session, route);
  }
}

/** Locks all of the tables, or answers those that somebody holds. */
async function lockAll(session: Session, routes: readonly TableRoute[]): Promise<readonly TableRoute[]> {
  if (await lockNow(session, routes)) return [];
  const altered: TableRoute[] = [];
  for (const route of routes) {
    if (!(await lockNow(session, [route]))) altered.push(route);
  }
  return altered;
}

/** Waits until nobody alters a table. Throws DATABASE_LOCKED. */
function waitFor(session: Session, { id, source }: TableRoute): Promise<unknown> {
  return session.transaction('repeatable read, read only', () =>
    session.execute(`LOCK TABLE ${qualify(source.name)} IN ACCESS SHARE MODE`, { table: id }),
  );
}

/** Locks as many of the tables as nobody alters; `inOrder`: up to the first one that somebody does. */
async function lockFree(
  session: Session,
  routes: readonly TableRoute[],
  inOrder: boolean,
): Promise<readonly TableRoute[]> {
  if (routes.length === 0 || (await lockNow(session, routes))) return routes;
  if (routes.length === 1) return [];
  const free: TableRoute[] = [];
  for (const route of routes) {
    if (await lockNow(session, [route])) free.push(route);
    else if (inOrder) break;
  }
  return free;
}

/** False where some can't be locked; of a single one, where somebody holds it. */
async function lockNow(session: Session, routes: readonly TableRoute[]): Promise<boolean> {
  const names = routes.map(({ source }) => qualify(source.name));
  const [only, ...others] = routes;
  const isOne = only !== undefined && others.length === 0;
  try {
    await session.execute(
      `SAVEPOINT cdc_lock; LOCK TABLE ${names.join(', ')} IN ACCESS SHARE MODE NOWAIT; RELEASE SAVEPOINT cdc_lock`,
      isOne ? { table: only.id } : {},
    );
    return true;
  } catch (error) {
    if (isOne && !isCdcError(error, 'DATABASE_LOCKED')) throw error;
    await session.execute('ROLLBACK TO SAVEPOINT cdc_lock');
    return false;
  }
}
