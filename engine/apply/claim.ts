/**
 * Claims: how an attempt becomes the only one that may commit. In one target transaction it looks at who owns the
 * pipeline and whether both sides remember the same past, then raises the epoch. Every later commit demands that
 * epoch with the row locked, so a stalled attempt that wakes finds its own gone.
 */
import { consumerOf, requireSameSource, verifyHandshake } from '../capture';
import { CdcError } from '../errors';
import type { Checkpoint, DeadLetterEntry, Holder, Source, TableCheckpoint, Target } from '../model';
import { movingTables } from './isolation';
import type { TableFailure } from './isolation';
import { countLetters } from './letters';
import type { LetterCounts } from './letters';
import { viewSound } from './source-view';
import type { RoutesOf, SourceView } from './source-view';

export interface ClaimRequest {
  readonly name: string;
  readonly chain: string;
  readonly generation: number;
  readonly holder: Holder;
}

/** What an attempt holds: everything as of its last commit. */
export interface Claim {
  readonly checkpoint: Checkpoint;
  /** All of them, parked ones too. */
  readonly tables: readonly TableCheckpoint[];
  readonly letters: LetterCounts;
}

/** A claim, what may be read with it, the tables that can't be (they are to be parked), and the letters to retry. */
export interface Claimed {
  readonly claim: Claim;
  readonly view: SourceView;
  readonly failures: readonly TableFailure[];
  readonly retries: readonly DeadLetterEntry[];
}

/**
 * Throws PIPELINE_UNKNOWN, PIPELINE_TAKEN (another chain owns it), FENCED (paused since this attempt was handed out),
 * the handshake's codes and those of `Source.check` that are not one table's own.
 */
export async function claimPipeline(
  source: Source,
  target: Target,
  request: ClaimRequest,
  routesOf: RoutesOf,
): Promise<Claimed> {
  return target.transaction(null, async (tx) => {
    const checkpoint = requirePermitted(await tx.lockCheckpoint(request.name), request);
    requireSameSource(checkpoint, await source.sourceId());
    // With the row locked no commit and no acknowledgement can come in between, so the comparison is exact.
    verifyHandshake(checkpoint, await consumerOf(source, checkpoint));
    const tables = await tx.tableCheckpoints(checkpoint.uuid);
    const { view, failures } = await viewSound(source, checkpoint.position, movingTables(tables), routesOf);
    const claimed: Checkpoint = {
      ...checkpoint,
      generation: request.generation,
      epoch: checkpoint.epoch + 1,
      holder: request.holder,
    };
    await tx.saveCheckpoint(claimed);
    const letters = await tx.deadLetters(checkpoint.uuid, null);
    return {
      claim: { checkpoint: claimed, tables, letters: countLetters(letters) },
      view,
      failures,
      retries: letters.filter(({ retry }) => retry),
    };
  });
}

/** Throws PIPELINE_UNKNOWN, PIPELINE_TAKEN, FENCED. */
function requirePermitted(locked: Checkpoint | null, request: ClaimRequest): Checkpoint {
  const checkpoint = requireCheckpoint(locked, request.name);
  requireChain(checkpoint, request.chain);
  if (checkpoint.generation > request.generation) {
    throw new CdcError(
      'FENCED',
      `Pipeline ${request.name} was paused or stopped since this attempt was handed out`,
    );
  }
  return checkpoint;
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
