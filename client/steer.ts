/** Sends a request to a pipeline's workflow and waits for the answer no longer than it makes sense. */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle, WorkflowUpdateHandle } from '@temporalio/client';
import { workflowIdOf } from '../workflows/messages';
import { CdcClientError, toClientError, unreachable } from './errors';
import { watchWorkers } from './liveness';

/** Quick answers need no watch on the workers. */
const WATCH_AFTER_MS = 100;

/** Where workers don't report themselves: a living one has accepted a request by then. */
const ACCEPT_WITHIN_MS = 3_000;

/** How often progress is looked at. */
const ADVANCE_EVERY_MS = 500;

export interface Asking {
  readonly temporal: Client;
  readonly taskQueue: string;
  readonly pipeline: string;
  /** How long living workers may take to answer, milliseconds. */
  readonly timeoutMs: number;
  /** Where what was asked for takes time: a number that grows with it. The time limit begins anew each time. */
  readonly advance?: () => Promise<number>;
}

type Outcome<T> =
  { readonly kind: 'answer'; readonly answer: T } | { readonly kind: 'silent' | 'unreachable' | 'late' };

/**
 * The answer to the update that `send` sends; it has to wait for its acceptance only. Throws CdcClientError: NO_WORKER
 * within 5 s when no worker lives, TIMEOUT, UNREACHABLE, NOT_FOUND, REFUSED, or the code of what failed.
 */
export async function ask<Result>(
  asking: Asking,
  send: (pipeline: WorkflowHandle) => Promise<WorkflowUpdateHandle<Result>>,
): Promise<Result> {
  const { temporal, taskQueue, pipeline, timeoutMs, advance } = asking;
  const done = new AbortController();
  // Waiting for an answer, the SDK asks again every few seconds; each call leaves its listener on the signal, which goes
  // with this request. That is no leak to be warned of.
  setMaxListeners(0, done.signal);
  let accepted = false;

  const request = async (): Promise<Outcome<Result>> => {
    const handle = temporal.workflow.getHandle(workflowIdOf(pipeline));
    const sent = await send(handle);
    accepted = true;
    return { kind: 'answer', answer: await sent.result() };
  };
  const watch = async (): Promise<Outcome<Result>> => {
    await sleep(WATCH_AFTER_MS, undefined, { signal: done.signal });
    const liveness = await watchWorkers(temporal, taskQueue, done.signal);
    if (liveness !== 'unknown') return { kind: liveness };
    await sleep(Math.max(0, started + ACCEPT_WITHIN_MS - performance.now()), undefined, {
      signal: done.signal,
    });
    return accepted ? new Promise(() => undefined) : { kind: 'silent' };
  };
  const limit = async (): Promise<Outcome<Result>> => {
    let reached = Number.NEGATIVE_INFINITY;
    for (let until = started + timeoutMs; performance.now() < until;) {
      const left = until - performance.now();
      await sleep(advance === undefined ? left : Math.min(left, ADVANCE_EVERY_MS), undefined, {
        signal: done.signal,
      });
      // What can't be told now is told by the next look.
      const now = (await advance?.().catch(() => null)) ?? null;
      if (now === null || now <= reached) continue;
      reached = now;
      until = performance.now() + timeoutMs;
    }
    return { kind: 'late' };
  };

  const started = performance.now();
  const runners = [temporal.withAbortSignal(done.signal, request), watch(), limit()];
  try {
    const outcome = await Promise.race(runners);
    if (outcome.kind === 'answer') return outcome.answer;
    throw unanswered(outcome.kind, asking);
  } catch (error) {
    throw toClientError(error, pipeline);
  } finally {
    done.abort();
    // The losers of the race end by the abort, which is no failure.
    for (const runner of runners) runner.catch(() => undefined);
  }
}

function unanswered(kind: 'silent' | 'unreachable' | 'late', asking: Asking): CdcClientError {
  const { taskQueue, timeoutMs } = asking;
  switch (kind) {
    case 'silent':
      return new CdcClientError(
        'NO_WORKER',
        `No worker is running on task queue ${taskQueue}; the request may still take effect once one is`,
        'Start a worker with `cdc worker` (or `cdc dev`), then look with `cdc status`.',
      );
    case 'late':
      return new CdcClientError(
        'TIMEOUT',
        `No answer within ${Math.round(timeoutMs / 1000)} s; the request may still take effect`,
        "Look with `cdc status`, and at the worker's log.",
      );
    case 'unreachable':
      return unreachable();
  }
}
