/** What callers ask of a pipeline, performed by the main loop between two pieces of work. */
import { TemporalFailure, isCancellation } from '@temporalio/workflow';
import { applySpec } from './applying';
import type { Command } from './commands';
import { describeFailure, failureFor } from './failures';
import type { Failure, Steered } from './messages';
import { acceptFailover, fence, finish, resumeTable, resync } from './proxies';
import { clearFailure, fail, goOn, happen, permit } from './run';
import type { Run } from './run';
import { withResync } from './messages/status';
import type { Syncing } from './work';

/** Performs a request and answers its caller. Throws only when the workflow itself is cancelled. */
export async function perform(run: Run, command: Command, syncing: Syncing): Promise<void> {
  switch (command.kind) {
    case 'pause':
      if (run.status.state !== 'paused') startHold(run, 'pause');
      answer(run, command.done, await hold(run, syncing));
      return;
    case 'stop':
      if (run.status.state !== 'paused') startHold(run, 'stop');
      run.holdFor = 'stop';
      answer(run, command.done, await hold(run, syncing));
      return;
    case 'resume':
      resume(run);
      answer(run, command.done, null);
      return;
    case 'resync': {
      const outcome = await resyncTables(run, command.table);
      if ('tables' in outcome) command.done.resolve({ state: run.status.state, tables: outcome.tables });
      else command.done.reject(failureFor(outcome));
      return;
    }
    case 'resumeTable': {
      const outcome = await resumeParked(run, command.table);
      if ('tables' in outcome) command.done.resolve({ state: run.status.state, tables: outcome.tables });
      else command.done.reject(failureFor(outcome));
      return;
    }
    case 'apply': {
      const outcome = await applySpec(run, command.asked);
      if ('copying' in outcome) command.done.resolve({ state: run.status.state, ...outcome });
      else command.done.reject(failureFor(outcome));
      return;
    }
    case 'deadLetters':
      // The next attempt finds what is marked at its claim, and how many are left is its to tell.
      run.skipFetch = true;
      run.reportAll = true;
      answer(run, command.done, null);
      return;
    case 'acceptFailover': {
      const outcome = await acceptOn(run);
      if ('accepted' in outcome)
        command.done.resolve({ state: run.status.state, accepted: outcome.accepted });
      else command.done.reject(failureFor(outcome));
      return;
    }
    default:
      command satisfies never;
  }
}

function answer(
  run: Run,
  done: { resolve(value: Steered): void; reject(error: unknown): void },
  failure: Failure | null,
) {
  if (failure === null) done.resolve({ state: run.status.state });
  else done.reject(failureFor(failure));
}

function startHold(run: Run, holdFor: Run['holdFor']): void {
  run.holdFor = holdFor;
  clearFailure(run);
  happen(run, 'hold');
}

/**
 * Takes a `pausing` pipeline to `paused`, and on to `stopped` where that was asked for. The failure that kept it from
 * getting there, or null.
 */
export async function hold(run: Run, syncing: Syncing): Promise<Failure | null> {
  try {
    if (run.status.state === 'pausing') {
      // Raised first: if the answer gets lost after the deed, this generation is the one that claims may name.
      run.generation += 1;
      await unlessNothing(run, fence(permit(run)));
      clearFailure(run);
      happen(run, 'fenced');
    }
    if (run.holdFor === 'stop' && run.status.state === 'paused') {
      syncing.cancel();
      await unlessNothing(run, finish({ pipeline: run.pipeline, chain: run.chain }));
      clearFailure(run);
      happen(run, 'ended');
    }
    return null;
  } catch (error) {
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
    const failure = describeFailure(error);
    fail(run, failure);
    return failure;
  }
}

/** Ends a chain that will not go on, as well as can be: another one may then adopt the pipeline. */
export async function release(run: Run, syncing: Syncing | null): Promise<void> {
  syncing?.cancel();
  try {
    await finish({ pipeline: run.pipeline, chain: run.chain });
  } catch (error) {
    if (!(error instanceof TemporalFailure)) throw error;
  }
}

/**
 * Before setup has come far enough there is nothing to fence and nobody to commit. A target that is gone afterwards may
 * come back, so a pause waits for it; a stop does not, since whoever starts the pipeline anew has to stop it first.
 */
async function unlessNothing(run: Run, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const { code } = describeFailure(error);
    const gone = code === 'DATABASE_MISSING' && (!run.setUp || run.holdFor === 'stop');
    if (code !== 'PIPELINE_UNKNOWN' && !gone) throw error;
  }
}

function resume(run: Run): void {
  if (run.status.state === 'failing') {
    // It tries at once; the state tells how that went.
    run.status = { ...run.status, lastError: retriedNow(run.status.lastError) };
    return;
  }
  // A fence whose answer got lost may have raised the checkpoint's generation to ours; a higher one may always claim.
  // But a setup that failed halfway has to be noticed: it raised the generation beyond ours, and shall be repeated.
  if (!run.applyFailed) run.generation += 1;
  run.applyFailed = false;
  run.holdFor = 'pause';
  run.skipFetch = true;
  clearFailure(run);
  goOn(run);
}

function retriedNow(error: Run['status']['lastError']): Run['status']['lastError'] {
  return error === null ? null : { ...error, attempts: 0, nextAttemptAt: Date.now() };
}

/** Marks tables for a new copy, which fences: an attempt that still runs commits no more. */
async function resyncTables(
  run: Run,
  table: string | null,
): Promise<{ readonly tables: readonly string[] } | Failure> {
  return attempted(run, async () => {
    const { createTables } = run.status.settings;
    const tables = await resync({ ...permit(run), table, createTables });
    run.status = withResync(run.status, tables);
    run.skipFetch = true;
    if (run.status.state !== 'paused') {
      clearFailure(run);
      happen(run, 'copying');
    }
    return { tables };
  });
}

/** Carries the positions over, which fences, and makes a failing pipeline try at once. */
async function acceptOn(run: Run): Promise<{ readonly accepted: boolean } | Failure> {
  return attempted(run, async () => {
    const accepted = await acceptFailover(permit(run));
    if (run.status.state === 'failing') resume(run);
    return { accepted };
  });
}

/** Performs under a new generation; the failure that it came to, or what it answers. */
async function attempted<T>(run: Run, work: () => Promise<T>): Promise<T | Failure> {
  run.generation += 1;
  try {
    return await work();
  } catch (error) {
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
    return describeFailure(error);
  }
}

/** Lets a parked table go on, which fences: the next attempt reads it again. */
async function resumeParked(
  run: Run,
  table: string,
): Promise<{ readonly tables: readonly string[] } | Failure> {
  return attempted(run, async () => {
    const { createTables } = run.status.settings;
    const tables = await resumeTable({ ...permit(run), table, createTables });
    run.skipFetch = true;
    // How far each has to go is the next round's to tell.
    run.reportAll = true;
    return { tables };
  });
}
