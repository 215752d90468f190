/** The ranges of a chunk, each on the way that its table can go. */
import { RANGE_IN_MEMORY, routeOnTarget } from '../../../model';
import type {
  Allowance,
  RangeShare,
  RangeToRead,
  RowSet,
  SnapshotProgress,
  TableRoute,
} from '../../../model';
import type { Session } from '../database';
import { readRange } from '../source/read';
import type { Powers } from '../target/preparing';
import { stageSet, type ShapedSet } from '../target/stage-rows';
import type { StagedRange, StagedSet, StagingArea } from '../target/staging';
import type { CopiedColumns } from './copied-columns';
import { openRange, straightWay, type Detours } from './open-range';
import { copyRange } from './stage-range';

export interface RangeSessions {
  /** On the source. */
  readonly reader: Session;
  /** The lane of the target. */
  readonly writer: Session;
  readonly area: StagingArea;
  readonly powers: Powers;
  readonly detours: Detours;
  /** For rows that pass through memory. */
  readonly allowance: Allowance | null;
}

export interface ReadRange {
  readonly progress: SnapshotProgress;
  /** The range without changes. */
  readonly set: StagedSet;
}

/** `columns`: of the tables that can go by COPY; the others' rows pass through memory, no more than it may hold at once. */
export async function readRanges(
  sessions: RangeSessions,
  shares: Iterable<RangeShare>,
  columns: ReadonlyMap<TableRoute, CopiedColumns>,
  shapeSet: (set: RowSet) => Promise<ShapedSet>,
): Promise<ReadonlyMap<TableRoute, ReadRange>> {
  const ranges = new Map<TableRoute, ReadRange>();
  let inMemory = RANGE_IN_MEMORY;
  for (const { range, took } of shares) {
    const copied = columns.get(range.route);
    const limit = copied === undefined ? Math.min(range.limit, inMemory) : range.limit;
    if (limit === 0) continue;
    const found =
      copied === undefined
        ? await stageByRows(sessions, { ...range, limit }, shapeSet)
        : await stageByCopy(sessions, range, copied);
    took(found.progress);
    if (copied === undefined) inMemory -= found.progress.rows;
    ranges.set(range.route, found);
  }
  return ranges;
}

async function stageByRows(
  { reader, writer, area, allowance }: RangeSessions,
  range: RangeToRead,
  shapeSet: (set: RowSet) => Promise<ShapedSet>,
): Promise<ReadRange> {
  const read = await readRange(reader, range, allowance);
  const route = routeOnTarget(range.route);
  const shaped = await shapeSet({ route, deletes: [], upserts: [], range: read.range });
  return { progress: read.snapshot, set: await stageSet(writer, area, shaped) };
}

async function stageByCopy(
  sessions: RangeSessions,
  range: RangeToRead,
  copied: CopiedColumns,
): Promise<ReadRange> {
  const { progress, range: staged } = await takeRange(sessions, range, copied);
  return { progress, set: { ...setWithout(range.route, copied), range: staged } };
}

/** The next range of a table: staged, or with its rows still in the source. */
async function takeRange(
  { reader, writer, area, powers, detours }: RangeSessions,
  range: RangeToRead,
  copied: CopiedColumns,
): Promise<{ readonly progress: SnapshotProgress; readonly range: StagedRange }> {
  const { route } = range;
  const straight = straightWay(range, copied.shape, powers);
  if (straight !== null && !detours.take(route.id)) {
    return openRange({ reader, writer, area, copied, detours, ...straight }, range);
  }
  const table = await area.borrow(copied.columns.map(({ type }) => type));
  return copyRange(reader, writer, { copied, table }, range);
}

/** What is staged of a route that goes by COPY, with nothing in it. */
export function setWithout(route: TableRoute, { shape, columns }: CopiedColumns): StagedSet {
  return {
    route: routeOnTarget(route),
    shape,
    columns,
    changes: null,
    range: null,
    unfit: [],
    gone: [],
  };
}
