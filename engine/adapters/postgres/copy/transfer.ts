/** The direct way between two servers: changes go by COPY from one to the other. */
import { netChunk } from '../../../apply';
import {
  routeOnTarget,
  throughMemory,
  type ChunkRequest,
  type DirectOffer,
  type RowSet,
  type StagedChunk,
  type TableRoute,
  type Transfer,
} from '../../../model';
import { prepareSource } from '../capture/life';
import { openSessions, parseUrl, type Session, type Sessions } from '../database';
import { FAMILY } from '../family';
import { decodeLocator } from '../source/locator';
import { newReadState, readChunk, type ReadState } from '../source/read';
import type { Chunks } from '../target/chunks';
import type { Lane, Lanes, LaneSession } from '../target/lanes';
import type { TargetShape } from '../target/shape';
import type { Shapes } from '../target/shapes';
import { stageSets, type ShapedSet } from '../target/stage-rows';
import { createDetours, type Detours } from './open-range';
import { stageCopied, type CopiedChunk } from './stage';

/** A chunk whose rows are still in the source holds one, the next chunk another, and an attempt that was given up one. */
const READERS = 3;

export interface CopyWays {
  /** Null for an offer that is none of ours. */
  open(offer: DirectOffer): Transfer | null;
  close(): Promise<void>;
}

export function createCopyWays(lanes: Lanes, chunks: Chunks, shapes: Shapes): CopyWays {
  const opened = new Map<string, Promise<Sessions>>();
  const readersOf = (locator: string): Promise<Sessions> => {
    const known = opened.get(locator);
    if (known !== undefined) return known;
    const opening = openSessions(parseUrl(decodeLocator(locator).url), 'source copy', {
      most: READERS,
      prepare: prepareReader,
    });
    opened.set(locator, opening);
    // The next chunk tries again.
    opening.catch(() => opened.delete(locator));
    return opening;
  };
  /** Ends the readers' transactions that chunks hold open. */
  const lettingGo = new Set<() => void>();
  return {
    open(offer) {
      if (offer.transport !== 'copy' || offer.family !== FAMILY) return null;
      const state = newReadState();
      const detours = createDetours();
      return {
        kind: 'copy',
        async stage(request) {
          const readers = await readersOf(offer.locator);
          const lane = lanes.idlest();
          return lane.run((on) =>
            whileOpen(
              (staged, spent) =>
                readers.use((reader) =>
                  stage({ reader, lane, on, chunks, shapes, detours, staged, spent }, request, state),
                ),
              lettingGo,
            ),
          );
        },
        discard(chunk) {
          chunks.release(chunk.token);
          return Promise.resolve();
        },
      };
    },
    async close() {
      for (const letGo of lettingGo) letGo();
      const closing = [...opened.values()];
      opened.clear();
      for (const sessions of closing)
        await sessions.then((readers) => readers.close()).catch(() => undefined);
    },
  };
}

interface Spent {
  /** Resolves when the reader is not needed any more. */
  readonly over: Promise<void>;
  readonly letGo: () => void;
}

/** Answers as soon as `work` says that its chunk is staged; `work` may go on until the chunk is spent. */
function whileOpen(
  work: (staged: (chunk: StagedChunk) => void, spent: Spent) => Promise<StagedChunk>,
  lettingGo: Set<() => void>,
): Promise<StagedChunk> {
  let letGo = (): void => undefined;
  const over = new Promise<void>((resolve) => (letGo = resolve));
  lettingGo.add(letGo);
  return new Promise<StagedChunk>((resolve, reject) => {
    void work(resolve, { over, letGo })
      .then(resolve, reject)
      .finally(() => lettingGo.delete(letGo));
  });
}

/** A chunk is sorted in memory, and by one process: the source has others to serve. */
async function prepareReader(session: Session): Promise<void> {
  await prepareSource(session);
  await session.execute(`SET work_mem = '64MB'; SET max_parallel_workers_per_gather = 0`);
}

interface StagingOn {
  readonly reader: Session;
  readonly lane: Lane;
  readonly on: LaneSession;
  readonly chunks: Chunks;
  readonly shapes: Shapes;
  readonly detours: Detours;
  /** Answers with a chunk before its reader is free. */
  readonly staged: (chunk: StagedChunk) => void;
  readonly spent: Spent;
}

async function stage(
  { reader, lane, on, chunks, shapes, detours, staged, spent }: StagingOn,
  request: ChunkRequest,
  state: ReadState,
): Promise<StagedChunk> {
  const { session, area, powers } = on;
  const shaping = {
    of: (route: TableRoute): Promise<TargetShape> => shapes.of(session, routeOnTarget(route), powers),
    forSet: (set: RowSet): Promise<ShapedSet> => shapes.forSet(session, set, powers),
  };
  const keep = async (chunk: CopiedChunk): Promise<void> => {
    if (!chunk.open) return;
    const token = chunks.keep({ lane, session, sets: chunk.sets, letGo: spent.letGo });
    staged({ ...chunk.summary, token });
    await spent.over;
  };
  const sessions = { reader, writer: session, area, powers, detours, keep };
  const copied = await stageCopied(sessions, request, shaping, state);
  if (copied !== 'byRows') {
    // One that was kept is answered already.
    const token = copied.open ? 0 : chunks.keep({ lane, session, sets: copied.sets });
    return { ...copied.summary, token };
  }
  const { tables, ranges, ...summary } = await readChunk(reader, throughMemory(request), state);
  const shaped: ShapedSet[] = [];
  for (const set of netChunk({ tables, ranges, ...summary }, request.routes)) {
    shaped.push(await shaping.forSet(set));
  }
  const sets = await stageSets(session, area, shaped);
  return { ...summary, token: chunks.keep({ lane, session, sets }) };
}
