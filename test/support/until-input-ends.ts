/** How a child of a test is asked to end: its parent closes its standard input, or dies. */

/** Repeats `work` until then; it answers how many milliseconds to rest before the next time. */
export async function untilInputEnds(work: () => Promise<number>): Promise<void> {
  let ended = false;
  process.stdin.on('close', () => {
    ended = true;
  });
  process.stdin.resume();
  const hasEnded = (): boolean => ended;
  while (!hasEnded()) {
    const rest = await work();
    await new Promise((resolve) => setTimeout(resolve, rest));
  }
}
