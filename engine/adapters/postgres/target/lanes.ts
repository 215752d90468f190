/**
 * The connections of a target. Two lanes stage and merge chunks, each with TEMP tables of its own: while one merges,
 * the other stages the next. Everything else goes over a few control sessions, so that a look at the checkpoint waits
 * for no merge.
 */
import { openSession, type Session } from '../database/session';
import { openSessions, type Sessions } from '../database/sessions';
import type { Address } from '../database/url';
import { preparations, type Powers } from './preparing';
import { createStagingArea, type StagingArea } from './staging';

/** One merges while the other stages; a third would wait for one of them. */
const LANES = 2;
/** A claim that waits for the checkpoint must not keep a reader waiting. */
const CONTROL_SESSIONS = 3;

/** The connection of a lane while it lasts, with its TEMP tables. */
export interface LaneSession {
  readonly session: Session;
  readonly area: StagingArea;
  readonly powers: Powers;
}

export interface Lane {
  /** Chunks that are staged on it. */
  load: number;
  /** Runs `work` when all that was asked before is done. Opens the connection where there is none. */
  run<T>(work: (lane: LaneSession) => Promise<T>): Promise<T>;
}

export interface Lanes {
  readonly control: Sessions;
  /** The lane to stage on: the one that holds the fewest chunks, since a chunk is merged on its own lane next. */
  idlest(): Lane;
  close(): Promise<void>;
}

export async function openLanes(address: Address, readOnly: boolean): Promise<Lanes> {
  const prepared = preparations(readOnly);
  const control = await openSessions(address, 'target', {
    most: CONTROL_SESSIONS,
    prepare: (session) => prepared.prepareControl(session),
  });
  const lanes = Array.from({ length: LANES }, () =>
    createLane(async () => {
      const session = await openSession(address, 'target lane');
      try {
        const powers = await prepared.prepareLane(session);
        return { session, powers, area: createStagingArea(session) };
      } catch (error) {
        await session.close();
        throw error;
      }
    }),
  );
  return {
    control,
    idlest: () => lanes.reduce((best, lane) => (cost(lane) < cost(best) ? lane : best)),
    async close() {
      await Promise.all([control.close(), ...lanes.map((lane) => lane.close())]);
    },
  };
}

interface OwnedLane extends Lane {
  /** Pieces of work that run or wait. */
  readonly waiting: number;
  close(): Promise<void>;
}

function cost({ waiting, load }: OwnedLane): number {
  return 1000 * load + waiting;
}

function createLane(open: () => Promise<LaneSession>): OwnedLane {
  let opened: LaneSession | null = null;
  let tail: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  const lane = {
    load: 0,
    get waiting() {
      return waiting;
    },
    run<T>(work: (lane: LaneSession) => Promise<T>): Promise<T> {
      waiting += 1;
      const mine = tail.then(async () => {
        if (opened?.session.isLost === true) opened = null;
        opened ??= await open();
        return work(opened);
      });
      tail = mine.catch(() => undefined).finally(() => (waiting -= 1));
      return mine;
    },
    async close() {
      await tail;
      const closing = opened;
      opened = null;
      await closing?.session.close();
    },
  };
  return lane;
}
