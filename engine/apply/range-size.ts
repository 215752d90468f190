/**
 * How many rows the next range of a first copy takes: more as long as ranges go quickly, so that what each of them costs
 * besides its rows weighs less; fewer where rows are large or the target is slow. Whoever else wants the checkpoint, or
 * alters the source's table, waits for one range.
 */
import { RANGE_IN_MEMORY } from '../model';

const FEWEST_ROWS = 1_000;
/** A range that takes less than this is short, milliseconds; one that takes more than the other is long. */
const SHORT_MS = 300;
const LONG_MS = 1_200;

export interface RangeSize {
  /** Most rows of the next range. */
  rows(): number;
  /** To be told of a range that was as long as allowed, and how long its commit took. */
  took(rows: number, ms: number): void;
}

/** `most`: what the settings allow. */
export function createRangeSize(most: number): RangeSize {
  const fewest = Math.min(FEWEST_ROWS, most);
  let size = Math.min(RANGE_IN_MEMORY, most);
  return {
    rows: () => size,
    took(rows, ms) {
      // One of before the size was changed tells nothing of this size.
      if (rows !== size) return;
      if (ms < SHORT_MS) size = Math.min(most, 2 * size);
      else if (ms > LONG_MS) size = Math.max(fewest, Math.floor(size / 2));
    },
  };
}
