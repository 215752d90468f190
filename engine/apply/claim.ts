/**
 * Claims: how an attempt becomes the only one that may commit. In one target transaction it looks at who owns the
 * pipeline and whether both sides remember the same past, then raises the epoch. Every later commit demands that
 * epoch with the row locked, so a stalled attempt that wakes finds its own gone.
 */
import { requireSameSource, verifyHandshake } from '../capture';
import { CdcError, isCdcError } from '../errors';
import type { Checkpoint, Holder, Position, Source, TableCheckpoint, TableRoute, Target } from '../model';
import { SCHEMA_LOOKS } from './limits';

export interface ClaimRequest {
  readonly name: string;
  readonly chain: string;
  readonly generation: number;
  readonly holder: Holder;
}

/** What an attempt holds. `checkpoint` and `tables` are as of its last commit. */
export interface Claim {
  readonly checkpoint: Checkpoint;
  readonly tables: readonly TableCheckpoint[];
  readonly routes: readonly TableRoute[];
  readonly schemaToken: string;
}

/**
 * Throws PIPELINE_UNKNOWN, PIPELINE_TAKEN (another chain owns it), FENCED (paused since this attempt was handed
 * out), the handshake's codes and those of `Source.check`.
 */
export async function claimPipeline(
  source: Source,
  target: Target,
  request: ClaimRequest,
  routesOf: (tables: readonly TableCheckpoint[]) => Promise<readonly TableRoute[]>,
): Promise<Claim> {
  return target.transaction(null, async (tx) => {
    const checkpoint = requireCheckpoint(await tx.lockCheckpoint(request.name), request.name);
    requireChain(checkpoint, request.chain);
    if (checkpoint.generation > request.generation) {
      throw new CdcError(
        'FENCED',
        `Pipeline ${request.name} was paused or stopped since this attempt was handed out`,
      );
    }
    requireSameSource(checkpoint, await source.sourceId());
    // With the row locked no commit and no acknowledgement can come in between, so the comparison is exact.
    verifyHandshake(checkpoint, await source.consumer(checkpoint.uuid));
    const tables = (await tx.tableCheckpoints(checkpoint.uuid)).filter((table) => table.state !== 'parked');
    const { routes, schemaToken } = await checkRoutes(source, checkpoint.position, tables, routesOf);
    const claimed: Checkpoint = {
      ...checkpoint,
      generation: request.generation,
      epoch: checkpoint.epoch + 1,
      holder: request.holder,
    };
    await tx.saveCheckpoint(claimed);
    return { checkpoint: claimed, tables, routes, schemaToken };
  });
}

/**
 * Routes against the source's schema of now, and its word that reading may go on with them.
 * Throws what `routesOf` and `Source.check` throw; SCHEMA_MOVED only when the schema does not come to rest.
 */
export async function checkRoutes(
  source: Source,
  position: Position,
  tables: readonly TableCheckpoint[],
  routesOf: (tables: readonly TableCheckpoint[]) => Promise<readonly TableRoute[]>,
): Promise<Pick<Claim, 'routes' | 'schemaToken'>> {
  for (let look = 1; ; look++) {
    const routes = await routesOf(tables);
    try {
      return { routes, schemaToken: await source.check(position, routesToCheck(routes, tables)) };
    } catch (error) {
      if (!isCdcError(error, 'SCHEMA_MOVED') || look === SCHEMA_LOOKS) throw error;
    }
  }
}

/**
 * The routes whose changes since the position must all be there. A table that a snapshot is about to replace may have
 * been purged, or not captured, before: each of its ranges will be read together with a later window. A snapshot that
 * only adds makes nothing good: rows that came as changes, ahead of its ranges, would miss their deletion.
 */
export function routesToCheck(
  routes: readonly TableRoute[],
  tables: readonly TableCheckpoint[],
): readonly TableRoute[] {
  const untouched = new Set(tables.filter(isUntouched).map((table) => table.source));
  return routes.filter((route) => !untouched.has(route.id));
}

function isUntouched({ state, cursor, replace }: TableCheckpoint): boolean {
  return state === 'snapshotting' && cursor === null && replace;
}

/** Throws PIPELINE_UNKNOWN for a checkpoint that is missing or whose setup has not come to its end. */
export function requireCheckpoint(checkpoint: Checkpoint | null, name: string): Checkpoint {
  if (checkpoint === null || !isInstalled(checkpoint)) {
    throw new CdcError('PIPELINE_UNKNOWN', `The target has no checkpoint of pipeline ${name}`);
  }
  return checkpoint;
}

/**
 * The checkpoint row, if it is still as the holder of the claim left it. More than the epoch is compared, because a
 * target that was restored under open connections may have an epoch of its past again. Throws EPOCH_LOST.
 */
export function requireClaimed(locked: Checkpoint | null, { checkpoint }: Claim): Checkpoint {
  const { name, uuid, epoch, seq, position } = checkpoint;
  if (locked?.uuid !== uuid || locked.epoch !== epoch || locked.seq !== seq || locked.position !== position) {
    throw new CdcError('EPOCH_LOST', `Another attempt has claimed pipeline ${name}`);
  }
  return locked;
}

/** False between setup's reservation of a uuid and its end. */
export function isInstalled(checkpoint: Checkpoint): boolean {
  return checkpoint.sourceId !== '';
}

/** Throws PIPELINE_TAKEN when another chain of runs owns the pipeline. */
export function requireChain(checkpoint: Checkpoint, chain: string): void {
  if (checkpoint.chain !== chain) {
    throw new CdcError('PIPELINE_TAKEN', `Pipeline ${checkpoint.name} belongs to another run`);
  }
}
