/**
 * The attempts that run in this process, by pipeline. Cancellation comes to an activity with the answer to its next
 * heartbeat, seconds late; an attempt in the same process can be told at once.
 */
import type { PipelineRef } from '../engine';

export interface Attempts {
  /**
   * Runs `work` with a signal that aborts when one of `signals` does, or when `end` is called. Attempts of the same
   * pipeline and kind run one after the other: the newer one ends the older.
   */
  run<T>(
    pipeline: PipelineRef,
    kind: AttemptKind,
    signals: readonly AbortSignal[],
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T>;
  /** Tells all attempts of a pipeline to end. */
  end(pipeline: PipelineRef): void;
}

export type AttemptKind = 'fetch' | 'apply' | 'sweep';

interface Attempt {
  readonly abort: AbortController;
  readonly ended: Promise<unknown>;
}

export function createAttempts(): Attempts {
  const running = new Map<string, Attempt>();
  const kinds: readonly AttemptKind[] = ['fetch', 'apply', 'sweep'];
  const keyOf = (pipeline: PipelineRef, kind: AttemptKind): string =>
    JSON.stringify([kind, pipeline.name, pipeline.source, pipeline.target]);

  return {
    run(pipeline, kind, signals, work) {
      const key = keyOf(pipeline, kind);
      const former = running.get(key);
      former?.abort.abort();
      const abort = new AbortController();
      const unlink = link(signals, abort);
      const result = (former?.ended ?? Promise.resolve()).then(() => work(abort.signal));
      const attempt: Attempt = { abort, ended: result.then(noValue, noValue) };
      running.set(key, attempt);
      void attempt.ended.then(() => {
        unlink();
        if (running.get(key) === attempt) running.delete(key);
      });
      return result;
    },
    end(pipeline) {
      for (const kind of kinds) running.get(keyOf(pipeline, kind))?.abort.abort();
    },
  };
}

function noValue(): undefined {
  return undefined;
}

/**
 * Lets each of `signals` abort `abort`. `AbortSignal.any` would do, but Node 20 keeps what that made for as long as
 * its sources live.
 */
function link(signals: readonly AbortSignal[], abort: AbortController): () => void {
  const onAbort = (): void => abort.abort();
  for (const signal of signals) {
    if (signal.aborted) abort.abort();
    else signal.addEventListener('abort', onAbort, { once: true });
  }
  return () => {
    for (const signal of signals) signal.removeEventListener('abort', onAbort);
  };
}
