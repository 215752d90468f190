/**
 * Positions: MVCC snapshots as text. `from` has been read to its end; where a window was cut, `to` is the snapshot at
 * its end and `after` the last change that was read of it. The server's identity and timeline go along, since
 * transaction numbers mean nothing on another one.
 */
import { CdcError } from '../../../errors';
import { asPosition, type Position } from '../../../model';

/** The order of all changes: the WAL's insert position, then the transaction for equal values of unrelated rows. */
export interface ChangeMark {
  readonly lsn: string;
  readonly xid: string;
}

/** A life of a server: another one may have other transactions under the same numbers. */
export interface ServerLife {
  readonly system: string;
  readonly timeline: string;
}

export interface PostgresPosition extends ServerLife {
  /** `xmin:xmax:xip,…`, as the server writes it. */
  readonly from: string;
  /** Null unless a window was cut. */
  readonly cut: { readonly to: string; readonly after: ChangeMark } | null;
}

export function encodePosition({ system, timeline, from, cut }: PostgresPosition): Position {
  const rest = cut === null ? {} : { to: cut.to, after: [cut.after.lsn, cut.after.xid] };
  return asPosition(JSON.stringify({ v: 1, system, timeline, from, ...rest }));
}

const SNAPSHOT = /^\d+:\d+:(\d+(,\d+)*)?$/;
const LSN = /^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/;
const NUMBER = /^\d{1,20}$/;

/** Throws POSITION_INVALID for what `encodePosition` did not make. Its parts can then stand in SQL as they are. */
export function decodePosition(position: Position): PostgresPosition {
  const parsed = parse(position);
  const field = (name: string): unknown =>
    typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, name) : undefined;
  const text = (value: unknown, pattern: RegExp): string => {
    if (typeof value !== 'string' || !pattern.test(value)) throw invalid();
    return value;
  };
  if (field('v') !== 1) throw invalid();
  const after = field('after');
  const parts: readonly unknown[] = Array.isArray(after) ? after : [];
  return {
    system: text(field('system'), NUMBER),
    timeline: text(field('timeline'), /^[0-9A-F]{8}$/),
    from: text(field('from'), SNAPSHOT),
    cut:
      field('to') === undefined
        ? null
        : {
            to: text(field('to'), SNAPSHOT),
            after: { lsn: text(parts[0], LSN), xid: text(parts[1], NUMBER) },
          },
  };
}

/** Which transactions a snapshot sees. */
export interface Snapshot {
  readonly xmin: bigint;
  readonly xmax: bigint;
  readonly running: ReadonlySet<bigint>;
}

export function parseSnapshot(text: string): Snapshot {
  const [xmin = '0', xmax = '0', running = ''] = text.split(':');
  return {
    xmin: BigInt(xmin),
    xmax: BigInt(xmax),
    running: new Set(running === '' ? [] : running.split(',').map(BigInt)),
  };
}

/** True when the transaction had ended before the snapshot was taken. */
export function sees(snapshot: Snapshot, xid: bigint): boolean {
  return xid < snapshot.xmax && !snapshot.running.has(xid);
}

/** True when whoever has seen all of `one` has seen all of `other`. */
export function includes(one: Snapshot, other: Snapshot): boolean {
  for (const xid of one.running) {
    if (sees(other, xid)) return false;
  }
  if (one.xmax >= other.xmax) return true;
  // Transactions between the two ends: all of them must still have been running for the other one.
  let hidden = 0n;
  for (const xid of other.running) {
    if (xid >= one.xmax) hidden += 1n;
  }
  return hidden === other.xmax - one.xmax;
}

/** What every one of them sees. */
export function seenByAll(snapshots: readonly Snapshot[]): Snapshot {
  const xmax = snapshots.map((one) => one.xmax).reduce((least, other) => (other < least ? other : least));
  const running = new Set(snapshots.flatMap((one) => [...one.running]).filter((xid) => xid < xmax));
  return snapshotOf(xmax, running);
}

/** What a snapshot sees of the transactions up to one. */
export function seenUpTo({ xmax, running }: Snapshot, xid: bigint): Snapshot {
  const end = xid + 1n < xmax ? xid + 1n : xmax;
  return snapshotOf(end, new Set([...running].filter((other) => other < end)));
}

/** What one or the other sees. */
export function seenByEither(one: Snapshot, other: Snapshot): Snapshot {
  const hidden = [...one.running, ...other.running].filter((xid) => !sees(one, xid) && !sees(other, xid));
  return snapshotOf(one.xmax > other.xmax ? one.xmax : other.xmax, new Set(hidden));
}

function snapshotOf(xmax: bigint, running: ReadonlySet<bigint>): Snapshot {
  const xmin = [...running].reduce((least, xid) => (xid < least ? xid : least), xmax);
  return { xmin, xmax, running };
}

/** As the server writes it. */
export function formatSnapshot({ xmin, xmax, running }: Snapshot): string {
  const sorted = [...running].sort((one, other) => (one < other ? -1 : 1));
  return `${xmin}:${xmax}:${sorted.join(',')}`;
}

/** True when a reader at `position` has seen all that `goal` covers. */
export function coversPosition(position: PostgresPosition, goal: PostgresPosition): boolean {
  if (position.system !== goal.system) return false;
  const seen = parseSnapshot(position.from);
  if (includes(seen, parseSnapshot(goal.cut?.to ?? goal.from))) return true;
  if (goal.cut === null || position.cut === null) return false;
  const sameWindow = position.from === goal.from && position.cut.to === goal.cut.to;
  return sameWindow && compareMarks(position.cut.after, goal.cut.after) >= 0;
}

/** Negative when `one` comes first. */
export function compareMarks(one: ChangeMark, other: ChangeMark): number {
  const lsn = lsnValue(one.lsn) - lsnValue(other.lsn);
  const difference = lsn === 0n ? BigInt(one.xid) - BigInt(other.xid) : lsn;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function lsnValue(lsn: string): bigint {
  const [high = '0', low = '0'] = lsn.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function invalid(): CdcError {
  return new CdcError('POSITION_INVALID', 'A position was not written by this adapter');
}
