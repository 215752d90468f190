/**
 * A target's connections. Two of them, so that the next chunk is staged on one while the other merges: each has
 * TEMP tables of its own, and a chunk is merged where it was staged. The second opens when it is first needed, or when
 * it is likely to be: beside a chunk that takes long.
 */
import type { Connection } from './connection';

export interface Lane {
  readonly connection: Connection;
  /** Routes that its thread knows, by id. */
  readonly routes: Set<number>;
  /** Staged chunks, and work that runs or waits. */
  load: number;
}

export interface Lanes {
  /** Runs `work` alone on the lane with the least to do. */
  run<T>(work: (lane: Lane) => Promise<T>): Promise<T>;
  /** The same; when none is idle, another lane is opened as long as there may be more. */
  runBeside<T>(work: (lane: Lane) => Promise<T>): Promise<T>;
  /** Runs `work` alone on this lane. */
  runOn<T>(lane: Lane, work: (lane: Lane) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * Work that takes longer has another lane opened beside it, needed or not: a thread takes some 50 ms to start, for which
 * the next chunk would wait. Few changes are staged in a tenth of it.
 */
const LONG_MS = 20;

/** `open` makes a connection beside the first; there are `most` of them at most. */
export function createLanes(connection: Connection, open: () => Promise<Connection>, most: number): Lanes {
  const laneOver = (over: Connection): Lane => ({ connection: over, routes: new Set(), load: 0 });
  const first = laneOver(connection);
  const lanes = [first];
  let opening: Promise<void> | null = null;
  let closed = false;

  const idlest = (): Lane => lanes.reduce((best, lane) => (lane.load < best.load ? lane : best), first);
  const openAnother = async (): Promise<void> => {
    if (lanes.length >= most || closed) return;
    opening ??= open().then(
      (another) => {
        lanes.push(laneOver(another));
        opening = null;
      },
      (error: unknown) => {
        opening = null;
        throw error;
      },
    );
    await opening;
  };
  const runOn = async <T>(lane: Lane, work: (lane: Lane) => Promise<T>): Promise<T> => {
    lane.load += 1;
    try {
      return await lane.connection.exclusive(() => work(lane));
    } finally {
      lane.load -= 1;
    }
  };

  return {
    run: (work) => runOn(idlest(), work),
    async runBeside(work) {
      if (idlest().load > 0) await openAnother();
      // Whoever needs what could not be opened tries again, and is told.
      const timer = setTimeout(() => void openAnother().catch(() => undefined), LONG_MS);
      try {
        return await runOn(idlest(), work);
      } finally {
        clearTimeout(timer);
      }
    },
    runOn,
    async close() {
      closed = true;
      await opening?.catch(() => undefined);
      await Promise.all(lanes.map((lane) => lane.connection.close()));
    },
  };
}
