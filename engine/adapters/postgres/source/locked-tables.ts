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
 * `reread`: further tables to lock, by display name. Who alters a table is waited for where nothing can be read without
 * it, that is for these and for the first range; the tables of other ranges are left for another chunk. Whoever alters
 * several of them in one transaction would else wait for us while we wait for them, and be the one who fails.
 */
export function readingLocked<T>(
  session: Session,
  { routes, snapshot }: Pick<ChunkRequest, 'routes' | 'snapshot'>,
  reread: ReadonlySet<string>,
  work: (now: string, tables: LockedTables) => Promise<T>,
): Promise<T> {
  const ranges = snapshot?.ranges ?? [];
  const ranged = new Set(ranges.map(({ table }) => table));
  const needed = routes.filter(({ id }) => reread.has(id) || id === ranges[0]?.table);
  const further = routes.filter((route) => ranged.has(route.id) && !needed.includes(route));
  const locked = new Set(needed);
  const lock = async (): Promise<void> => {
    for (const { id, source } of needed) {
      await session.execute(`LOCK TABLE ${qualify(source.name)} IN ACCESS SHARE MODE`, { table: id });
    }
    for (const route of await lockFree(session, further)) locked.add(route);
  };
  return session.reading(
    (now) => {
      const left = new Set(further.filter((route) => !locked.has(route)).map(({ id }) => id));
      const readable = ranges.filter(({ table }) => !left.has(table));
      return work(now, { locked, snapshot: snapshot === null ? null : { ...snapshot, ranges: readable } });
    },
    needed.length + further.length === 0 ? undefined : lock,
  );
}

/** Locks as many of the tables as nobody alters. */
async function lockFree(session: Session, routes: readonly TableRoute[]): Promise<readonly TableRoute[]> {
  if (routes.length === 0 || (await lockNow(session, routes))) return routes;
  const free: TableRoute[] = [];
  for (const route of routes) if (await lockNow(session, [route])) free.push(route);
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
