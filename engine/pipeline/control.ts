/** What steers a pipeline: fence, goal, finish. Each is one target transaction on the checkpoint row. */
import { requireChain, requireCheckpoint } from '../apply';
import { CdcError } from '../errors';
import type { Checkpoint } from '../model';
import type { PipelineContext } from './context';

/** Who steers, and by which permit. */
export interface Steering {
  readonly chain: string;
  readonly generation: number;
}

/** Changes the checkpoint row of our chain, for good: a power cut must not take back what somebody was told. */
async function steer(
  context: PipelineContext,
  chain: string,
  change: (checkpoint: Checkpoint) => Checkpoint,
): Promise<Checkpoint> {
  const target = await context.connections.target();
  const steered = await target.transaction(null, async (tx) => {
    const locked = requireCheckpoint(await tx.lockCheckpoint(context.ref.name), context.ref.name);
    requireChain(locked, chain);
    const changed = change(locked);
    await tx.saveCheckpoint(changed);
    return changed;
  });
  await target.flush();
  return steered;
}

/** A generation never goes down: a fence that arrives late must not let an older attempt back in. */
export function fenced(checkpoint: Checkpoint, generation: number): Checkpoint {
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

/** The checkpoint as it stands now. Throws PIPELINE_UNKNOWN, PIPELINE_TAKEN, FENCED. */
export function requirePermit(
  checkpoint: Checkpoint | null,
  name: string,
  { chain, generation }: Steering,
): Checkpoint {
  const known = requireCheckpoint(checkpoint, name);
  requireChain(known, chain);
  if (known.generation > generation) {
    throw new CdcError('FENCED', `Pipeline ${name} was paused, stopped or resynced meanwhile`);
  }
  return known;
}
