/**
 * The first look of a comparison: range by range in the order of the key, the source's rows and then the target's. What
 * differs is only suspected to: it may be on its way.
 */
import { createFitting, routeOnTarget } from '../model';
import type {
  Cursor,
  Fitting,
  RangeDigest,
  RowDifference,
  ScanRequest,
  ScanResult,
  Source,
  TableRoute,
  Target,
  Tuple,
} from '../model';
import type { LikenessOf } from './likeness';

/** Rows read at once from each side, and about how much memory they may take. */
const MOST_ROWS = 5_000;
const RANGE_BYTES = 16 * 1024 * 1024;

/** Rows under one digest; where that differs, smaller ranges are digested, and then rows are read. */
const DIGEST_ROWS: readonly number[] = [20_000, 1_000];

export interface Sides {
  readonly source: Source;
  readonly target: Target;
  readonly likenessOf: LikenessOf;
  /** True when both are of one family. */
  readonly alike: boolean;
}

/** A key under which the sides were not the same. */
export interface Suspect {
  /** What was seen of it: `extra`: no row on the source. `missing`: none on the target. */
  readonly kind: RowDifference['kind'];
  /** Values of the key's columns as the source spells them, and as the target does, where it has the row. */
  readonly key: Tuple;
  readonly targetKey: Tuple;
}

/** What a step of the comparison came to. */
export interface Compared {
  readonly sourceRows: number;
  readonly targetRows: number;
  readonly suspects: readonly Suspect[];
  /** As many rows like these fit into memory at once. */
  readonly fitting: number;
}

/** Only where the key has the same order on both sides; else a range of the source is none of the target. */
export function compareInRanges(sides: Sides, route: TableRoute): AsyncGenerator<Compared> {
  return compareBounds(sides, route, ALL);
}

type Bounds = Pick<ScanRequest, 'after' | 'upTo'>;

const ALL: Bounds = { after: null, upTo: null };

/** By digests where both sides can and spell all values alike; by rows where these differ, or there are none. */
function compareBounds(sides: Sides, route: TableRoute, bounds: Bounds, level = 0): AsyncGenerator<Compared> {
  const { source, target } = sides;
  const limit = DIGEST_ROWS[level];
  const isDigested = sides.alike && sides.likenessOf(route).isExact && limit !== undefined;
  if (!isDigested || source.digest === undefined || target.digest === undefined)
    return compareRows(sides, route, bounds);
  return compareDigests(sides, route, bounds, {
    limit,
    level,
    here: source.digest.bind(source),
    there: target.digest.bind(target),
  });
}

async function* compareRows(sides: Sides, route: TableRoute, bounds: Bounds): AsyncGenerator<Compared> {
  // Rows are as large on the one side as on the other.
  const fitting = createFitting(RANGE_BYTES);
  const ranges = rangesOf(sides.source, sourceTable(route), bounds, fitting);
  for await (const range of ranges) yield* compareRange(sides, route, range, fitting);
}

interface Digesting {
  readonly limit: number;
  readonly level: number;
  readonly here: NonNullable<Source['digest']>;
  readonly there: NonNullable<Target['digest']>;
}

async function* compareDigests(
  sides: Sides,
  route: TableRoute,
  bounds: Bounds,
  { limit, level, here, there }: Digesting,
): AsyncGenerator<Compared> {
  const { columns, key, source, where } = route;
  const { target, columns: targetColumns, key: targetKey } = routeOnTarget(route);
  const next = (after: Cursor | null): Promise<RangeDigest> => {
    const digest = here({ table: source.name, columns, key, after, upTo: bounds.upTo, limit, where });
    // Its failure is thrown where it is awaited; until then it must not count as unhandled.
    digest.catch(() => undefined);
    return digest;
  };
  let { after } = bounds;
  let coming: Promise<RangeDigest> | null = next(after);
  while (coming !== null) {
    const one: RangeDigest = await coming;
    // The source goes on while the target is at this range.
    coming = one.cursor === null ? null : next(one.cursor);
    const range: Bounds = { after, upTo: one.cursor ?? bounds.upTo };
    const other = await there({
      table: target,
      columns: targetColumns,
      key: targetKey,
      ...range,
      limit: null,
    });
    if (one.rows === other.rows && one.digest === other.digest) {
      yield { sourceRows: one.rows, targetRows: other.rows, suspects: [], fitting: MOST_ROWS };
    } else yield* compareBounds(sides, route, range, level + 1);
    after = one.cursor;
  }
}

