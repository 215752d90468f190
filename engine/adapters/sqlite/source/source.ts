/** The source port of SQLite, over a connection that keeps the database in a thread of its own. */
import {
  encodeCursor,
  type Consumer,
  type OpenOptions,
  type Source,
  type TableRoute,
  type TableSchema,
} from '../../../model';
import { DEFAULT_BUSY_TIMEOUT_MS, openConnection } from '../threads/connection';
import { FAMILY } from '../database/family';
import { encodeLocator, parseUrl } from '../database/file';
import { decodePosition } from '../capture/position';
import { keysetReader } from '../keyset/reader';
import { keyValues } from '../rows/key-values';
import { waitForLook, watchDatabase } from './wait';

/** Opens a source, which must exist. Throws CONFIG_INVALID, DATABASE_MISSING and the other database codes. */
export async function openSource({ url, readOnly }: OpenOptions): Promise<Source> {
  const file = parseUrl(url);
  const connection = await openConnection({
    file,
    role: 'source',
    readOnly,
    create: false,
    busyTimeoutMs: DEFAULT_BUSY_TIMEOUT_MS,
  });
  const identity = await connection.call('fileIdentity');
  const watched = watchDatabase(file.path);
  const findConsumer = async (uuid: string): Promise<Consumer | null> => {
    const consumers = await connection.call('consumers');
    return consumers.find((consumer) => consumer.uuid === uuid) ?? null;
  };
  return {
    adapter: 'sqlite',
    family: FAMILY,
    offers: [{ transport: 'attach', family: FAMILY, locator: encodeLocator({ ...file, ...identity }) }],

    remembers: true,
    keyset: keysetReader(connection, url),

    tables: () => connection.call('sourceTables'),
    checkFilter: (table, where) => connection.call('checkFilter', table, where),
    planCapture: (tables) => connection.call('planCapture', tables.map(nameOf)),
    notices: (tables) => connection.call('sourceNotices', tables.map(nameOf)),
    install: (tables, consumer) => connection.call('installCapture', tables.map(nameOf), consumer),
    uninstall: (uuid) => connection.call('uninstallCapture', uuid),
    sourceId: () => connection.call('sourceId'),
    feeders: () => connection.call('feeders'),

    head: () => connection.call('head'),
    // A file has no second server that could take its place.
    adopt: (position) => Promise.resolve(position),
    covers: (position, goal) => Promise.resolve(decodePosition(position).id >= decodePosition(goal).id),
    cursorOf: (key) => encodeCursor(keyValues(key)),
    check: (position, routes) => connection.call('checkPosition', position, routes),
    pending: (position, routes, limit) => connection.call('pending', position, routes, limit),
    waitForChange(position, routes, timeoutMs, signal) {
      const tables = routes.map(tableOf);
      return waitForLook(
        watched,
        (version) => connection.call('lookForChange', position, tables, version),
        timeoutMs,
        signal,
      );
    },

    read: (request) => connection.call('readChunk', request),
    changes: (query) => connection.call('readChanges', query),
    scan: (request) => connection.call('scan', request),
    digest: (request) => connection.call('digest', request),

    consumer: findConsumer,
    consumers: () => connection.call('consumers'),
    acknowledge: (uuid, seq, position, now) => connection.call('acknowledge', uuid, seq, position, now),
    purge: (request) => connection.call('purge', request),
    suspend: (uuid) => connection.call('suspendCapture', uuid),
    figures: (routes) => connection.call('figures', routes),
    estimateRows: (routes) => connection.call('estimateRows', routes),

    async close() {
      watched.close();
      await connection.close();
    },
  };
}

function nameOf(table: TableSchema): string {
  return table.name.name;
}

function tableOf(route: TableRoute): string {
  return nameOf(route.source);
}
