/** What one run of the workflow knows, and the few ways in which that changes. */
import { upsertMemo, workflowInfo } from '@temporalio/workflow';
import type { PipelineRef } from '../engine';
import { backoffMs } from './backoff';
import { MEMO_KEY } from './messages';
import type { Carried, Failure, LastError, PipelineStatus, ReplicationInput } from './messages';
import type { Permit } from '../activities';
import { transition } from './states';
import type { PipelineEvent } from './states';
import { initialStatus, isCopying, memoOf, wholeStatus, withFailure } from './messages/status';

export interface Run {
  /** Its `spec` is another one once `apply` has changed it. */
  input: ReplicationInput;
  readonly chain: string;
  readonly pipeline: PipelineRef;
  status: PipelineStatus;
  /** Claims must name it. Raised before every fence, so that no attempt handed out before it can claim after it. */
  generation: number;
  setUp: boolean;
  /** The first setup failed for good. */
  setupFailure: Failure | null;
  /** The run is about to end: handlers that only wait must give up. */
  draining: boolean;
  goalMarked: boolean;
  holdFor: Carried['holdFor'];
  /** Setup shall be repeated: the checkpoint did not know our generation. */
  setUpAgain: boolean;
  /** An `apply` has failed since the last resume, maybe halfway: whoever claims has to notice. */
  applyFailed: boolean;
  /** Rounds of this run, not of the chain. */
  rounds: number;
  /** Attempts in a row that lost the epoch to another one of ours. */
  lostEpochs: number;
  /** Short rounds in a row that did nothing. */
  fruitlessRounds: number;
  /** The next round need not ask whether there is something to apply. */
  skipFetch: boolean;
  /** The next round reports on all tables: what the last one did is not known. */
  reportAll: boolean;
  /** When the source was last looked at, milliseconds since 1970. */
  fetchedAt: number;
  /** When the source was last told what has been applied. */
  syncedAt: number;
  /** When keys of both sides were last compared, milliseconds since 1970; null: not yet. */
  sweptAt: number | null;
  /** Keys are being compared. */
  sweeping: boolean;
  /** The source could not be told; replication goes on meanwhile. */
  syncError: LastError | null;
  /** The state and cause that the memo holds. */
  remembered: string;
}

export function createRun(input: ReplicationInput): Run {
  const { spec, carried } = input;
  const now = Date.now();
  return {
    input,
    chain: workflowInfo().firstExecutionRunId,
    pipeline: { name: spec.name, source: spec.source, target: spec.target, capture: spec.capture },
    status: carried === null ? initialStatus(spec, now) : wholeStatus(carried.status),
    generation: carried?.generation ?? 0,
    setUp: carried?.setUp ?? false,
    setupFailure: null,
    draining: false,
    goalMarked: carried?.goalMarked ?? false,
    holdFor: carried?.holdFor ?? 'pause',
    setUpAgain: false,
    applyFailed: false,
    rounds: 0,
    lostEpochs: 0,
    fruitlessRounds: 0,
    skipFetch: true,
    reportAll: true,
    fetchedAt: now,
    syncedAt: now,
    sweptAt: carried?.sweptAt ?? null,
    sweeping: false,
    syncError: carried?.syncError ?? null,
    remembered: '',
  };
}

export function carry(run: Run): Carried {
  const { status, generation, setUp, goalMarked, holdFor, syncError, sweptAt } = run;
  return { status, generation, setUp, goalMarked, holdFor, syncError, sweptAt };
}

export function permit(run: Run): Permit {
  return { pipeline: run.pipeline, chain: run.chain, generation: run.generation };
}

export function happen(run: Run, event: PipelineEvent): void {
  const state = transition(run.status.state, event);
  if (state !== run.status.state) run.status = { ...run.status, state };
  remember(run);
}

/** Keeps the memo up to date, by which pipelines are listed without asking a worker: an event a change. */
function remember(run: Run): void {
  const { state, lastError } = run.status;
  const news = `${state} ${lastError?.code ?? ''}`;
  if (news === run.remembered) return;
  run.remembered = news;
  upsertMemo({ [MEMO_KEY]: memoOf(run.status, Date.now()) });
}

/** As callers see it. */
export function currentStatus(run: Run): PipelineStatus {
  return { ...run.status, lastError: run.status.lastError ?? run.syncError };
}

/** Goes on with work: what that is depends on how far the pipeline had come. */
export function goOn(run: Run): void {
  happen(run, run.setUp ? (isCopying(run.status) ? 'copying' : 'replicating') : 'begin');
}

/** Notes a failure of the pipeline's work, and when it will be tried again. */
export function fail(run: Run, failure: Failure): void {
  const attempts = (run.status.lastError?.attempts ?? 0) + 1;
  const delay = backoffMs(attempts, failure.retryable, Math.random());
  const now = Date.now();
  run.status = withFailure(run.status, failure, { at: now, attempts, nextAttemptAt: now + delay });
  happen(run, 'failed');
}

/** Notes a failure that ends the pipeline. */
export function failForGood(run: Run, failure: Failure): void {
  run.status = withFailure(run.status, failure, { at: Date.now(), attempts: 1, nextAttemptAt: null });
  happen(run, 'ended');
}

/** Milliseconds until the next attempt is due. */
export function untilNextAttempt(run: Run): number {
  return Math.max(0, (run.status.lastError?.nextAttemptAt ?? 0) - Date.now());
}

export function clearFailure(run: Run): void {
  run.status = { ...run.status, lastError: null };
}
