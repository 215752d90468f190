/** What is made of samples. */

/** The value below which `share` (0 to 1) of the samples lie, by nearest rank. Throws on no samples. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1));
  const value = sorted[rank];
  if (value === undefined) throw new Error('A percentile of no samples');
  return value;
}

/** The middle sample, or the mean of the two in the middle. */
export function median(samples: readonly number[]): number {
  const mirrored = samples.map((sample) => -sample);
  return (percentile(samples, 0.5) - percentile(mirrored, 0.5)) / 2;
}

/**
 * One quotient per repetition. Neighbours in time see the same machine, so their quotient is steadier than the
 * quotient of two medians.
 */
export function ratios(above: readonly number[], below: readonly number[]): readonly number[] {
  return above.map((value, index) => value / (below[index] ?? Number.NaN));
}

/** The items in an order that starts one further with each turn, so that none always runs first. */
export function rotated<T>(items: readonly T[], turn: number): readonly T[] {
  const start = turn % Math.max(1, items.length);
  return [...items.slice(start), ...items.slice(0, start)];
}
