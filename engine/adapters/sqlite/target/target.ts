/** An SQLite database as a target: the port over its lanes. */
import { convertedKey } from '../../../model';
import type {
  DirectOffer,
  OpenTargetOptions,
  PlanNotice,
  PlanStep,
  RowSet,
  StagedChunk,
  TableRoute,
  TableSchema,
  Target,
  TargetTransaction,
  Transfer,
} from '../../../model';
import { CdcError } from '../../../errors';
import { DEFAULT_BUSY_TIMEOUT_MS, openConnection } from '../threads/connection';
import { FAMILY } from '../database/family';
import { parseUrl } from '../database/file';
import { sameName } from '../database/identifiers';
import { ruleOnSource } from '../schema/indexes';
import { createLanes, type Lane, type Lanes } from '../threads/lanes';
import { createMutex } from '../threads/mutex';
import { nameTaken, refuseReservedName } from './names';
import { convertingColumns, createTableSql, targetName, typeNotices } from './tables';

/** One lane merges while the other stages; a third would wait for one of them. */
const MOST_LANES = 2;

/** Throws CONFIG_INVALID, DATABASE_MISSING and the other database codes. */
export async function openTarget({ url, readOnly, create }: OpenTargetOptions): Promise<Target> {
  const file = parseUrl(url);
  const options = { file, role: 'target', readOnly, busyTimeoutMs: DEFAULT_BUSY_TIMEOUT_MS } as const;
  const first = await openConnection({ ...options, create });
  // A further connection is to the same file: one that is gone since the first was opened is not made anew.
  const open = () => openConnection({ ...options, create: false });
  const lanes = createLanes(first, open, readOnly ? 1 : MOST_LANES);
  return createTarget(lanes);
}

function createTarget(lanes: Lanes): Target {
  const chunks = createChunks(lanes);
  // Two write transactions of one process would only wait for each other's lock.
  const writing = createMutex();
  const tables = (): Promise<readonly TableSchema[]> =>
    lanes.run((lane) => lane.connection.call('targetTables'));

  return {
    adapter: FAMILY,
    family: FAMILY,
    tables,
    place: (table) => Promise.resolve(table),
    isEmpty: (table) => lanes.run((lane) => lane.connection.call('isEmpty', table)),

    capturedAs: () => lanes.run((lane) => lane.connection.call('capturedAs')),
    async planTable(route, sourceFamily) {
      refuseReservedName(route);
      // Before the tables: one that is made meanwhile would be taken for something else that has the name.
      const owner = await lanes.run((lane) => lane.connection.call('ownerOfName', route.target.name));
      if (owner !== null) {
        const existing = findTable(await tables(), route);
        if (existing === undefined) throw nameTaken(targetName(route), owner);
        requireSameKeyTypes(route, existing, false);
        return null;
      }
      const made = createTableSql(route, sourceFamily);
      if (route.key.some((column) => (route.types?.[column]?.type ?? null) !== null)) {
        requireSameKeyTypes(route, { columns: made.columns, options: [] }, true);
      }
      return { on: 'target', table: targetName(route), ...made };
    },
    async notices(routes) {
      const existing = await tables();
      const triggers = await lanes.run((lane) => lane.connection.call('targetTriggers'));
      return routes.flatMap((route) => noticesOf(route, existing, triggers));
    },
    async planObjects() {
      const missing = await lanes.run((lane) => lane.connection.call('missingTargetObjects'));
      return missing.map((sql): PlanStep => ({ on: 'target', table: null, sql }));
    },
    installObjects: () =>
      writing.run(() => lanes.run((lane) => lane.connection.call('installTargetObjects'))),
    createTables: (steps) =>
      writing.run(() => lanes.run((lane) => lane.connection.call('createTables', steps))),

    direct: (offer) => attachTransfer(lanes, chunks, offer),
    stageRows: (sets: readonly RowSet[]) =>
      lanes.runBeside(async (lane) => {
        const token = chunks.newToken();
        await lane.connection.call('stageRows', token, sets);
        chunks.keep(token, lane);
        return token;
      }),
    discardRows: (token) => chunks.release(token),

    checkpoint: (name) => lanes.run((lane) => lane.connection.call('checkpoint', name)),
    tableCheckpoints: (uuid) => lanes.run((lane) => lane.connection.call('tableCheckpoints', uuid)),
    deadLetters: (uuid) => lanes.run((lane) => lane.connection.call('deadLetters', uuid, null)),
    deadLetter: (uuid, id) => lanes.run((lane) => lane.connection.call('deadLetter', uuid, id)),
    repairs: (uuid, query) => lanes.run((lane) => lane.connection.call('repairs', uuid, query)),
    async transaction(on, work) {
      const inTransaction = (lane: Lane): ReturnType<typeof work> => runTransaction(lane, on, work);
      if (on === null) return writing.run(() => lanes.run(inTransaction));
      try {
        const lane = chunks.laneOf(on.token);
        return await writing.run(() => lanes.runOn(lane, inTransaction));
      } finally {
        // A chunk is spent by its transaction, whether that was committed or not: the next attempt reads it again.
        await chunks.release(on.token);
      }
    },
    flush: () => lanes.run((lane) => lane.connection.call('flush')),
    scan: (request) => lanes.run((lane) => lane.connection.call('scan', request)),
    digest: (request) => lanes.run((lane) => lane.connection.call('digest', request)),
    uninstall: (uuid) =>
      writing.run(() => lanes.run((lane) => lane.connection.call('uninstallTarget', uuid))),
    close: () => lanes.close(),
  };
}