/** Rows of one side, and between which keys the other must have the same. */
interface Range extends Pick<ScanResult, 'rows'>, Pick<ScanRequest, 'after' | 'upTo'> {
  readonly limit: number;
}

/** A table, or those of its rows that fulfil a condition, as a side calls it. */
export type ScannedTable = Pick<ScanRequest, 'table' | 'columns' | 'key' | 'where'>;

export function sourceTable({ source, columns, key, where }: TableRoute): ScannedTable {
  return { table: source.name, columns, key, where };
}

/** The target holds only what fulfils the condition. */
export function targetTable(route: TableRoute): ScannedTable {
  const { target, columns, key } = routeOnTarget(route);
  return { table: target, columns, key, where: null };
}

/** A table's rows, as many at once as fit into memory. */
export async function* rangesOf(
  side: Pick<Source, 'scan'>,
  { table, columns, key, where = null }: ScannedTable,
  bounds: Bounds = ALL,
  fitting = createFitting(RANGE_BYTES),
): AsyncGenerator<Range> {
  const { upTo } = bounds;
  let { after } = bounds;
  for (;;) {
    const range = { table, columns, key, after, upTo, where };
    const { rows, cursor, limit }: Scanned = await scanFitting(side, fitting, range);
    // The last range is open, so that rows beyond the source's last key count as extra.
    const last = rows.length < limit || cursor === null;
    yield { rows, after, upTo: last ? upTo : cursor, limit };
    if (last) return;
    after = cursor;
  }
}

/** Rows, and how many there may have been. */
export interface Scanned extends ScanResult {
  readonly limit: number;
}

/** As many rows as fit into memory, `most` of them. */
export function scanFitting(
  side: Pick<Source, 'scan'>,
  fitting: Fitting,
  range: Omit<ScanRequest, 'limit' | 'bytes'>,
  most = MOST_ROWS,
): Promise<Scanned> {
  return fitting.read(
    most,
    async ({ rows: limit, bytes }) => ({ ...(await side.scan({ ...range, limit, bytes })), limit }),
    ({ rows }) => rows.map(({ row }) => row),
  );
}

/** Streams the target's rows of a range past the source's: it may hold any number that the source does not have. */
async function* compareRange(
  { target, likenessOf }: Sides,
  route: TableRoute,
  range: Range,
  fitting: Fitting,
): AsyncGenerator<Compared> {
  const likeness = likenessOf(route);
  const rest = new Map(range.rows.map((entry) => [likeness.identity('source', entry), entry.row]));
  const { target: table, columns, key } = routeOnTarget(route);
  let { after } = range;
  let fewest = range.limit;
  let sourceRows = range.rows.length;
  for (;;) {
    const bounds = { table, columns, key, after, upTo: range.upTo };
    const there = await scanFitting(target, fitting, bounds);
    fewest = Math.min(fewest, there.limit);
    const suspects: Suspect[] = [];
    for (const entry of there.rows) {
      const identity = likeness.identity('target', entry);
      const expected = rest.get(identity);
      rest.delete(identity);
      if (expected !== undefined && likeness.sameRows(expected, entry.row)) continue;
      const targetKey = keyIn(route, entry.row);
      const own = expected === undefined ? targetKey : keyIn(route, expected);
      const kind = expected === undefined ? 'extra' : 'different';
      suspects.push({ kind, key: own, targetKey });
    }
    yield { sourceRows, targetRows: there.rows.length, suspects, fitting: fewest };
    sourceRows = 0;
    if (there.rows.length < there.limit || there.cursor === null) break;
    after = there.cursor;
  }
  const missing = [...rest.values()].map((row): Suspect => {
    const own = keyIn(route, row);
    return { kind: 'missing', key: own, targetKey: own };
  });
  if (missing.length > 0) yield { sourceRows: 0, targetRows: 0, suspects: missing, fitting: fewest };
}

/** Values of the key's columns. */
export function keyIn({ key, columns }: TableRoute, row: Tuple): Tuple {
  return key.map((column) => row[columns.indexOf(column)] ?? null);
}
