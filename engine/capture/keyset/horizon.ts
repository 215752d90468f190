/**
 * How far back rows may still turn up. A transaction writes no value below the newest one that was committed when it
 * began; so a table is read again from what was newest before the oldest transaction that is still open. Only the order
 * of looks is used, and the database's own times of transactions: values are never computed with.
 */
import type { KeysetBound, KeysetLook, NewestValue, OpenTransaction } from '../../model';
import type { LookMark, Sighting } from './position';

/** What databases tell of transactions may be as old, and as coarse: InnoDB's list is cached, and in whole seconds. */
const MARGIN_MS = 1_000;

/** How long a transaction may take, where nobody says and the database does not tell. */
export const BLIND_LOOKBACK_MS = 5 * 60 * 1000;

/** More would only make positions longer: between two of them a little more is read than needed. */
const MOST_SIGHTINGS = 32;

/** What was open at a look, with the time since which each may have been writing. */
export function markLook({ at, open }: KeysetLook, former: LookMark | null): LookMark {
  // Who was open before may be so still.
  if (open === null) return { at, open: former?.open ?? null, blind: true };
  return {
    at,
    open: Object.fromEntries(open.map((one) => [one.id, beginning(one, former)])),
    blind: false,
  };
}

/** One that was not open at the former look has begun after it. */
function beginning({ id, since, formerly, detached }: OpenTransaction, former: LookMark | null): number {
  const known = former?.open?.[id] ?? (formerly === null ? undefined : former?.open?.[formerly]);
  // What it was before it became a transaction has an earlier beginning.
  if (since !== null) return Math.min(since, known ?? since);
  if (former === null) return 0;
  return known ?? (detached ? oldest(former) : former.at);
}

function oldest({ at, open }: LookMark): number {
  return Object.values(open ?? {}).reduce((least, time) => Math.min(least, time), at);
}

/** Whoever may still write has begun at this time or later. */
export function horizonOf(look: LookMark, lookbackMs: number | null): number {
  const lookback = lookbackOf(look, lookbackMs);
  return look.blind ? Math.min(look.at - lookback, oldest(look)) : oldest(look) - MARGIN_MS - lookback;
}

/** `lookbackMs`: as it was asked for. */
export function lookbackOf({ blind }: LookMark, lookbackMs: number | null): number {
  return lookbackMs ?? (blind ? BLIND_LOOKBACK_MS : 0);
}

/** What was newest at the last sighting by then; undefined where there was none as early. */
export function newestBy(sightings: readonly Sighting[], time: number): NewestValue | null | undefined {
  return sightings.findLast(({ at }) => at <= time)?.newest;
}

/** Where to read on from what was newest; null: from the beginning. */
export function boundAfter(newest: NewestValue | null): KeysetBound | null {
  return newest === null ? null : { value: newest.value, inclusive: !newest.over };
}

/** With a further one, without those that no horizon will ask for any more. */
export function addSighting(
  sightings: readonly Sighting[],
  further: Sighting,
  horizon: number,
): readonly Sighting[] {
  // A clock that was set back: what it said before is no time to go by.
  const earlier = sightings.filter(({ at }) => at <= further.at);
  const last = earlier.at(-1);
  const all = last !== undefined && sameNewest(last.newest, further.newest) ? earlier : [...earlier, further];
  const base = all.findLastIndex(({ at }) => at <= horizon);
  const kept = base < 0 ? all : all.slice(base);
  if (kept.length <= MOST_SIGHTINGS) return kept;
  const half = kept.length / 2;
  return kept.filter((_, index) => index === 0 || index > half || index % 2 === 0);
}

function sameNewest(one: NewestValue | null, other: NewestValue | null): boolean {
  return one?.value === other?.value && one?.over === other?.over;
}
