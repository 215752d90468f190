/** Mutual exclusion between asynchronous sections of one process. */

export interface Mutex {
  /** Runs `work` when all that was queued before it is over; what it throws does not hurt the next one. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createMutex(): Mutex {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run(work) {
      const result = last.then(work);
      last = result.catch(() => undefined);
      return result;
    },
  };
}
