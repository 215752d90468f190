/**
 * Setup: objects, tables, capture, consumer, checkpoint. Two databases can't commit together, so the uuid is
 * reserved in the target first; whoever repeats a setup that was cut short goes on with the same uuid, and no
 * consumer is orphaned on the source.
 */
import { isInstalled, requireChain } from '../apply';
import { consumerOf } from '../capture';
import { displayName, requireFitting, selectionText } from '../model';
import type {
  Checkpoint,
  Consumer,
  PipelineSpec,
  SetupProgress,
  Source,
  TableCheckpoint,
  TableRoute,
  TableSelection,
  Target,
} from '../model';
import { asPosition } from '../model';
import { CdcError, isCdcError } from '../errors';
import type { PipelineContext } from './context';
import type { SetupOptions, SetupResult } from './contract';
import { forgetLetters } from './forget-letters';
import { forgetFormerLives } from './lives';
import { planPipeline } from './planning';

/** Throws what planning throws, and TYPE_MISMATCH, PIPELINE_TAKEN, SOURCE_REPLACED, OBJECTS_TOO_NEW. */
export async function setupPipeline(context: PipelineContext, options: SetupOptions): Promise<SetupResult> {
  const { spec, onProgress } = options;
  const tell =
    (step: SetupProgress['step']) =>
    (done: number, of: number): void =>
      onProgress?.({ step, done, of });
  const planning = await planPipeline(context, spec, tell('plan'));
  requireFitting(planning.plan);
  requireKept(spec, planning.routes, planning.tables, options.keep ?? []);
  const source = await context.connections.source();
  const target = await context.connections.createTarget();

  await target.installObjects();
  const reserved = await reserve(context, source, target, options);
  const resumed = isInstalled(reserved);
  tell('tables')(0, planning.createSteps.length);
  await target.createTables(planning.createSteps);
  // A consumer whose uuid the target forgot in a power cut would hold back purging for ever.
  await target.flush();
  const count = planning.routes.length;
  tell('capture')(0, count);
  const consumer = await install(context, source, planning.routes, reserved, (done) =>
    tell('capture')(done, count),
  );
  const { checkpoint, tables } = await record(context, source, target, reserved, consumer, (known) =>
    tableRows(spec, planning.routes, known, planning.occupied, resumed),
  ).catch(async (error: unknown) => {
    // Late, and the pipeline was resynced meanwhile: nobody else would remove the consumer of a life that is over.
    const now = isCdcError(error, 'PIPELINE_TAKEN') ? await target.checkpoint(spec.name) : null;
    if (now !== null && now.uuid !== reserved.uuid) await source.uninstall(reserved.uuid);
    throw error;
  });
  await target.flush();
  // A resync that was ordered before this setup can't come to its end any more: its consumer is left over.
  await forgetFormerLives(source, checkpoint.uuid, checkpoint.generation);
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

/** A pattern may mean fewer tables than somebody saw when they agreed to it: what stays out then is not theirs to lose. */
function requireKept(
  spec: PipelineSpec,
  routes: readonly TableRoute[],
  known: readonly TableCheckpoint[],
  keep: readonly string[],
): void {
  const wanted = new Set(routes.map((route) => route.id));
  const lost = known.find(({ source }) => keep.includes(source) && !wanted.has(source));
  if (lost === undefined) return;
  throw new CdcError('TABLE_LEFT_OUT', `Table ${lost.source} would leave pipeline ${spec.name}`, {
    table: lost.source,
  });
}

/**
 * Null when a pipeline was set up before and this source does not know it: another database, or one that was restored.
 * A consumer made anew at the newest position would hide that changes were missed. Setup comes to its end without it,
 * so that a new chain owns the pipeline and may order the resync; each claim until then says what is wrong.
 */
async function install(
  context: PipelineContext,
  source: Source,
  routes: readonly TableRoute[],
  reserved: Checkpoint,
  onTable: (done: number) => void,
): Promise<Consumer | null> {
  const { uuid, name } = reserved;
  const known = async (): Promise<boolean> =>
    (await source.sourceId()) === reserved.sourceId && (await consumerOf(source, reserved)) !== null;
  if (isInstalled(reserved) && !(await known())) return null;
  const tables = routes.map((route) => route.source);
  return source.install(tables, { uuid, name, now: context.ports.now(), reset: false }, onTable);
}

/** Finds or makes the pipeline's row, owned by our chain. No other chain's attempt commits after it. */
function reserve(
  context: PipelineContext,
  source: Source,
  target: Target,
  options: SetupOptions,
): Promise<Checkpoint> {
  const { spec, chain, takeOver } = options;
  return target.transaction(null, async (tx) => {
    const found = await tx.lockCheckpoint(spec.name);
    // A setup that was cut short has no attempts to fight with, and one that still runs will find its epoch gone.
    const owned = found !== null && isInstalled(found) && !found.chainEnded;
    if (owned && !takeOver) requireChain(found, chain);
    // Before anything is raised, and only to the owner: whoever is refused must be able to order the resync.
    if (found?.chain === chain && isInstalled(found) && (await source.sourceId()) !== found.sourceId) {
      throw new CdcError(
        'SOURCE_REPLACED',
        `The source of pipeline ${spec.name} is another database than at its last setup`,
      );
    }
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

/**
 * The table rows as they shall be: known tables keep their progress, new ones start with a snapshot if asked. One that
 * joins later is always copied, and what is there replaced, since the pipeline stands at a position of before its capture.
 */
function tableRows(
  spec: PipelineSpec,
  routes: readonly TableRoute[],
  known: readonly TableCheckpoint[],
  occupied: readonly string[],
  resumed: boolean,
): readonly TableCheckpoint[] {
  const bySource = new Map(known.map((table) => [table.source, table]));
  return routes.map((route): TableCheckpoint => {
    const before = bySource.get(route.id);
    const selection = wantedSelection(spec, route);
    const sameShape =
      before !== undefined &&
      displayName(before.targetTable) === displayName(route.target) &&
      selectionText(written(before)) === selectionText(written(selection));
    if (sameShape) {
      const isSame = selectionText(before) === selectionText(selection);
      return isSame ? before : { ...before, types: selection.types ?? null };
    }
    return {
      source: route.id,
      sourceTable: route.source.name,
      targetTable: route.target,
      ...selection,
      state: spec.settings.snapshot || resumed ? 'snapshotting' : 'replicating',
      position: null,
      cause: null,
      cursor: null,
      // Other columns, rows, names or another target than before: what is there must be made equal, not only added to.
      replace: resumed || before !== undefined || occupied.includes(route.id),
      snapshotRows: 0,
      inserted: 0,
      updated: 0,
      deleted: 0,
    };
  });
}

/** What decides of the values that are written. A type shapes a table when it is made, and no other. */
function written({ types = null, ...selection }: TableSelection): TableSelection {
  const lossy = Object.entries(types ?? {}).filter(([, type]) => type.lossy);
  if (lossy.length === 0) return selection;
  return {
    ...selection,
    types: Object.fromEntries(lossy.map(([name]) => [name, { type: null, lossy: true }])),
  };
}

/** As configured; columns are null when all are replicated, so that a later setup takes new ones along. */
function wantedSelection(spec: PipelineSpec, route: TableRoute): TableSelection {
  const mapping = spec.tables.find((table) => table.from === route.id);
  const columns = (mapping?.columns ?? null) === null ? null : route.columns;
  const { where, rename, types = null } = route;
  return { columns, where, rename, ...(types === null ? {} : { types }) };
}

/** `rowsOf` gets the rows as they are with the checkpoint locked: an attempt may have moved them since planning. */
async function record(
  context: PipelineContext,
  source: Source,
  target: Target,
  reserved: Checkpoint,
  consumer: Consumer | null,
  rowsOf: (known: readonly TableCheckpoint[]) => readonly TableCheckpoint[],
): Promise<{ readonly checkpoint: Checkpoint; readonly tables: readonly TableCheckpoint[] }> {
  const sourceId = consumer === null ? null : await source.sourceId();
  if (consumer !== null && sourceId === null) {
    throw new CdcError('INTERNAL', 'The source has no identity after its setup');
  }
  return target.transaction(null, async (tx) => {
    const locked = await tx.lockCheckpoint(context.ref.name);
    if (locked === null || locked.uuid !== reserved.uuid || locked.epoch !== reserved.epoch) {
      throw new CdcError(
        'PIPELINE_TAKEN',
        `Another setup of pipeline ${context.ref.name} ran at the same time`,
      );
    }
    const known = await tx.tableCheckpoints(locked.uuid);
    const tables = rowsOf(known);
    const wanted = new Set(tables.map((table) => table.source));
    const removed = known.map((table) => table.source).filter((name) => !wanted.has(name));
    if (removed.length > 0) await tx.removeTables(locked.uuid, removed);
    for (const table of removed) await forgetLetters(tx, locked.uuid, table);
    await tx.saveTables(locked.uuid, tables);
    const checkpoint: Checkpoint =
      isInstalled(locked) || consumer === null || sourceId === null
        ? locked
        : { ...locked, sourceId, position: consumer.position };
    await tx.saveCheckpoint(checkpoint);
    return { checkpoint, tables };
  });
}
