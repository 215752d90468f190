/**
 * The handshake against time going back. `markSynced` stores the checkpoint's seq in the source, then the checkpoint
 * records it as acked; so in an undisturbed world acked <= source's seq <= checkpoint's seq, whenever the checkpoint
 * row is locked. Each violation names the side that was restored.
 */
import { CdcError } from '../errors';
import type { Checkpoint, Consumer, Source } from '../model';

/** Throws SOURCE_REPLACED. A source without an identity says nothing: that its capture is missing says it better. */
export function requireSameSource(checkpoint: Checkpoint, sourceId: string | null): void {
  if (sourceId !== null && sourceId !== checkpoint.sourceId) {
    throw new CdcError(
      'SOURCE_REPLACED',
      `The source of pipeline ${checkpoint.name} is another database than at setup`,
    );
  }
}

/**
 * The consumer of a pipeline. A source that remembers none is taken for one that says what the checkpoint says: that it
 * was restored can't be told then.
 */
export async function consumerOf(source: Source, checkpoint: Checkpoint): Promise<Consumer | null> {
  const { uuid, name, ackedSeq, position } = checkpoint;
  if (source.remembers) return source.consumer(uuid);
  return { uuid, name, seq: ackedSeq, position, suspended: false, updatedAt: 0, tables: [] };
}

/** Throws CAPTURE_MISSING, CAPTURE_SUSPENDED, TARGET_WENT_BACK, SOURCE_WENT_BACK. Call it with the checkpoint locked. */
export function verifyHandshake(checkpoint: Checkpoint, found: Consumer | null): Consumer {
  const consumer = verifySource(checkpoint, found);
  if (consumer.suspended) {
    throw new CdcError(
      'CAPTURE_SUSPENDED',
      `Capture of pipeline ${checkpoint.name} was stopped at its backlog limit`,
    );
  }
  if (consumer.seq > checkpoint.seq) {
    throw new CdcError(
      'TARGET_WENT_BACK',
      `The target is older than what the source was told (pipeline ${checkpoint.name})`,
    );
  }
  return consumer;
}

/**
 * The half of the handshake that needs no lock: holds for a checkpoint and a consumer that was read after it, because
 * both numbers only grow. Throws CAPTURE_MISSING, SOURCE_WENT_BACK.
 */
export function verifySource(checkpoint: Checkpoint, consumer: Consumer | null): Consumer {
  if (consumer === null) {
    throw new CdcError('CAPTURE_MISSING', `The source does not know pipeline ${checkpoint.name} (any more)`, {
      hint: 'The source was restored from a time before setup, or its objects were removed: run `cdc resync`.',
    });
  }
  if (consumer.seq < checkpoint.ackedSeq) {
    throw new CdcError(
      'SOURCE_WENT_BACK',
      `The source is older than what was acknowledged (pipeline ${checkpoint.name})`,
    );
  }
  return consumer;
}
