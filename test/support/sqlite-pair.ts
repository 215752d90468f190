/** A captured SQLite source and a target of its tables, with both ways of moving changes between them. */
import type Database from 'better-sqlite3';
import {
  isCdcError,
  oneRange,
  type ChunkRequest,
  type ChunkSummary,
  type Position,
  type RangeRequest,
  type Source,
  type TableRoute,
  type Target,
  type Transfer,
} from '../../engine';
import { openSource } from '../../engine/adapters/sqlite/source/source';
import { openTarget } from '../../engine/adapters/sqlite/target/target';
import { transferRows } from '../../engine/apply';
import { routeOf } from './routes';
import type { TemporaryFolder } from './sqlite';

export type Transport = 'attach' | 'rows';

export interface Pair {
  /** The application's connection to the source. */
  readonly app: Database.Database;
  readonly source: Source;
  readonly target: Target;
  readonly routes: readonly TableRoute[];
  readonly transfer: Transfer;
  /** Where capture began. */
  readonly start: Position;
  /** A request for the next chunk, checked against the source. */
  readonly request: (from: Position, options?: Partial<ChunkRequest>) => Promise<ChunkRequest>;
  /** Stages one chunk and commits it. */
  readonly step: (from: Position, options?: Partial<ChunkRequest>) => Promise<ChunkSummary>;
  /** Applies chunk after chunk until nothing is left; the summaries of all of them. */
  readonly catchUp: (from: Position, limit: number) => Promise<readonly ChunkSummary[]>;
  /** Copies a table range by range after the position; the last summary. */
  readonly copy: (from: Position, range: Omit<RangeRequest, 'after'>, limit: number) => Promise<ChunkSummary>;
}

export interface PairOptions {
  /** Made before capture; all its tables with a key are replicated. */
  readonly schema: string;
  readonly transport: Transport;
  /** Further SQL on the target after its tables are made. */
  readonly onTarget?: string;
  readonly sourceName?: string;
  readonly targetName?: string;
}

/** Opens everything in the test's folder; closed after the test. */
export async function openPair(folder: TemporaryFolder, options: PairOptions): Promise<Pair> {
  const { sourceName = 'source.db', targetName = 'target.db' } = options;
  const app = folder.database(sourceName, options.schema);
  const source = folder.closing(await openSource({ url: folder.url(sourceName), readOnly: false }));
  const tables = (await source.tables()).filter((table) => table.key !== null);
  const consumer = await source.install(tables, { uuid: 'u1', name: 'test', now: 0, reset: false });
  let routes = tables.map((table) => routeOf(table));

  const target = folder.closing(
    await openTarget({ url: folder.url(targetName), readOnly: false, create: true }),
  );
  await target.installObjects();
  const steps = await Promise.all(routes.map((route) => target.planTable(route, 'sqlite')));
  await target.createTables(steps.filter((step) => step !== null));
  if (options.onTarget !== undefined) folder.database(targetName, options.onTarget).close();

  const [offer] = source.offers;
  const direct = options.transport === 'rows' || offer === undefined ? null : await target.direct(offer);
  if (options.transport === 'attach' && direct === null) throw new Error('the source could not be attached');
  const transfer = direct ?? transferRows(source, target);

  const pair: Pair = {
    app,
    source,
    target,
    get routes() {
      return routes;
    },
    transfer,
    start: consumer.position,
    async request(from, more = {}) {
      const asked = more.routes ?? routes;
      const schemaToken = await source.check(from, asked).catch(async (error: unknown) => {
        if (!isCdcError(error, 'SCHEMA_MOVED')) throw error;
        // Routes are made anew from the schema as it is now, as the engine does.
        const names = new Set(routes.map((route) => route.id));
        routes = (await source.tables())
          .map((table) => routeOf(table))
          .filter((route) => names.has(route.id));
        return source.check(from, routes);
      });
      return { from, routes, limit: 1_000_000, snapshot: null, schemaToken, ...more };
    },
    async step(from, more) {
      const chunk = await transfer.stage(await pair.request(from, more));
      await target.transaction(chunk, (tx) => tx.merge(chunk));
      return chunk;
    },
    async catchUp(from, limit) {
      const chunks: ChunkSummary[] = [];
      let position = from;
      for (;;) {
        const chunk = await pair.step(position, { limit });
        chunks.push(chunk);
        position = chunk.to;
        if (!chunk.more) return chunks;
      }
    },
    async copy(from, range, limit) {
      let chunk = await pair.step(from, { snapshot: oneRange({ ...range, after: null }, limit) });
      for (;;) {
        const [done] = chunk.snapshot;
        if (done === undefined || done.finished) return chunk;
        const snapshot = oneRange({ ...range, after: done.cursor }, limit);
        chunk = await pair.step(chunk.to, { snapshot });
      }
    },
  };
  return pair;
}
