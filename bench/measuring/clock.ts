/** Time. The monotonic clock is the machine's, so stamps of different processes can be subtracted. */

/** Microseconds on the machine's monotonic clock; only differences mean something. */
export function microsecondsNow(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** Starts a stopwatch; each call of what it returns answers the milliseconds since then. */
export function stopwatch(): () => number {
  const started = process.hrtime.bigint();
  return () => Number(process.hrtime.bigint() - started) / 1e6;
}

const neverWoken = new Int32Array(new SharedArrayBuffer(4));

/** Stops the whole thread: the only wait here that is exact to parts of a millisecond. For processes of their own. */
export function sleepBlocking(milliseconds: number): void {
  if (milliseconds > 0) Atomics.wait(neverWoken, 0, 0, milliseconds);
}
