/** Which part of which window a chunk is: its end, and how far it reaches. */
import type { ChunkRequest, TableRoute } from '../../../model';
import type { Session } from '../database';
import { decodePosition, type ChangeMark, type PostgresPosition } from '../capture/position';
import { allBranches, branchesOf, changeTablesOf, type Captures } from './branches';
import { cutWindow } from './cuts';
import { changedBranches, countChanges, type Branch, type Logged, type Span } from './spans';

/** A part of a window with what was logged in it. */
export interface Part {
  readonly span: Span;
  readonly logged: readonly Logged[];
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
  /** The end of the last window of which an estimated part was too large. */
  misjudged: string;
}

export function noCuts(): WindowCuts {
  return { key: '', to: '', marks: [], newest: null, misjudged: '' };
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
  const branches = allBranches(routes, captures, from.from);
  const key = cutsKey(from, limit, branches);
  const readUntil = isCut(cuts, key, from) ? cuts.newest : null;
  const known = knownSpan(from, key, cuts);
  if (known !== null) {
    const counted = await countPart(session, branches, known, null);
    if (counted.changes <= limit) return cutChunkOf(counted, from);
    cuts.misjudged = known.to;
  }
  const end: PostgresPosition = { ...from, from: now, cut: null };
  const rest =
    from.cut === null ? null : await part(session, branches, { ...restOf(from), readUntil }, limit);
  if (rest !== null && rest.changes > limit) {
    return cutChunk(session, branches, rest.span, from, { key, to: restOf(from).to, limit }, cuts);
  }
  const base = from.cut === null ? from.from : from.cut.to;
  const open = await part(session, branches, { from: base, to: now, after: null, upTo: null }, limit);
  const before = rest === null || rest.changes === 0 ? [] : [rest];
  if ((rest?.changes ?? 0) + open.changes <= limit) {
    const parts = open.changes === 0 ? before : [...before, open];
    return { parts, to: end, more: false };
  }
  if (before.length > 0) return { parts: before, to: { ...from, from: base, cut: null }, more: true };
  const start = { ...from, from: base, cut: null };
  const window = { key: cutsKey(start, limit, branches), to: now, limit };
  return cutChunk(session, branches, open.span, start, window, cuts);
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
      left -= found.changes;
      if (left < 0) return { parts: [], to: from, more: true };
      if (found.changes > 0) parts.push(found);
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
  readonly changes: number;
}

/** Counted up to one more than the limit. */
async function part(
  session: Session,
  branches: readonly Branch[],
  span: Span,
  limit: number,
): Promise<CountedPart> {
  // Counting few tables takes no longer than looking which of them have changes.
  if (branches.length <= FEW_BRANCHES) return countPart(session, branches, span, limit + 1);
  const changed = await changedBranches(session, branches, span);
  const most = 2 * changed.length > branches.length;
  return countPart(session, most ? branches : changed, span, limit + 1, most);
}

async function countPart(
  session: Session,
  branches: readonly Branch[],
  span: Span,
  limit: number | null,
  often = true,
): Promise<CountedPart> {
  const logged = await countChanges(session, branches, span, limit, often);
  return { span, logged, changes: logged.reduce((sum, { changes }) => sum + changes, 0) };
}

function cutsKey({ system, from }: PostgresPosition, limit: number, branches: readonly Branch[]): string {
  return JSON.stringify([system, from, limit, changeTablesOf(branches)]);
}

/** Whether these are the cuts of the window that a reader stands at or in. */
function isCut(cuts: WindowCuts, key: string, { cut }: PostgresPosition): boolean {
  return cuts.key === key && (cut === null || cut.to === cuts.to);
}

/** The next part of a window whose cuts are known; null at its last part, or when they are not. */
function knownSpan(from: PostgresPosition, key: string, cuts: WindowCuts): Span | null {
  if (!isCut(cuts, key, from)) return null;
  const after = from.cut?.after ?? null;
  const place = after === null ? -1 : cuts.marks.findIndex((mark) => sameMark(mark, after));
  if (after !== null && place < 0) return null;
  const mark = cuts.marks[place + 1];
  if (mark === undefined) return null;
  return { from: from.from, to: cuts.to, after, upTo: mark, readUntil: cuts.newest };
}

/** The first part of a span that has more than `limit` changes. */
async function cutChunk(
  session: Session,
  branches: readonly Branch[],
  span: Span,
  from: PostgresPosition,
  window: { readonly key: string; readonly to: string; readonly limit: number },
  cuts: WindowCuts,
): Promise<ChunkPlan> {
  const { key, to, limit } = window;
  for (;;) {
    const marks = await cutWindow(session, branches, span, limit, cuts.misjudged === to);
    const newest = span.after === null ? 0 : (span.readUntil ?? null);
    Object.assign(cuts, { key, to, marks, newest });
    const counted = await countPart(session, branches, { ...span, upTo: marks[0] ?? null }, null);
    if (counted.changes <= limit || cuts.misjudged === to) {
      return cutChunkOf(counted, from);
    }
    cuts.misjudged = to;
  }
}

/** The chunk that is one part of a cut window. */
function cutChunkOf(part: CountedPart, from: PostgresPosition): ChunkPlan {
  const { to, upTo } = part.span;
  const cut = upTo === null ? null : { to, after: upTo };
  const parts = part.changes === 0 ? [] : [part];
  return { parts, to: { ...from, from: cut === null ? to : from.from, cut }, more: true };
}

function sameMark(one: ChangeMark, other: ChangeMark): boolean {
  return one.lsn === other.lsn && one.xid === other.xid;
}
