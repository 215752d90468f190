/**
 * How many rows the next chunk of first copies takes, all its ranges together: more as long as chunks go quickly, so that
 * what each of them costs besides its rows weighs less; fewer where rows are large or the target is slow. Whoever else
 * wants the checkpoint, or alters a table of the source, waits for one chunk.
 */
import { RANGE_IN_MEMORY } from '../model';

const FEWEST_ROWS = 1_000;
/** A chunk that takes less than this is short, milliseconds; one that takes more than the other is long. */
const SHORT_MS = 300;
const LONG_MS = 1_200;

export interface RangeSize {
  /** Most rows of the next chunk. */
  rows(): number;
  /**
   * To be told how many rows a chunk read, and how long its commit took. It grows only after one that had as many rows as
   * allowed; one that takes long counts whatever it read, since rows may be limited elsewhere, too.
   */
  took(rows: number, ms: number): void;
}

/** `most`: what the settings allow. */
export function createRangeSize(most: number): RangeSize {
  const fewest = Math.min(FEWEST_ROWS, most);
  let size = Math.min(RANGE_IN_MEMORY, most);
  return {
    rows: () => size,
    took(rows, ms) {
      if (rows === 0) return;
      if (ms < SHORT_MS && rows === size) size = Math.min(most, 2 * size);
      // One that was read before the size was changed must not raise it.
      else if (ms > LONG_MS) size = Math.max(fewest, Math.min(size, Math.floor(rows / 2)));
    },
  };
}
