/** A PostgreSQL table that rows are merged into, without the port around it: what is set aside can be seen. */
import type { SetAside, TableRoute, Tuple } from '../../engine';
import { openSession } from '../../engine/adapters/postgres/database/session';
import { parseUrl } from '../../engine/adapters/postgres/database/url';
import { mergeChunk } from '../../engine/adapters/postgres/target/merge';
import type { MergeRequest } from '../../engine/adapters/postgres/target/merge';
import { takeReplicaRole } from '../../engine/adapters/postgres/target/preparing';
import { createShapes } from '../../engine/adapters/postgres/target/shapes';
import { stageSets, type ShapedSet } from '../../engine/adapters/postgres/target/stage-rows';
import { createStagingArea } from '../../engine/adapters/postgres/target/staging';
import type { ScratchDatabase } from '../../engine/contract';
import type { RowSet } from '../../engine/model';
import { postgresFixture } from './postgres-fixture';

export interface MergeScene {
  readonly database: ScratchDatabase;
  /** Stages and merges in a transaction of its own. */
  readonly merge: (sets: readonly RowSet[], request?: Partial<MergeRequest>) => Promise<readonly SetAside[]>;
  readonly rows: (table: string) => Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function openMergeScene(...statements: readonly string[]): Promise<MergeScene> {
  const database = await postgresFixture.createDatabase();
  await database.execute(...statements);
  const session = await openSession(parseUrl(database.url), 'target lane');
  const powers = { replicaRole: await takeReplicaRole(session) };
  const area = createStagingArea(session);
  const shapes = createShapes();
  return {
    database,
    async merge(sets, request = {}) {
      const shaped: ShapedSet[] = [];
      for (const set of sets) shaped.push(await shapes.forSet(session, set, powers));
      const staged = await stageSets(session, area, shaped);
      const options = { more: false, stale: [], setAside: [], ...request };
      return session.transaction('read committed', () => mergeChunk(session, staged, options));
    },
    rows: async (table) => [...(await database.dump(table))].sort(),
    async close() {
      await session.close();
      await database.dispose();
    },
  };
}

/** A route from a table of SQLite: names of columns with their declared types, the first being the key. */
export function sqliteRoute(table: string, columns: Readonly<Record<string, string>>): TableRoute {
  const names = Object.keys(columns);
  const key = names.slice(0, 1);
  const affinity = (declared: string) => {
    if (/int/i.test(declared)) return 'integer';
    if (/text|char/i.test(declared)) return 'text';
    if (/blob/i.test(declared) || declared === '') return 'blob';
    return /real/i.test(declared) ? 'real' : 'numeric';
  };
  return {
    id: table,
    source: {
      name: { schema: null, name: table },
      columns: Object.entries(columns).map(([name, declaredType]) => ({
        name,
        declaredType,
        type: { kind: 'dynamic', affinity: affinity(declaredType) },
        nullable: !key.includes(name),
        generated: 'no',
        collation: null,
        defaultSql: null,
      })),
      key: { columns: key, from: 'primary key' },
      refusal: null,
      uniqueIndexes: [],
      foreignKeys: [],
      reread: false,
      options: [],
    },
    target: { schema: 'public', name: table },
    columns: names,
    key,
    rename: null,
    where: null,
  };
}

export function upserts(route: TableRoute, ...rows: readonly Tuple[]): RowSet {
  return { route, deletes: [], upserts: rows, range: null };
}
