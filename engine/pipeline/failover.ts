/** A source that was promoted or upgraded: its positions are carried over once a person says that nothing was lost. */
import { requireCheckpoint } from '../apply';
import { consumerOf, requireSameSource, verifyHandshake } from '../capture';
import type { TableCheckpoint } from '../model';
import type { PipelineContext } from './context';
import { fenced, requirePermit, type Steering } from './control';

/**
 * Fences, so that no attempt goes on with the former positions. False when they were right. Throws PIPELINE_UNKNOWN,
 * PIPELINE_TAKEN, FENCED, and what shows that something was lost after all: SOURCE_REPLACED, SOURCE_WENT_BACK,
 * CAPTURE_MISSING.
 */
export async function acceptSourceFailover(context: PipelineContext, steering: Steering): Promise<boolean> {
  const { source, target } = await context.connections.both();
  const known = requireCheckpoint(await target.checkpoint(context.ref.name), context.ref.name);
  if ((await source.adopt(known.position)) === known.position) return false;
  await target.transaction(null, async (tx) => {
    const locked = requirePermit(await tx.lockCheckpoint(context.ref.name), context.ref.name, steering);
    requireSameSource(locked, await source.sourceId());
    verifyHandshake(locked, await consumerOf(source, locked));
    const adopted: TableCheckpoint[] = [];
    for (const table of await tx.tableCheckpoints(locked.uuid)) {
      if (table.position !== null) adopted.push({ ...table, position: await source.adopt(table.position) });
    }
    await tx.saveTables(locked.uuid, adopted);
    await tx.saveCheckpoint({
      ...fenced(locked, steering.generation),
      position: await source.adopt(locked.position),
      goal: locked.goal === null ? null : await source.adopt(locked.goal),
    });
  });
  await target.flush();
  return true;
}
