/** The one transaction that moves a pipeline forward: rows, counts and position together, under the epoch. */
import { CdcError } from '../errors';
import type { Checkpoint, StagedChunk, TableCheckpoint, Target } from '../model';
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
    const locked = await tx.lockCheckpoint(claim.checkpoint.name);
    if (locked === null || locked.uuid !== claim.checkpoint.uuid || locked.epoch !== claim.checkpoint.epoch) {
      throw new CdcError('EPOCH_LOST', `Another attempt has claimed pipeline ${claim.checkpoint.name}`);
    }
    await tx.merge(chunk);
    const changed = advanceTables(claim.tables, chunk);
    if (changed.length > 0) await tx.saveTables(locked.uuid, changed);
    const checkpoint: Checkpoint = {
      // From the locked row: markSynced may have raised ackedSeq since the claim.
      ...locked,
      seq: locked.seq + 1,
      position: chunk.to,
      lastAppliedAt: now,
    };
    await tx.saveCheckpoint(checkpoint);
    return { ...claim, checkpoint, tables: replaceTables(claim.tables, changed) };
  });
}

/** The rows of `tables` that a chunk changes, changed. */
function advanceTables(tables: readonly TableCheckpoint[], chunk: StagedChunk): readonly TableCheckpoint[] {
  const counts = new Map(chunk.counts.map((entry) => [entry.table, entry]));
  return tables.flatMap((table): TableCheckpoint[] => {
    const count = counts.get(table.source);
    const snapshot = chunk.snapshot?.table === table.source ? chunk.snapshot : null;
    if (count === undefined && snapshot === null) return [];
    const counted: TableCheckpoint = {
      ...table,
      inserted: table.inserted + (count?.inserted ?? 0),
      updated: table.updated + (count?.updated ?? 0),
      deleted: table.deleted + (count?.deleted ?? 0),
    };
    if (snapshot === null) return [counted];
    const copied = { ...counted, snapshotRows: table.snapshotRows + snapshot.rows, cursor: snapshot.cursor };
    return [snapshot.finished ? { ...copied, state: 'replicating', replace: false, cursor: null } : copied];
  });
}

function replaceTables(
  tables: readonly TableCheckpoint[],
  changed: readonly TableCheckpoint[],
): readonly TableCheckpoint[] {
  if (changed.length === 0) return tables;
  const bySource = new Map(changed.map((table) => [table.source, table]));
  return tables.map((table) => bySource.get(table.source) ?? table);
}
