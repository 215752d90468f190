/**
 * The simulated target: rows and checkpoints that change in atomic commits, each with what it takes to undo it. So a
 * power cut takes back what was not flushed, and a restore goes back to an earlier commit.
 */
import type {
  Checkpoint,
  RepairKey,
  RowSet,
  SetAside,
  StoredDeadLetter,
  TableCheckpoint,
  Tuple,
} from '../../engine';
import { createHub } from './connections';
import type { Connection, Hub } from './connections';
import { mergeSets, put } from './merging';
import type { Undo } from './merging';
import { keyOf, pipelineOf } from './schema';
import type { Scheduler } from './scheduler';

export interface TargetState {
  readonly tables: Map<string, Map<number, Tuple>>;
  /** By pipeline name. */
  readonly checkpoints: Map<string, Checkpoint>;
  /** By the uuid of the pipeline, then by source table. The inner map is replaced, never changed. */
  readonly tableCheckpoints: Map<string, TableCheckpoints>;
  /** By the uuid of the pipeline, then by id. The inner map is replaced, never changed. */
  readonly letters: Map<string, Letters>;
  /** By the uuid of the pipeline. The list is replaced, never changed. */
  readonly repairs: Map<string, readonly RepairKey[]>;
  /** Writes of the source that came to be the net change of their key, by incarnation, table and write. */
  readonly effects: Map<string, true>;
}

/** An open transaction: nothing of it shows before the commit. */
export interface Work {
  readonly connection: Connection;
  readonly checkpoints: Map<string, Checkpoint>;
  readonly tableCheckpoints: Map<string, TableCheckpoints>;
  readonly letters: Map<string, Letters>;
  readonly repairs: Map<string, readonly RepairKey[]>;
  /** Rows of its merges that were set aside. */
  readonly aside: SetAside[];
  /** Net changes to be applied. */
  readonly merges: RowSet[][];
  /** Names of the checkpoint rows that it has locked. */
  readonly locked: Set<string>;
  open: boolean;
}

/** What a commit did, for those who check it. */
export interface TargetCommit {
  readonly work: Work;
  readonly before: ReadonlyMap<string, Checkpoint>;
  readonly tablesBefore: ReadonlyMap<string, TableCheckpoints>;
  readonly lettersBefore: ReadonlyMap<string, Letters>;
  readonly repairsBefore: ReadonlyMap<string, readonly RepairKey[]>;
  /** Writes of the source that have taken effect a second time. */
  readonly twice: readonly string[];
}

/** By id. */
export type Letters = ReadonlyMap<string, StoredDeadLetter>;

/** By source table. */
export type TableCheckpoints = ReadonlyMap<string, TableCheckpoint>;

export interface TargetDatabase {
  readonly hub: Hub;
  readonly state: TargetState;
  /** Tables that refuse every row until somebody mends them. */
  readonly broken: Set<string>;
  /** Tables that refuse rows with certain values until somebody mends them. */
  readonly picky: Set<string>;
  begin(connection: Connection): Work;
  commit(work: Work): void;
  rollback(work: Work): void;
  /** The transactions that keep others from starting (a file's writer) or from this row (a server's). */
  blockers(checkpoint: string | null): readonly Work[];
  /** All open transactions. */
  works(): readonly Work[];
  /** Makes a table, with these rows, unless it is there. */
  createTable(name: string, rows: readonly Tuple[]): void;
  /** All commits so far survive a power cut from now on. */
  flush(): void;
  /** How many commits a power cut could take. */
  readonly unflushed: number;
  /** A mark to restore to. */
  bookmark(): number;
  /** The commits after the bookmark have never been. All connections end, or with `inPlace` open transactions only. */
  restore(bookmark: number, inPlace: boolean): void;
  /** All connections end; of the commits that were not flushed the last `lost` are gone. */
  cutPower(lost: number): void;
}

export interface TargetDatabaseOptions {
  readonly scheduler: Scheduler;
  /** One writer at a time, like a file; else one per checkpoint row, like a server. */
  readonly oneWriter: boolean;
  readonly reread: ReadonlySet<string>;
  readonly onCommit: (commit: TargetCommit) => void;
}

