/**
 * Resync: a new snapshot that makes the target equal, and capture made whole. Attempts may be repeated, late, or run
 * beside each other: the generation says which of them may still do anything, and it is asked with the row locked.
 */
import { isParkedWith, released } from '../apply';
import {
  checkTargetTable,
  consumerOf,
  findNamed,
  nearMissHint,
  requireFilter,
  routeTable,
  verifyHandshake,
} from '../capture';
import { CdcError, isCdcError } from '../errors';
import { displayName, routeOnTarget } from '../model';
import type {
  Checkpoint,
  PlanStep,
  Source,
  TableCheckpoint,
  TableRoute,
  TableSchema,
  Target,
} from '../model';
import type { PipelineContext } from './context';
import { findTable } from './context';
import { fenced, requirePermit } from './control';
import type { Steering } from './control';
import { forgetLetters } from './forget-letters';
import { forgetFormerLives, generationOfLife, uuidOfLife } from './lives';
import { planTable, refuseMissing } from './missing-tables';

/** Who steers, and whether target tables that are missing may be made: so if absent. */
interface Copying extends Steering {
  readonly createTables?: boolean;
}

/**
 * Marks one table (source name) or all for a new snapshot that replaces. Returns their source names. Throws
 * TARGET_TABLE_MISSING where one may not be made.
 */
export async function resyncPipeline(
  context: PipelineContext,
  options: Copying & { readonly table: string | null },
): Promise<readonly string[]> {
  return options.table === null ? resyncAll(context, options) : resyncTable(context, options, options.table);
}

/**
 * Lets a parked table go on, and those that were parked with it: from its own position, or, where changes were missed,
 * by a new copy. Returns their source names; none when it is not parked. Throws PARENT_PARKED, TABLE_NOT_IN_PIPELINE.
 */
export async function resumeParkedTable(
  context: PipelineContext,
  { table: name, ...steering }: Copying & { readonly table: string },
): Promise<readonly string[]> {
  const { target, tables } = await readCheckpoint(context, steering);
  const found = findTable(tables, name);
  if (found.state !== 'parked') return [];
  if (found.cause?.startsWith('PARENT_PARKED') === true) {
    throw new CdcError('PARENT_PARKED', `Table ${name} is parked with another: ${found.cause}`, {
      hint: 'Resume the table that it references; this one goes on with it.',
      table: name,
    });
  }
  if (found.replace) {
    await resyncTable(context, steering, name);
    return [name, ...childrenReleased(tables, name).map((table) => table.source)];
  }
  const names = await target.transaction(null, async (tx) => {
    const locked = requirePermit(await tx.lockCheckpoint(context.ref.name), context.ref.name, steering);
    const now = await tx.tableCheckpoints(locked.uuid);
    const freed = [findTable(now, name)].filter((table) => table.state === 'parked').map(released);
    const children = freed.length === 0 ? [] : childrenReleased(now, name);
    await tx.saveCheckpoint(fenced(locked, steering.generation));
    await tx.saveTables(locked.uuid, [...freed, ...children]);
    return [...freed, ...children].map((table) => table.source);
  });
  await target.flush();
  return names;
}

async function resyncTable(
  context: PipelineContext,
  steering: Copying,
  name: string,
): Promise<readonly string[]> {
  const { source, target } = await context.connections.both();
  const { uuid, tables } = await target.transaction(null, async (tx) => {
    const locked = requirePermit(await tx.lockCheckpoint(context.ref.name), context.ref.name, steering);
    // Installing makes a consumer that is gone anew, at the newest position: nobody would know what it has missed.
    verifyHandshake(locked, await consumerOf(source, locked));
    const known = await tx.tableCheckpoints(locked.uuid);
    findTable(known, name);
    return { uuid: locked.uuid, tables: known };
  });
  await makeCaptureWhole(context, target, tables, uuid, name, steering);
  await target.transaction(null, async (tx) => {
    const locked = requirePermit(await tx.lockCheckpoint(context.ref.name), context.ref.name, steering);
    if (locked.uuid !== uuid) throw resyncedMeanwhile(context);
    // Read again: an attempt may have counted changes meanwhile.
    const now = await tx.tableCheckpoints(uuid);
    await tx.saveCheckpoint(fenced(locked, steering.generation));
    await tx.saveTables(uuid, [snapshotAnew(findTable(now, name)), ...childrenReleased(now, name)]);
    await forgetLetters(tx, uuid, name);
  });
  await target.flush();
  return [name];
}

/** The rows of tables that stand aside only because of this one. */
function childrenReleased(tables: readonly TableCheckpoint[], parent: string): readonly TableCheckpoint[] {
  return tables.filter((table) => isParkedWith(table, parent)).map(released);
}

/** A resync of the whole pipeline starts a new life: new uuid, new consumer at the source's newest position. */
async function resyncAll(context: PipelineContext, steering: Copying): Promise<readonly string[]> {
  const { source, target, tables, checkpoint } = await readCheckpoint(context, steering);
  const uuid = isOfGeneration(checkpoint, steering)
    ? checkpoint.uuid
    : await beginLife(context, steering, source, target, checkpoint, tables);
  // Before the former life is forgotten on the source, the new one must survive a power cut on the target.
  await target.flush();
  await forgetFormerLives(source, uuid, generationOfLife(uuid) + 1);
  return tables.map((table) => table.source);
}

