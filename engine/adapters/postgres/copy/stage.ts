/**
 * Stages a chunk straight out of a source: its changes and a snapshot range, all read in one REPEATABLE READ
 * transaction, which is over before the chunk is merged.
 */
import { routeOnTarget } from '../../../model';
import type { ChunkRequest, ChunkSummary, SnapshotRequest, TableCounts, TableRoute } from '../../../model';
import { requireCapture } from '../capture/check';
import { decodePosition, encodePosition } from '../capture/position';
import { qualify, type Session } from '../database';
import { planConcerned, type PlannedChunk } from '../source/planned-chunk';
import type { ReadState } from '../source/read';
import { summarize } from '../source/summarize';
import type { Logged } from '../source/spans';
import { noteRead, type ChunkPlan } from '../source/window';
import type { Powers } from '../target/preparing';
import type { TargetShape } from '../target/shape';
import type { StagedRows, StagedSet, StagingArea } from '../target/staging';
import { copiedColumns, type CopiedColumns } from './copied-columns';
import type { LoggedPart } from './net-changes';
import { copyChanges, stageAgain, type CopyTask, type StagedChanges } from './stage-changes';
import { openRange, straightWay, type Detours } from './open-range';
import { copyRange } from './stage-range';

export interface CopySessions {
  /** On the source. */
  readonly reader: Session;
  /** The lane of the target. */
  readonly writer: Session;
  readonly area: StagingArea;
  readonly powers: Powers;
  readonly detours: Detours;
  /** Gets the chunk while the reader's transaction is open, which ends when it resolves. */
  readonly keep: (chunk: CopiedChunk) => Promise<void>;
}

export interface CopiedChunk {
  readonly summary: ChunkSummary;
  /** Parents first. */
  readonly sets: readonly StagedSet[];
  /** Rows of it are still in the source. */
  readonly open: boolean;
}

/** Of a route in the words of the source. Throws TARGET_TABLE_MISMATCH. */
export type ShapeOf = (route: TableRoute) => Promise<TargetShape>;

/**
 * `byRows` when a route has columns of other types on the target. Throws SCHEMA_MOVED, SOURCE_WENT_BACK,
 * SOURCE_REPLACED, CAPTURE_MISSING, POSITION_INVALID and the database codes of both sides.
 */
export async function stageCopied(
  sessions: CopySessions,
  request: ChunkRequest,
  shapeOf: ShapeOf,
  state: ReadState,
): Promise<CopiedChunk | 'byRows'> {
  const borrowed: string[] = [];
  const area: StagingArea = {
    ...sessions.area,
    async borrow(types) {
      const table = await sessions.area.borrow(types);
      borrowed.push(table);
      return table;
    },
  };
  const { marks } = state.cuts;
  for (;;) {
    try {
      const staged = await stageOnce({ ...sessions, area }, request, shapeOf, state);
      if (staged !== 'again') {
        if (state.cuts.marks !== marks) await summarize(sessions.reader, request.routes);
        return staged;
      }
    } catch (error) {
      await emptyTables(sessions, borrowed).catch(() => undefined);
      throw error;
    }
    await emptyTables(sessions, borrowed.splice(0));
  }
}

async function emptyTables({ area }: CopySessions, tables: readonly string[]): Promise<void> {
  for (const table of tables) await area.giveBack(table, Infinity);
}

/** `again` when rows of tables must be read again that were not locked: they are now remembered. */
async function stageOnce(
  sessions: CopySessions,
  request: ChunkRequest,
  shapeOf: ShapeOf,
  state: ReadState,
): Promise<CopiedChunk | 'again' | 'byRows'> {
  const { reader } = sessions;
  const { routes, snapshot } = request;
  const from = decodePosition(request.from);
  const locked = routes.filter((route) => state.reread.has(route.id) || route.id === snapshot?.table);
  // A table that is rewritten after a snapshot was taken reads as empty in it: the lock comes first.
  const lock = async (): Promise<void> => {
    for (const route of locked) {
      await reader.execute(`LOCK TABLE ${qualify(route.source.name)} IN ACCESS SHARE MODE`, {
        table: route.id,
      });
    }
  };
  return reader.reading(
    async (now) => {
      const planned = await planConcerned(reader, request, { from, now }, state);
      const columns = await columnsOf(planned, shapeOf);
      if (columns === null) return 'byRows';
      const { plan } = planned;
      const changed = await stagePlan(sessions, request, plan, columns);
      const looksAtRows = ({ staged, task }: Changed): boolean =>
        staged.again > 0 || task.route.where !== null;
      const unlocked = changed.filter((entry) => looksAtRows(entry) && !locked.includes(entry.task.route));
      if (unlocked.length > 0) {
        for (const { task } of unlocked) state.reread.add(task.route.id);
        return 'again';
      }
      const netted: Netted[] = [];
      for (const entry of changed) netted.push(await resolve(sessions, entry));
      const chunk = await finish(sessions, request, plan, { columns, netted });
      noteRead(state.cuts, chunk.summary.newestChangedAt);
      await sessions.keep(chunk);
      return chunk;
    },
    locked.length === 0 ? undefined : lock,
  );
}

type ColumnsByRoute = ReadonlyMap<TableRoute, CopiedColumns>;

