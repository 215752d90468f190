/**
 * A simulated database with a clock, transactions that overlap and MVCC snapshots, of which one table is captured by a
 * column, and a replica. While the database is being looked at and read, others go on writing.
 */
import { decodeCursor, encodeCursor } from '../../engine/model';
import type {
  KeysetBound,
  KeysetLook,
  KeysetPage,
  KeysetRange,
  KeysetReader,
  OpenTransaction,
  TableRoute,
} from '../../engine/model';
import { createRandom, type Random } from '../simulation/random';

export interface WorldRules {
  readonly seed: number;
  readonly by: 'timestamp' | 'version';
  /** Times are kept in units of so many milliseconds. */
  readonly resolution: number;
  /** How the database tells of open transactions. */
  readonly sight: 'since' | 'ids' | 'blind';
  /** It tells of no open transaction: for a test of the test. */
  readonly isHiding?: boolean;
}

export interface StoredRow {
  readonly value: number;
  readonly body: number;
}

interface Transaction {
  readonly id: number;
  readonly began: number;
  readonly writes: Map<number, StoredRow>;
  isPrepared: boolean;
}

/** No transaction takes longer than this, so that a blind reader can know how far to look back. */
export const LONGEST_MS = 30_000;
const KEYS = 12;
const START = 1_700_000_000_000;

export interface World {
  readonly reader: KeysetReader;
  readonly committed: ReadonlyMap<number, StoredRow>;
  readonly now: () => number;
  /** Something that others do. */
  readonly step: () => void;
  /** Commits or rolls back all that is open; from then on nothing changes. */
  readonly settle: () => void;
}

export function createWorld({ seed, by, resolution, sight, isHiding = false }: WorldRules): World {
  const random = createRandom(seed);
  const committed = new Map<number, StoredRow>();
  const open = new Map<number, Transaction>();
  let clock = START;
  let lastTransaction = 0;
  let lastVersion = 0;

  const valueFor = ({ began }: Transaction): number => {
    if (by === 'version') return ++lastVersion;
    const time = random.chance(0.5) ? began : clock;
    return Math.floor(time / resolution) * resolution;
  };
  const end = (transaction: Transaction): void => {
    open.delete(transaction.id);
    if (random.chance(0.1)) return;
    for (const [key, row] of transaction.writes) committed.set(key, row);
  };
  const step = (): void => {
    clock += random.pick([0, 0, 1, 5, 300, 2_500]);
    for (const transaction of [...open.values()])
      if (clock - transaction.began > LONGEST_MS - 5_000) end(transaction);
    const own = [...open.values()];
    const what = random.below(6);
    if (what === 0 || own.length === 0) {
      lastTransaction += 1;
      open.set(lastTransaction, { id: lastTransaction, began: clock, writes: new Map(), isPrepared: false });
    } else if (what <= 3) {
      const transaction = random.pick(own);
      const key = random.below(KEYS);
      const isLocked = own.some((other) => other !== transaction && other.writes.has(key));
      if (isLocked || transaction.isPrepared) return;
      transaction.writes.set(key, { value: valueFor(transaction), body: random.below(3) });
    } else if (what === 4 && sight === 'ids') random.pick(own).isPrepared = true;
    else end(random.pick(own));
  };
  let isSettled = false;
  const others = (): void => {
    if (isSettled) return;
    for (let count = random.below(4); count > 0; count--) step();
  };
  return {
    reader: readerOf({ committed, open, now: () => clock, others, by, resolution, sight, isHiding, random }),
    committed,
    now: () => clock,
    step,
    settle() {
      isSettled = true;
      for (const transaction of [...open.values()]) end(transaction);
    },
  };
}

interface ReaderGround extends Omit<WorldRules, 'seed'> {
  readonly committed: ReadonlyMap<number, StoredRow>;
  readonly open: ReadonlyMap<number, Transaction>;
  readonly now: () => number;
  readonly others: () => void;
  readonly random: Random;
}

