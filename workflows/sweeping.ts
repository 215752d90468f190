/** Sweeps: comparing keys of both sides now and then, where capture by a column asks for it. */
import { sweep } from './proxies';
import { isCopying } from './messages/status';
import type { Run } from './run';

/** Milliseconds until the next one is due; null where there is none to come. A batch run has one. */
export function sweepDueIn({ input: { spec }, sweptAt, sweeping, status }: Run): number | null {
  const { capture, mode } = spec;
  if (capture === 'trigger' || capture.sweepMs === null || sweeping) return null;
  // What is being copied is not compared.
  if (isCopying(status)) return null;
  if (sweptAt === null) return 0;
  return mode === 'batch' ? null : Math.max(0, sweptAt + capture.sweepMs - Date.now());
}

/** Compares keys, if it is time to. What was marked is read in the next round, which then need not wait for a change. */
export async function sweepIfDue(run: Run): Promise<boolean> {
  if (sweepDueIn(run) !== 0) return false;
  run.sweeping = true;
  try {
    const { keys } = await sweep({ pipeline: run.pipeline });
    run.sweptAt = Date.now();
    if (keys > 0) run.skipFetch = true;
    return keys > 0;
  } catch (error) {
    postpone(run);
    throw error;
  } finally {
    run.sweeping = false;
  }
}

/** One that failed comes again soon; a batch run tries it again with the rest of its step. */
const AGAIN_MS = 60_000;

function postpone(run: Run): void {
  const { capture, mode } = run.input.spec;
  if (capture === 'trigger' || capture.sweepMs === null || mode === 'batch') return;
  run.sweptAt = Date.now() - Math.max(0, capture.sweepMs - AGAIN_MS);
}