async function runTransaction<T>(
  { connection }: Lane,
  on: StagedChunk | null,
  work: (tx: TargetTransaction) => Promise<T>,
): Promise<T> {
  await connection.call('begin');
  try {
    const result = await work({
      // `begin` has taken the write lock, so reading is locking.
      lockCheckpoint: (name) => connection.call('checkpoint', name),
      saveCheckpoint: (checkpoint) => connection.call('saveCheckpoint', checkpoint),
      tableCheckpoints: (uuid) => connection.call('tableCheckpoints', uuid),
      saveTables: (uuid, saved) => connection.call('saveTables', uuid, saved),
      removeTables: (uuid, sources) => connection.call('removeTables', uuid, sources),
      async merge(chunk, { stale = [], setAside = [], mostSetAside = null, keepDeleted = false } = {}) {
        requireSame(chunk, on);
        const { token, more } = chunk;
        return connection.call('merge', { token, more, stale, setAside, mostSetAside, keepDeleted });
      },
      async touched(chunk, table, keys) {
        requireSame(chunk, on);
        return connection.call('touched', chunk.token, table, keys);
      },
      deadLetters: (uuid, table) => connection.call('deadLetters', uuid, table),
      saveDeadLetters: (uuid, letters) => connection.call('saveDeadLetters', uuid, letters),
      flagDeadLetters: (uuid, ids) => connection.call('flagDeadLetters', uuid, ids),
      removeDeadLetters: (uuid, ids) => connection.call('removeDeadLetters', uuid, ids),
      saveRepairs: (uuid, repairs) => connection.call('saveRepairs', uuid, repairs),
      removeRepairs: (uuid, choice) => connection.call('removeRepairs', uuid, choice),
    });
    await connection.call('commit');
    return result;
  } catch (error) {
    // The failure is what counts; a connection that is gone has rolled back by itself.
    await connection.call('rollback').catch(() => undefined);
    throw error;
  }
}

function requireSame(chunk: StagedChunk, on: StagedChunk | null): void {
  if (chunk.token === on?.token) return;
  throw new CdcError('INTERNAL', 'A chunk is merged in the transaction that was begun on it');
}

/** Which lane holds which staged chunk. */
interface Chunks {
  newToken(): number;
  keep(token: number, lane: Lane): void;
  /** Throws INTERNAL for a chunk that is not staged here. */
  laneOf(token: number): Lane;
  /** Safe to repeat. */
  release(token: number): Promise<void>;
}

