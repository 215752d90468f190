/**
 * Looks whether a pipeline is sound, as a claim does, but without a lock: who waits or watches must not take "nothing
 * is pending" for "all is applied" when the source was restored, or does not capture any more.
 */
import { checkRoutes } from '../apply';
import { requireSameSource, verifyHandshake } from '../capture';
import type { Checkpoint, TableCheckpoint, TableRoute } from '../model';
import { readCheckpoint } from './checkpoint';
import type { PipelineContext } from './context';

export interface Inspected {
  readonly checkpoint: Checkpoint;
  /** All of them, parked ones too. */
  readonly tables: readonly TableCheckpoint[];
  /** Of the tables that are not parked, parents first. */
  readonly routes: readonly TableRoute[];
}

/** How often a checkpoint that others move is looked at again. */
const LOOKS = 10;

/** Throws PIPELINE_UNKNOWN, the handshake's codes, those of `Source.check`, and the databases' codes. */
export async function inspectPipeline(context: PipelineContext): Promise<Inspected> {
  const source = await context.connections.source();
  for (let look = 1; ; look++) {
    const checkpoint = await readCheckpoint(context);
    try {
      requireSameSource(checkpoint, await source.sourceId());
      verifyHandshake(checkpoint, await source.consumer(checkpoint.uuid));
      const target = await context.connections.target();
      const tables = await target.tableCheckpoints(checkpoint.uuid);
      const moving = tables.filter((table) => table.state !== 'parked');
      const { routes } = await checkRoutes(source, checkpoint.position, moving, (asked) =>
        context.routesOf(asked),
      );
      return { checkpoint, tables, routes };
    } catch (error) {
      // What an attempt has committed, acknowledged and purged meanwhile looks wrong from where we stood.
      const now = await readCheckpoint(context);
      const moved =
        now.uuid !== checkpoint.uuid || now.seq !== checkpoint.seq || now.ackedSeq !== checkpoint.ackedSeq;
      if (!moved || look === LOOKS) throw error;
    }
  }
}
