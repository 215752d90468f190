/** The work of a pipeline: setup, rounds, telling the source. Failures come out as they are; the loop judges them. */
import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { backoffMs } from './backoff';
import { describeFailure } from './failures';
import type { Failure } from './messages';
import { LONG_POLL_MS, applyBatch, fetchPending, finish, markGoal, markSynced, setup } from './proxies';
import { clearFailure, happen, permit } from './run';
import type { Run } from './run';
import { isCopying, withPending, withRound, withSetup } from './messages/status';
import { sweepDueIn, sweepIfDue } from './sweeping';

/** While there is always more to apply, the size of the backlog is still looked at this often. */
const GUARD_EVERY_MS = 60_000;

/** An attempt after a failure is short, so that its success shows soon. */
const PROBE_MS = 1_000;

/** A round lingers; one that ends sooner than this, having done nothing, was cut short. */
const SHORT_ROUND_MS = 900;

/** That may happen, when a worker stops for instance; more often than this in a row it must not fill the history. */
const FRUITLESS_ROUNDS = 3;

/** How often the source is told while nothing happens, so that what has been retained long enough is purged. */
const IDLE_SYNC_LEAST_MS = 60_000;
const IDLE_SYNC_MOST_MS = 600_000;

/** `keep`: source names of tables that this setup must not take out of the pipeline. */
export async function setUp(run: Run, keep: readonly string[] = []): Promise<void> {
  const { input } = run;
  const report = await setup({
    spec: { ...input.spec, settings: run.status.settings },
    chain: run.chain,
    // Once it is ours, another chain that took it over is not to be fought.
    takeOver: input.takeOver && !run.setUp,
    ...(keep.length > 0 && { keep }),
  });
  run.generation = Math.max(run.generation, report.generation);
  run.status = withSetup(run.status, report, Date.now());
  const batch = input.spec.mode === 'batch';
  if (!run.goalMarked && (batch || report.resumed)) await markGoal({ ...permit(run), batch });
  run.goalMarked = true;
  run.setUp = true;
  run.setUpAgain = false;
  run.skipFetch = true;
}

/** Milliseconds to wait before the next round, so that rounds which do nothing don't follow each other quickly. */
export function restBeforeRound(run: Run): number {
  const tooMany = run.fruitlessRounds - FRUITLESS_ROUNDS;
  return tooMany < 0 ? 0 : backoffMs(tooMany + 1, true, Math.random());
}

/** True when a round has something to do. Waits for it up to a minute, unless the last round says that there is. */
export async function isPending(run: Run): Promise<boolean> {
  const guards = run.status.settings.maxBacklog !== null;
  const lookOnly = run.skipFetch;
  if (lookOnly && !(guards && Date.now() - run.fetchedAt >= GUARD_EVERY_MS)) return true;
  const waitMs = Math.min(LONG_POLL_MS, sweepDueIn(run) ?? LONG_POLL_MS);
  const pending = await look(run, lookOnly ? 0 : waitMs);
  return pending || lookOnly;
}

/** Asks the source how much is waiting, which also guards its size. */
export async function look(run: Run, waitMs: number): Promise<boolean> {
  const fetched = await fetchPending({ pipeline: run.pipeline, settings: run.status.settings, waitMs });
  run.fetchedAt = Date.now();
  run.status = withPending(run.status, fetched, run.fetchedAt);
  return fetched.pending;
}

/** One attempt of applying. `probe`: a short one, after a failure. True: a batch run has reached its goal. */
export async function apply(run: Run, probe: boolean): Promise<boolean> {
  // A batch run ends when it has reached its goal: what a sweep finds has to be there before. Not behind `patched`: no
  // version that was released has pipelines that sweep, and others get the commands of before.
  if (run.status.mode === 'batch') await sweepIfDue(run);
  const { settings, mode } = run.status;
  const lingerMs = probe ? Math.min(PROBE_MS, settings.roundMs) : settings.roundMs;
  const began = Date.now();
  const { reportAll } = run;
  const copying = isCopying(run.status);
  run.reportAll = true;
  const report = await applyBatch({ ...permit(run), settings, lingerMs, copying, reportAll });
  run.reportAll = false;
  const fruitless = report.commits === 0 && Date.now() - began < SHORT_ROUND_MS;
  run.fruitlessRounds = fruitless ? run.fruitlessRounds + 1 : 0;
  run.rounds += 1;
  run.lostEpochs = 0;
  run.status = withRound(run.status, report);
  // Where something happened, more is likely to: the next round begins one hop sooner, and lingers anyway.
  run.skipFetch = !report.caughtUp || report.commits > 0;
  if (mode !== 'batch' || !report.reachedGoal) return false;
  // What was being copied could not be compared before; what differs is read in one more round.
  const isCompared = !run.sweeping && sweepDueIn(run) === null;
  if (!isCompared) run.skipFetch = true;
  return isCompared;
}

/** A batch run has not ended before the source knows, and before another chain may follow. */
export async function completeBatch(run: Run): Promise<void> {
  await markSynced({ pipeline: run.pipeline, retainMs: run.status.settings.retainMs });
  await finish({ pipeline: run.pipeline, chain: run.chain });
  clearFailure(run);
  run.syncError = null;
  happen(run, 'completed');
}

/** What tells the source beside the rest of the work. */
export interface Syncing {
  /** Starts telling the source, unless that still goes on. */
  start(): void;
  /** True when nothing was applied for so long that purging alone is a reason. */
  readonly due: boolean;
  /** Waits for what goes on. */
  settle(): Promise<void>;
  /** Forgets what goes on. */
  cancel(): void;
  /** The failure that no retry heals, once. */
  takeFailure(): Failure | null;
}

/**
 * A failure that retrying may heal only shows in the status: replication need not wait for it, and the next round
 * tries again. Another one is the pipeline's: it is kept for `failure`. `wake` is called for it, and for keys to read.
 */
export function createSyncing(run: Run, wake: () => void): Syncing {
  let failed: Failure | null = null;
  let current: { readonly scope: CancellationScope; readonly ended: Promise<void> } | null = null;

  const tell = async (): Promise<void> => {
    try {
      await markSynced({ pipeline: run.pipeline, retainMs: run.status.settings.retainMs });
      run.syncError = null;
      if (await sweepIfDue(run)) wake();
    } catch (error) {
      if (isCancellation(error)) return;
      const failure = describeFailure(error);
      if (!failure.retryable) {
        failed = failure;
        wake();
      }
      const attempts = (run.syncError?.attempts ?? 0) + 1;
      run.syncError = { ...failure, at: Date.now(), attempts, nextAttemptAt: null };
    } finally {
      current = null;
    }
  };

  return {
    start() {
      if (current !== null) return;
      run.syncedAt = Date.now();
      const scope = new CancellationScope();
      current = { scope, ended: scope.run(tell) };
    },
    get due() {
      const { retainMs } = run.status.settings;
      const every = Math.min(Math.max(retainMs / 10, IDLE_SYNC_LEAST_MS), IDLE_SYNC_MOST_MS);
      return Date.now() - run.syncedAt >= every || sweepDueIn(run) === 0;
    },
    settle: () => current?.ended ?? Promise.resolve(),
    cancel: () => current?.scope.cancel(),
    takeFailure() {
      const taken = failed;
      failed = null;
      return taken;
    },
  };
}
