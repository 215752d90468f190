/**
 * Sweeps: what a column does not show is found by comparing keys of both sides, and versions where each row counts its
 * own. Whatever differs is only marked: an attempt reads its row on the source again, so nothing that was written
 * meanwhile is lost by it.
 */
import { movingTables } from '../apply';
import { keepsOrder } from '../model';
import type { KeysetCapture, RowKey, TableRoute } from '../model';
import { readProgress } from './checkpoint';
import { compareTable } from './compare-ranges';
import type { Suspect } from './compare-ranges';
import type { PipelineContext } from './context';
import type { SweepOptions, SweepResult } from './contract';
import { likenessOf } from './likeness';
import { markRepairs } from './repair';

/** Keys that are marked at once. */
const MARKED_AT_ONCE = 500;

/** Of tables that are not being copied. Throws PIPELINE_UNKNOWN, FENCED, and the databases' codes. */
export async function sweepPipeline(context: PipelineContext, options: SweepOptions): Promise<SweepResult> {
  const { capture } = context.ref;
  if (capture === undefined || capture === 'trigger' || capture.sweepMs === null) return { keys: 0 };
  const { tables } = await readProgress(context);
  const routes = await context.routesOf(
    movingTables(tables).filter(({ state, position }) => state === 'replicating' && position === null),
  );
  let keys = 0;
  for (const route of routes) keys += await sweepTable(context, route, capture, options);
  return { keys };
}

async function sweepTable(
  context: PipelineContext,
  route: TableRoute,
  { column, per }: KeysetCapture,
  { signal, onProgress }: SweepOptions,
): Promise<number> {
  const compared =
    per === 'row' ? [...route.key, ...(route.key.includes(column) ? [] : [column])] : route.key;
  const narrow: TableRoute = { ...route, columns: compared };
  const sides = {
    source: await context.connections.source(),
    target: await context.connections.target(),
    likeness: likenessOf(context.sameFamily),
    alike: context.sameFamily,
  };
  let keys = 0;
  let found: RowKey[] = [];
  const mark = async (): Promise<void> => {
    if (found.length > 0) await markRepairs(context, found);
    keys += found.length;
    found = [];
  };
  for await (const { sourceRows, suspects } of compareTable(
    sides,
    narrow,
    context.sameFamily || keepsOrder(route),
  )) {
    signal?.throwIfAborted();
    for (const suspect of suspects) {
      // By one column for the whole table inserts and updates are seen, and may be on their way.
      if (per === 'table' && suspect.kind !== 'extra') continue;
      found.push({ table: route.id, key: keyRow(route, suspect) });
      if (found.length >= MARKED_AT_ONCE) await mark();
    }
    onProgress?.(sourceRows);
  }
  await mark();
  return keys;
}

function keyRow({ key }: TableRoute, { key: values }: Pick<Suspect, 'key'>): RowKey['key'] {
  return Object.fromEntries(key.map((name, index) => [name, values[index] ?? null]));
}