function createChunks(lanes: Lanes): Chunks {
  const held = new Map<number, Lane>();
  let lastToken = 0;
  return {
    newToken: () => ++lastToken,
    keep(token, lane) {
      held.set(token, lane);
      lane.load += 1;
    },
    laneOf(token) {
      const lane = held.get(token);
      if (lane === undefined)
        throw new CdcError('INTERNAL', 'A chunk is not staged here, or was spent already');
      return lane;
    },
    async release(token) {
      const lane = held.get(token);
      if (lane === undefined) return;
      held.delete(token);
      lane.load -= 1;
      // What is left of a chunk on a connection that is gone is gone with it.
      await lanes.runOn(lane, ({ connection }) => connection.call('release', token)).catch(() => undefined);
    },
  };
}

/** Ids of arrays of routes: they don't change while an attempt runs, and need not travel with each chunk. */
const routeIds = new WeakMap<readonly TableRoute[], number>();
let lastRouteId = 0;

async function attachTransfer(lanes: Lanes, chunks: Chunks, offer: DirectOffer): Promise<Transfer | null> {
  if (offer.transport !== 'attach' || offer.family !== FAMILY) return null;
  const { locator } = offer;
  const attached = await lanes.run((lane) => lane.connection.call('attach', locator));
  if (!attached) return null;
  return {
    kind: 'attach',
    stage: ({ routes, ...request }) =>
      lanes.runBeside(async (lane) => {
        const routesId = await knownRoutes(lane, routes);
        const token = chunks.newToken();
        const summary = await lane.connection.call('stageAttached', { ...request, locator, token, routesId });
        chunks.keep(token, lane);
        return { ...summary, token };
      }),
    discard: (chunk) => chunks.release(chunk.token),
  };
}

/** Most arrays of routes that a thread keeps. */
const MOST_ROUTES = 8;

async function knownRoutes(lane: Lane, routes: readonly TableRoute[]): Promise<number> {
  let id = routeIds.get(routes);
  if (id === undefined) {
    id = ++lastRouteId;
    routeIds.set(routes, id);
  }
  if (lane.routes.has(id)) return id;
  await lane.connection.call('defineRoutes', id, routes);
  lane.routes.add(id);
  const [oldest] = lane.routes;
  if (lane.routes.size > MOST_ROUTES && oldest !== undefined) {
    lane.routes.delete(oldest);
    await lane.connection.call('forgetRoutes', oldest);
  }
  return id;
}

function findTable(tables: readonly TableSchema[], route: TableRoute): TableSchema | undefined {
  return tables.find((table) => sameName(table.name.name, route.target.name));
}

/** A key that the target converts is another key: rows would collapse, or stand elsewhere in its order. */
function requireSameKeyTypes(
  route: TableRoute,
  table: Pick<TableSchema, 'columns' | 'options'>,
  isMade: boolean,
): void {
  const [column] = convertingColumns(route, table).filter((name) => route.key.includes(name));
  if (column !== undefined) throw convertedKey(route, column, { isMade });
}

function noticesOf(
  route: TableRoute,
  tables: readonly TableSchema[],
  triggers: readonly { readonly table: string; readonly name: string }[],
): readonly PlanNotice[] {
  const table = findTable(tables, route);
  if (table === undefined) return [];
  const name = targetName(route);
  const firing = triggers.filter((trigger) => sameName(trigger.table, route.target.name));
  const converting = convertingColumns(route, table);
  const enforced = new Set(route.source.uniqueIndexes.map(ruleOnSource));
  const stricter = table.uniqueIndexes.filter(
    ({ rule, columns }) =>
      !enforced.has(rule) &&
      columns.some(
        (column) => column === null || (route.columns.includes(column) && !route.key.includes(column)),
      ),
  );
  const messages = [
    ...(firing.length === 0
      ? []
      : [
          `Triggers of target table ${name} will fire on replicated rows: ${firing.map((t) => t.name).join(', ')}`,
        ]),
    ...(converting.length === 0
      ? []
      : [
          `Target table ${name} declares other types, and values that these would change are refused, for: ${converting.join(', ')}`,
        ]),
    ...stricter.map(
      (index) =>
        `Target table ${name} has a unique index that the source does not have, and may refuse its rows: ${index.name}`,
    ),
  ];
  return [...messages.map((message) => ({ table: route.id, message })), ...typeNotices(route, table)];
}
