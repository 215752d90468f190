/** Compares source and target row by row, range by range in the order of the key. */
import { requireCheckpoint } from '../apply';
import type { Comparison, Cursor, Source, TableComparison, TableRoute, Target, Tuple, Value } from '../model';
import { displayName } from '../model';
import type { PipelineContext } from './context';
import type { Pipeline } from './contract';

/** Rows read at once from each side: bounds memory. */
const RANGE_ROWS = 5_000;

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
  const tables: TableComparison[] = [];
  let compared = 0;
  for (const route of before.routes) {
    const comparison = await compareTable(source, target, route, (rows) => {
      compared += rows;
      options.onProgress?.(compared);
      options.signal?.throwIfAborted();
    });
    tables.push(comparison);
  }
  const after = await settled(context, source, target);
  const equal = tables.every((table) => table.missing + table.extra + table.different === 0);
  return {
    equal,
    exact: before.nothingPending && after.nothingPending && before.head === after.head,
    tables,
  };
}

async function settled(context: PipelineContext, source: Source, target: Target) {
  const checkpoint = requireCheckpoint(await target.checkpoint(context.ref.name), context.ref.name);
  const tables = await target.tableCheckpoints(checkpoint.uuid);
  const routes = await context.routesOf(tables);
  const head = await source.head();
  const pending = await source.pending(checkpoint.position, routes, 1);
  const nothingPending = pending.count === 0 && tables.every((table) => table.state === 'replicating');
  return { routes, head, nothingPending };
}

async function compareTable(
  source: Source,
  target: Target,
  route: TableRoute,
  onRows: (rows: number) => void,
): Promise<TableComparison> {
  const counts = { sourceRows: 0, targetRows: 0, missing: 0, extra: 0, different: 0 };
  let after: Cursor | null = null;
  for (;;) {
    const shape = { columns: route.columns, key: route.key, after };
    const here = await source.scan({ ...shape, table: route.source.name, upTo: null, limit: RANGE_ROWS });
    const last = here.rows.length < RANGE_ROWS;
    // The last range is open, so that rows beyond the source's last key count as extra.
    const there = await target.scan({
      ...shape,
      table: route.target,
      upTo: last ? null : here.cursor,
      limit: null,
    });
    compareRange(here.rows, there.rows, counts);
    onRows(here.rows.length);
    if (last || here.cursor === null) break;
    after = here.cursor;
  }
  return { source: route.id, target: displayName(route.target), ...counts };
}

interface KeyedRow {
  readonly identity: string;
  readonly row: Tuple;
}

function compareRange(
  here: readonly KeyedRow[],
  there: readonly KeyedRow[],
  counts: { sourceRows: number; targetRows: number; missing: number; extra: number; different: number },
): void {
  const rest = new Map(there.map((entry) => [entry.identity, entry.row]));
  counts.sourceRows += here.length;
  counts.targetRows += there.length;
  for (const { identity, row } of here) {
    const other = rest.get(identity);
    if (other === undefined) counts.missing += 1;
    else if (!row.every((value, column) => sameValue(value, other[column]))) counts.different += 1;
    rest.delete(identity);
  }
  counts.extra += rest.size;
}

/** Same storage class and same content: 1 and 1.0 differ, so do 0.0 and -0.0. */
export function sameValue(a: Value, b: Value | undefined): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return a.length === b.length && a.every((byte, index) => byte === b[index]);
  }
  return Object.is(a, b);
}
