/** Takes back what setup made; the replicated rows stay. */
import type { PipelineContext } from './context';

/** Safe to repeat. The source first: an orphaned consumer would hold back purging for ever. */
export async function teardownPipeline(context: PipelineContext): Promise<void> {
  const { name } = context.ref;
  const source = await context.connections.source();
  const target = await context.connections.target();
  const checkpoint = await target.checkpoint(name);
  if (checkpoint === null) return;
  await source.uninstall(checkpoint.uuid);
  await target.uninstall(checkpoint.uuid);
}
