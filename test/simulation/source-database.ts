/**
 * The simulated source: rows in versions, transactions that interleave, take order numbers at their statements and
 * become visible at commit only, and a change log filled by capture. What it remembers can be copied and restored.
 */
import type { ChangeOp, Consumer, Tuple } from '../../engine';
import { createHub } from './connections';
import type { Hub } from './connections';
import { covers, sees } from './positions';
import type { ParsedPosition, Place, Snapshot } from './positions';
import type { Scheduler } from './scheduler';
import { keyOf } from './schema';

/** What one committed write made of a key. */
export interface Version extends Place {
  readonly row: Tuple | null;
}

/** A row of the change tables. */
export interface LoggedChange extends Place {
  readonly table: string;
  readonly key: number;
  readonly op: Exclude<ChangeOp, 'truncate'>;
  readonly before: Tuple | null;
  readonly after: Tuple | null;
  readonly changedAt: number;
}

export interface SourceTransaction {
  readonly xid: number;
  readonly versions: Map<string, { readonly table: string; readonly key: number; readonly list: Version[] }>;
  readonly changes: LoggedChange[];
  /** Tables written, captured or not. */
  readonly tables: Set<string>;
  /** False after commit and rollback, and when the database went away under it. */
  open: boolean;
}

/** All that survives a crash, and that a restore takes back. */
export interface SourceState {
  nextXid: number;
  nextOrder: number;
  /** Made by the first installation of capture. */
  sourceId: string | null;
  /** Numbers of the ended transactions that are never used twice, not even after a restore; newest last. */
  marks: number[];
  /** The greatest order number committed. */
  highest: number;
  /** Versions by table and key, oldest first; only committed ones. */
  chains: Map<string, Map<number, Version[]>>;
  /** Captured changes in the order of their commits. */
  log: LoggedChange[];
  purged: LoggedChange[];
  /** How often changes were purged that somebody had not passed. */
  forced: number;
  captured: Set<string>;
  consumers: Map<string, Consumer>;
}

export interface SourceDatabase {
  readonly hub: Hub;
  readonly state: SourceState;
  /** Raised by each restore. */
  readonly incarnation: number;
  /** Raised by each commit. */
  readonly commits: number;
  begin(): SourceTransaction;
  /** True while another open transaction has written this key. */
  isLocked(transaction: SourceTransaction, table: string, key: number): boolean;
  /** True while an open transaction has written one of these tables. */
  isWritten(tables: readonly string[]): boolean;
  /** The row as the transaction sees it: its own writes, else what is committed. */
  row(transaction: SourceTransaction, table: string, key: number): Tuple | null;
  write(transaction: SourceTransaction, table: string, key: number, row: Tuple | null): void;
  /** Logs that the key may have changed, which it has not. */
  touch(transaction: SourceTransaction, table: string, key: number): void;
  commit(transaction: SourceTransaction): void;
  rollback(transaction: SourceTransaction): void;
  snapshot(): Snapshot;
  /** The newest transaction that has ended, whichever way; 0 before the first. */
  mark(): number;
  /** Rows of a table in the order of the key. */
  rows(table: string, snapshot: Snapshot): readonly Tuple[];
  /** What a reader that stands at `position` must have made of each key. */
  expected(table: string, position: ParsedPosition): ReadonlyMap<number, Version>;
  copy(): SourceState;
  /** All transactions and connections end, and the past begins again. */
  restore(copy: SourceState): void;
}

export interface SourceDatabaseOptions {
  readonly scheduler: Scheduler;
  readonly tables: readonly string[];
  /** Mutation: snapshots by order number instead of by visibility. */
  readonly maxIdCursor: boolean;
}

