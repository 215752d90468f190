/** Waiting for what another process does to the target: there is nothing to listen to but its checkpoint. */
import type { Position, Source } from '../model';
import type { EnginePorts } from './contract';
import type { Inspected } from './inspect';

/** How long to leave the target alone between two looks. */
const LOOK_MIN_MS = 10;
const LOOK_MAX_MS = 250;

export interface Waiting {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Looks, at least once, until a look answers true. False: the time was over, or the signal aborted. */
export async function lookUntil(
  ports: EnginePorts,
  { timeoutMs, signal }: Waiting,
  look: () => Promise<boolean>,
): Promise<boolean> {
  const until = ports.now() + timeoutMs;
  let pause = LOOK_MIN_MS;
  for (;;) {
    if (await look()) return true;
    const now = ports.now();
    if (signal?.aborted === true || now >= until) return false;
    await ports.delay(Math.min(pause, until - now), signal);
    pause = Math.min(pause * 2, LOOK_MAX_MS);
  }
}

/** True when the tables that go with the pipeline have all that `goal` covers. */
export async function hasPassed(
  source: Source,
  { checkpoint, routes }: Pick<Inspected, 'checkpoint' | 'routes'>,
  goal: Position,
): Promise<boolean> {
  if (await source.covers(checkpoint.position, goal)) return true;
  // A position moves over other tables' changes once a round only: nothing of ours left is as good.
  return (await source.pending(checkpoint.position, routes, 1)).count === 0;
}
