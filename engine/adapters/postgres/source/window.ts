/** Which part of which window a chunk is: its end, and how far it reaches. */
import type { ChunkRequest, TableRoute } from '../../../model';
import type { Session } from '../database';
import { decodePosition, type ChangeMark, type PostgresPosition } from '../capture/position';
import { branchesOf, type Captures } from './branches';
import { cutWindow } from './cuts';
import { countChanges, probe, type Branch, type Span } from './spans';

/** A part of a window with the change tables that have something in it. */
export interface Part {
  readonly span: Span;
  readonly branches: readonly Branch[];
}

export interface ChunkPlan {
  /** In their order. */
  readonly parts: readonly Part[];
  readonly to: PostgresPosition;
  readonly more: boolean;
}

/**
 * Remembers where a large window is to be cut, so that it is sorted once. It stays good for as long as somebody stands
 * at its beginning or in it: what was committed since comes with the next window.
 */
export interface WindowCuts {
  key: string;
  to: string;
  marks: readonly ChangeMark[];
  /** Time of the newest change that was read of it, milliseconds since 1970; null when not all was read here. */
  newest: number | null;
}

export function noCuts(): WindowCuts {
  return { key: '', to: '', marks: [], newest: null };
}

/** To be told of each chunk that was read. */
export function noteRead(cuts: WindowCuts, newestChangedAt: number | null): void {
  if (cuts.newest !== null) cuts.newest = Math.max(cuts.newest, newestChangedAt ?? 0);
}

export interface WindowRequest {
  readonly from: PostgresPosition;
  /** The snapshot of the transaction that reads. */
  readonly now: string;
  readonly limit: number;
  /** Tables that stand at positions of their own, by display name. */
  readonly behind?: ChunkRequest['behind'];
}

/**
 * Plans a chunk of at most `limit` changes from a position towards `now`, the snapshot of the transaction that reads.
 * A window that was cut is read to its own end first; what was committed since joins the chunk that reaches it, if it
 * fits, so that such a chunk agrees with the rows that are read in the same transaction.
 */
export async function planChunk(
  session: Session,
  routes: readonly TableRoute[],
  captures: Captures,
  request: WindowRequest,
  cuts: WindowCuts,
): Promise<ChunkPlan> {
  const { from, now, limit, behind = [] } = request;
  if (behind.length > 0) return planTogether(session, routes, captures, request);
  const branches = branchesOf(routes, captures, from.from);
  const key = cutsKey(from, limit, branches);
  const known = knownChunk(from, branches, key, cuts);
  if (known !== null) return known;
  const end: PostgresPosition = { ...from, from: now, cut: null };
  const readUntil = isCut(cuts, key, from) ? cuts.newest : null;
  const rest =
    from.cut === null ? null : await part(session, branches, { ...restOf(from), readUntil }, limit);
  if (rest !== null && rest.count > limit) {
    return cutChunk(session, rest, from, { key, to: restOf(from).to, limit }, cuts);
  }
  const base = from.cut === null ? from.from : from.cut.to;
  const open = await part(session, branches, { from: base, to: now, after: null, upTo: null }, limit);
  const before = rest === null || rest.count === 0 ? [] : [rest];
  if ((rest?.count ?? 0) + open.count <= limit) {
    const parts = open.count === 0 ? before : [...before, open];
    return { parts, to: end, more: false };
  }
  if (before.length > 0) return { parts: before, to: { ...from, from: base, cut: null }, more: true };
  const start = { ...from, from: base, cut: null };
  return cutChunk(session, open, start, { key: cutsKey(start, limit, branches), to: now, limit }, cuts);
}

/** All tables to `now`, each from where it stands; nothing where that does not fit. */
async function planTogether(
  session: Session,
  routes: readonly TableRoute[],
  captures: Captures,
  { from, now, limit, behind = [] }: WindowRequest,
): Promise<ChunkPlan> {
  const starts = new Map(behind.map((start) => [start.table, decodePosition(start.from)]));
  const parts: Part[] = [];
  let left = limit;
  for (const at of [from, ...starts.values()]) {
    const branches = branchesOf(routes, captures, at.from, (route) => (starts.get(route.id) ?? from) === at);
    const spans = [restOf(at), { from: at.cut?.to ?? at.from, to: now, after: null, upTo: null }];
    for (const span of spans) {
      const found = await part(session, branches, span, left);
      left -= found.count;
      if (left < 0) return { parts: [], to: from, more: true };
      if (found.count > 0) parts.push(found);
    }
  }
  return { parts, to: { ...from, from: now, cut: null }, more: false };
}

/** What remains of a window that was cut. */
export function restOf({ from, cut }: PostgresPosition): Span {
  return { from, to: cut?.to ?? from, after: cut?.after ?? null, upTo: null };
}

const FEW_BRANCHES = 4;

interface CountedPart extends Part {
  /** Exact up to the limit. */
  readonly count: number;
}

async function part(
  session: Session,
  branches: readonly Branch[],
  span: Span,
  limit: number,
): Promise<CountedPart> {
  // Counting few tables takes no longer than looking for a first change.
  if (branches.length > FEW_BRANCHES && !(await probe(session, branches, span))) {
    return { span, branches: [], count: 0 };
  }
  const counts = await countChanges(session, branches, span, limit + 1);
  return {
    span,
    branches: counts.map(({ branch }) => branch),
    count: counts.reduce((sum, { count }) => sum + count, 0),
  };
}

function cutsKey({ system, from }: PostgresPosition, limit: number, branches: readonly Branch[]): string {
  return JSON.stringify([system, from, limit, branches.map(({ generation }) => generation.changeTable)]);
}

/** Whether these are the cuts of the window that a reader stands at or in. */
function isCut(cuts: WindowCuts, key: string, { cut }: PostgresPosition): boolean {
  return cuts.key === key && (cut === null || cut.to === cuts.to);
}

/** The next part of a window whose cuts are known; null at its last part, or when they are not. */
function knownChunk(
  from: PostgresPosition,
  branches: readonly Branch[],
  key: string,
  cuts: WindowCuts,
): ChunkPlan | null {
  if (!isCut(cuts, key, from)) return null;
  const after = from.cut?.after ?? null;
  const place = after === null ? -1 : cuts.marks.findIndex((mark) => sameMark(mark, after));
  if (after !== null && place < 0) return null;
  const mark = cuts.marks[place + 1];
  if (mark === undefined) return null;
  return {
    parts: [{ span: { from: from.from, to: cuts.to, after, upTo: mark, readUntil: cuts.newest }, branches }],
    to: { ...from, cut: { to: cuts.to, after: mark } },
    more: true,
  };
}

/** The first `limit` changes of a part that has more. */
async function cutChunk(
  session: Session,
  whole: Part,
  from: PostgresPosition,
  window: { readonly key: string; readonly to: string; readonly limit: number },
  cuts: WindowCuts,
): Promise<ChunkPlan> {
  const { span, branches } = whole;
  const marks = await cutWindow(session, branches, span, window.limit);
  Object.assign(cuts, { key: window.key, to: window.to, marks, newest: span.after === null ? 0 : null });
  const [mark] = marks;
  if (mark === undefined) return { parts: [whole], to: { ...from, from: window.to, cut: null }, more: true };
  return {
    parts: [{ span: { ...span, upTo: mark }, branches }],
    to: { ...from, cut: { to: window.to, after: mark } },
    more: true,
  };
}

function sameMark(one: ChangeMark, other: ChangeMark): boolean {
  return one.lsn === other.lsn && one.xid === other.xid;
}
