/**
 * Positions: for each change table the id up to which it was read, and the ids before that which were missing then.
 * Ids are taken before their transactions commit, so a missing one may still come, until it is proven that it cannot.
 */
import { CdcError } from '../../../errors';
import { asPosition, type Position } from '../../../model';

/** Ids from the first to the last, both included. */
export type Gap = readonly [first: number, last: number];

/** How far one change table was read. */
export interface TablePosition {
  readonly after: number;
  /** In ascending order, apart from each other, all of them below `after`. */
  readonly gaps: readonly Gap[];
  /** `changed_at` of the change `after`, to tell it from another under its number; null where it is not known. */
  readonly at: string | null;
}

/** Before the first change. */
export const NOTHING_READ: TablePosition = { after: 0, gaps: [], at: null };

export interface MysqlPosition {
  /** The server on which it was read: numbers of tables are its own. */
  readonly server: string;
  /** What was made whole later has holes for whoever stands here. */
  readonly epoch: number;
  /** By the number of the capture. One that is not here was not read at all. */
  readonly tables: ReadonlyMap<number, TablePosition>;
}

const VERSION = 1;

export function encodePosition({ server, epoch, tables }: MysqlPosition): Position {
  const entries = [...tables].map(([id, { after, gaps, at }]) => [id, after, at, gaps.flat()]);
  return asPosition(JSON.stringify({ v: VERSION, s: server, e: epoch, t: entries }));
}

/** Throws POSITION_INVALID. */
export function decodePosition(position: Position): MysqlPosition {
  const parsed = parse(position);
  const field = (name: string): unknown =>
    typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, name) : undefined;
  const [server, entries] = [field('s'), field('t')];
  if (field('v') !== VERSION || typeof server !== 'string' || !Array.isArray(entries)) throw invalid();
  return {
    server,
    epoch: whole(field('e')),
    tables: new Map(entries.map((entry: unknown) => decodeEntry(entry))),
  };
}

/** One table's part as a text of its own. */
export function encodeTable({ after, gaps, at }: TablePosition): string {
  return JSON.stringify([0, after, at, gaps.flat()]);
}

/** Throws POSITION_INVALID. */
export function decodeTable(text: string): TablePosition {
  return decodeEntry(parse(text))[1];
}

function decodeEntry(entry: unknown): [number, TablePosition] {
  if (!Array.isArray(entry)) throw invalid();
  const parts: readonly unknown[] = entry;
  const [id, after, at, bounds] = parts;
  if (!Array.isArray(bounds) || !(at === null || typeof at === 'string')) throw invalid();
  const numbers = bounds.map(whole);
  const gaps = numbers.flatMap((first, index): Gap[] =>
    index % 2 === 0 ? [[first, numbers[index + 1] ?? first]] : [],
  );
  return [whole(id), { after: whole(after), gaps, at }];
}

function whole(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw invalid();
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid();
  }
}

function invalid(): CdcError {
  return new CdcError('POSITION_INVALID', 'A position was not written by the adapter of MySQL');
}

/** True when whoever stands at `one` has seen all of this table that `other` covers. */
export function coversTable(one: TablePosition, other: TablePosition): boolean {
  if (one.after < other.after) return false;
  // What `other` has seen below its end and `one` still waits for.
  return one.gaps.every(
    ([first, last]) => first > other.after || isWithin([first, Math.min(last, other.after)], other.gaps),
  );
}

/** What all of them cover. */
export function coveredByAll(positions: readonly TablePosition[]): TablePosition {
  const after = Math.min(...positions.map((position) => position.after));
  const gaps = positions.flatMap((position) => gapsUpTo(position.gaps, after));
  return { after, gaps: merged(gaps), at: null };
}

/** What the one or the other covers, of the other up to an id. */
export function coveredByEither(one: TablePosition, other: TablePosition, upTo: number): TablePosition {
  const limited: TablePosition = {
    after: Math.min(other.after, upTo),
    gaps: gapsUpTo(other.gaps, upTo),
    at: null,
  };
  const after = Math.max(one.after, limited.after);
  const missing = ({ after: end, gaps }: TablePosition): readonly Gap[] =>
    end < after ? [...gaps, [end + 1, after]] : gaps;
  return { after, gaps: inBoth(missing(one), missing(limited)), at: null };
}

/** The ranges of ids that a position covers, in ascending order. */
export function coveredRanges({ after, gaps }: TablePosition): readonly Gap[] {
  const ranges: Gap[] = [];
  let from = 1;
  for (const [first, last] of gaps) {
    if (first > from) ranges.push([from, first - 1]);
    from = last + 1;
  }
  if (from <= after) ranges.push([from, after]);
  return ranges;
}

function gapsUpTo(gaps: readonly Gap[], id: number): readonly Gap[] {
  return gaps.flatMap(([first, last]): Gap[] => (first > id ? [] : [[first, Math.min(last, id)]]));
}

function inBoth(some: readonly Gap[], others: readonly Gap[]): readonly Gap[] {
  return some.flatMap(([first, last]) =>
    others.flatMap(([from, to]): Gap[] => {
      const both: Gap = [Math.max(first, from), Math.min(last, to)];
      return both[0] <= both[1] ? [both] : [];
    }),
  );
}

/** In ascending order, those that touch made one. */
function merged(gaps: readonly Gap[]): readonly Gap[] {
  const ordered: Gap[] = [];
  for (const [first, last] of gaps.toSorted((one, other) => one[0] - other[0])) {
    const before = ordered.at(-1);
    if (before !== undefined && first <= before[1] + 1) {
      ordered[ordered.length - 1] = [before[0], Math.max(before[1], last)];
    } else {
      ordered.push([first, last]);
    }
  }
  return ordered;
}

function isWithin([first, last]: Gap, gaps: readonly Gap[]): boolean {
  return gaps.some(([from, to]) => from <= first && last <= to);
}

/** Gaps without some ids, which are in ascending order. */
export function withoutIds(gaps: readonly Gap[], ids: readonly number[]): readonly Gap[] {
  const left: Gap[] = [];
  let next = 0;
  for (const [first, last] of gaps) {
    let from = first;
    while (next < ids.length && (ids[next] ?? 0) < first) next += 1;
    for (; next < ids.length && (ids[next] ?? 0) <= last; next += 1) {
      const id = ids[next] ?? 0;
      if (id > from) left.push([from, id - 1]);
      from = id + 1;
    }
    if (from <= last) left.push([from, last]);
  }
  return left;
}

/** Gaps above an id only. */
export function gapsAbove(gaps: readonly Gap[], id: number): readonly Gap[] {
  return gaps.flatMap(([first, last]): Gap[] => (last <= id ? [] : [[Math.max(first, id + 1), last]]));
}

/** What is missing of the ids after `after` up to the last of `ids`, which are in ascending order. */
export function gapsBetween(after: number, ids: readonly number[]): readonly Gap[] {
  const gaps: Gap[] = [];
  let previous = after;
  for (const id of ids) {
    if (id > previous + 1) gaps.push([previous + 1, id - 1]);
    previous = id;
  }
  return gaps;
}

/** True when a change was covered: read, or known to be none. */
export function isCovered({ after, gaps }: TablePosition, id: number): boolean {
  return id <= after && !gaps.some(([first, last]) => first <= id && id <= last);
}
