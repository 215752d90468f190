/** Heartbeats: they tell Temporal that an attempt lives, and whoever asks for the status how far it is. */
import { Context } from '@temporalio/activity';

/** Well below the heartbeat time-out, so that one that is lost or late does no harm. They are billed on Temporal Cloud. */
const ALIVE_EVERY_MS = 3_000;

/** How often figures that move are reported. */
const PROGRESS_EVERY_MS = 1_000;

export interface Heartbeats {
  /** Reports the details, at once if the last report is old enough, else when it is. */
  progress(): void;
  stop(): void;
}

/** `details` makes what is reported: counts, names and times only. */
export function startHeartbeats(details: () => unknown): Heartbeats {
  // Kept, because progress may be told from a callback of another thread, outside of the activity's context.
  const context = Context.current();
  let reportedAt = Number.NEGATIVE_INFINITY;
  let later: NodeJS.Timeout | null = null;
  const report = (): void => {
    if (later !== null) clearTimeout(later);
    later = null;
    reportedAt = performance.now();
    context.heartbeat(details());
  };
  const alive = setInterval(() => {
    if (performance.now() - reportedAt >= PROGRESS_EVERY_MS) report();
  }, ALIVE_EVERY_MS);
  return {
    progress() {
      const wait = reportedAt + PROGRESS_EVERY_MS - performance.now();
      if (wait <= 0) report();
      else later ??= setTimeout(report, wait);
    },
    stop() {
      clearInterval(alive);
      if (later !== null) clearTimeout(later);
      later = null;
    },
  };
}
