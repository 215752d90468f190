/**
 * Looks whether a pipeline is sound, as a claim does, but without a lock: who waits or watches must not take "nothing
 * is pending" for "all is applied" when the source was restored, or does not capture any more.
 */
import { movingTables, viewSound } from '../apply';
import type { TableFailure } from '../apply';
import { requireSameSource, verifyHandshake } from '../capture';
import type { Checkpoint, TableCheckpoint, TableRoute } from '../model';
import { readCheckpoint } from './checkpoint';
import type { PipelineContext } from './context';

export interface Inspected {
  readonly checkpoint: Checkpoint;
  /** All of them, parked ones too. */
  readonly tables: readonly TableCheckpoint[];
  /** Of the tables that go with the pipeline and are sound, parents first. */
  readonly routes: readonly TableRoute[];
  /** What is the matter with the others: the next attempt parks them. */
  readonly failures: readonly TableFailure[];
}

/** How often a checkpoint that others move is looked at again. */
const LOOKS = 10;

/** Throws PIPELINE_UNKNOWN, the handshake's codes, those of `Source.check` that are no table's own, and the databases' codes. */
export async function inspectPipeline(context: PipelineContext): Promise<Inspected> {
  const source = await context.connections.source();
  for (let look = 1; ; look++) {
    const checkpoint = await readCheckpoint(context);
    try {
      requireSameSource(checkpoint, await source.sourceId());
      verifyHandshake(checkpoint, await source.consumer(checkpoint.uuid));
      const target = await context.connections.target();
      const tables = await target.tableCheckpoints(checkpoint.uuid);
      const moving = movingTables(tables);
      const { view, failures } = await viewSound(source, checkpoint.position, moving, (asked) =>
        context.routesOf(asked),
      );
      const moved = failures.length > 0 && (await hasMoved(context, checkpoint));
      if (!moved || look === LOOKS) return { checkpoint, tables, routes: view.routes, failures };
    } catch (error) {
      // What an attempt has committed, acknowledged and purged meanwhile looks wrong from where we stood.
      if (look === LOOKS || !(await hasMoved(context, checkpoint))) throw error;
    }
  }
}

async function hasMoved(context: PipelineContext, { uuid, seq, ackedSeq }: Checkpoint): Promise<boolean> {
  const now = await readCheckpoint(context);
  return now.uuid !== uuid || now.seq !== seq || now.ackedSeq !== ackedSeq;
}
