/** Waiting for a change: cheap looks, close together while there is something to see. */
import type { Position, TableRoute } from '../../../model';
import { currentSnapshot } from '../capture/head';
import { decodePosition } from '../capture/position';
import { isInstalled } from '../capture/registry';
import { own, type Session, type Sessions } from '../database';
import { capturesOf, type Captures } from './branches';
import { countPending, capturedBranches } from './pending';
import { probe } from './spans';

/** Pause between looks after a wait began, and at most while nothing is written at all. */
const FIRST_PAUSE_MS = 1;
const PAUSE_GROWTH = 1.1;
const QUIET_PAUSE_MS = 25;

/** The same while others write; more where looks take long: they shall cost us no more than this part of the time. */
const BUSY_PAUSE_MS = 10;
const SHARE = 0.04;
const LONGEST_PAUSE_MS = 100;

/** The server waits this long at a time: so long at most does it keep old rows from being vacuumed. */
const SERVER_WAIT_MS = 500;

/** Which change tables there are is asked this often: until then a new one is not looked at, which loses nothing. */
const CAPTURES_MS = 1_000;

interface KnownCaptures {
  readonly asked: number;
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
  /** The snapshot by which the server has ended a wait. */
  let told: string | null = null;
  for (let first = true; !isAborted(signal); first = false) {
    const [looked, before] = [performance.now(), sight.seen];
    const found = await sessions.use((session) =>
      first && at.cut !== null
        ? lookBehind(session, position, sight, routes)
        : lookFurther(session, known, sight, routes, told),
    );
    if (found) return true;
    const took = performance.now() - looked;
    const quiet = sight.seen === before;
    if (!quiet) await sleep(Math.min(pause, left()), signal);
    if (left() <= 0) return false;
    // While others write all the time this answers at once.
    told = await waitForWrite(sessions, known, routes, sight.seen, { pause, waitMs: left(), signal });
    if (left() <= 0) return false;
    // The server has made its pauses longer by itself.
    const longest = Math.min(LONGEST_PAUSE_MS, Math.max(BUSY_PAUSE_MS, took / SHARE));
    pause = quiet ? QUIET_PAUSE_MS : Math.min(pause * PAUSE_GROWTH, longest);
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
  told: string | null,
): Promise<boolean> {
  const now = told ?? (await currentSnapshot(session));
  const before = known.get(routes);
  const isFresh = before !== undefined && performance.now() - before.asked < CAPTURES_MS;
  if (now === sight.sure || (now === sight.seen && isFresh && sight.by === before)) return false;
  const entry = isFresh ? before : await askCaptures(session, known, routes);
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
  const captures = (await isInstalled(session)) ? await capturesOf(session, routes) : null;
  const entry = { asked: performance.now(), captures };
  known.set(routes, entry);
  return entry;
}

/**
 * Returns when anything at all was written, after SERVER_WAIT_MS, or when the signal aborts: the snapshot that was
 * current then, null where it was not asked for.
 */
async function waitForWrite(
  sessions: Sessions,
  known: WaitState,
  routes: readonly TableRoute[],
  seen: string,
  {
    pause,
    waitMs,
    signal,
  }: { readonly pause: number; readonly waitMs: number; readonly signal: AbortSignal },
): Promise<string | null> {
  const longest = Math.ceil(Math.min(waitMs, SERVER_WAIT_MS));
  if (known.get(routes)?.captures === null) {
    await sleep(Math.min(pause, longest), signal);
    return null;
  }
  const waiting = sessions.use(async (session) => {
    const { captures } = known.get(routes) ?? (await askCaptures(session, known, routes));
    if (captures === null) return null;
    const [row] = await session.query(
      `SELECT ${own('wait_for_write')}($1, $2::int4, $3::float8, $4::float8)`,
      [seen, longest, pause, QUIET_PAUSE_MS],
      { prepared: true },
    );
    return row?.[0] ?? null;
  });
  return untilAborted(waiting, signal);
}

/** Asked again after each wait, which the compiler would take for settled. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** Settles with the work, or resolves with null when the signal aborts; the work then ends by itself. */
function untilAborted(work: Promise<string | null>, signal: AbortSignal): Promise<string | null> {
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
