/**
 * The proof that a missing id is dead. A trigger runs when its transaction has already written the source row, so that
 * transaction has a number of InnoDB's before it takes an id, and those numbers only grow. Once every transaction that
 * had begun by the time the gap was seen is over, whatever the gap did not hold it will never hold.
 *
 * A probe by locks is not sound: an id that is taken while its row waits for a gap lock shows under no lock at all.
 */
import { randomUUID } from 'node:crypto';
import { isCdcError } from '../../../errors';
import { errorNumberOf, own, type FieldRow, type Session } from '../database';
import { MARKER } from './objects';
import type { TablePosition } from './position';

export interface Fence {
  /** Newer than every transaction that has begun so far. */
  readonly newest: number;
  /** The oldest transaction that can still commit a change; `newest` where there is none. */
  readonly oldest: number;
}

/** Read-only transactions have numbers from here on, or none; they commit nothing. */
const READ_ONLY_FROM = 2 ** 47;

/** Access to the server's transactions was denied: what to grant. */
const DENIED = [1045, 1044, 1142, 1227];

/** `denied`: for want of the privilege PROCESS. `unknown`: it can't be had this time, and nothing is proven. */
export type FenceOutcome = Fence | 'denied' | 'unknown';

export async function readFence(session: Session): Promise<FenceOutcome> {
  try {
    const [row] = await session.query('SHOW ENGINE INNODB STATUS');
    return parseStatus(String(row?.[2] ?? '')) ?? (await fenceByMarker(session));
  } catch (error) {
    if (DENIED.includes(errorNumberOf(error) ?? 0)) return 'denied';
    throw error;
  }
}

/** Null for a text that is cut short, so that transactions may be missing in it. */
export function parseStatus(text: string): Fence | null {
  const counter = /^Trx id counter (\d+)/m.exec(text)?.[1];
  const list = text.indexOf('LIST OF TRANSACTIONS');
  if (counter === undefined || list < 0 || text.includes('... truncated...')) return null;
  const newest = Number(counter);
  let oldest = newest;
  for (const [, id] of text.slice(list).matchAll(/^---TRANSACTION (\d+), (?!not started)/gm)) {
    const number = Number(id);
    if (number > 0 && number < READ_ONLY_FROM) oldest = Math.min(oldest, number);
  }
  return { newest, oldest };
}

/**
 * The copy is renewed when nobody has read it for 0.1 s: who asks more often keeps it from that. Several processes may
 * ask, so the pauses vary.
 */
const MARKER_PAUSE_MS = 250;
const MARKER_JITTER_MS = 250;

/** By the server: before when no further fence of this process is worth asking for. */
const nextMarker = new Map<string, number>();

/**
 * INNODB_TRX is a copy that is up to 0.1 s old, and each reader keeps it young. A transaction of our own tells by its
 * statement, which is seen in it, that the copy was made after it began. Answers `unknown` without asking where this
 * process has asked a moment ago.
 */
export async function fenceByMarker(session: Session): Promise<FenceOutcome> {
  const now = performance.now();
  if (now < (nextMarker.get(session.server) ?? 0)) return 'unknown';
  nextMarker.set(session.server, now + MARKER_PAUSE_MS + Math.random() * MARKER_JITTER_MS);
  try {
    return await session.transaction('write', async () => {
      await session.query(`SELECT one FROM ${own(session, MARKER)} FOR UPDATE`);
      const nonce = randomUUID();
      const rows = await session.query(
        `SELECT /* ${nonce} */ trx_id, trx_mysql_thread_id, trx_query FROM information_schema.INNODB_TRX`,
      );
      return parseList(rows, { thread: session.id, nonce }) ?? 'unknown';
    });
  } catch (error) {
    if (isCdcError(error, 'PRIVILEGE_MISSING')) return 'denied';
    throw error;
  }
}

/** The copy has 16 MB, and leaves out in silence what does not fit; so many transactions do. */
const MOST_LISTED = 1_000;

/**
 * `rows`: numbers, threads and statements of the transactions. Null for a list that was made before the statement with
 * the nonce, for one that may have been cut short, and where our own transaction has no number.
 */
export function parseList(
  rows: readonly FieldRow[],
  { thread, nonce }: { readonly thread: number; readonly nonce: string },
): Fence | null {
  if (rows.length > MOST_LISTED) return null;
  const isOurs = ([, ofThread, statement]: FieldRow): boolean =>
    Number(ofThread) === thread && String(statement).includes(nonce);
  const numbers = (found: readonly FieldRow[]): readonly number[] =>
    found.map(([id]) => Number(id)).filter((id) => id > 0 && id < READ_ONLY_FROM);
  const [newest] = numbers(rows.filter(isOurs));
  return newest === undefined ? null : { newest, oldest: Math.min(newest, ...numbers(rows)) };
}

/** What a source has proven of its change tables since it was opened. Positions keep none of it. */
export interface Proofs {
  server: string;
  /** By the number of the capture: ids up to this one were taken before the fence, all of them waiting for it. */
  readonly marks: Map<number, { readonly upTo: number; readonly newest: number }[]>;
  /** By the number of the capture: no transaction that took an id up to this one was open at the last fence. */
  readonly settled: Map<number, number>;
}

export function newProofs(): Proofs {
  return { server: '', marks: new Map(), settled: new Map() };
}

/** Another server counts its transactions by itself. */
export function ofServer(proofs: Proofs, server: string): Proofs {
  if (proofs.server !== server) {
    proofs.server = server;
    proofs.marks.clear();
    proofs.settled.clear();
  }
  return proofs;
}

/** True when there are gaps of which nothing is proven yet. */
export function hasOpenGaps(proofs: Proofs, id: number, { gaps }: TablePosition): boolean {
  const settled = proofs.settled.get(id) ?? 0;
  return gaps.some(([, last]) => last > settled);
}

/** Takes a fence for what was read before it: ids up to `after` had been taken when it was made. */
export function noteFence(proofs: Proofs, id: number, after: number, { newest, oldest }: Fence): void {
  const marks = proofs.marks.get(id) ?? [];
  if ((marks.at(-1)?.upTo ?? 0) < after) marks.push({ upTo: after, newest });
  const over = marks.filter((mark) => mark.newest <= oldest);
  const settled = over.at(-1)?.upTo;
  if (settled !== undefined) {
    proofs.settled.set(id, Math.max(proofs.settled.get(id) ?? 0, settled));
  }
  proofs.marks.set(
    id,
    marks.filter((mark) => !over.includes(mark)),
  );
}
