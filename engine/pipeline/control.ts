/** What steers a pipeline: fence, goal, resync, finish. Each is one target transaction on the checkpoint row. */
import { requireChain, requireCheckpoint } from '../apply';
import { checkTargetTable, nearMissHint, routeTable } from '../capture';
import { CdcError } from '../errors';
import { displayName } from '../model';
import type { Checkpoint, TableCheckpoint, Target } from '../model';
import type { PipelineContext } from './context';
import { findTable } from './context';

interface Steering {
  readonly chain: string;
  readonly generation: number;
}

/** Changes the checkpoint row of our chain. Throws PIPELINE_UNKNOWN, PIPELINE_TAKEN. */
async function steer(
  context: PipelineContext,
  chain: string,
  change: (checkpoint: Checkpoint) => Checkpoint,
): Promise<Checkpoint> {
  const target = await context.connections.target();
  return target.transaction(null, async (tx) => {
    const locked = requireCheckpoint(await tx.lockCheckpoint(context.ref.name), context.ref.name);
    requireChain(locked, chain);
    const changed = change(locked);
    await tx.saveCheckpoint(changed);
    return changed;
  });
}

/** A generation never goes down: a fence that arrives late must not let an older attempt back in. */
function fenced(checkpoint: Checkpoint, generation: number): Checkpoint {
  return {
    ...checkpoint,
    generation: Math.max(checkpoint.generation, generation),
    epoch: checkpoint.epoch + 1,
  };
}

export async function fencePipeline(
  context: PipelineContext,
  { chain, generation }: Steering,
): Promise<void> {
  await steer(context, chain, (checkpoint) => fenced(checkpoint, generation));
}

/** Records that the chain has ended; its attempts can't commit any more. */
export async function finishPipeline(context: PipelineContext, chain: string): Promise<void> {
  await steer(context, chain, (checkpoint) => ({
    ...fenced(checkpoint, checkpoint.generation + 1),
    chainEnded: true,
    holder: null,
  }));
}

export async function markPipelineGoal(
  context: PipelineContext,
  { chain, generation, batch }: Steering & { readonly batch: boolean },
): Promise<void> {
  const source = await context.connections.source();
  const goal = batch ? await source.head() : null;
  await steer(context, chain, (checkpoint) => {
    if (checkpoint.generation > generation) {
      throw new CdcError('FENCED', `Pipeline ${context.ref.name} was paused or stopped meanwhile`);
    }
    return { ...checkpoint, goal };
  });
}

/** Marks tables for a new snapshot that replaces, and makes their capture whole. Returns their source names. */
export async function resyncPipeline(
  context: PipelineContext,
  options: Steering & { readonly table: string | null },
): Promise<readonly string[]> {
  return options.table === null ? resyncAll(context, options) : resyncTable(context, options, options.table);
}

async function resyncTable(
  context: PipelineContext,
  steering: Steering,
  name: string,
): Promise<readonly string[]> {
  const { target, tables, checkpoint } = await readCheckpoint(context, steering.chain);
  const table = findTable(tables, name);
  await makeCaptureWhole(context, target, tables, { uuid: checkpoint.uuid, reset: false });
  // One transaction: an attempt that committed between fence and mark would write the old state back.
  await target.transaction(null, async (tx) => {
    const locked = requireCheckpoint(await tx.lockCheckpoint(context.ref.name), context.ref.name);
    requireChain(locked, steering.chain);
    if (locked.uuid !== checkpoint.uuid) {
      throw new CdcError('FENCED', `Pipeline ${context.ref.name} was resynced as a whole meanwhile`);
    }
    await tx.saveCheckpoint(fenced(locked, steering.generation));
    await tx.saveTables(locked.uuid, [snapshotAnew(table)]);
  });
  return [name];
}

/**
 * A resync of the whole pipeline starts a new life: new uuid, new consumer at the source's newest position. The
 * uuid follows from the old one and the generation, so that a repeated attempt does not make yet another.
 */
async function resyncAll(context: PipelineContext, steering: Steering): Promise<readonly string[]> {
  const { source, target, tables, checkpoint } = await readCheckpoint(context, steering.chain);
  const base = baseUuid(checkpoint.uuid);
  const uuid = `${base}.${String(steering.generation)}`;
  const consumer = await makeCaptureWhole(context, target, tables, { uuid, reset: checkpoint.uuid !== uuid });
  const sourceId = await source.sourceId();
  if (sourceId === null)
    throw new CdcError('INTERNAL', 'The source has no identity after its capture was made whole');
  if (checkpoint.uuid !== uuid) {
    await target.transaction(null, async (tx) => {
      const locked = requireCheckpoint(await tx.lockCheckpoint(context.ref.name), context.ref.name);
      requireChain(locked, steering.chain);
      await tx.removeTables(
        locked.uuid,
        tables.map((table) => table.source),
      );
      await tx.saveTables(uuid, tables.map(snapshotAnew));
      await tx.saveCheckpoint({
        ...fenced(locked, steering.generation),
        uuid,
        sourceId,
        seq: 0,
        ackedSeq: 0,
        position: consumer.position,
        goal: locked.goal === null ? null : consumer.position,
      });
    });
  }
  for (const former of await source.consumers()) {
    if (former.uuid !== uuid && baseUuid(former.uuid) === base) await source.uninstall(former.uuid);
  }
  return tables.map((table) => table.source);
}

async function readCheckpoint(context: PipelineContext, chain: string) {
  const source = await context.connections.source();
  const target = await context.connections.target();
  const checkpoint = requireCheckpoint(await target.checkpoint(context.ref.name), context.ref.name);
  requireChain(checkpoint, chain);
  return { source, target, checkpoint, tables: await target.tableCheckpoints(checkpoint.uuid) };
}

/** Installs capture for all tables as they are now, once the target is known to be able to take them. */
async function makeCaptureWhole(
  context: PipelineContext,
  target: Target,
  tables: readonly TableCheckpoint[],
  consumer: { readonly uuid: string; readonly reset: boolean },
) {
  const source = await context.connections.source();
  const schemas = new Map((await source.tables()).map((table) => [displayName(table.name), table]));
  const targets = new Map(
    (await target.tables()).map((table) => [displayName(table.name).toLowerCase(), table]),
  );
  const routes = tables.map((table) => {
    const schema = schemas.get(table.source);
    if (schema === undefined) {
      throw new CdcError('TABLE_UNKNOWN', `The source has no table ${table.source} any more`, {
        hint: nearMissHint(
          table.source,
          [...schemas.keys()],
          'Stop the pipeline and start it without this table.',
        ),
        table: table.source,
      });
    }
    return { ...routeTable(schema, { to: null, columns: table.columns }, true), target: table.targetTable };
  });
  for (const route of routes) {
    const existing = targets.get(displayName(route.target).toLowerCase());
    if (existing !== undefined) checkTargetTable(route, existing, context.sameFamily);
    else {
      const step = await target.planTable(route, source.family);
      if (step !== null) await target.createTables([step]);
    }
  }
  return source.install(
    routes.map((route) => route.source),
    { ...consumer, name: context.ref.name, now: context.ports.now() },
  );
}

function snapshotAnew(table: TableCheckpoint): TableCheckpoint {
  return { ...table, state: 'snapshotting', position: null, cause: null, cursor: null, replace: true };
}

function baseUuid(uuid: string): string {
  return uuid.split('.')[0] ?? uuid;
}
