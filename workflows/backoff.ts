/** How long a failing pipeline waits before it tries again. */

export const FIRST_DELAY_MS = 1_000;
export const LONGEST_DELAY_MS = 60_000;

/**
 * Milliseconds before the next attempt, after `attempts` failures in a row. What no retry can heal is still tried at
 * the slowest pace, so that a cause which a person repairs heals by itself. Jitter (`random` in [0, 1)) takes up to a
 * half away, so that many pipelines on one broken database don't come back at once.
 */
export function backoffMs(attempts: number, retryable: boolean, random: number): number {
  const doublings = Math.min(Math.max(attempts, 1) - 1, 16);
  const capped = retryable ? Math.min(FIRST_DELAY_MS * 2 ** doublings, LONGEST_DELAY_MS) : LONGEST_DELAY_MS;
  return Math.round(capped * (1 - random / 2));
}
