/** Waiting for a change: cheap looks, close together while there is something to see. */
import { isCdcError } from '../../../errors';
import type { Position, TableRoute } from '../../../model';
import { currentSnapshot } from '../capture/head';
import { decodePosition } from '../capture/position';
import { isInstalled } from '../capture/registry';
import { readStamp } from '../capture/stamp';
import type { Session, Sessions } from '../database';
import { capturesOf, type Captures } from './branches';
import { countPending, capturedBranches } from './pending';
import { probe, type Branch } from './spans';
import { FIRST_PAUSE_MS, QUIET_PAUSE_MS, waitInServer } from './wait-in-server';

/** The server waits this long at a time, and holds its session as long when nobody waits any more. */
const SERVER_WAIT_MS = 500;
/** Where nothing has been written for a while. */
const QUIET_WAIT_MS = 2_000;

/** Which change tables there are is asked this often: until then a new one is not looked at, which loses nothing. */
const CAPTURES_MS = 1_000;

const NOT_INSTALLED_PAUSE_MS = 100;

interface KnownCaptures {
  /** When they were last known to be so. */
  asked: number;
  readonly stamp: string | null;
  /** Null where nothing is installed. */
  readonly captures: Captures | null;
}

/** What a source keeps between waits, by the routes, which a round waits for again and again. */
export type WaitState = WeakMap<readonly TableRoute[], KnownCaptures>;

export function newWaitState(): WaitState {
  return new WeakMap();
}

/** True when there is a change of these tables after the position; false when the time is over or the signal aborts. */
export async function waitForChange(
  sessions: Sessions,
  known: WaitState,
  request: {
    readonly position: Position;
    readonly routes: readonly TableRoute[];
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
): Promise<boolean> {
  const { position, routes, timeoutMs, signal } = request;
  const began = performance.now();
  const left = (): number => timeoutMs - (performance.now() - began);
  const at = decodePosition(position);
  const sight: Sight = { seen: at.from, sure: at.from, by: null };
  let pause = FIRST_PAUSE_MS;
  for (let first = true; !isAborted(signal) && left() > 0; first = false) {
    const found = await sessions.use((session) =>
      first && at.cut !== null
        ? lookBehind(session, position, sight, routes)
        : lookFurther(session, known, sight, routes),
    );
    if (found) return true;
    if (left() <= 0) return false;
    const waited = await waitFurther(sessions, known, sight, routes, { pause, waitMs: left(), signal });
    if (waited === 'found') return true;
    pause = waited;
  }
  return false;
}

/** How far one wait has looked. */
interface Sight {
  /** By the change tables that were known, nothing is to be seen up to here. */
  seen: string;
  /** The same by those that there were: a look by what is known misses a change table that came meanwhile. */
  sure: string;
  /** What was known at the last look. */
  by: KnownCaptures | null;
}

/** What a window that was cut has left, and what came after it. */
async function lookBehind(
  session: Session,
  position: Position,
  sight: Sight,
  routes: readonly TableRoute[],
): Promise<boolean> {
  const now = await currentSnapshot(session);
  if ((await countPending(session, position, routes, 1)).count > 0) return true;
  sight.seen = now;
  sight.sure = now;
  return false;
}

/** True when there is a change that `sight` has not come to. */
async function lookFurther(
  session: Session,
  known: WaitState,
  sight: Sight,
  routes: readonly TableRoute[],
): Promise<boolean> {
  const before = known.get(routes);
  const isFresh = before !== undefined && performance.now() - before.asked < CAPTURES_MS;
  // The server has looked until a moment ago, or will do so at once.
  if (isFresh && (sight.by ?? before) === before) return false;
  const now = await currentSnapshot(session);
  if (now === sight.sure) return false;
  const entry = isFresh ? before : await askCaptures(session, known, routes);
  if (entry.captures !== null && entry === (sight.by ?? before)) {
    // There are no others than the server has looked at, or will look at.
    sight.sure = sight.seen;
    return false;
  }
  if (entry.captures !== null) {
    const from = sight.by === entry ? sight.seen : sight.sure;
    const branches = capturedBranches(routes, entry.captures, from);
    try {
      if (await probe(session, branches, { from, to: now, after: null, upTo: null })) return true;
    } catch (error) {
      // Change tables that were there a moment ago may be gone: the next look asks which there are.
      known.delete(routes);
      if (session.isLost || !isFresh) throw error;
      return false;
    }
  }
  sight.seen = now;
  sight.by = entry;
  if (!isFresh) sight.sure = now;
  return false;
}

/** DDL can add a change table at any time. */
async function askCaptures(
  session: Session,
  known: WaitState,
  routes: readonly TableRoute[],
): Promise<KnownCaptures> {
  const before = known.get(routes);
  const asked = performance.now();
  const installed = await isInstalled(session);
  // Before the captures: what changes in between shows at the next time.
  const stamp = installed ? await readStamp(session) : null;
  if (before !== undefined && before.captures !== null && before.stamp === stamp) {
    before.asked = asked;
    return before;
  }
  const captures = installed ? await capturesOf(session, routes) : null;
  const entry = { asked, stamp, captures };
  known.set(routes, entry);
  return entry;
}

/** What was last asked for: where nothing is written, each wait asks for the same. */
const lastBranches = new WeakMap<
  KnownCaptures,
  { readonly seen: string; readonly branches: readonly Branch[] }
>();

function branchesAfter(
  entry: KnownCaptures,
  captures: Captures,
  routes: readonly TableRoute[],
  seen: string,
): readonly Branch[] {
  const last = lastBranches.get(entry);
  if (last?.seen === seen) return last.branches;
  const branches = capturedBranches(routes, captures, seen);
  lastBranches.set(entry, { seen, branches });
  return branches;
}

/** The next pause, after QUIET_WAIT_MS at the latest or when the signal aborts. */
async function waitFurther(
  sessions: Sessions,
  known: WaitState,
  sight: Sight,
  routes: readonly TableRoute[],
  {
    pause,
    waitMs,
    signal,
  }: { readonly pause: number; readonly waitMs: number; readonly signal: AbortSignal },
): Promise<number | 'found'> {
  const longest = Math.ceil(Math.min(waitMs, pause < QUIET_PAUSE_MS ? SERVER_WAIT_MS : QUIET_WAIT_MS));
  const entry = known.get(routes) ?? (await sessions.use((session) => askCaptures(session, known, routes)));
  if (entry.captures === null) {
    await sleep(Math.min(longest, NOT_INSTALLED_PAUSE_MS), signal);
    return pause;
  }
  const branches = branchesAfter(entry, entry.captures, routes, sight.seen);
  const waiting = sessions.use(async (session) => {
    try {
      return await waitInServer(session, branches, { seen: sight.seen, pauseMs: pause, waitMs: longest });
    } catch (error) {
      // Change tables that were there a moment ago are gone: the next look asks which there are.
      if (!isCdcError(error, 'SCHEMA_MOVED')) throw error;
      known.delete(routes);
      return null;
    }
  });
  const waited = await untilAborted(waiting, signal);
  if (waited === null) return pause;
  sight.seen = waited.seen;
  sight.by = entry;
  return waited.found ? 'found' : waited.pauseMs;
}

/** Asked again after each wait, which the compiler would take for settled. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** Settles with the work, or resolves with null when the signal aborts; the work then ends by itself. */
function untilAborted<T>(work: Promise<T | null>, signal: AbortSignal): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const end = (): void => resolve(null);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });
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
