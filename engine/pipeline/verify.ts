/** Compares source and target row by row, while writes go on. */
import type {
  Comparison,
  RowDifference,
  RowKey,
  TableCheckpoint,
  TableComparison,
  TableRoute,
  TableSchema,
} from '../model';
import { displayName } from '../model';
import { readLetterCounts, readProgress } from './checkpoint';
import { compareTable } from './compare-table';
import type { Compared, Sides, Suspect } from './compare-ranges';
import type { PipelineContext } from './context';
import { findTable } from './context';
import type { VerifyOptions } from './contract';
import { createLikeness } from './likeness';
import { createSecondLook } from './second-look';
import type { SecondLook } from './second-look';

/** Most keys that wait for their second look. */
const SUSPECTS_AT_ONCE = 500;

/** Differences that a result lists unless it is said how many. */
const LISTED = 100;

/**
 * Each difference that is reported was still there after the pipeline had passed what was read; where it does not go on,
 * replication in flight may show as a difference, and `exact` is false. Throws PIPELINE_UNKNOWN, TABLE_NOT_IN_PIPELINE
 * for `keys` of another table, and the databases' codes.
 */
export async function verifyPipeline(context: PipelineContext, options: VerifyOptions): Promise<Comparison> {
  const { source, target } = await context.connections.both();
  const { checkpoint, tables: rows } = await readProgress(context);
  const letters = await readLetterCounts(context, checkpoint);
  const targets = await target.tables();
  const sides: Sides = {
    source,
    target,
    likenessOf: createLikeness(context.sameFamily, targets),
    alike: context.sameFamily,
  };
  const { timeoutMs = 0, waitSignal, onWait, onDelete } = options;
  const secondLook = createSecondLook(context, sides, {
    timeoutMs,
    keeps: onDelete === 'keep',
    ...(waitSignal === undefined ? {} : { signal: waitSignal }),
    ...(onWait === undefined ? {} : { onWait }),
  });
  const found = collect(options);
  const tables: TableComparison[] = [];
  let inexactBecause: string | null = null;
  for (const { route, steps } of await tasksOf(context, sides, {
    rows,
    targets,
    keys: options.keys ?? null,
  })) {
    const { because, ...counts } = await settleAll(route, steps, secondLook, found);
    inexactBecause ??= because;
    tables.push({
      source: route.id,
      target: displayName(route.target),
      ...counts,
      settled: because === null,
      deadLetters: letters.get(route.id) ?? 0,
    });
  }
  const equal = tables.every(
    ({ missing, extra, different, unsettled }) => missing + extra + different + unsettled === 0,
  );
  const exact = tables.every(({ settled, unsettled }) => settled && unsettled === 0);
  return { equal, exact, inexactBecause, tables, ...found.result() };
}

/** A table, and how it is gone through. */
interface Task {
  readonly route: TableRoute;
  readonly steps: AsyncIterable<Compared> | Iterable<Compared>;
}

/** What is to be compared. */
interface Compare {
  readonly rows: readonly TableCheckpoint[];
  /** The target's tables, as they are. */
  readonly targets: readonly TableSchema[];
  /** Null: all rows. */
  readonly keys: readonly RowKey[] | null;
}

async function tasksOf(
  context: PipelineContext,
  sides: Sides,
  { rows, targets, keys }: Compare,
): Promise<readonly Task[]> {
  if (keys === null) {
    const routes = await context.routesOf(rows);
    return routes.map((route) => ({ route, steps: compareTable(sides, route, targets) }));
  }
  const named = new Set(keys.map(({ table }) => findTable(rows, table)));
  const routes = await context.routesOf([...named]);
  return routes.map((route) => ({ route, steps: stepsOfKeys(route, keys) }));
}

/** Keys that were named, each of them suspected. Their rows are not counted. */
function* stepsOfKeys(route: TableRoute, keys: readonly RowKey[]): Generator<Compared> {
  const own = keys.filter(({ table }) => table === route.id);
  for (let from = 0; from < own.length; from += SUSPECTS_AT_ONCE) {
    const suspects = own.slice(from, from + SUSPECTS_AT_ONCE).map(({ key: row }): Suspect => {
      const key = route.key.map((column) => row[column] ?? null);
      return { kind: 'different', key, targetKey: key };
    });
    yield { sourceRows: 0, targetRows: 0, suspects, fitting: SUSPECTS_AT_ONCE };
  }
}

interface Counts {
  sourceRows: number;
  targetRows: number;
  missing: number;
  extra: number;
  different: number;
  unsettled: number;
  kept: number;
  because: string | null;
}

async function settleAll(
  route: TableRoute,
  steps: Task['steps'],
  secondLook: SecondLook,
  found: Found,
): Promise<Counts> {
  const counts: Counts = {
    sourceRows: 0,
    targetRows: 0,
    missing: 0,
    extra: 0,
    different: 0,
    unsettled: 0,
    kept: 0,
    because: null,
  };
  let waiting: Suspect[] = [];
  const settle = async (suspects: readonly Suspect[]): Promise<void> => {
    if (suspects.length === 0) return;
    const { differences, unsettled, kept, because } = await secondLook(route, suspects);
    counts.unsettled += unsettled;
    counts.kept += kept;
    counts.because ??= because;
    for (const difference of differences) {
      counts[difference.kind] += 1;
      found.add(difference);
    }
  };
  for await (const { sourceRows, targetRows, suspects, fitting } of steps) {
    counts.sourceRows += sourceRows;
    counts.targetRows += targetRows;
    const most = Math.min(fitting, SUSPECTS_AT_ONCE);
    for (const suspect of suspects) {
      waiting.push(suspect);
      if (waiting.length < most) continue;
      await settle(waiting);
      waiting = [];
    }
    found.progress(sourceRows);
  }
  await settle(waiting);
  return counts;
}

/** What was found, as far as it is kept. */
interface Found {
  add(difference: RowDifference): void;
  progress(rows: number): void;
  result(): Pick<Comparison, 'differences' | 'differencesOmitted'>;
}

function collect({ limit = LISTED, onDifference, onProgress, signal }: VerifyOptions): Found {
  const differences: RowDifference[] = [];
  let differencesOmitted = 0;
  let compared = 0;
  return {
    add(difference) {
      onDifference?.(difference);
      if (differences.length < limit) differences.push(difference);
      else differencesOmitted += 1;
    },
    progress(rows) {
      compared += rows;
      onProgress?.(compared);
      signal?.throwIfAborted();
    },
    result: () => ({ differences, differencesOmitted }),
  };
}
