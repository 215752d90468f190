/** Waiting for a change: cheap looks, close together while there is something to see. */
import type { Position, TableRoute } from '../../../model';
import { currentSnapshot } from '../capture/head';
import { decodePosition, encodePosition } from '../capture/position';
import { isInstalled } from '../capture/registry';
import type { Sessions } from '../database';
import { capturesOf } from './branches';
import { countPending, capturedBranches } from './pending';
import { probe } from './spans';

/** Pause between looks after a wait began, and at most while nothing is written at all. */
const FIRST_PAUSE_MS = 2;
const PAUSE_GROWTH = 1.2;
const QUIET_PAUSE_MS = 10;

/** Writers of other tables shall cost us no more than this, in part of the time that looks take. */
const SHARE = 0.04;
const LONGEST_PAUSE_MS = 30;

/** True when there is a change of these tables after the position; false when the time is over or the signal aborts. */
export async function waitForChange(
  sessions: Sessions,
  position: Position,
  routes: readonly TableRoute[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const began = performance.now();
  const left = (): number => timeoutMs - (performance.now() - began);
  if (signal.aborted) return false;
  if ((await sessions.use((session) => countPending(session, position, routes, 1))).count > 0) return true;
  let seen: string | null = null;
  let pause = FIRST_PAUSE_MS;
  const at = decodePosition(position);
  while (left() > 0) {
    await sleep(Math.min(pause, left()), signal);
    if (isAborted(signal)) return false;
    const looked = performance.now();
    const look: Look = await sessions.use(async (session) => {
      const now = await currentSnapshot(session);
      const from: string = seen ?? at.from;
      if (now === from) return { now, found: false };
      // The change tables are found anew, since DDL can add one at any time.
      if (!(await isInstalled(session))) return { now, found: false };
      if (at.cut !== null && seen === null) {
        const pending = await countPending(session, encodePosition(at), routes, 1);
        return { now, found: pending.count > 0 };
      }
      const branches = capturedBranches(routes, await capturesOf(session, routes), from);
      const span = { from, to: now, after: null, upTo: null };
      return { now, found: await probe(session, branches, span) };
    });
    if (look.found) return true;
    const took = performance.now() - looked;
    const quiet = look.now === seen;
    seen = look.now;
    const longest = quiet
      ? QUIET_PAUSE_MS
      : Math.min(LONGEST_PAUSE_MS, Math.max(QUIET_PAUSE_MS, took / SHARE));
    pause = Math.min(pause * PAUSE_GROWTH, longest);
  }
  return false;
}

interface Look {
  readonly now: string;
  readonly found: boolean;
}

/** Asked again after each wait, which the compiler would take for settled. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
