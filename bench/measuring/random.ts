/** Chance that repeats: the same seed gives the same workload to all that are compared. */

/** Answers a number from 0 (included) to 1 (excluded). */
export type Random = () => number;

/** A linear congruential generator (modulus 2^32, the upper bits used): plenty for choosing rows. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}
