/** What tells everything in a worker that it ends. */
import { setMaxListeners } from 'node:events';

/** Every attempt listens to its signal, and stops at its own end: however many do so are no leak to be warned of. */
export function createShutdown(): AbortController {
  const shutdown = new AbortController();
  setMaxListeners(Infinity, shutdown.signal);
  return shutdown;
}
