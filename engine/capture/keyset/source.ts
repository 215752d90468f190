/**
 * A source whose changes are found by a column of its tables. No object is put on it: there is nothing to install, to
 * acknowledge or to purge, and no consumer by which a source that was restored could be told.
 */
import { CdcError } from '../../errors';
import { installedConsumer } from '../../model';
import type { KeysetCapture, KeysetColumn, Position, Source, TableRoute } from '../../model';
import { routeTable } from '../resolve-tables';
import { assessTables, captureNotices } from './assess';
import { changesAfter } from './changes';
import { readChunk } from './chunk';
import { markLook } from './horizon';
import { createMemory } from './memory';
import { beginAt } from './beginning';
import { shapeOf } from './passes';
import { decodeKeyset, encodeKeyset } from './position';
import { pendingIn } from './pending';
import { createPresent } from './present';
import type { Present } from './present';
import { waitForChange } from './wait';
import type { KeysetPorts } from './wait';
import { readWindow } from './window';
import type { WindowContext, WindowRead } from './window';

/** Rows that `changes` looks through. */
const MOST_SHOWN = 100_000;

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
  };
  // Where each row counts its own changes no order shows them: sweeps do.
  const followed = (routes: readonly TableRoute[]): Promise<readonly TableRoute[]> =>
    capture.per === 'row' ? Promise.resolve([]) : presentRoutes(routes);
  const present = createPresent(source, reader, capture.deleted);
  const presentRoutes = (routes: readonly TableRoute[]): Promise<readonly TableRoute[]> =>
    Promise.all(routes.map((route) => present.route(route)));
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
      const position = await beginAt(context, await followed(routes));
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
    covers: (position, goal) => sight.covers(position, goal),
    adopt: (position) => Promise.resolve(position),
    async check(position, routes) {
      const token = checkShapes(context, position, routes);
      sight.routes = await followed(routes);
      return token;
    },
    pending: async (position, routes, limit) =>
      pendingIn(await sight.look(position, await followed(routes), true, limit), limit),
    async waitForChange(position, routes, timeoutMs, signal) {
      const looked = await followed(routes);
      const look = (whole: boolean): Promise<WindowRead> => sight.look(position, looked, whole, 1);
      return waitForChange({ context, ports, look }, timeoutMs, signal);
    },

    async read(request) {
      const routes = await presentRoutes(request.routes);
      return readChunk(context, { ...request, routes }, capture.per === 'row' ? [] : routes);
    },
    changes: (query) =>
      changesAfter(query, async (position) =>
        sight.look(position, await followed([query.route]), true, MOST_SHOWN),
      ),
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

/** Throws SOURCE_SCHEMA_CHANGED, POSITION_INVALID. Answers what names the columns. */
function checkShapes(context: WindowContext, position: Position, routes: readonly TableRoute[]): string {
  const { tables } = decodeKeyset(position);
  const shapes = routes.map((route) => {
    const column = context.columnOf(route);
    requireColumn(column);
    const shape = shapeOf(column);
    const before = tables[route.id]?.shape ?? null;
    if (before !== null && before !== shape) {
      throw new CdcError('SOURCE_SCHEMA_CHANGED', `The columns of table ${route.id} have changed`, {
        hint: 'Change the target table accordingly, then run `cdc resume NAME --table T`: it is copied again.',
        table: route.id,
      });
    }
    return [route.id, shape];
  });
  return JSON.stringify(shapes);
}

/** Throws SOURCE_SCHEMA_CHANGED. */
function requireColumn({ route, column }: KeysetColumn): void {
  if (route.source.columns.some(({ name }) => name === column)) return;
  throw new CdcError('SOURCE_SCHEMA_CHANGED', `Table ${route.id} has no column ${column} any more`, {
    hint: 'Changes are found by this column: add it again.',
    table: route.id,
    column,
  });
}

/** Looks at what follows a position, without applying it. */
interface Sight {
  /** Those of the pipeline that are followed, as they were last checked; null before. */
  routes: readonly TableRoute[] | null;
  /** `whole`: at all that may have changed, due or not. */
  look(position: Position, routes: readonly TableRoute[], whole: boolean, limit: number): Promise<WindowRead>;
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
    async look(position, routes, whole, limit) {
      const read = await readWindow(context, {
        position: { ...decodeKeyset(position), window: null },
        routes,
        limit,
        whole,
        dry: true,
      });
      const isEmpty = read.passes.every((pass) => pass.changes().length === 0);
      if (read.wholeAt !== null && isEmpty) confirmed = { position, at: read.wholeAt };
      return read;
    },
    async covers(position, goal) {
      const at = decodeKeyset(goal).look?.at ?? -Infinity;
      if (passed(position, at)) return true;
      if (sight.routes !== null) await sight.look(position, sight.routes, true, 1);
      return passed(position, at);
    },
  };
  return sight;
}