function readerOf(ground: ReaderGround): KeysetReader {
  const { committed, open, now, others, by, resolution, sight, isHiding, random } = ground;
  const highest = (): number | null => {
    const values = [...committed.values()].map(({ value }) => value);
    return values.length === 0 ? null : Math.max(...values);
  };
  const openNow = (): readonly OpenTransaction[] | null => {
    if (sight === 'blind') return null;
    if (isHiding === true) return [];
    return [...open.values()].map(({ id, began, isPrepared }) =>
      isPrepared
        ? { id: `p${id}`, since: null, formerly: null, detached: true }
        : { id: String(id), since: sight === 'since' ? began : null, formerly: null, detached: false },
    );
  };
  return {
    identity: () => Promise.resolve('world'),
    sight: () => Promise.resolve({ blind: sight === 'blind' ? 'it is blind' : null, condition: '' }),
    assess: () => Promise.resolve({ refusal: null, notices: [], spread: null }),
    check: () => Promise.resolve(),
    token: () => Promise.resolve(null),
    look(columns) {
      const value = highest();
      const over = by === 'version' || (value ?? 0) < now() - Math.max(resolution, 1_000);
      others();
      const at = now();
      others();
      const seen: KeysetLook = {
        newest: columns.map(() => (value === null ? null : { value: encodeCursor([BigInt(value)]), over })),
        at,
        open: openNow(),
      };
      others();
      return Promise.resolve(seen);
    },
    valueAt: (_, time) =>
      Promise.resolve(
        by === 'version'
          ? null
          : {
              value: encodeCursor([BigInt(Math.floor((time - resolution) / resolution) * resolution)]),
              inclusive: true,
            },
      ),
    read(ranges) {
      others();
      const snapshot = [...committed].sort(
        ([key, one], [other, two]) => one.value - two.value || key - other,
      );
      let left = 1 + random.below(6);
      const pages: KeysetPage[] = [];
      for (const range of ranges) {
        const page = pageOf(snapshot, range, left, by);
        pages.push(page);
        left -= page.rows.length;
        if (!page.ended || left <= 0) break;
      }
      return Promise.resolve(pages);
    },
    presentSql: () => 'TRUE',
    unsetSql: () => 'FALSE',
    copy: () => Promise.reject(new Error('Nothing is copied here')),
  };
}

/** The rows of a range, as a database would read them. */
export function pageOf(
  snapshot: readonly (readonly [number, StoredRow])[],
  { from, before, after }: KeysetRange,
  limit: number,
  by: WorldRules['by'],
): KeysetPage {
  const start = from === null ? null : valueOf(from);
  const end = before === null ? null : valueOf(before);
  const place = after === null ? null : decodeCursor(after, 2).map(Number);
  const within = snapshot.filter(([key, { value }]) => {
    if (start !== null && (from?.inclusive === true ? value < start : value <= start)) return false;
    if (end !== null && (before?.inclusive === true ? value >= end : value > end)) return false;
    const [afterValue = 0, afterKey = 0] = place ?? [];
    return place === null || value > afterValue || (value === afterValue && key > afterKey);
  });
  const taken = within.slice(0, limit);
  const last = taken.at(-1);
  return {
    rows: taken.map(([key, { value, body }]) => ({
      identity: String(key),
      row: [BigInt(key), BigInt(value), BigInt(body)],
      gone: false,
      changedAt: by === 'timestamp' ? value : null,
    })),
    ended: taken.length === within.length,
    after: last === undefined ? null : encodeCursor([BigInt(last[1].value), BigInt(last[0])]),
  };
}

function valueOf({ value }: KeysetBound): number {
  return Number(decodeCursor(value, 1)[0]);
}

const COLUMN = {
  declaredType: 'INTEGER',
  nullable: false,
  generated: 'no',
  collation: null,
  defaultSql: null,
} as const;

export const ROUTE: TableRoute = {
  id: 't',
  source: {
    name: { schema: null, name: 't' },
    columns: ['id', 'changed', 'body'].map((name) => ({
      ...COLUMN,
      name,
      type: { kind: 'dynamic', affinity: 'integer' },
    })),
    key: { columns: ['id'], from: 'primary key' },
    refusal: null,
    uniqueIndexes: [],
    foreignKeys: [],
    reread: false,
    options: [],
  },
  target: { schema: null, name: 't' },
  columns: ['id', 'changed', 'body'],
  key: ['id'],
  rename: null,
  where: null,
};
