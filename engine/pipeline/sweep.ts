/**
 * Sweeps: what a column does not show is found by comparing keys of both sides, and versions where each row counts its
 * own. Whatever differs is only marked: an attempt reads its row on the source again, so nothing that was written
 * meanwhile is lost by it.
 */
import { isTableFailure, movingTables } from '../apply';
import { isCdcError } from '../errors';
import { createFitting, filterSql, routeOnTarget } from '../model';
import type { Cursor, KeysetCapture, RowKey, TableRoute, TableSchema, Tuple } from '../model';
import { readProgress } from './checkpoint';
import { keyIn, scanFitting } from './compare-ranges';
import type { Scanned, Sides } from './compare-ranges';
import { compareTable } from './compare-table';
import type { PipelineContext } from './context';
import type { SweepOptions, SweepResult } from './contract';
import { createLikeness } from './likeness';
import type { Side } from './likeness';
import { markRepairs } from './repair';

/** Keys that are marked at once. */
const MARKED_AT_ONCE = 500;

/** Of tables that are not being copied. Throws PIPELINE_UNKNOWN, FENCED, and the databases' codes. */
export async function sweepPipeline(context: PipelineContext, options: SweepOptions): Promise<SweepResult> {
  const { capture } = context.ref;
  if (capture === undefined || capture === 'trigger' || capture.sweepMs === null) return { keys: 0 };
  let keys = 0;
  for (const route of await routesToSweep(context)) {
    try {
      keys += await sweepInTime(context, route, capture, options);
    } catch (error) {
      // The others are compared all the same.
      if (!(await isAside(context, route, error))) throw error;
    }
  }
  return { keys };
}

/** Of tables that go with the pipeline, against the source's schema of now. */
async function routesToSweep(context: PipelineContext): Promise<readonly TableRoute[]> {
  const { tables } = await readProgress(context);
  return context.routesOf(
    movingTables(tables).filter(({ state, position }) => state === 'replicating' && position === null),
  );
}

/**
 * The next sweep may be hours away: a table whose schema has moved meanwhile is compared again as it is now. What was
 * marked before is marked once.
 */
async function sweepInTime(
  context: PipelineContext,
  route: TableRoute,
  capture: KeysetCapture,
  options: SweepOptions,
): Promise<number> {
  try {
    return await sweepTable(context, route, capture, options);
  } catch (error) {
    if (!isCdcError(error, 'SCHEMA_MOVED') || error.table !== route.id) throw error;
    const again = (await routesToSweep(context)).find(({ id }) => id === route.id);
    if (again === undefined) throw error;
    return sweepTable(context, again, capture, options);
  }
}

/** True where a table's own matter parks it, and where it has left the pipeline or is parked already. */
async function isAside(context: PipelineContext, { id }: TableRoute, error: unknown): Promise<boolean> {
  const isOwn = isCdcError(error) && error.table === id;
  if (isOwn && (error.code === 'SCHEMA_MOVED' || isTableFailure(error))) return true;
  const { tables } = await readProgress(context);
  return movingTables(tables).every(({ source }) => source !== id);
}

interface Sweep {
  readonly sides: Sides;
  readonly targets: readonly TableSchema[];
  readonly route: TableRoute;
  readonly capture: KeysetCapture;
  readonly options: SweepOptions;
}

/** Answers how many keys were marked. */
async function sweepTable(
  context: PipelineContext,
  route: TableRoute,
  capture: KeysetCapture,
  options: SweepOptions,
): Promise<number> {
  const { source, target } = await context.connections.both();
  const targets = await target.tables();
  const sides: Sides = {
    source,
    target,
    likenessOf: createLikeness(context.sameFamily, targets),
    alike: context.sameFamily,
  };
  const sweep = { sides, targets, route, capture, options };
  const marking = createMarking(context, route);
  await sweepKeys(sweep, marking);
  await sweepUnset(sweep, marking);
  return marking.end();
}

/** Keys that only the target has; where each row counts its changes, all whose versions are not the same. */
async function sweepKeys(
  { sides, targets, route, capture, options }: Sweep,
  marking: Marking,
): Promise<void> {
  const { column, per } = capture;
  const compared = per === 'row' && !route.key.includes(column) ? [...route.key, column] : route.key;
  const narrow: TableRoute = { ...route, columns: compared };
  for await (const { sourceRows, suspects } of compareTable(sides, narrow, targets)) {
    options.signal?.throwIfAborted();
    for (const { kind, key } of suspects) {
      // By one column for the whole table inserts and updates are seen, and may be on their way.
      if (per === 'row' || kind === 'extra') await marking.add(key);
    }
    options.onProgress?.(sourceRows);
  }
}

/** Rows without a value in the column are in no order: all of them are compared. */
async function sweepUnset({ sides, route, capture, options }: Sweep, marking: Marking): Promise<void> {
  const { source, target } = sides;
  const likeness = sides.likenessOf(route);
  if (source.keyset === undefined) return;
  const unset = source.keyset.unsetSql(capture.column);
  const where = route.where === null ? unset : `${filterSql(route.where)} AND ${filterSql(unset)}`;
  const { columns, key } = route;
  const targetRoute = routeOnTarget(route);
  const fitting = createFitting();
  let after: Cursor | null = null;
  for (;;) {
    options.signal?.throwIfAborted();
    const request = {
      table: route.source.name,
      columns,
      key,
      where,
      after,
      upTo: null,
    };
    const here: Scanned = await scanFitting(source, fitting, request, MARKED_AT_ONCE);
    if (here.rows.length === 0) return;
    const keys = here.rows.map(({ row }) => source.cursorOf(keyIn(route, row)));
    const there = await target.scan({
      table: targetRoute.target,
      columns: targetRoute.columns,
      key: targetRoute.key,
      after: null,
      upTo: null,
      limit: null,
      keys,
    });
    const identityOf = (side: Side, row: Tuple): string => likeness.keyIdentity(side, keyIn(route, row));
    const held = new Map(there.rows.map(({ row }) => [identityOf('target', row), row]));
    for (const { row } of here.rows) {
      const other = held.get(identityOf('source', row));
      if (other === undefined || !likeness.sameRows(row, other)) await marking.add(keyIn(route, row));
    }
    options.onProgress?.(here.rows.length);
    after = here.cursor;
    if (after === null || here.rows.length < here.limit) return;
  }
}

/** Marks keys, some at a time. */
interface Marking {
  add(key: Tuple): Promise<void>;
  /** Marks the rest; answers how many there were. */
  end(): Promise<number>;
}

function createMarking(context: PipelineContext, route: TableRoute): Marking {
  let marked = 0;
  let found: RowKey[] = [];
  const mark = async (): Promise<void> => {
    if (found.length > 0) await markRepairs(context, found, 'sweep');
    marked += found.length;
    found = [];
  };
  return {
    async add(key) {
      found.push({ table: route.id, key: keyRow(route, key) });
      if (found.length >= MARKED_AT_ONCE) await mark();
    },
    async end() {
      await mark();
      return marked;
    },
  };
}

function keyRow({ key }: TableRoute, values: Tuple): RowKey['key'] {
  return Object.fromEntries(key.map((name, index) => [name, values[index] ?? null]));
}
