/**
 * Stages a chunk straight out of a source: its changes and snapshot ranges, all read in one REPEATABLE READ
 * transaction, which is over before the chunk is merged.
 */
import { allowanceOf, shareOut } from '../../../model';
import type { ChunkRequest, ChunkSummary, RowSet, TableCounts, TableRoute } from '../../../model';
import { requireCapture } from '../capture/check';
import { decodePosition, encodePosition } from '../capture/position';
import { planConcerned, type PlannedChunk } from '../source/planned-chunk';
import { readingLocked } from '../source/locked-tables';
import type { ReadState } from '../source/read';
import { summarize } from '../source/summarize';
import type { Logged } from '../source/spans';
import { noteRead, type ChunkPlan } from '../source/window';
import type { TargetShape } from '../target/shape';
import type { ShapedSet } from '../target/stage-rows';
import type { StagedRows, StagedSet, StagingArea } from '../target/staging';
import { copiedColumns, type CopiedColumns } from './copied-columns';
import type { LoggedPart } from './net-changes';
import { copyChanges, stageAgain, type CopyTask, type StagedChanges } from './stage-changes';
import { readRanges, setWithout, type RangeSessions } from './read-ranges';

export interface CopySessions extends Omit<RangeSessions, 'allowance'> {
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

/** Shapes of the target's tables. Each throws TARGET_TABLE_MISMATCH. */
export interface TargetShapes {
  /** Of a route in the words of the source. */
  readonly of: (route: TableRoute) => Promise<TargetShape>;
  readonly forSet: (set: RowSet) => Promise<ShapedSet>;
}

/**
 * `byRows` when a route with changes has columns of other types on the target. Throws SCHEMA_MOVED, SOURCE_WENT_BACK,
 * SOURCE_REPLACED, CAPTURE_MISSING, POSITION_INVALID and the database codes of both sides.
 */
export async function stageCopied(
  sessions: CopySessions,
  request: ChunkRequest,
  shapes: TargetShapes,
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
      const allowance = allowanceOf(request.bytes);
      const staged = await stageOnce({ ...sessions, area, allowance }, request, shapes, state);
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

type StagingSessions = CopySessions & Pick<RangeSessions, 'allowance'>;

async function emptyTables({ area }: CopySessions, tables: readonly string[]): Promise<void> {
  for (const table of tables) await area.giveBack(table, Infinity);
}

/** `again` when rows of tables must be read again that were not locked: they are now remembered. */
async function stageOnce(
  sessions: StagingSessions,
  request: ChunkRequest,
  shapes: TargetShapes,
  state: ReadState,
): Promise<CopiedChunk | 'again' | 'byRows'> {
  const { reader } = sessions;
  const from = decodePosition(request.from);
  return readingLocked(reader, request, state.reread, async (now, { locked, snapshot }) => {
    const readable = { ...request, snapshot };
    const planned = await planConcerned(reader, readable, { from, now }, state);
    const { plan } = planned;
    const columns = await columnsOf(planned, shapes);
    if (changedRoutes(request, plan).some((route) => !columns.has(route))) return 'byRows';
    const changed = await stagePlan(sessions, request, plan, columns);
    const looksAtRows = ({ staged, task }: Changed): boolean => staged.again > 0 || task.route.where !== null;
    const unlocked = changed.filter((entry) => looksAtRows(entry) && !locked.has(entry.task.route));
    if (unlocked.length > 0) {
      for (const { task } of unlocked) state.reread.add(task.route.id);
      return 'again';
    }
    const netted: Netted[] = [];
    for (const entry of changed) netted.push(await resolve(sessions, entry));
    const chunk = await finish(sessions, readable, plan, { columns, netted, shapeSet: shapes.forSet });
    noteRead(state.cuts, chunk.summary.newestChangedAt);
    await sessions.keep(chunk);
    return chunk;
  });
}

type ColumnsByRoute = ReadonlyMap<TableRoute, CopiedColumns>;

/** Of the tables that a chunk is about and that have the same types on the target. */
async function columnsOf(
  { concerned, captures }: PlannedChunk,
  shapes: TargetShapes,
): Promise<ColumnsByRoute> {
  const columns = new Map<TableRoute, CopiedColumns>();
  for (const route of concerned) {
    const copied = copiedColumns(route, await shapes.of(route), requireCapture(captures, route));
    if (copied !== null) columns.set(route, copied);
  }
  return columns;
}

function changedRoutes({ routes }: ChunkRequest, { parts }: ChunkPlan): readonly TableRoute[] {
  const changed = new Set(parts.flatMap(({ logged }) => logged.map(({ branch }) => branch.route)));
  return routes.filter((_, index) => changed.has(index));
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
async function resolve(
  { reader, writer, allowance }: StagingSessions,
  { task, logged, staged }: Changed,
): Promise<Netted> {
  const { route } = task;
  const { rows, gone } = staged.again === 0 ? staged : await stageAgain(reader, writer, task, allowance);
  const { updated, deleted } = logged.counts;
  const counts = { ...logged.counts, updated: updated + logged.touches - gone, deleted: deleted + gone };
  return { route, logged: { ...logged, counts }, rows };
}

async function finish(
  sessions: StagingSessions,
  { routes, snapshot }: ChunkRequest,
  plan: ChunkPlan,
  staged: {
    readonly columns: ColumnsByRoute;
    readonly netted: readonly Netted[];
    readonly shapeSet: TargetShapes['forSet'];
  },
): Promise<CopiedChunk> {
  const { columns, netted, shapeSet } = staged;
  const shares = shareOut(plan.more ? null : snapshot, routes);
  const ranges = await readRanges(sessions, shares, columns, shapeSet);
  const copying = new Set(snapshot?.ranges.map(({ table }) => table));
  const sets = routes.flatMap((route): StagedSet[] => {
    const known = columns.get(route);
    const entry = netted.find((candidate) => candidate.route === route);
    const own = ranges.get(route)?.set;
    if (entry === undefined || known === undefined) return own === undefined ? [] : [own];
    // Rows that a copy has not come to yet are not where they are expected.
    const changes = copying.has(route.id) ? { ...entry.rows, expected: null } : entry.rows;
    return [{ ...(own ?? setWithout(route, known)), changes }];
  });
  const logged = netted.map((entry) => entry.logged);
  return {
    sets,
    open: sets.some(({ range }) => (range?.rows.straight ?? null) !== null),
    summary: {
      to: encodePosition(plan.to),
      more: plan.more,
      changes: logged.reduce((sum, { changes }) => sum + changes, 0),
      counts: logged.map(({ counts }) => counts),
      oldestChangedAt: logged.length === 0 ? null : Math.min(...logged.map(({ oldest }) => oldest)),
      newestChangedAt: logged.length === 0 ? null : Math.max(...logged.map(({ newest }) => newest)),
      snapshot: [...ranges.values()].map(({ progress }) => progress),
    },
  };
}
