/** Waiting for a change: cheap looks, close together at first and further apart while there is nothing to see. */
import { isCdcError } from '../../../errors';
import type { Position, TableRoute } from '../../../model';
import type { Session, Sessions } from '../database';
import { decodePosition } from '../capture/position';
import { isStillInstalled } from '../capture/registry';
import { capturedRoutes, type CapturedRoute } from './captures';
import { startsOf } from './pending';
import { pendingTables } from './window';

/** Pause between looks after a wait began, how it grows, and at most. */
const FIRST_PAUSE_MS = 1;
const PAUSE_GROWTH = 1.1;
const LONGEST_PAUSE_MS = 25;

/** Looks that take long are further apart: they shall cost us and the server no more than this part of the time. */
const SHARE = 0.05;
const SLOWEST_PAUSE_MS = 250;

/** Which change tables there are is asked this often: until then a new one is not looked at, which loses nothing. */
const CAPTURES_MS = 1_000;

/** True when there is a change of these tables after the position; false when the time is over or the signal aborts. */
export async function waitForChange(
  sessions: Sessions,
  request: {
    readonly position: Position;
    readonly routes: readonly TableRoute[];
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
): Promise<boolean> {
  const { position, routes, timeoutMs, signal } = request;
  const at = decodePosition(position);
  const began = performance.now();
  const left = (): number => timeoutMs - (performance.now() - began);
  let pause = FIRST_PAUSE_MS;
  let tables: readonly CapturedRoute[] | null = null;
  let asked = -Infinity;
  const look = async (session: Session): Promise<boolean> => {
    if (tables === null || performance.now() - asked > CAPTURES_MS) {
      tables = (await isStillInstalled(session)) ? await capturedRoutes(session, routes) : [];
      asked = performance.now();
    }
    try {
      return (await pendingTables(session, tables, startsOf(tables, at.tables))).length > 0;
    } catch (error) {
      // Change tables that were there a moment ago may be gone: the next look asks which there are.
      if (!isCdcError(error, 'SCHEMA_MOVED')) throw error;
      tables = null;
      return false;
    }
  };
  while (!isAborted(signal)) {
    const looked = performance.now();
    if (await sessions.use(look)) return true;
    if (left() <= 0) return false;
    const took = performance.now() - looked;
    await sleep(Math.min(left(), Math.max(pause, Math.min(SLOWEST_PAUSE_MS, took / SHARE))), signal);
    pause = Math.min(pause * PAUSE_GROWTH, LONGEST_PAUSE_MS);
  }
  return false;
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
