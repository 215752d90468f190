/** Where a sequence has to be so that its next number is beyond all that is held already. */

export interface SequenceRange {
  /** Not 0; negative for one that goes down. */
  readonly increment: bigint;
  readonly least: bigint;
  readonly most: bigint;
}

/** As the server keeps it. */
export interface SequencePlace {
  readonly last: bigint;
  /** False: `last` itself is the number that it gives next. */
  readonly called: boolean;
}

export interface Beyond {
  readonly standing: 'enough' | 'behind' | 'exhausted';
  /** The number that it gives next as it stands; null where it gives none. */
  readonly next: bigint | null;
  /** The number that it must have given last; null unless it is behind. */
  readonly to: bigint | null;
}

/** `held`: the farthest number in its direction; null for none. The steps are counted from where it stands. */
export function beyond(
  range: SequenceRange,
  { last, called }: SequencePlace,
  held: bigint | 'no number' | null,
): Beyond {
  const { increment, least, most } = range;
  const isInside = (value: bigint): boolean => value >= least && value <= most;
  const following = called ? last + increment : last;
  const next = isInside(following) ? following : null;
  if (held === 'no number') return { standing: 'exhausted', next, to: null };
  const isPast = held === null || (increment > 0n ? following > held : following < held);
  if (isPast) return { standing: next === null ? 'exhausted' : 'enough', next, to: null };
  const distance = increment > 0n ? held - following : following - held;
  const step = increment > 0n ? increment : -increment;
  // The last of its numbers that is not beyond what is held.
  const to = following + (distance / step) * increment;
  return isInside(to + increment)
    ? { standing: 'behind', next, to }
    : { standing: 'exhausted', next, to: null };
}
