/** Which lane holds which staged chunk. */
import { CdcError } from '../../../errors';
import type { Session } from '../database/session';
import type { Lane } from './lanes';
import type { StagedSet, StagingArea } from './staging';

export interface HeldChunk {
  readonly lane: Lane;
  /** Its TEMP tables are gone with it. */
  readonly session: Session;
  /** Parents first. */
  readonly sets: readonly StagedSet[];
  /** Lets go of the source's rows that are not staged; absent where all are. */
  readonly letGo?: () => void;
}

export interface Chunks {
  /** Keeps a chunk and returns its token. */
  keep(chunk: HeldChunk): number;
  /** Throws INTERNAL for a chunk that is not staged here. */
  get(token: number): HeldChunk;
  /** Safe to repeat. */
  release(token: number): void;
}

export function createChunks(): Chunks {
  const held = new Map<number, HeldChunk>();
  let lastToken = 0;
  return {
    keep(chunk) {
      lastToken += 1;
      held.set(lastToken, chunk);
      chunk.lane.load += 1;
      return lastToken;
    },
    get(token) {
      const chunk = held.get(token);
      if (chunk === undefined)
        throw new CdcError('INTERNAL', 'A chunk is not staged here, or was spent already');
      return chunk;
    },
    release(token) {
      const chunk = held.get(token);
      if (chunk === undefined) return;
      held.delete(token);
      chunk.lane.load -= 1;
      chunk.letGo?.();
      // Emptying the tables is for the next chunk's good: nobody waits for it. A table that could not be emptied is
      // not used again, and ends with its connection.
      chunk.lane
        .run(async ({ session, area }) => {
          if (session === chunk.session) await emptyTables(chunk.sets, area);
        })
        .catch(() => undefined);
    },
  };
}

async function emptyTables(sets: readonly StagedSet[], area: StagingArea): Promise<void> {
  for (const { changes, range } of sets) {
    if (changes !== null) await area.giveBack(changes.table, changes.rows);
    const made = range?.rows.made ?? null;
    if (made !== null) await area.giveBack(made.table, made.rows);
  }
}
