/** Waiting for a change by looking: often at what is newer than before, now and then at all that may have changed. */
import type { WindowContext, WindowRead } from './window';

export interface KeysetPorts {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after about `ms`, or at once when the signal aborts. */
  delay(ms: number, signal?: AbortSignal): Promise<void>;
}

const FIRST_PAUSE_MS = 10;
const GROWTH = 1.5;
/** The longest that a change goes unnoticed, but for those that turn up late. */
const LAST_PAUSE_MS = 250;

export interface Waiting {
  readonly context: WindowContext;
  readonly ports: KeysetPorts;
  readonly look: (whole: boolean) => Promise<WindowRead>;
}

/** True when there is a change; false when the time is over or the signal aborts. */
export async function waitForChange(
  { context: { reader, memory }, ports, look }: Waiting,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const began = ports.now();
  const left = (): number => timeoutMs - (ports.now() - began);
  let pause = FIRST_PAUSE_MS;
  let token: string | null = null;
  let wasWhole = false;
  while (!isAborted(signal)) {
    const now = await reader.token();
    const isWhole = memory.wholeDueIn() === 0;
    const isQuiet = now !== null && now === token;
    if (!isQuiet || (isWhole && !wasWhole)) {
      const { passes, wholeAt } = await look(isWhole);
      if (passes.some((pass) => pass.changes().length > 0)) return true;
      wasWhole = wholeAt !== null;
      token = now;
    }
    if (left() <= 0) return false;
    await ports.delay(Math.min(pause, left()), signal);
    pause = Math.min(pause * GROWTH, LAST_PAUSE_MS);
  }
  return false;
}

/** Asked again after each wait, which the compiler would take for settled. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
