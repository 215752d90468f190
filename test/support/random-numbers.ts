/** Numbers that look random and are the same for the same seed. */

export interface RandomNumbers {
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number;
}

/** A generator of 32-bit state after Weyl and a mixing function. */
export function randomNumbers(seed: number): RandomNumbers {
  let state = seed >>> 0;
  return {
    below(limit) {
      state = (state + 0x9e3779b9) >>> 0;
      let mixed = state;
      mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      return ((mixed ^ (mixed >>> 15)) >>> 0) % limit;
    },
  };
}
