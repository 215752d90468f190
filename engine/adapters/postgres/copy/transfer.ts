/** The direct way between two servers: changes go by COPY from one to the other. */
import { netChunk } from '../../../apply';
import { routeOnTarget } from '../../../model';
import type { ChunkRequest, DirectOffer, StagedChunk, TableRoute, Transfer } from '../../../model';
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
import { stageCopied } from './stage';

/** The next chunk may be asked for while an attempt that was given up still reads. */
const READERS = 2;

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
  return {
    open(offer) {
      if (offer.transport !== 'copy' || offer.family !== FAMILY) return null;
      const state = newReadState();
      return {
        kind: 'copy',
        async stage(request) {
          const readers = await readersOf(offer.locator);
          const lane = lanes.idlest();
          return lane.run((on) =>
            readers.use((reader) => stage({ reader, lane, on, chunks, shapes }, request, state)),
          );
        },
        discard(chunk) {
          chunks.release(chunk.token);
          return Promise.resolve();
        },
      };
    },
    async close() {
      const closing = [...opened.values()];
      opened.clear();
      for (const sessions of closing)
        await sessions.then((readers) => readers.close()).catch(() => undefined);
    },
  };
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
}

async function stage(
  { reader, lane, on, chunks, shapes }: StagingOn,
  request: ChunkRequest,
  state: ReadState,
): Promise<StagedChunk> {
  const { session, area, powers } = on;
  const shapeOf = (route: TableRoute): Promise<TargetShape> =>
    shapes.of(session, routeOnTarget(route), powers);
  const copied = await stageCopied({ reader, writer: session, area }, request, shapeOf, state);
  if (copied !== 'byRows') {
    return { ...copied.summary, token: chunks.keep({ lane, session, sets: copied.sets }) };
  }
  const { tables, range, ...summary } = await readChunk(reader, request, state);
  const shaped: ShapedSet[] = [];
  for (const set of netChunk({ tables, range, ...summary }, request.routes)) {
    shaped.push(await shapes.forSet(session, set, powers));
  }
  const sets = await stageSets(session, area, shaped);
  return { ...summary, token: chunks.keep({ lane, session, sets }) };
}
