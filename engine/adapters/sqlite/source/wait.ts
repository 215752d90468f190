/**
 * Waiting for a commit of another process. The folder is watched for writes to the database's files as a wake-up;
 * whether there is a change is always asked of the database, which also is looked at now and then by itself, since
 * not every file system tells.
 */
import { realpathSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Look } from './pending';

/** The longest that a change can go unnoticed where nothing wakes us. */
const LOOK_MS = 50;

/** The same where wake-ups have been seen to work: a look costs little, but twenty a second add up. */
const TRUSTING_LOOK_MS = 250;

/**
 * A commit becomes visible after its bytes were written, and after the disk has them if the writer syncs. So a
 * wake-up is followed by looks at growing distances.
 */
const FIRST_FOLLOW_UP_MS = 1;
const FOLLOW_UP_GROWTH = 1.5;
const LAST_FOLLOW_UP_MS = 40;

/** A bulk load or traffic on other tables is no reason for more looks than these: some at once, then one each time. */
const LOOKS_AT_ONCE = 30;
const LOOK_EVERY_MS = 10;

export interface Watch {
  /** Calls back on every write to the database's files, until it is told to stop. */
  onWrite(callback: () => void): () => void;
  /** True once a commit was announced by a write, until one was not. */
  trusted: boolean;
  close(): void;
}

/** Watches the files of a database: itself, its -wal and its -journal. Without events where it can't be watched. */
export function watchDatabase(path: string): Watch {
  const callbacks = new Set<() => void>();
  let watcher: FSWatcher | null = null;

  const open = (): void => {
    if (watcher !== null) return;
    try {
      // SQLite puts its further files beside the file that a link leads to.
      const real = realpathSync(path);
      const names = new Set(['', '-wal', '-journal'].map((suffix) => basename(real) + suffix));
      watcher = watch(dirname(real), { persistent: false }, (_event, name) => {
        if (name === null || names.has(name)) for (const callback of [...callbacks]) callback();
      });
      watcher.on('error', close);
    } catch {
      // Too many watches, or a file system without events: looks at intervals have to do.
    }
  };
  const close = (): void => {
    watcher?.close();
    watcher = null;
  };
  return {
    trusted: false,
    onWrite(callback) {
      callbacks.add(callback);
      open();
      return () => {
        callbacks.delete(callback);
        // The events of a busy database are not for free.
        if (callbacks.size === 0) close();
      };
    },
    close,
  };
}

/** Looks until there is a change (true), the time is over or the signal aborts (false). Throws what `look` throws. */
export async function waitForLook(
  source: Watch,
  look: (lastVersion: number | null) => Promise<Look>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const began = performance.now();
  const bell = hangBell(source, signal);
  let version: number | null = null;
  let followUp = FIRST_FOLLOW_UP_MS;
  let announced = false;
  try {
    for (let looks = 1; !signal.aborted; looks++) {
      const rung = bell.takeRing();
      announced ||= rung;
      const seen = await look(version);
      const committed = version !== null && seen.version !== version;
      if (committed) source.trusted = announced;
      if (seen.found) return true;
      version = seen.version;
      followUp = rung || committed ? FIRST_FOLLOW_UP_MS : followUp * FOLLOW_UP_GROWTH;
      if (followUp > LAST_FOLLOW_UP_MS) announced = false;
      const passed = performance.now() - began;
      if (passed >= timeoutMs) return false;
      const idle = source.trusted ? TRUSTING_LOOK_MS : LOOK_MS;
      const tooSoon = (looks - LOOKS_AT_ONCE) * LOOK_EVERY_MS - passed;
      const pause = tooSoon > 0 ? tooSoon : followUp > LAST_FOLLOW_UP_MS ? idle : followUp;
      await bell.sleep(Math.min(pause, timeoutMs - passed), tooSoon <= 0);
    }
    return false;
  } finally {
    bell.takeDown();
  }
}

interface Bell {
  /** True if it has rung since it was asked last. */
  takeRing(): boolean;
  /** Until the time is over, the signal aborts or, if `ringWakes`, the bell has rung. */
  sleep(ms: number, ringWakes: boolean): Promise<void>;
  takeDown(): void;
}

function hangBell(source: Watch, signal: AbortSignal): Bell {
  let rung = false;
  let wake: ((byRing: boolean) => void) | null = null;
  const stop = source.onWrite(() => {
    rung = true;
    wake?.(true);
  });
  const onAbort = (): void => wake?.(false);
  signal.addEventListener('abort', onAbort);
  return {
    takeRing() {
      const result = rung;
      rung = false;
      return result;
    },
    sleep: (ms, ringWakes) =>
      new Promise((resolve) => {
        if (signal.aborted || (ringWakes && rung)) {
          resolve();
          return;
        }
        const timer = setTimeout(() => wake?.(false), ms);
        wake = (byRing) => {
          if (byRing && !ringWakes) return;
          wake = null;
          clearTimeout(timer);
          resolve();
        };
      }),
    takeDown() {
      stop();
      signal.removeEventListener('abort', onAbort);
    },
  };
}
