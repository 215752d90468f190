/** A pipeline's checkpoint, read outside of a transaction: what it says may be past already. */
import { countLetters, requireCheckpoint } from '../apply';
import type { LetterCounts } from '../apply';
import type { Checkpoint, TableCheckpoint } from '../model';
import type { PipelineContext } from './context';

/** Throws PIPELINE_UNKNOWN before the end of the first setup, and the target's codes. */
export async function readCheckpoint({ ref, connections }: PipelineContext): Promise<Checkpoint> {
  const target = await connections.target();
  return requireCheckpoint(await target.checkpoint(ref.name), ref.name);
}

/** The same with the rows of its tables, parked ones too. */
export async function readProgress(
  context: PipelineContext,
): Promise<{ readonly checkpoint: Checkpoint; readonly tables: readonly TableCheckpoint[] }> {
  const checkpoint = await readCheckpoint(context);
  const target = await context.connections.target();
  return { checkpoint, tables: await target.tableCheckpoints(checkpoint.uuid) };
}

/** How many dead letters each table has, by source name. */
export async function readLetterCounts(
  { connections }: PipelineContext,
  { uuid }: Checkpoint,
): Promise<LetterCounts> {
  const target = await connections.target();
  return countLetters(await target.deadLetters(uuid));
}
