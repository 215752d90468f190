/** The simulated source behind the engine's port. */
import { CdcError, asCursor, chunkTooLarge, displayName } from '../../engine';
import type { Change, Consumer, Position, RowChunk, Source, TableRoute } from '../../engine';
import type { Actor, Scheduler } from './scheduler';
import { FAMILY, keyOf, tableSchema } from './schema';
import { covers, formatPosition, includes, parsePosition } from './positions';
import type { ParsedPosition } from './positions';
import type { LoggedChange, SourceDatabase } from './source-database';
import { readChunk, tableNames, waiting } from './source-reading';
import type { ReadingRules } from './source-reading';

export interface SourceRules extends ReadingRules {
  /** `check` knows a restored source by the newest transaction that the position saw; else the handshake has to. */
  readonly fingerprint: boolean;
  /** Offered to targets, so that rows need not pass by the engine. */
  readonly direct: boolean;
  /** Told of each purge: what it deleted, and whether some consumer held back what another had passed. */
  readonly onPurge: (changes: readonly LoggedChange[], heldBack: boolean) => void;
  /** More rows than these take too much memory, where that is limited. */
  readonly mostRows: number;
  /** Told where they did. */
  readonly onTooLarge: () => void;
  /** Told of each chunk, and whether it went on with a snapshot that another connection began. */
  readonly onRead: (chunk: RowChunk, resumed: boolean) => void;
  /** Told when a consumer's progress was recorded. */
  readonly onAcknowledge: (uuid: string) => void;
}

export interface SourceWorld {
  readonly scheduler: Scheduler;
  readonly database: SourceDatabase;
  readonly rules: SourceRules;
  readonly uuid: () => string;
}

/** How long installing waits for writers of its tables, milliseconds. */
const LOCK_TIMEOUT_MS = 400;

