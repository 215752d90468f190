/**
 * MVCC snapshots and positions of the simulated source, after PostgreSQL: a window is what is visible in snapshot B
 * and not in A; inside a window the order number says how far it has been read.
 */
import { CdcError, asPosition } from '../../engine';
import type { Position } from '../../engine';

/** Which transactions a reader sees. */
export interface Snapshot {
  /** The first transaction number that was not handed out yet. */
  readonly xmax: number;
  /** Numbers below it that were still open. */
  readonly open: readonly number[];
  /** Mutation `maxIdCursor` only: everything up to this order number counts as seen, whatever is visible. */
  readonly upTo: number | null;
}

/** Where a transaction's change stands. */
export interface Place {
  readonly xid: number;
  readonly order: number;
}

export interface ParsedPosition {
  readonly from: Snapshot;
  /** End of a window that is being read; null between windows. */
  readonly to: Snapshot | null;
  /** Order number up to which the window has been read. */
  readonly after: number;
  /** The newest transaction seen: a source that has it has all that came before, one that lacks it was restored. */
  readonly mark: number;
}

export function sees(snapshot: Snapshot, { xid, order }: Place): boolean {
  if (snapshot.upTo !== null) return order <= snapshot.upTo;
  return xid < snapshot.xmax && !snapshot.open.includes(xid);
}

export function covers({ from, to, after }: ParsedPosition, place: Place): boolean {
  return sees(from, place) || (to !== null && place.order <= after && sees(to, place));
}

/** True when all that `goal` sees, `snapshot` sees. Exact for snapshots of one history. */
export function includes(snapshot: Snapshot, goal: Snapshot): boolean {
  if (snapshot.upTo !== null || goal.upTo !== null) return (snapshot.upTo ?? 0) >= (goal.upTo ?? 0);
  const missed = (xid: number): boolean => sees(goal, { xid, order: 0 });
  for (let xid = snapshot.xmax; xid < goal.xmax; xid++) if (missed(xid)) return false;
  return !snapshot.open.some(missed);
}

export function sameSnapshot(a: Snapshot, b: Snapshot): boolean {
  return includes(a, b) && includes(b, a);
}

export function formatPosition({ from, to, after, mark }: ParsedPosition): Position {
  return asPosition(JSON.stringify([mark, plain(from), to === null ? null : plain(to), after]));
}

function plain({ xmax, open, upTo }: Snapshot): unknown {
  return [xmax, open, upTo];
}

const parsed = new Map<Position, ParsedPosition>();

/** Throws POSITION_INVALID. */
export function parsePosition(position: Position): ParsedPosition {
  const known = parsed.get(position);
  if (known !== undefined) return known;
  const fresh = read(position);
  if (parsed.size > 1_000) parsed.clear();
  parsed.set(position, fresh);
  return fresh;
}

function read(position: Position): ParsedPosition {
  const [mark, from, to, after] = list(position === '' ? null : JSON.parse(position));
  return {
    mark: number(mark),
    from: snapshot(from),
    to: to === null ? null : snapshot(to),
    after: number(after),
  };
}

function snapshot(field: unknown): Snapshot {
  const [xmax, open, upTo] = list(field);
  return {
    xmax: number(xmax),
    open: list(open).map(number),
    upTo: upTo === null ? null : number(upTo),
  };
}

function list(field: unknown): readonly unknown[] {
  if (!Array.isArray(field)) throw new CdcError('POSITION_INVALID', 'Not a list of the simulation');
  return field;
}

function number(field: unknown): number {
  if (typeof field !== 'number') throw new CdcError('POSITION_INVALID', 'Not a number of the simulation');
  return field;
}
