/** Refuses two pipelines that feed each other: every change would go round between them for ever. */
import { CdcError } from '../errors';
import type { Source, Target } from '../model';

/**
 * Throws PIPELINE_LOOP when a pipeline that captures in this target writes into this source. A way round over a third
 * database is not seen: nobody knows that one's connection here.
 */
export async function refuseLoop(name: string, source: Source, target: Target): Promise<void> {
  const captured = await target.capturedAs();
  if (captured === null) return;
  const back = (await source.feeders()).find(({ sourceId }) => sourceId === captured);
  if (back === undefined) return;
  throw new CdcError(
    'PIPELINE_LOOP',
    `Pipeline ${name} would lead back: ${back.pipeline} replicates from its target into its source`,
  );
}
