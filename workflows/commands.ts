/**
 * Requests on their way from update handlers to the main loop. The loop performs one at a time, between pieces of
 * work that it interrupts for them; so no two of them, and no round, ever run into each other.
 */
import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { Accepted, AppliedSpec, Asked, Resumed, Resynced, Steered } from './messages';

export type Command =
  | { readonly kind: 'pause' | 'resume' | 'stop' | 'deadLetters'; readonly done: Waiter<Steered> }
  | { readonly kind: 'resync'; readonly table: string | null; readonly done: Waiter<Resynced> }
  | { readonly kind: 'resumeTable'; readonly table: string; readonly done: Waiter<Resumed> }
  | { readonly kind: 'apply'; readonly asked: Asked; readonly done: Waiter<AppliedSpec> }
  | { readonly kind: 'acceptFailover'; readonly done: Waiter<Accepted> };

export interface Waiter<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

export interface Commands {
  /** Queues a request, interrupts what runs, and waits until the loop has performed it. */
  ask<T>(make: (done: Waiter<T>) => Command): Promise<T>;
  next(): Command | undefined;
  readonly waiting: boolean;
  /** Lets everybody who waits know that nothing will be performed any more. */
  rejectAll(error: unknown): void;
  /**
   * Runs `work`, which a request may interrupt: null then. Work of kind `wait` may be interrupted by `wake` too.
   * A cancellation from outside passes through.
   */
  interruptible<T>(kind: WorkKind, work: () => Promise<T>): Promise<T | null>;
  /** Interrupts a wait, so that changed settings count at once. */
  wake(): void;
}

export type WorkKind = 'work' | 'wait';

export function createCommands(): Commands {
  const queue: Command[] = [];
  let running: { readonly kind: WorkKind; readonly interrupt: () => void } | null = null;

  return {
    ask(make) {
      return new Promise((resolve, reject) => {
        queue.push(make({ resolve, reject }));
        running?.interrupt();
      });
    },
    next: () => queue.shift(),
    get waiting() {
      return queue.length > 0;
    },
    rejectAll(error) {
      for (const command of queue.splice(0)) command.done.reject(error);
    },
    async interruptible(kind, work) {
      if (queue.length > 0) return null;
      const scope = new CancellationScope();
      running = { kind, interrupt: () => scope.cancel() };
      try {
        return await scope.run(work);
      } catch (error) {
        const fromOutside = CancellationScope.current().consideredCancelled;
        if (isCancellation(error) && scope.consideredCancelled && !fromOutside) return null;
        throw error;
      } finally {
        running = null;
      }
    },
    wake() {
      if (running?.kind === 'wait') running.interrupt();
    },
  };
}
