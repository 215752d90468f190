/** A helper process's side of its channel. */

/** Answers each message with what `handle` makes of it; the process ends when its parent goes. */
export function serve(handle: (message: unknown) => unknown): void {
  process.on('message', (message) => {
    answer(handle, message).then(
      (reply) => process.send?.(reply),
      () => process.exit(1),
    );
  });
  process.on('disconnect', () => process.exit(0));
}

async function answer(handle: (message: unknown) => unknown, message: unknown): Promise<object> {
  try {
    return { ok: true, value: await handle(message) };
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? (error.stack ?? error.message) : 'unknown' };
  }
}
