/** The source port of PostgreSQL, over a few sessions that are lent out one operation at a time. */
import type { OpenOptions, Source, TableSchema } from '../../../model';
import { checkPosition } from '../capture/check';
import { adoptPosition } from '../capture/past';
import { advanceConsumer, readConsumer, readConsumers } from '../capture/consumers';
import { readHead } from '../capture/head';
import { install, planCapture, sourceId } from '../capture/install';
import { prepareSource } from '../capture/life';
import { readNotices } from '../capture/notices';
import { encodePosition } from '../capture/position';
import { purge } from '../capture/purge';
import { suspend, uninstall } from '../capture/uninstall';
import { openSessions, parseUrl } from '../database';
import { FAMILY } from '../family';
import { keysetReader } from '../keyset/reader';
import { encodeCursor } from '../rows/cursor';
import { digestRows } from '../rows/digest';
import { scanRows } from '../rows/scan';
import { readTables } from '../schema/tables';
import { readFeeders } from '../target/checkpoint-rows';
import { readChanges } from './changes';
import { coversGoal } from './covers';
import { estimateRows } from './estimate';
import { checkFilter } from '../rows/filter';
import { encodeLocator } from './locator';
import { countPending, readFigures } from './pending';
import { newReadState, readChunk } from './read';
import { newWaitState, waitForChange } from './wait';

/** Reading, waiting, acknowledging and answering questions at the same time. */
const MOST_SESSIONS = 4;

/** Throws CONFIG_INVALID, DATABASE_MISSING, DATABASE_READ_ONLY for a standby, and the other database codes. */
export async function openSource({ url }: OpenOptions): Promise<Source> {
  const sessions = await openSessions(parseUrl(url), 'source', {
    most: MOST_SESSIONS,
    prepare: prepareSource,
  });
  const reading = newReadState();
  const waiting = newWaitState();
  return {
    adapter: 'postgres',
    family: FAMILY,
    offers: [{ transport: 'copy', family: FAMILY, locator: encodeLocator({ url }) }],

    remembers: true,
    keyset: keysetReader(sessions),

    tables: () =>
      sessions.use(async (session) => [...(await readTables(session)).values()].map(({ schema }) => schema)),
    checkFilter: (table, where) => sessions.use((session) => checkFilter(session, table, where)),
    planCapture: (tables) => sessions.use((session) => planCapture(session, tables.map(nameOf))),
    notices: (tables) => sessions.use((session) => readNotices(session, tables.map(nameOf))),
    install: (tables, consumer, onTable) =>
      sessions.use((session) => install(session, tables.map(nameOf), consumer, onTable)),
    uninstall: (uuid) => sessions.use((session) => uninstall(session, uuid)),
    sourceId: () => sessions.use(sourceId),
    feeders: () => sessions.use(readFeeders),

    head: () => sessions.use(async (session) => encodePosition(await readHead(session))),
    covers: (position, goal) => sessions.use((session) => coversGoal(session, position, goal)),
    cursorOf: encodeCursor,
    check: (position, routes) => sessions.use((session) => checkPosition(session, position, routes)),
    adopt: (position) => sessions.use((session) => adoptPosition(session, position)),
    pending: (position, routes, limit) =>
      sessions.use((session) => countPending(session, position, routes, limit)),
    waitForChange: (position, routes, timeoutMs, signal) =>
      waitForChange(sessions, waiting, { position, routes, timeoutMs, signal }),

    read: (request) => sessions.use((session) => readChunk(session, request, reading)),
    changes: (query) => sessions.use((session) => readChanges(session, query)),
    scan: (request) => sessions.use((session) => scanRows(session, request)),
    digest: (request) => sessions.use((session) => digestRows(session, request)),

    consumer: (uuid) => sessions.use((session) => readConsumer(session, uuid)),
    consumers: () => sessions.use(readConsumers),
    acknowledge: (uuid, seq, position, now) =>
      sessions.use((session) => advanceConsumer(session, uuid, { seq, position, now })),
    purge: (request) => sessions.use((session) => purge(session, request)),
    suspend: (uuid) => sessions.use((session) => suspend(session, uuid)),
    figures: (routes) => sessions.use((session) => readFigures(session, routes)),
    estimateRows: (routes) => sessions.use((session) => estimateRows(session, routes)),

    close: () => sessions.close(),
  };
}

function nameOf(table: TableSchema): TableSchema['name'] {
  return table.name;
}