/** True when another attempt at the same resync has come to its end. */
function isOfGeneration({ uuid }: Checkpoint, { generation }: Steering): boolean {
  return generationOfLife(uuid) === generation;
}

/** Returns the uuid of the new life: ours, or that of another attempt at the same resync. */
async function beginLife(
  context: PipelineContext,
  steering: Copying,
  source: Source,
  target: Target,
  former: Checkpoint,
  tables: readonly TableCheckpoint[],
): Promise<string> {
  const uuid = uuidOfLife(former.uuid, steering.generation, context.ports.uuid());
  const { position } = await makeCaptureWhole(context, target, tables, uuid, null, steering);
  const sourceId = await source.sourceId();
  if (sourceId === null) {
    throw new CdcError('INTERNAL', 'The source has no identity after its capture was made whole');
  }
  try {
    return await target.transaction(null, async (tx) => {
      const locked = requirePermit(await tx.lockCheckpoint(context.ref.name), context.ref.name, steering);
      if (isOfGeneration(locked, steering)) return locked.uuid;
      if (locked.uuid !== former.uuid) throw resyncedMeanwhile(context);
      const known = await tx.tableCheckpoints(locked.uuid);
      const names = known.map((table) => table.source);
      await tx.removeTables(locked.uuid, names);
      await forgetLetters(tx, locked.uuid, null);
      await tx.saveTables(uuid, known.map(snapshotAnew));
      const goal = locked.goal === null ? null : position;
      const steered = fenced(locked, steering.generation);
      await tx.saveCheckpoint({ ...steered, uuid, sourceId, seq: 0, ackedSeq: 0, position, goal });
      return uuid;
    });
  } catch (error) {
    // A consumer without a pipeline would hold back purging. After any other failure we may own the pipeline.
    if (isCdcError(error, 'FENCED') || isCdcError(error, 'PIPELINE_TAKEN')) await source.uninstall(uuid);
    throw error;
  }
}

function resyncedMeanwhile(context: PipelineContext): CdcError {
  return new CdcError('FENCED', `Pipeline ${context.ref.name} was resynced as a whole meanwhile`);
}

async function readCheckpoint(context: PipelineContext, steering: Steering) {
  const { source, target } = await context.connections.both();
  const checkpoint = requirePermit(await target.checkpoint(context.ref.name), context.ref.name, steering);
  return { source, target, checkpoint, tables: await target.tableCheckpoints(checkpoint.uuid) };
}

/**
 * Installs capture for all tables as they are now, once the target is known to be able to take those that are copied
 * again: all, or the one of that name. Another table that the source has lost, or that the target can't take any more,
 * stays as it is and says so itself.
 */
async function makeCaptureWhole(
  context: PipelineContext,
  target: Target,
  tables: readonly TableCheckpoint[],
  uuid: string,
  only: string | null,
  { createTables = true }: Copying,
) {
  const source = await context.connections.source();
  const schemas = new Map((await source.tables()).map((table) => [displayName(table.name), table]));
  const copied = tables.filter((table) => only === null || table.source === only);
  // Where nothing is kept on the source, nothing has to stay there for the others.
  const others = (source.remembers ? tables : [])
    .filter((table) => !copied.includes(table))
    .flatMap((table) => schemas.get(table.source) ?? [])
    .filter((schema) => schema.key !== null);
  const routes = copied.map((table) => requireRoute(table, schemas));
  await prepareTargets(context, source, target, routes, createTables);
  return source.install([...routes.map((route) => route.source), ...others], {
    uuid,
    name: context.ref.name,
    now: context.ports.now(),
    reset: false,
  });
}

/** Throws TABLE_UNKNOWN, and the codes of `routeTable`. */
function requireRoute(table: TableCheckpoint, schemas: ReadonlyMap<string, TableSchema>): TableRoute {
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
  return { ...routeTable(schema, { ...table, to: null }, true), target: table.targetTable };
}

/**
 * Makes target tables that are missing, or refuses them with TARGET_TABLE_MISSING. Throws TARGET_TABLE_MISMATCH for one
 * that can't take its route's rows, FILTER_INVALID.
 */
async function prepareTargets(
  context: PipelineContext,
  source: Source,
  target: Target,
  routes: readonly TableRoute[],
  createTables: boolean,
): Promise<void> {
  const targets = await target.tables();
  const missing: TableRoute[] = [];
  const steps: PlanStep[] = [];
  for (const found of routes) {
    await requireFilter(source, found);
    const route = routeOnTarget(found);
    const existing = findNamed(targets, ({ name }) => displayName(name), displayName(route.target));
    if (existing !== undefined) checkTargetTable(route, existing, context.sameFamily);
    const planned = await planTable(target, route, source.family, createTables);
    if (planned.refusal !== null) throw planned.refusal;
    if (planned.missing) missing.push(route);
    if (planned.step !== null) steps.push(planned.step);
  }
  if (!createTables) refuseMissing(context.ref.name, missing);
  for (const step of steps) await target.createTables([step]);
}

function snapshotAnew(table: TableCheckpoint): TableCheckpoint {
  return { ...table, state: 'snapshotting', position: null, cause: null, cursor: null, replace: true };
}