export function createSourceDatabase(options: SourceDatabaseOptions): SourceDatabase {
  const { scheduler, tables, maxIdCursor } = options;
  const hub = createHub(scheduler, 'source');
  const open = new Set<SourceTransaction>();
  const locks = new Map<string, SourceTransaction>();
  let marks = 0;
  let incarnation = 0;
  let commits = 0;
  let state: SourceState = {
    nextXid: 1,
    nextOrder: 1,
    sourceId: null,
    marks: [],
    highest: 0,
    chains: new Map(tables.map((table) => [table, new Map<number, Version[]>()])),
    log: [],
    purged: [],
    forced: 0,
    captured: new Set(),
    consumers: new Map(),
  };

  const lockName = (table: string, key: number): string => `${table} ${String(key)}`;
  const chainsOf = (table: string): Map<number, Version[]> => {
    const chains = state.chains.get(table);
    if (chains === undefined) throw new Error(`No table ${table}`);
    return chains;
  };

  const end = (transaction: SourceTransaction): void => {
    marks += 1;
    state.marks.push(marks);
    transaction.open = false;
    open.delete(transaction);
    for (const [name, holder] of locks) if (holder === transaction) locks.delete(name);
  };

  const log = (
    transaction: SourceTransaction,
    change: Omit<LoggedChange, 'xid' | 'changedAt' | 'order'>,
    order: number,
  ): void => {
    if (!state.captured.has(change.table)) return;
    transaction.changes.push({ ...change, order, xid: transaction.xid, changedAt: scheduler.now() });
  };

  const lock = (transaction: SourceTransaction, table: string, key: number): void => {
    if (database.isLocked(transaction, table, key)) throw new Error('A locked row was written');
    locks.set(lockName(table, key), transaction);
    transaction.tables.add(table);
  };

  const database: SourceDatabase = {
    hub,
    get state() {
      return state;
    },
    get incarnation() {
      return incarnation;
    },
    get commits() {
      return commits;
    },
    begin() {
      const transaction: SourceTransaction = {
        xid: state.nextXid++,
        versions: new Map(),
        changes: [],
        tables: new Set(),
        open: true,
      };
      open.add(transaction);
      return transaction;
    },
    isLocked(transaction, table, key) {
      const holder = locks.get(lockName(table, key));
      return holder !== undefined && holder !== transaction;
    },
    isWritten: (names) => [...open].some((transaction) => names.some((name) => transaction.tables.has(name))),
    row(transaction, table, key) {
      const own = transaction.versions.get(lockName(table, key))?.list.at(-1);
      if (own !== undefined) return own.row;
      return chainsOf(table).get(key)?.at(-1)?.row ?? null;
    },
    write(transaction, table, key, row) {
      lock(transaction, table, key);
      const before = database.row(transaction, table, key);
      const order = state.nextOrder++;
      const op = row === null ? 'delete' : before === null ? 'insert' : 'update';
      log(transaction, { table, key, op, before, after: row }, order);
      const name = lockName(table, key);
      const own = transaction.versions.get(name) ?? { table, key, list: [] };
      own.list.push({ xid: transaction.xid, order, row });
      transaction.versions.set(name, own);
    },
    touch(transaction, table, key) {
      lock(transaction, table, key);
      const row = database.row(transaction, table, key);
      log(transaction, { table, key, op: 'touch', before: row, after: row }, state.nextOrder++);
    },
    commit(transaction) {
      for (const { table, key, list } of transaction.versions.values()) {
        const chains = chainsOf(table);
        const chain = chains.get(key);
        if (chain === undefined) chains.set(key, [...list]);
        else chain.push(...list);
        for (const { order } of list) state.highest = Math.max(state.highest, order);
      }
      state.log.push(...transaction.changes);
      commits += 1;
      end(transaction);
    },
    rollback: end,
    snapshot() {
      const xids = [...open].map(({ xid }) => xid);
      return { xmax: state.nextXid, open: xids, upTo: maxIdCursor ? state.highest : null };
    },
    mark: () => state.marks.at(-1) ?? 0,
    rows(table, snapshot) {
      const rows: Tuple[] = [];
      for (const chain of chainsOf(table).values()) {
        const row = chain.findLast((version) => sees(snapshot, version))?.row;
        if (row !== undefined && row !== null) rows.push(row);
      }
      return rows.sort((a, b) => keyOf(a) - keyOf(b));
    },
    expected(table, position) {
      const expected = new Map<number, Version>();
      for (const [key, chain] of chainsOf(table)) {
        const version = chain.findLast((entry) => covers(position, entry));
        if (version !== undefined) expected.set(key, version);
      }
      return expected;
    },
    copy: () => copyState(state),
    restore(copy) {
      for (const transaction of [...open]) end(transaction);
      state = copyState(copy);
      incarnation += 1;
      hub.breakAll(null);
    },
  };
  return database;
}

/** Versions, changes and consumers are never changed in place, so the containers are all there is to copy. */
function copyState(state: SourceState): SourceState {
  return {
    ...state,
    marks: [...state.marks],
    chains: new Map(
      [...state.chains].map(([table, chains]) => [
        table,
        new Map([...chains].map(([key, chain]) => [key, [...chain]])),
      ]),
    ),
    log: [...state.log],
    purged: [...state.purged],
    captured: new Set(state.captured),
    consumers: new Map(state.consumers),
  };
}
