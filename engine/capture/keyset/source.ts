/**
 * A source whose changes are found by a column of its tables. No object is put on it: there is nothing to install, to
 * acknowledge or to purge, and no consumer by which a source that was restored could be told.
 */
import { CdcError } from '../../errors';
import { createFitting, installedConsumer } from '../../model';
import type { KeysetCapture, Pending, Position, Source, TableRoute } from '../../model';
import { routeTable } from '../resolve-tables';
import { assessTables, captureNotices } from './assess';
import { changesAfter } from './changes';
import { readChunk } from './chunk';
import { markLook } from './horizon';
import { createMemory } from './memory';
import { beginAt } from './beginning';
import { decodeKeyset, encodeKeyset } from './position';
import { pendingIn } from './pending';
import { createPresent } from './present';
import type { Present } from './present';
import { checkShapes, looking, reading, requireCaptured } from './schema';
import { setBackNotices } from './set-back';
import { waitForChange } from './wait';
import type { KeysetPorts } from './wait';
import { readWindow } from './window';
import type { WindowContext, WindowRead, WindowRequest } from './window';

/** When a look ends: `limit` changes are found. So many of them it answers with. */
type Most = Pick<WindowRequest, 'limit' | 'keep'>;

const ONE: Most = { limit: 1, keep: 1 };

/** Rows that `changes` looks through. */
const SHOWN: Most = { limit: 100_000, keep: 100_000 };

/** Of a table that can't be looked at. */
const SOMETHING: Pending = { count: 1, oldestChangedAt: null };

/** `source`: the database by its adapter. Throws CONFIG_INVALID where that can't read by a column. */
export function captureByColumn(source: Source, capture: KeysetCapture, ports: KeysetPorts): Source {
  const { keyset: reader } = source;
  if (reader === undefined) {
    throw new CdcError('CONFIG_INVALID', `Adapter ${source.adapter} can't capture by ${capture.by}`, {
      hint: 'Use `capture: trigger`.',
    });
  }
  const context: WindowContext = {
    reader,
    memory: createMemory(() => ports.now()),
    columnOf: (route) => ({ route, column: capture.column, by: capture.by }),
    lookbackMs: capture.lookbackMs,
    now: () => ports.now(),
    pages: createFitting(),
    ranges: createFitting(),
  };
  // Where each row counts its own changes no order shows them: sweeps do.
  const followed = (routes: readonly TableRoute[]): readonly TableRoute[] =>
    capture.per === 'row' ? [] : presentRoutes(routes);
  const present = createPresent(source, reader, capture.deleted);
  const presentRoutes = (routes: readonly TableRoute[]): readonly TableRoute[] =>
    routes.map((route) => {
      requireCaptured(context.columnOf(route));
      return present.route(route);
    });
  const sight = createSight(context);

  return {
    ...source,
    offers: [],
    remembers: false,

    planCapture: () => Promise.resolve([]),
    notices: async (tables) => [
      ...(await captureNotices(reader, capture)),
      ...(await assessTables(reader, capture, tables)),
    ],
    async install(tables, consumer) {
      await assessTables(reader, capture, tables);
      const routes = tables.map((table) => routeTable(table, { to: null, columns: null }, true));
      const position = await beginAt(context, routes, followed(routes));
      return installedConsumer(
        consumer,
        null,
        position,
        routes.map(({ id }) => id),
      );
    },
    uninstall: () => Promise.resolve(),
    sourceId: () => reader.identity(),

    async head() {
      const look = markLook(await reader.look([]), null);
      return encodeKeyset({ look, wholeAt: look.at, tables: {}, window: null });
    },
    covers: (position, goal) => looking(() => sight.covers(position, goal), false),
    adopt: (position) => Promise.resolve(position),
    noticed: (position, tables) => setBackNotices(decodeKeyset(position), tables, capture),
    async check(position, routes) {
      const present = presentRoutes(routes);
      await reader.check(routes);
      const token = checkShapes(position, routes.map(context.columnOf));
      sight.routes = capture.per === 'row' ? [] : present;
      return token;
    },
    pending: (position, routes, limit) =>
      looking(
        async () => pendingIn(await sight.look(position, followed(routes), true, { limit, keep: 1 }), limit),
        SOMETHING,
      ),
    waitForChange: (position, routes, timeoutMs, signal) =>
      looking(async () => {
        const looked = followed(routes);
        if (looked.length === 0) {
          await ports.delay(timeoutMs, signal);
          return false;
        }
        const look = (whole: boolean): Promise<WindowRead> => sight.look(position, looked, whole, ONE);
        return waitForChange({ context, ports, look }, timeoutMs, signal);
      }, true),

    // What a route says of its columns is compared with the table by whoever reads it, so no token is needed for it.
    async read(request) {
      const routes = presentRoutes(request.routes);
      const windowed = capture.per === 'row' ? [] : routes;
      return reading(reader, request.routes, () => readChunk(context, { ...request, routes }, windowed));
    },
    changes: (query) =>
      changesAfter(query, (position) => sight.look(position, followed([query.route]), true, SHOWN)),
    scan: async (request) => source.scan(await present.request(request)),
    ...digestOf(source, present),

    // Nobody is remembered, so nobody can be missed: see `remembers`.
    consumer: () => Promise.resolve(null),
    consumers: () => Promise.resolve([]),
    acknowledge: () => Promise.resolve(),
    purge: () => Promise.resolve(0),
    suspend: () => Promise.resolve(),
    figures: (routes) => Promise.resolve(routes.map(({ id }) => ({ table: id, stored: 0 }))),
  };
}

function digestOf(source: Source, present: Present): Pick<Source, 'digest'> {
  if (source.digest === undefined) return {};
  const digest = source.digest.bind(source);
  return { digest: async (request) => digest(await present.request(request)) };
}

/** Looks at what follows a position, without applying it. */
interface Sight {
  /** Those of the pipeline that are followed, as they were last checked; null before. */
  routes: readonly TableRoute[] | null;
  /** `whole`: at all that may have changed, due or not. */
  look(position: Position, routes: readonly TableRoute[], whole: boolean, most: Most): Promise<WindowRead>;
  covers(position: Position, goal: Position): Promise<boolean>;
}

function createSight(context: WindowContext): Sight {
  /** Up to when, by the database's clock, nothing was found to follow a position; of the last one alone. */
  let confirmed: { readonly position: Position; readonly at: number } | null = null;
  // In the very millisecond of a look something may have been committed after it.
  const passed = (position: Position, at: number): boolean =>
    (decodeKeyset(position).wholeAt ?? -Infinity) > at ||
    (confirmed !== null && confirmed.position === position && confirmed.at > at);
  const sight: Sight = {
    routes: null,
    async look(position, routes, whole, most) {
      const from = { ...decodeKeyset(position), window: null };
      const read = await reading(context.reader, routes, () =>
        readWindow(context, { position: from, routes, whole, dry: true, ...most }),
      );
      const isEmpty = read.passes.every((pass) => pass.changes().length === 0);
      if (read.wholeAt !== null && isEmpty) confirmed = { position, at: read.wholeAt };
      return read;
    },
    async covers(position, goal) {
      const at = decodeKeyset(goal).look?.at ?? -Infinity;
      if (passed(position, at)) return true;
      if (sight.routes !== null) await sight.look(position, sight.routes, true, ONE);
      return passed(position, at);
    },
  };
  return sight;
}