export function createTargetDatabase(options: TargetDatabaseOptions): TargetDatabase {
  const { scheduler, oneWriter, reread, onCommit } = options;
  const hub = createHub(scheduler, 'target');
  const state: TargetState = {
    tables: new Map(),
    checkpoints: new Map(),
    tableCheckpoints: new Map(),
    letters: new Map(),
    repairs: new Map(),
    effects: new Map(),
  };
  const open = new Set<Work>();
  const journal: (readonly Undo[])[] = [];
  let flushed = 0;

  const end = (work: Work): void => {
    work.open = false;
    open.delete(work);
  };

  const undoTo = (length: number): void => {
    while (journal.length > length) for (const undo of (journal.pop() ?? []).toReversed()) undo();
    flushed = Math.min(flushed, length);
  };

  const database: TargetDatabase = {
    hub,
    state,
    broken: new Set(),
    picky: new Set(),
    begin(connection) {
      const work: Work = {
        connection,
        checkpoints: new Map(),
        tableCheckpoints: new Map(),
        letters: new Map(),
        repairs: new Map(),
        aside: [],
        merges: [],
        locked: new Set(),
        open: true,
      };
      open.add(work);
      connection.onEnd(() => database.rollback(work));
      return work;
    },
    commit(work) {
      const undo: Undo[] = [];
      const before = new Map<string, Checkpoint>();
      const twice: string[] = [];
      for (const sets of work.merges) {
        mergeSets(state.tables, sets, undo, (route, value) => {
          if (reread.has(route.id)) return;
          const uuid = checkpointIn(state, work, pipelineOf(route.target.name))?.uuid ?? '';
          const effect = `${uuid} ${route.target.name} ${String(value)}`;
          if (state.effects.has(effect)) twice.push(effect);
          put(state.effects, effect, true, undo);
        });
      }
      for (const [name, checkpoint] of work.checkpoints) {
        const former = state.checkpoints.get(name);
        if (former !== undefined) before.set(name, former);
        put(state.checkpoints, name, checkpoint, undo);
      }
      const tablesBefore = new Map<string, TableCheckpoints>();
      for (const [uuid, tables] of work.tableCheckpoints) {
        tablesBefore.set(uuid, tablesIn(state, null, uuid));
        put(state.tableCheckpoints, uuid, tables, undo);
      }
      const lettersBefore = new Map<string, Letters>();
      for (const [uuid, letters] of work.letters) {
        lettersBefore.set(uuid, lettersIn(state, null, uuid));
        put(state.letters, uuid, letters, undo);
      }
      const repairsBefore = new Map<string, readonly RepairKey[]>();
      for (const [uuid, repairs] of work.repairs) {
        repairsBefore.set(uuid, repairsIn(state, null, uuid));
        put(state.repairs, uuid, repairs, undo);
      }
      journal.push(undo);
      end(work);
      for (const checkpoint of work.checkpoints.values()) {
        const former = before.get(checkpoint.name);
        scheduler.note(work.connection.actor, () => `commits ${describe(checkpoint, former)}`);
      }
      onCommit({ work, before, tablesBefore, lettersBefore, repairsBefore, twice });
    },
    rollback: end,
    blockers(checkpoint) {
      if (oneWriter) return [...open];
      return checkpoint === null ? [] : [...open].filter((work) => work.locked.has(checkpoint));
    },
    works: () => [...open],
    createTable(name, rows) {
      if (state.tables.has(name)) return;
      const undo: Undo[] = [];
      put(state.tables, name, new Map(rows.map((row) => [keyOf(row), row])), undo);
      journal.push(undo);
    },
    flush() {
      flushed = journal.length;
    },
    get unflushed() {
      return journal.length - flushed;
    },
    bookmark() {
      // A copy that was taken is safe, so what it holds never gets lost before it.
      flushed = journal.length;
      return journal.length;
    },
    restore(bookmark, inPlace) {
      if (inPlace) for (const { connection } of [...open]) connection.end();
      else hub.breakAll(null);
      undoTo(bookmark);
    },
    cutPower(lost) {
      hub.breakAll(null);
      undoTo(Math.max(flushed, journal.length - lost));
    },
  };
  return database;
}

/** The checkpoints that a transaction sees: its own writes, else what is committed. */
export function checkpointIn(state: TargetState, work: Work, name: string): Checkpoint | null {
  return work.checkpoints.get(name) ?? state.checkpoints.get(name) ?? null;
}

export function tablesIn(state: TargetState, work: Work | null, uuid: string): TableCheckpoints {
  return (
    work?.tableCheckpoints.get(uuid) ?? state.tableCheckpoints.get(uuid) ?? new Map<string, TableCheckpoint>()
  );
}

export function lettersIn(state: TargetState, work: Work | null, uuid: string): Letters {
  return work?.letters.get(uuid) ?? state.letters.get(uuid) ?? new Map<string, StoredDeadLetter>();
}

export function repairsIn(state: TargetState, work: Work | null, uuid: string): readonly RepairKey[] {
  return work?.repairs.get(uuid) ?? state.repairs.get(uuid) ?? [];
}

/** What a commit changed of a pipeline's row, for the trace. */
function describe(after: Checkpoint, before: Checkpoint | undefined): string {
  const change = (name: string, from: unknown, to: unknown): string =>
    from === to ? `${name} ${String(to)}` : `${name} ${String(from)}->${String(to)}`;
  return [
    after.name,
    change('uuid', before?.uuid, after.uuid),
    change('chain', before?.chain, after.chain),
    change('generation', before?.generation, after.generation),
    change('epoch', before?.epoch, after.epoch),
    change('seq', before?.seq, after.seq),
    change('acked', before?.ackedSeq, after.ackedSeq),
    change('position', before?.position, after.position),
  ].join(', ');
}
