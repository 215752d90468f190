/**
 * Setup: objects, tables, capture, consumer, checkpoint. Two databases can't commit together, so the uuid is
 * reserved in the target first; whoever repeats a setup that was cut short goes on with the same uuid, and no
 * consumer is orphaned on the source.
 */
import { requireChain } from '../apply';
import { displayName } from '../model';
import type {
  Checkpoint,
  Consumer,
  PipelineSpec,
  Source,
  TableCheckpoint,
  TableRoute,
  Target,
} from '../model';
import { asPosition } from '../model';
import { CdcError } from '../errors';
import { isInstalled } from '../apply';
import type { PipelineContext } from './context';
import type { SetupOptions, SetupResult } from './contract';
import { planPipeline } from './planning';

/** Throws what planning throws, and PIPELINE_TAKEN, SOURCE_REPLACED, OBJECTS_TOO_NEW. */
export async function setupPipeline(context: PipelineContext, options: SetupOptions): Promise<SetupResult> {
  const { spec } = options;
  const source = await context.connections.source();
  const target = await context.connections.target();
  const planning = await planPipeline(context, spec);

  await target.installObjects();
  const reserved = await reserve(context, target, options);
  const resumed = isInstalled(reserved);
  if (resumed && (await source.sourceId()) !== reserved.sourceId) {
    throw new CdcError(
      'SOURCE_REPLACED',
      `The source of pipeline ${spec.name} is another database than at its last setup`,
    );
  }
  await target.createTables(planning.createSteps);
  const consumer = await source.install(
    planning.routes.map((route) => route.source),
    { uuid: reserved.uuid, name: spec.name, now: context.ports.now(), reset: false },
  );
  const tables = tableRows(spec, planning.routes, resumed ? planning.tables : [], planning.occupied);
  const checkpoint = await record(context, source, target, reserved, consumer, tables);
  return {
    resumed,
    tables: tables.map(({ source: from, targetTable, state }) => ({
      source: from,
      target: displayName(targetTable),
      state,
    })),
    skipped: planning.plan.skipped,
    notices: planning.plan.notices,
    transport: planning.plan.transport,
    generation: checkpoint.generation,
  };
}

/** Finds or makes the pipeline's row, owned by our chain. No other chain's attempt commits after it. */
function reserve(context: PipelineContext, target: Target, options: SetupOptions): Promise<Checkpoint> {
  const { spec, chain, takeOver } = options;
  return target.transaction(null, async (tx) => {
    const found = await tx.lockCheckpoint(spec.name);
    if (found !== null && !found.chainEnded && !takeOver) requireChain(found, chain);
    const checkpoint: Checkpoint =
      found === null
        ? {
            uuid: context.ports.uuid(),
            name: spec.name,
            sourceId: '',
            chain,
            chainEnded: false,
            generation: 1,
            epoch: context.ports.randomEpoch(),
            seq: 0,
            ackedSeq: 0,
            holder: null,
            position: asPosition(''),
            goal: null,
            lastAppliedAt: null,
          }
        : {
            ...found,
            chain,
            chainEnded: false,
            generation: found.generation + 1,
            epoch: found.epoch + 1,
          };
    await tx.saveCheckpoint(checkpoint);
    return checkpoint;
  });
}

/** The table rows as they shall be: known tables keep their progress, new ones start with a snapshot if asked. */
function tableRows(
  spec: PipelineSpec,
  routes: readonly TableRoute[],
  known: readonly TableCheckpoint[],
  occupied: readonly string[],
): readonly TableCheckpoint[] {
  const bySource = new Map(known.map((table) => [table.source, table]));
  return routes.map((route): TableCheckpoint => {
    const before = bySource.get(route.id);
    const columns = wantedColumns(spec, route);
    const sameShape =
      before !== undefined &&
      displayName(before.targetTable) === displayName(route.target) &&
      JSON.stringify(before.columns) === JSON.stringify(columns);
    if (sameShape) return before;
    const snapshot = spec.settings.snapshot;
    return {
      source: route.id,
      sourceTable: route.source.name,
      targetTable: route.target,
      columns,
      state: snapshot ? 'snapshotting' : 'replicating',
      position: null,
      cause: null,
      cursor: null,
      // Other columns or another target than before: what is there must be made equal, not only added to.
      replace: before !== undefined || occupied.includes(route.id),
      snapshotRows: 0,
      inserted: 0,
      updated: 0,
      deleted: 0,
    };
  });
}

/** The columns as configured; null when all are replicated, so that a later setup takes new ones along. */
function wantedColumns(spec: PipelineSpec, route: TableRoute): readonly string[] | null {
  const mapping = spec.tables.find((table) => table.from === route.id);
  return (mapping?.columns ?? null) === null ? null : route.columns;
}

async function record(
  context: PipelineContext,
  source: Source,
  target: Target,
  reserved: Checkpoint,
  consumer: Consumer,
  tables: readonly TableCheckpoint[],
): Promise<Checkpoint> {
  const sourceId = await source.sourceId();
  if (sourceId === null) throw new CdcError('INTERNAL', 'The source has no identity after its setup');
  return target.transaction(null, async (tx) => {
    const locked = await tx.lockCheckpoint(context.ref.name);
    if (locked === null || locked.uuid !== reserved.uuid || locked.epoch !== reserved.epoch) {
      throw new CdcError(
        'PIPELINE_TAKEN',
        `Another setup of pipeline ${context.ref.name} ran at the same time`,
      );
    }
    const wanted = new Set(tables.map((table) => table.source));
    const before = await tx.tableCheckpoints(locked.uuid);
    const removed = before.map((table) => table.source).filter((name) => !wanted.has(name));
    if (removed.length > 0) await tx.removeTables(locked.uuid, removed);
    await tx.saveTables(locked.uuid, tables);
    const checkpoint: Checkpoint = {
      ...locked,
      sourceId,
      position: isInstalled(locked) ? locked.position : consumer.position,
    };
    await tx.saveCheckpoint(checkpoint);
    return checkpoint;
  });
}
