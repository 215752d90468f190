/** Chance from a seed: the same seed always tells the same story. */

export interface Random {
  /** At least 0, below 1. */
  next(): number;
  /** A whole number, at least 0 and below `n`. */
  below(n: number): number;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  /** Throws on an empty list. */
  pick<T>(items: readonly T[]): T;
  /** A stream of its own, so that one part's questions don't change another part's answers. */
  fork(): Random;
}

/** Mixes a seed so that neighbouring seeds share nothing (the finaliser of MurmurHash3). */
function mix(seed: number): number {
  let h = seed | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Weyl sequence and mixing, 32 bits of state: plenty for one seed's few thousand draws, and quick. */
export function createRandom(seed: number): Random {
  let state = mix(seed + 0x9e3779b9);
  const random: Random = {
    next() {
      state = (state + 0x9e3779b9) | 0;
      return mix(state) / 2 ** 32;
    },
    below: (n) => Math.floor(random.next() * n),
    between: (low, high) => low + random.below(high - low + 1),
    chance: (probability) => random.next() < probability,
    pick(items) {
      const item = items[random.below(items.length)];
      if (item === undefined) throw new Error('Nothing to pick from');
      return item;
    },
    fork: () => createRandom(Math.floor(random.next() * 2 ** 32)),
  };
  return random;
}
