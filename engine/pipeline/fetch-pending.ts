/** Looks whether there is something to apply, waiting on the source for it; guards the source's size meanwhile. */
import { BACKLOG_COUNT_LIMIT, hasKeysToRead, NEVER_ABORTS, stragglersOf } from '../apply';
import type { BacklogLimit, Checkpoint, Pending, Source } from '../model';
import { readCheckpoint } from './checkpoint';
import type { PipelineContext } from './context';
import type { FetchOptions, FetchResult } from './contract';
import { inspectPipeline } from './inspect';

const NOTHING: Pending = { count: 0, oldestChangedAt: null };

/** Throws PIPELINE_UNKNOWN, what makes the pipeline unsound (see `inspectPipeline`), and the databases' codes. */
export async function fetchPendingChanges(
  context: PipelineContext,
  options: FetchOptions,
): Promise<FetchResult> {
  // Neither database waits for the other to be opened.
  const opening = context.connections.source();
  const reading = readCheckpoint(context).catch(async (error: unknown) => {
    // A backlog grows just when the target is down: the guard must not depend on it.
    await guardBacklog(context, await opening, options.settings.maxBacklog, null);
    throw error;
  });
  const [source, known] = await Promise.all([opening, reading]);
  const guard = await guardBacklog(context, source, options.settings.maxBacklog, known);
  // The claim says what to do about it, so somebody must claim.
  if (guard.suspended) return { pending: true, backlog: 0, lagMs: 0, ...guard };
  const { checkpoint, tables, routes, failures } = await inspectPipeline(context);
  const goalOpen = checkpoint.goal !== null && !(await source.covers(checkpoint.position, checkpoint.goal));
  const unfinished =
    goalOpen ||
    failures.length > 0 ||
    stragglersOf(tables).length > 0 ||
    tables.some((table) => table.state === 'snapshotting') ||
    (await hasKeysToRead(await context.connections.target(), checkpoint.uuid, tables));
  const waitMs = unfinished ? 0 : options.waitMs;
  const changed =
    waitMs > 0
      ? await source.waitForChange(checkpoint.position, routes, waitMs, options.signal ?? NEVER_ABORTS)
      : false;
  const rested = waitMs > 0 && !changed;
  const pending = rested ? NOTHING : await source.pending(checkpoint.position, routes, BACKLOG_COUNT_LIMIT);
  return {
    // A wait that was woken is believed even if the count says nothing: applying finds out.
    pending: unfinished || changed || pending.count > 0,
    backlog: pending.count,
    lagMs: pending.oldestChangedAt === null ? 0 : Math.max(0, context.ports.now() - pending.oldestChangedAt),
    ...guard,
  };
}

/** `checkpoint` null: the target could not be asked, and what the source was last told has to do. */
async function guardBacklog(
  context: PipelineContext,
  source: Source,
  limit: BacklogLimit | null,
  checkpoint: Checkpoint | null,
): Promise<Pick<FetchResult, 'overLimit' | 'suspended'>> {
  // By name only where there is nothing better: pipelines with other targets may have the same.
  const consumer =
    checkpoint === null
      ? ((await source.consumers()).find((entry) => entry.name === context.ref.name) ?? null)
      : await source.consumer(checkpoint.uuid);
  if (consumer?.suspended === true) return { overLimit: true, suspended: true };
  if (limit === null || consumer === null) return { overLimit: false, suspended: false };
  const routes = await context.capturedRoutes(consumer.tables);
  const pending = await source.pending(checkpoint?.position ?? consumer.position, routes, limit.changes + 1);
  if (pending.count <= limit.changes) return { overLimit: false, suspended: false };
  if (limit.action === 'stop') await source.suspend(consumer.uuid);
  return { overLimit: true, suspended: limit.action === 'stop' };
}
