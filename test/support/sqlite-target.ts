/** Targets, routes and chunks for the tests of SQLite as a target. */
import {
  asPosition,
  type Checkpoint,
  type RowSet,
  type StagedChunk,
  type TableRoute,
  type Target,
  type Tuple,
} from '../../engine';
import { openTarget } from '../../engine/adapters/sqlite/target/target';
import { routeOf } from './routes';
import type { TemporaryFolder } from './sqlite';

export const CHECKPOINT: Checkpoint = {
  uuid: 'a1',
  name: 'orders',
  sourceId: 's1',
  chain: 'run-1',
  chainEnded: false,
  generation: 3,
  epoch: 2 ** 40 + 5,
  seq: 7,
  ackedSeq: 6,
  holder: { host: 'web-1', pid: 4242, session: null },
  position: asPosition('{"v":1,"id":5,"at":null}'),
  goal: null,
  lastAppliedAt: 1_700_000_000_123,
};

export interface TargetFixture {
  /** Opens `target.db` of the test's folder; closed after the test. */
  readonly target: () => Promise<Target>;
  /** The same with our objects and the route's table, as planned. */
  readonly targetFor: (...routes: readonly TableRoute[]) => Promise<Target>;
  /** Routes of the tables with a key that this SQL makes in another database, in its order. */
  readonly routesFor: (sql: string) => Promise<readonly TableRoute[]>;
  readonly routeFor: (sql: string) => Promise<TableRoute>;
  /** Runs SQL in `target.db` by a connection of its own. */
  readonly exec: (sql: string) => void;
  /** Rows of `target.db` as another connection sees them. */
  readonly rows: (sql: string) => readonly Tuple[];
}

export function targetFixture(folder: TemporaryFolder): TargetFixture {
  let made = 0;
  const fixture: TargetFixture = {
    target: async () =>
      folder.closing(await openTarget({ url: folder.url('target.db'), readOnly: false, create: true })),
    async targetFor(...routes) {
      const opened = await fixture.target();
      await opened.installObjects();
      for (const route of routes) {
        const step = await opened.planTable(route, 'sqlite');
        if (step !== null) await opened.createTables([step]);
      }
      return opened;
    },
    async routesFor(sql) {
      const name = `schema-${(made += 1)}.db`;
      folder.database(name, sql).close();
      const source = await openTarget({ url: folder.url(name), readOnly: true, create: false });
      const tables = await source.tables();
      await source.close();
      return tables.filter((table) => table.key !== null).map((table) => routeOf(table));
    },
    async routeFor(sql) {
      const [route] = await fixture.routesFor(sql);
      if (route === undefined) throw new Error('the SQL makes no table with a key');
      return route;
    },
    exec(sql) {
      folder.database('target.db', sql).close();
    },
    rows(sql) {
      const db = folder.database('target.db');
      const found = db.prepare<unknown[], Tuple>(sql).raw().all();
      db.close();
      return found;
    },
  };
  return fixture;
}

export function chunkOf(token: number, more = false): StagedChunk {
  return {
    token,
    to: CHECKPOINT.position,
    more,
    changes: 1,
    counts: [],
    oldestChangedAt: null,
    newestChangedAt: null,
    snapshot: [],
  };
}

/** Stages and merges in a transaction of its own. */
export async function apply(
  opened: Target,
  sets: readonly RowSet[],
  options: { readonly stale?: readonly string[]; readonly more?: boolean } = {},
): Promise<void> {
  const chunk = chunkOf(await opened.stageRows(sets), options.more);
  await opened.transaction(chunk, (tx) => tx.merge(chunk, { stale: options.stale ?? [] }));
}

export function rowSet(route: TableRoute, upserts: readonly Tuple[], deletes: readonly Tuple[] = []): RowSet {
  return { route, upserts, deletes, range: null };
}