async function columnsOf(
  { concerned, captures }: PlannedChunk,
  shapeOf: ShapeOf,
): Promise<ColumnsByRoute | null> {
  const columns = new Map<TableRoute, CopiedColumns>();
  for (const route of concerned) {
    const copied = copiedColumns(route, await shapeOf(route), requireCapture(captures, route));
    if (copied === null) return null;
    columns.set(route, copied);
  }
  return columns;
}

/** What was logged of a table, and what of it is staged. */
interface Changed {
  readonly task: CopyTask;
  readonly logged: TableLog;
  readonly staged: StagedChanges;
}

interface Netted {
  readonly route: TableRoute;
  readonly logged: TableLog;
  readonly rows: StagedRows;
}

async function stagePlan(
  { reader, writer, area }: CopySessions,
  { routes }: ChunkRequest,
  plan: ChunkPlan,
  columns: ColumnsByRoute,
): Promise<readonly Changed[]> {
  const changed: Changed[] = [];
  for (const [index, route] of routes.entries()) {
    const parts = plan.parts.flatMap(({ span, logged }) =>
      logged.flatMap((part): LoggedPart[] => (part.branch.route === index ? [{ span, logged: part }] : [])),
    );
    const copied = columns.get(route);
    if (parts.length === 0 || copied === undefined) continue;
    const task = await taskOf(route, copied, area);
    changed.push({
      task,
      logged: logOf(route, parts),
      staged: await copyChanges(reader, writer, task, parts),
    });
  }
  return changed;
}

async function taskOf(route: TableRoute, copied: CopiedColumns, area: StagingArea): Promise<CopyTask> {
  return { route, copied, table: await area.borrow(copied.columns.map((column) => column.type)) };
}

/** What was logged of one table. */
interface TableLog {
  readonly changes: number;
  readonly counts: TableCounts;
  readonly touches: number;
  readonly oldest: number;
  readonly newest: number;
}

function logOf({ id }: TableRoute, parts: readonly LoggedPart[]): TableLog {
  const sum = (of: (part: Logged) => number): number =>
    parts.reduce((total, { logged }) => total + of(logged), 0);
  return {
    changes: sum(({ changes }) => changes),
    counts: {
      table: id,
      inserted: sum(({ inserted }) => inserted),
      updated: sum(({ updated }) => updated),
      deleted: sum(({ deleted }) => deleted),
    },
    touches: sum(({ touches }) => touches),
    oldest: Math.min(...parts.map(({ logged }) => logged.oldest)),
    newest: Math.max(...parts.map(({ logged }) => logged.newest)),
  };
}

/** Net rows, and what was logged; a touch counts as what came of its key. */
async function resolve({ reader, writer }: CopySessions, { task, logged, staged }: Changed): Promise<Netted> {
  const { route } = task;
  const { rows, gone } = staged.again === 0 ? staged : await stageAgain(reader, writer, task);
  const { updated, deleted } = logged.counts;
  const counts = { ...logged.counts, updated: updated + logged.touches - gone, deleted: deleted + gone };
  return { route, logged: { ...logged, counts }, rows };
}

async function finish(
  sessions: CopySessions,
  { routes, snapshot }: ChunkRequest,
  plan: ChunkPlan,
  staged: {
    readonly columns: ColumnsByRoute;
    readonly netted: readonly Netted[];
  },
): Promise<CopiedChunk> {
  const { columns, netted } = staged;
  const wanted = plan.more ? null : snapshot;
  const ranged = routes.find((route) => route.id === wanted?.table);
  const copied = ranged === undefined ? undefined : columns.get(ranged);
  const range =
    ranged === undefined || copied === undefined || wanted === null
      ? null
      : await readRange(sessions, ranged, copied, wanted);
  const sets = routes.flatMap((route): StagedSet[] => {
    const known = columns.get(route);
    const entry = netted.find((candidate) => candidate.route === route);
    const own = route === ranged ? (range?.range ?? null) : null;
    if (known === undefined || (entry === undefined && own === null)) return [];
    // Rows that a copy has not come to yet are not where they are expected.
    const copying = snapshot?.table === route.id;
    const changes = entry === undefined ? null : copying ? { ...entry.rows, expected: null } : entry.rows;
    return [
      {
        route: routeOnTarget(route),
        shape: known.shape,
        columns: known.columns,
        changes,
        range: own,
        unfit: [],
        gone: [],
      },
    ];
  });
  const logged = netted.map((entry) => entry.logged);
  return {
    sets,
    open: (range?.range.rows.straight ?? null) !== null,
    summary: {
      to: encodePosition(plan.to),
      more: plan.more,
      changes: logged.reduce((sum, { changes }) => sum + changes, 0),
      counts: logged.map(({ counts }) => counts),
      oldestChangedAt: logged.length === 0 ? null : Math.min(...logged.map(({ oldest }) => oldest)),
      newestChangedAt: logged.length === 0 ? null : Math.max(...logged.map(({ newest }) => newest)),
      snapshot: range?.progress ?? null,
    },
  };
}

/** The next range of a table: staged, or with its rows still in the source. */
async function readRange(
  { reader, writer, area, powers, detours }: CopySessions,
  route: TableRoute,
  copied: CopiedColumns,
  wanted: SnapshotRequest,
): ReturnType<typeof copyRange> {
  const straight = straightWay(route, copied.shape, wanted, powers);
  if (straight !== null && !detours.take(route.id)) {
    return openRange({ reader, writer, area, route, copied, detours, ...straight }, wanted);
  }
  return copyRange(reader, writer, await taskOf(route, copied, area), wanted);
}
