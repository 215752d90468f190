/** Tells the source what has been applied, then purges what nobody needs any more. */
import { consumerOf, verifySource } from '../capture';
import type { Position, Source, TableCheckpoint } from '../model';
import { readProgress } from './checkpoint';
import type { PipelineContext } from './context';
import type { MarkSyncedResult } from './contract';

/** Small, so that writers of the source wait only shortly for a purge. */
const PURGE_LIMIT = 10_000;

/** Most batches in one call; the next round goes on. */
const PURGE_BATCHES = 50;

/** Throws PIPELINE_UNKNOWN, CAPTURE_MISSING, SOURCE_WENT_BACK and the databases' codes. */
export async function markPipelineSynced(
  context: PipelineContext,
  retainMs: number,
): Promise<MarkSyncedResult> {
  const { name } = context.ref;
  const { source, target } = await context.connections.both();
  const { checkpoint, tables } = await readProgress(context);

  if (checkpoint.seq > checkpoint.ackedSeq) {
    const consumer = await consumerOf(source, checkpoint);
    const resynced = consumer === null && (await target.checkpoint(name))?.uuid !== checkpoint.uuid;
    if (resynced) return { purged: 0 };
    // A restored source must not be told anything: that would wipe out what it is known by.
    verifySource(checkpoint, consumer);
    // The source may be told only of what survives a power cut on the target: else it would seem to be ahead.
    await target.flush();
    const position = await leastPosition(source, checkpoint.position, tables);
    await source.acknowledge(checkpoint.uuid, checkpoint.seq, position, context.ports.now());
    await target.transaction(null, async (tx) => {
      const locked = await tx.lockCheckpoint(name);
      if (locked?.uuid !== checkpoint.uuid) return;
      await tx.saveCheckpoint({ ...locked, ackedSeq: Math.max(locked.ackedSeq, checkpoint.seq) });
    });
  }
  return { purged: await purge(source, context.ports.now() - retainMs) };
}

/**
 * The position that the slowest table has reached; parked tables have their own. One that must be copied again needs
 * no changes.
 */
async function leastPosition(
  source: Source,
  common: Position,
  tables: readonly TableCheckpoint[],
): Promise<Position> {
  let least = common;
  for (const table of tables) {
    const waits = table.position !== null && !(table.state === 'parked' && table.replace);
    if (waits && (await source.covers(least, table.position))) least = table.position;
  }
  return least;
}

async function purge(source: Source, before: number): Promise<number> {
  let purged = 0;
  for (let batch = 0; batch < PURGE_BATCHES; batch++) {
    const deleted = await source.purge({ before, limit: PURGE_LIMIT });
    purged += deleted;
    if (deleted < PURGE_LIMIT) break;
  }
  return purged;
}
