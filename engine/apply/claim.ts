/**
 * Claims: how an attempt becomes the only one that may commit. In one target transaction it looks at who owns the
 * pipeline and whether both sides remember the same past, then raises the epoch. Every later commit demands that
 * epoch with the row locked, so a stalled attempt that wakes finds its own gone.
 */
import { verifyHandshake } from '../capture';
import { CdcError } from '../errors';
import type { Checkpoint, Holder, Source, TableCheckpoint, TableRoute, Target } from '../model';

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
    const sourceId = await source.sourceId();
    if (sourceId !== null && sourceId !== checkpoint.sourceId) {
      throw new CdcError(
        'SOURCE_REPLACED',
        `The source of pipeline ${request.name} is another database than at setup`,
      );
    }
    // With the row locked no commit and no acknowledgement can come in between, so the comparison is exact.
    verifyHandshake(checkpoint, await source.consumer(checkpoint.uuid));
    const tables = (await tx.tableCheckpoints(checkpoint.uuid)).filter((table) => table.state !== 'parked');
    const routes = await routesOf(tables);
    const schemaToken = await source.check(checkpoint.position, routesToCheck(routes, tables));
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
 * The routes whose changes since the position must all be there. A table of which nothing has been copied yet may
 * have been purged, or not captured, before: each of its ranges will be read together with a later window.
 */
export function routesToCheck(
  routes: readonly TableRoute[],
  tables: readonly TableCheckpoint[],
): readonly TableRoute[] {
  const untouched = new Set(
    tables
      .filter((table) => table.state === 'snapshotting' && table.cursor === null)
      .map((table) => table.source),
  );
  return routes.filter((route) => !untouched.has(route.id));
}

/** Throws PIPELINE_UNKNOWN for a checkpoint that is missing or whose setup has not come to its end. */
export function requireCheckpoint(checkpoint: Checkpoint | null, name: string): Checkpoint {
  if (checkpoint === null || !isInstalled(checkpoint)) {
    throw new CdcError('PIPELINE_UNKNOWN', `The target has no checkpoint of pipeline ${name}`);
  }
  return checkpoint;
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
