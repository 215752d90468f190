/** A helper process's side of its channel. */

/** Answers each message with what `handle` makes of it; the process ends when its parent goes. */
export function serve(handle: (message: unknown) => unknown): void {
  process.on('message', (message) => {
    try {
      process.send?.({ ok: true, value: handle(message) });
    } catch (error) {
      process.send?.({
        ok: false,
        problem: error instanceof Error ? (error.stack ?? error.message) : 'unknown',
      });
    }
  });
  process.on('disconnect', () => process.exit(0));
}
