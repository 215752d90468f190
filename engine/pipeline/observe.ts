/** What can be seen of a pipeline: statistics, changes with before and after values, whether it has caught up. */
import { countPending, progressOf } from '../apply';
import { CdcError } from '../errors';
import type { Change, Checkpoint, Statistics, TableCheckpoint, TableRoute } from '../model';
import { readLetterCounts, readProgress } from './checkpoint';
import type { PipelineContext } from './context';
import { findTable } from './context';
import { inspectPipeline } from './inspect';
import { hasPassed, lookUntil } from './look-until';
import type { ChangesOptions, Pipeline } from './contract';

/** How often who waits is told where the pipeline stands. */
const REPORT_MS = 250;

interface Sight {
  readonly checkpoint: Checkpoint;
  readonly tables: readonly TableCheckpoint[];
}

async function look(context: PipelineContext): Promise<Sight> {
  const { checkpoint, tables } = await readProgress(context);
  return { checkpoint, tables };
}

/** Throws PIPELINE_UNKNOWN and the databases' codes. */
export async function pipelineStatistics(context: PipelineContext): Promise<Statistics> {
  const { source } = await context.connections.both();
  const { checkpoint, tables } = await look(context);
  const pending = await countPending(source, checkpoint.position, tables, (asked) => context.routesOf(asked));
  const letters = await readLetterCounts(context, checkpoint);
  const routes = await context.capturedRoutes(tables.map((table) => table.source));
  const stored = new Map((await source.figures(routes)).map((entry) => [entry.table, entry.stored]));
  return {
    pipeline: context.ref.name,
    transport: (await context.connections.transfer()).kind,
    backlog: pending.count,
    lagMs: pending.oldestChangedAt === null ? 0 : Math.max(0, context.ports.now() - pending.oldestChangedAt),
    lastAppliedAt: checkpoint.lastAppliedAt,
    tables: tables.map((table) => ({
      ...progressOf(table, letters.get(table.source) ?? 0, null),
      stored: stored.get(table.source) ?? 0,
    })),
  };
}

/** Throws TABLE_NOT_IN_PIPELINE, PIPELINE_UNKNOWN. */
export async function tableChanges(
  context: PipelineContext,
  name: string,
  options: ChangesOptions,
): Promise<readonly Change[]> {
  const { source } = await context.connections.both();
  const { checkpoint, tables } = await look(context);
  const table = findTable(tables, name);
  const route = await auditRoute(context, table.source);
  const position = table.position ?? checkpoint.position;
  return source.changes({
    route,
    after: options.onlyPending ? position : null,
    afterId: options.afterId,
    appliedUpTo: position,
    limit: options.limit,
    newest: options.newest,
  });
}

/** The audit trail shows every captured column, replicated or not. */
async function auditRoute(context: PipelineContext, table: string): Promise<TableRoute> {
  const [route] = await context.capturedRoutes([table]);
  if (route === undefined) {
    throw new CdcError('SOURCE_SCHEMA_CHANGED', `The source has no table ${table} any more`, { table });
  }
  return route;
}

/** Oldest first over all tables, where the source orders ids over all tables; else table by table. */
export async function allPendingChanges(context: PipelineContext, limit: number): Promise<readonly Change[]> {
  const { tables } = await look(context);
  const trails: (readonly Change[])[] = [];
  for (const table of tables) {
    const changes = await tableChanges(context, table.source, {
      limit,
      afterId: null,
      onlyPending: true,
      newest: false,
    });
    trails.push(changes);
  }
  return mergeByTime(trails, limit);
}

/**
 * Joins the tables' changes by time, and never turns two of one table round: a clock that was set back would. Where
 * ids are in one order over all tables, times that are equal are told apart by them.
 */
function mergeByTime(trails: readonly (readonly Change[])[], limit: number): readonly Change[] {
  const places = trails.map(() => 0);
  const merged: Change[] = [];
  while (merged.length < limit) {
    const heads = trails.flatMap((trail, index) => {
      const change = trail[places[index] ?? 0];
      return change === undefined ? [] : [{ change, index }];
    });
    const [first] = heads.sort(
      (a, b) => a.change.changedAt - b.change.changedAt || compareIds(a.change.id, b.change.id),
    );
    if (first === undefined) break;
    merged.push(first.change);
    places[first.index] = (places[first.index] ?? 0) + 1;
  }
  return merged;
}

function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** See `Pipeline.waitCaughtUp`. Throws the codes of `inspectPipeline`: a source that captures nothing has no changes left. */
export async function waitUntilCaughtUp(
  context: PipelineContext,
  { onProgress, ...waiting }: Parameters<Pipeline['waitCaughtUp']>[0],
): Promise<boolean> {
  const { source } = await context.connections.both();
  const goal = await source.head();
  let reportAt = 0;
  return lookUntil(context.ports, waiting, async () => {
    const inspected = await inspectPipeline(context);
    const { failures, tables } = inspected;
    if (failures[0] !== undefined) throw failures[0];
    const together = tables.every((table) => table.state === 'replicating' && table.position === null);
    if (together && (await hasPassed(source, inspected, goal))) return true;
    const now = context.ports.now();
    if (onProgress !== undefined && now >= reportAt) {
      reportAt = now + REPORT_MS;
      onProgress(await pipelineStatistics(context));
    }
    return false;
  });
}