export function openSource(world: SourceWorld, actor: Actor): Source {
  const { database, rules, scheduler } = world;
  const connection = database.hub.open(actor);
  let hasRead = false;
  const tablesOf = (routes: readonly TableRoute[]): ReadonlySet<string> =>
    new Set(routes.map((route) => route.id));
  /** A source that was restored or purged by force may not be read on as if nothing had been: check again. */
  const token = (): string =>
    `${rules.fingerprint ? String(database.incarnation) : ''}/${String(database.state.forced)}`;
  const headPosition = (): Position =>
    formatPosition({ from: database.snapshot(), to: null, after: 0, mark: database.mark() });
  const pendingFrom = (position: ParsedPosition, routes: readonly TableRoute[]): readonly LoggedChange[] =>
    waiting(database, position, tablesOf(routes), database.snapshot());
  const setConsumer = (consumer: Consumer): void => {
    database.state.consumers.set(consumer.uuid, consumer);
  };

  return {
    adapter: FAMILY,
    family: FAMILY,
    remembers: true,
    offers: rules.direct ? [{ transport: 'copy', family: FAMILY, locator: '' }] : [],
    tables: () =>
      connection.ask('tables', () =>
        [...database.state.chains.keys()].map((name) =>
          tableSchema({ schema: null, name }, rules.reread.has(name)),
        ),
      ),
    planCapture: () => Promise.resolve([]),
    notices: () => Promise.resolve([]),

    async install(schemas, { uuid, name, now, reset }) {
      const tables = tableNames(schemas);
      const fresh = (): boolean => tables.some((table) => !database.state.captured.has(table));
      // Capture that starts inside a transaction would see half of it.
      const free = await connection.until(
        'lock tables',
        LOCK_TIMEOUT_MS,
        () => !fresh() || !database.isWritten(tables),
      );
      if (!free) throw new CdcError('DATABASE_LOCKED', 'A writer holds a table');
      return connection.perform('install', () => {
        const { state } = database;
        if (fresh() && database.isWritten(tables))
          throw new CdcError('DATABASE_LOCKED', 'A writer holds a table');
        state.sourceId ??= world.uuid();
        for (const table of tables) state.captured.add(table);
        const known = state.consumers.get(uuid);
        const position = known === undefined || reset ? headPosition() : known.position;
        const seq = reset ? 0 : (known?.seq ?? 0);
        const consumer: Consumer = { uuid, name, seq, position, suspended: false, updatedAt: now, tables };
        setConsumer(consumer);
        return consumer;
      });
    },
    uninstall: (uuid) =>
      connection.perform('uninstall', () => {
        const { state } = database;
        state.consumers.delete(uuid);
        const consumed = new Set([...state.consumers.values()].flatMap(({ tables }) => tables));
        for (const table of state.captured) {
          if (consumed.has(table)) continue;
          state.captured.delete(table);
          state.log = state.log.filter((change) => change.table !== table);
        }
      }),
    sourceId: () => connection.ask('source id', () => database.state.sourceId),
    feeders: () => Promise.resolve([]),

    head: () => connection.ask('head', headPosition),
    cursorOf: (key) => asCursor(String(keyOf(key))),
    adopt: (position) => Promise.resolve(position),
    covers: (position, goal) =>
      connection.ask('covers', () => includes(parsePosition(position).from, parsePosition(goal).from)),
    check: (position, routes) =>
      connection.ask('check', () => {
        const parsed = parsePosition(position);
        const { state } = database;
        if (rules.fingerprint && !hasMark(database, parsed)) {
          throw new CdcError('SOURCE_WENT_BACK', 'The source lacks a transaction that was read');
        }
        for (const { id } of routes) {
          if (!state.captured.has(id))
            throw new CdcError('CAPTURE_MISSING', 'A table is not captured', { table: id });
          if (state.purged.some((change) => change.table === id && !covers(parsed, change))) {
            throw new CdcError('POSITION_PURGED', 'Changes were purged that were not applied', { table: id });
          }
        }
        return token();
      }),
    pending: (position, routes, limit) =>
      connection.ask('pending', () => {
        const changes = pendingFrom(parsePosition(position), routes).slice(0, limit);
        return { count: changes.length, oldestChangedAt: changes[0]?.changedAt ?? null };
      }),
    async waitForChange(position, routes, timeoutMs, signal) {
      const parsed = parsePosition(position);
      const deadline = scheduler.now() + timeoutMs;
      for (;;) {
        if (pendingFrom(parsed, routes).length > 0) return true;
        const left = deadline - scheduler.now();
        if (signal.aborted || left <= 0) return false;
        const { commits } = database;
        await connection.until('wait for change', left, () => signal.aborted || database.commits !== commits);
      }
    },

    async read(request) {
      await connection.step('read');
      if (request.schemaToken !== token()) throw new CdcError('SCHEMA_MOVED', 'Look again');
      const chunk = readChunk(database, request, rules);
      const { bytes = null } = request;
      const rows = [
        ...chunk.tables.map(({ changes }) => changes),
        ...chunk.ranges.map((range) => range.rows),
      ];
      if (bytes !== null && rows.flat().length > rules.mostRows) {
        rules.onTooLarge();
        throw chunkTooLarge();
      }
      const begun = request.snapshot?.ranges.some(({ after }) => after !== null) === true;
      rules.onRead(chunk, !hasRead && begun);
      hasRead = true;
      return chunk;
    },
    changes: () => Promise.resolve<readonly Change[]>([]),
    scan: ({ table, after, upTo, limit, keys }) =>
      connection.ask('scan', () => {
        const rows = database
          .rows(displayName(table), database.snapshot())
          .filter((row) => keys === undefined || keys.some((key) => keyOf(row) === Number(key)))
          .filter((row) => after === null || keyOf(row) > Number(after))
          .filter((row) => upTo === null || keyOf(row) <= Number(upTo))
          .slice(0, limit ?? undefined);
        const last = rows.at(-1);
        return {
          rows: rows.map((row) => ({ identity: String(keyOf(row)), row })),
          cursor: last === undefined ? null : asCursor(String(keyOf(last))),
        };
      }),

    consumer: (uuid) => connection.ask('consumer', () => database.state.consumers.get(uuid) ?? null),
    consumers: () => connection.ask('consumers', () => [...database.state.consumers.values()]),
    acknowledge: (uuid, seq, position, now) =>
      connection.perform('acknowledge', () => {
        const known = database.state.consumers.get(uuid);
        if (known === undefined || seq <= known.seq) return;
        setConsumer({ ...known, seq, position, updatedAt: now });
        rules.onAcknowledge(uuid);
      }),
    purge: ({ before, limit }) =>
      connection.perform('purge', () => {
        const { state } = database;
        const readers = [...state.consumers.values()].map(({ tables, position }) => ({
          tables: new Set(tables),
          position: parsePosition(position),
        }));
        const isPassed = (change: LoggedChange): boolean[] =>
          readers.flatMap(({ tables, position }) =>
            tables.has(change.table) ? [covers(position, change)] : [],
          );
        const old = state.log
          .filter(({ changedAt }) => changedAt < before)
          .map((change) => ({ change, passed: isPassed(change) }));
        const gone = old
          .filter(({ passed }) => !passed.includes(false))
          .map(({ change }) => change)
          .slice(0, limit);
        deleteChanges(database, gone, true);
        rules.onPurge(
          gone,
          old.some(({ passed }) => passed.includes(false) && passed.includes(true)),
        );
        return gone.length;
      }),
    suspend: () => Promise.reject(new CdcError('INTERNAL', 'Not simulated')),
    figures: (routes) =>
      connection.ask('figures', () =>
        routes.map(({ id }) => ({
          table: id,
          stored: database.state.log.filter(({ table }) => table === id).length,
        })),
      ),
    estimateRows: (routes) => Promise.resolve(routes.map(() => null)),
    close() {
      connection.end();
      return Promise.resolve();
    },
  };
}

/** True when this source has lived through all that the position has seen. */
export function hasMark(database: SourceDatabase, { mark }: ParsedPosition): boolean {
  return mark === 0 || database.state.marks.includes(mark);
}

/** `floor` false is a mutation: the deletion is not remembered. */
export function deleteChanges(
  database: SourceDatabase,
  changes: readonly LoggedChange[],
  floor: boolean,
): void {
  if (changes.length === 0) return;
  const { state } = database;
  const gone = new Set(changes);
  state.log = state.log.filter((change) => !gone.has(change));
  if (floor) state.purged = [...state.purged, ...changes];
}
