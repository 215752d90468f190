/**
 * Reads a chunk by rows: the changes of a window with what must be read again, and snapshot ranges, all in one
 * REPEATABLE READ transaction, which is over before anybody works on the rows.
 */
import { allowanceOf, shareOut } from '../../../model';
import type { Allowance, ChunkRequest, RangeRead, RangeToRead, RowChunk, TableRoute } from '../../../model';
import { decodePosition, encodePosition } from '../capture/position';
import type { Session } from '../database';
import { readingChosen } from '../rows/filter';
import { selectRange } from '../rows/key-order';
import { cursorOf, selectList } from '../rows/scan';
import { readersOf, readTuple } from '../rows/values';
import { readLog, resolveLog, type LoggedChange, type TableChanges } from './changed-rows';
import { readingLocked } from './locked-tables';
import { planConcerned, type CaptureMemory } from './planned-chunk';
import { summarize } from './summarize';
import { noCuts, noteRead, type ChunkPlan, type WindowCuts } from './window';

/** What a source keeps between chunks. */
export interface ReadState {
  readonly cuts: WindowCuts;
  /** Tables of which rows had to be read again: they are locked beforehand, by display name. */
  readonly reread: Set<string>;
  readonly captures: CaptureMemory;
}

export function newReadState(): ReadState {
  return { cuts: noCuts(), reread: new Set(), captures: new WeakMap() };
}

/** Throws SCHEMA_MOVED, SOURCE_WENT_BACK, SOURCE_REPLACED, SOURCE_FAILED_OVER, CAPTURE_MISSING, POSITION_INVALID. */
export async function readChunk(
  session: Session,
  request: ChunkRequest,
  state: ReadState,
): Promise<RowChunk> {
  const { marks } = state.cuts;
  for (;;) {
    const chunk = await readOnce(session, request, state);
    if (chunk === null) continue;
    noteRead(state.cuts, chunk.newestChangedAt);
    if (state.cuts.marks !== marks) await summarize(session, request.routes);
    return chunk;
  }
}

/** Null when rows of tables must be read again that were not locked: they are now remembered. */
async function readOnce(session: Session, request: ChunkRequest, state: ReadState): Promise<RowChunk | null> {
  const { routes } = request;
  const from = decodePosition(request.from);
  return readingLocked(session, request, state.reread, async (now, { locked, snapshot }) => {
    const { plan } = await planConcerned(session, { ...request, snapshot }, { from, now }, state);
    const allowance = allowanceOf(request.bytes);
    const logs = await readLogs(session, routes, plan, allowance);
    const unlocked = [...logs].filter(
      ([route, log]) => !locked.has(route) && log.some((change) => change.again),
    );
    if (unlocked.length > 0) {
      for (const [route] of unlocked) state.reread.add(route.id);
      return null;
    }
    const tables: TableChanges[] = [];
    for (const [route, log] of logs) {
      const changes = await resolveLog(session, route, log, allowance);
      if (changes !== null) tables.push(changes);
    }
    const ranges: RangeRead[] = [];
    for (const { range, took } of shareOut(plan.more ? null : snapshot, routes)) {
      const found = await readRange(session, range, allowance);
      took(found.snapshot);
      ranges.push(found);
    }
    return {
      to: encodePosition(plan.to),
      more: plan.more,
      changes: tables.reduce((sum, table) => sum + table.logged, 0),
      counts: tables.map((table) => table.counts),
      oldestChangedAt: tables.length === 0 ? null : Math.min(...tables.map((table) => table.oldest)),
      newestChangedAt: tables.length === 0 ? null : Math.max(...tables.map((table) => table.newest)),
      snapshot: ranges.map(({ snapshot: progress }) => progress),
      tables: tables.map(({ counts, changes }) => ({ table: counts.table, changes })),
      ranges: ranges.map(({ range }) => range),
    };
  });
}

async function readLogs(
  session: Session,
  routes: readonly TableRoute[],
  plan: ChunkPlan,
  allowance: Allowance | null,
): Promise<ReadonlyMap<TableRoute, readonly LoggedChange[]>> {
  const logs = new Map<TableRoute, LoggedChange[]>();
  for (const { span, logged } of plan.parts) {
    for (const part of logged) {
      const route = routes[part.branch.route];
      if (route === undefined) continue;
      const log = logs.get(route) ?? [];
      // Not spread into arguments: a chunk can hold more rows than a call takes.
      for (const change of await readLog(session, route, { logged: part, span, allowance })) log.push(change);
      logs.set(route, log);
    }
  }
  return logs;
}

/** The next rows of a table in the order of its key. */
export async function readRange(
  session: Session,
  { route, request, limit }: RangeToRead,
  allowance: Allowance | null,
): Promise<RangeRead> {
  const { table, after, replace, only = null } = request;
  if (only === null) await session.execute('SET LOCAL enable_seqscan = on');
  const range = await selectRange(session, {
    table: route.source.name,
    key: route.key,
    // The target makes a range equal by its own order of the key, so both need the common one.
    order: replace ? 'common' : 'own',
    after,
    upTo: null,
    keys: only,
    limit,
    where: route.where,
  });
  const found = await readingChosen(route, () =>
    session.query(`SELECT ${selectList(route.columns)} ${range.sql}`, range.parameters, {
      table: route.id,
      allowance,
    }),
  );
  const readers = readersOf(route.source, route.columns);
  const places = route.key.map((name) => route.columns.indexOf(name));
  const finished = only !== null || found.length < limit;
  const cursor = finished ? null : cursorOf(found.at(-1), places, readers);
  return {
    snapshot: { table, rows: found.length, cursor, finished },
    range: { table, rows: found.map((row) => readTuple(row, readers)), after, upTo: cursor, replace, only },
  };
}
