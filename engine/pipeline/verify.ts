/** Compares source and target row by row, range by range in the order of the key. */
import { requireCheckpoint } from '../apply';
import type {
  Comparison,
  Cursor,
  ScanRequest,
  ScanResult,
  Source,
  TableComparison,
  TableRoute,
  Target,
  Value,
} from '../model';
import { displayName, keepsOrder } from '../model';
import { readLetterCounts } from './checkpoint';
import type { PipelineContext } from './context';
import type { Pipeline } from './contract';
import { likenessOf, type Likeness } from './likeness';

/** Rows read at once from each side, and about how much memory they may take: ranges follow the size of the rows. */
const FIRST_ROWS = 200;
const MOST_ROWS = 5_000;
const RANGE_BYTES = 16 * 1024 * 1024;

/**
 * Exact once writers rest: then nothing is pending before and after. While they write, replication in flight may
 * show as a difference, and `exact` is false.
 */
export async function verifyPipeline(
  context: PipelineContext,
  options: Parameters<Pipeline['verify']>[0],
): Promise<Comparison> {
  const source = await context.connections.source();
  const target = await context.connections.target();
  const before = await settled(context, source, target);
  const likeness = likenessOf(context.sameFamily);
  const letters = await readLetterCounts(context, before.checkpoint);
  const tables: TableComparison[] = [];
  let compared = 0;
  for (const route of before.routes) {
    const inRanges = context.sameFamily || keepsOrder(route);
    const comparison = await compareTable({ source, target, likeness, inRanges }, route, (rows) => {
      compared += rows;
      options.onProgress?.(compared);
      options.signal?.throwIfAborted();
    });
    tables.push({ ...comparison, deadLetters: letters.get(route.id) ?? 0 });
  }
  const after = await settled(context, source, target);
  const equal = tables.every((table) => table.missing + table.extra + table.different === 0);
  const rested = before.nothingPending && after.nothingPending;
  // A later position can cover the same changes: a server's numbers go on with whatever is written on it.
  return { equal, exact: rested && (await source.covers(before.head, after.head)), tables };
}

async function settled(context: PipelineContext, source: Source, target: Target) {
  const checkpoint = requireCheckpoint(await target.checkpoint(context.ref.name), context.ref.name);
  const tables = await target.tableCheckpoints(checkpoint.uuid);
  const routes = await context.routesOf(tables);
  const head = await source.head();
  const pending = await source.pending(checkpoint.position, routes, 1);
  const nothingPending = pending.count === 0 && tables.every((table) => table.state === 'replicating');
  return { checkpoint, routes, head, nothingPending };
}

interface Counts {
  sourceRows: number;
  targetRows: number;
  missing: number;
  extra: number;
  different: number;
}

interface Sides {
  readonly source: Source;
  readonly target: Target;
  readonly likeness: Likeness;
  /** False where the key has another order on the target. */
  readonly inRanges: boolean;
}

async function compareTable(
  { source, target, likeness, inRanges }: Sides,
  route: TableRoute,
  onRows: (rows: number) => void,
): Promise<Omit<TableComparison, 'deadLetters'>> {
  const counts: Counts = { sourceRows: 0, targetRows: 0, missing: 0, extra: 0, different: 0 };
  const ranges = inRanges ? rangesOf(source, route, onRows) : wholeTable(source, route, onRows);
  for await (const range of ranges) {
    counts.sourceRows += range.rows.length;
    await compareRange(target, route, likeness, range, counts);
  }
  return { source: route.id, target: displayName(route.target), ...counts };
}

/** Rows of the source, and between which keys the target must have the same. */
interface Range extends Pick<ScanResult, 'rows'>, Pick<ScanRequest, 'after' | 'upTo'> {
  readonly limit: number;
}

async function* rangesOf(
  source: Source,
  { source: { name: table }, columns, key }: TableRoute,
  onRows: (rows: number) => void,
): AsyncGenerator<Range> {
  let after: Cursor | null = null;
  let limit = FIRST_ROWS;
  for (;;) {
    const { rows, cursor }: ScanResult = await source.scan({ table, columns, key, after, upTo: null, limit });
    // The last range is open, so that rows beyond the source's last key count as extra.
    const last = rows.length < limit || cursor === null;
    yield { rows, after, upTo: last ? null : cursor, limit };
    onRows(rows.length);
    if (last) return;
    after = cursor;
    limit = nextLimit(rows);
  }
}

/** All rows as one range: a range of the source would be none of the target. They have to fit into memory. */
async function* wholeTable(
  source: Source,
  route: TableRoute,
  onRows: (rows: number) => void,
): AsyncGenerator<Range> {
  const rows: ScanResult['rows'][number][] = [];
  let limit = FIRST_ROWS;
  for await (const range of rangesOf(source, route, onRows)) {
    for (const row of range.rows) rows.push(row);
    limit = range.limit;
  }
  yield { rows, after: null, upTo: null, limit };
}

/** Streams the target's rows of a range past the source's: it may hold any number that the source does not have. */
async function compareRange(
  target: Target,
  route: TableRoute,
  likeness: Likeness,
  range: Range,
  counts: Counts,
): Promise<void> {
  const rest = new Map(range.rows.map((entry) => [likeness.identity(route, entry), entry.row]));
  let { after, limit } = range;
  for (;;) {
    const { columns, key } = route;
    const there = await target.scan({ table: route.target, columns, key, after, upTo: range.upTo, limit });
    counts.targetRows += there.rows.length;
    for (const entry of there.rows) {
      const identity = likeness.identity(route, entry);
      const expected = rest.get(identity);
      if (expected === undefined) counts.extra += 1;
      else if (!expected.every((value, column) => likeness.sameValue(value, entry.row[column])))
        counts.different += 1;
      rest.delete(identity);
    }
    if (there.rows.length < limit || there.cursor === null) break;
    after = there.cursor;
    limit = nextLimit(there.rows);
  }
  counts.missing += rest.size;
}

/** As many rows like these as keep a range within its bytes. */
function nextLimit(rows: ScanResult['rows']): number {
  const bytes = rows.reduce(
    (sum, { row }) => sum + row.reduce<number>((size, value) => size + sizeOf(value), 0),
    0,
  );
  const fitting = Math.floor((RANGE_BYTES * rows.length) / Math.max(bytes, 1));
  return Math.max(1, Math.min(MOST_ROWS, fitting));
}

/** Roughly, in memory. */
function sizeOf(value: Value): number {
  if (typeof value === 'string') return 16 + 2 * value.length;
  return value instanceof Uint8Array ? 64 + value.length : 16;
}
