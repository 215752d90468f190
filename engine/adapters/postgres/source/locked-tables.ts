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
}

/**
 * `reread`: further tables to lock, by display name. Whoever alters one of these is waited for. A range of a table that
 * somebody alters is left for another chunk, as long as there are others to read: an application that alters several
 * tables in one transaction would else wait for us while we wait for it, and may be the one who fails.
 */
export function readingLocked<T>(
  session: Session,
  { routes, snapshot }: Pick<ChunkRequest, 'routes' | 'snapshot'>,
  reread: ReadonlySet<string>,
  work: (now: string, tables: LockedTables) => Promise<T>,
): Promise<T> {
  const ranges = snapshot?.ranges ?? [];
  const ranged = ranges.flatMap(({ table }) => routes.find(({ id }) => id === table) ?? []);
  const needed = routes.filter(({ id }) => reread.has(id));
  const locked = new Set<TableRoute>();
  const lockAwaited = async (route: TableRoute): Promise<void> => {
    await session.execute(`LOCK TABLE ${qualify(route.source.name)} IN ACCESS SHARE MODE`, {
      table: route.id,
    });
    locked.add(route);
  };
  const lock = async (): Promise<void> => {
    for (const route of needed) await lockAwaited(route);
    const free = await lockFree(session, ranged, snapshot?.atOnce === 1);
    for (const route of free) locked.add(route);
    const [first] = ranged;
    if (first !== undefined && free.length === 0) await lockAwaited(first);
  };
  return session.reading(
    (now) => {
      const names = new Set([...locked].map(({ id }) => id));
      const readable = ranges.filter(({ table }) => names.has(table));
      return work(now, { locked, snapshot: snapshot === null ? null : { ...snapshot, ranges: readable } });
    },
    needed.length + ranged.length === 0 ? undefined : lock,
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
