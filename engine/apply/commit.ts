/** The one transaction that moves a pipeline forward: rows, counts and position together, under the epoch. */
import type { Checkpoint, StagedChunk, TableCheckpoint, Target } from '../model';
import { requireClaimed } from './claim';
import type { Claim } from './claim';

/**
 * Commits a staged chunk and returns the claim as it stands after it.
 * Throws EPOCH_LOST when another attempt has claimed, or a fence was raised, since; nothing is written then.
 */
export async function commitChunk(
  target: Target,
  claim: Claim,
  chunk: StagedChunk,
  now: number,
): Promise<Claim> {
  return target.transaction(chunk, async (tx) => {
    const locked = requireClaimed(await tx.lockCheckpoint(claim.checkpoint.name), claim);
    await tx.merge(chunk, { stale: staleTables(claim.tables) });
    const tables = tablesAfter(claim.tables, chunk);
    const changed = tables.filter((table, index) => table !== claim.tables[index]);
    if (changed.length > 0) await tx.saveTables(locked.uuid, changed);
    const checkpoint: Checkpoint = {
      // From the locked row: markSynced may have raised ackedSeq since the claim.
      ...locked,
      seq: locked.seq + 1,
      position: chunk.to,
      lastAppliedAt: now,
    };
    await tx.saveCheckpoint(checkpoint);
    return { ...claim, checkpoint, tables };
  });
}

/** Tables that are being copied over rows of before. */
function staleTables(tables: readonly TableCheckpoint[]): readonly string[] {
  return tables
    .filter((table) => table.state === 'snapshotting' && table.replace)
    .map((table) => table.source);
}

/** `tables` as a chunk leaves them; those that it does not touch are the same objects. */
export function tablesAfter(
  tables: readonly TableCheckpoint[],
  chunk: StagedChunk,
): readonly TableCheckpoint[] {
  const counts = new Map(chunk.counts.map((entry) => [entry.table, entry]));
  return tables.map((table): TableCheckpoint => {
    const count = counts.get(table.source);
    const snapshot = chunk.snapshot?.table === table.source ? chunk.snapshot : null;
    if (count === undefined && snapshot === null) return table;
    const counted: TableCheckpoint = {
      ...table,
      inserted: table.inserted + (count?.inserted ?? 0),
      updated: table.updated + (count?.updated ?? 0),
      deleted: table.deleted + (count?.deleted ?? 0),
    };
    if (snapshot === null) return counted;
    const copied = { ...counted, snapshotRows: table.snapshotRows + snapshot.rows, cursor: snapshot.cursor };
    return snapshot.finished ? { ...copied, state: 'replicating', replace: false, cursor: null } : copied;
  });
}
