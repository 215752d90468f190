/**
 * Watches every commit on the target and every purge on the source, and holds them against the promises. It knows
 * what no part of the engine knows: the whole history of the source, who claimed last, what was ever undone.
 */
import type { Checkpoint, Tuple } from '../../engine';
import { decodeRow } from '../../engine/apply';
import type { Connection } from './connections';
import { covers, includes, parsePosition, sameSnapshot } from './positions';
import { compareTable } from './row-check';
import { KEY, VALUE, keyOf, pipelineOf } from './schema';
import { hasMark } from './source';
import type { LoggedChange, SourceDatabase } from './source-database';
import { lettersIn, tablesIn } from './target-database';
import type { Letters, TableCheckpoints, TargetCommit, TargetDatabase } from './target-database';

export type Rule =
  | 'rows and checkpoint move together'
  | 'nothing twice'
  | 'every change counts once'
  | 'position never goes back'
  | 'only the last claim commits'
  | 'no commit while paused'
  | 'generation never goes down'
  | 'acked <= source <= checkpoint'
  | 'nothing unapplied is purged'
  | 'what all have applied is purged'
  | 'source and target end equal'
  | 'no false alarm'
  | 'everything comes to its end'
  | 'no unexpected error';

/** A promise that was broken. */
export class Violation extends Error {
  override readonly name = 'Violation';
  constructor(
    readonly rule: Rule,
    detail: string,
  ) {
    super(`${rule}: ${detail}`);
  }
}

/** Who may commit for a pipeline. */
interface Ledger {
  readonly epoch: number;
  /** The connection of the last claim or fence. */
  readonly connection: Connection;
}

export interface Oracle {
  onCommit(commit: TargetCommit): void;
  onPurge(changes: readonly LoggedChange[]): void;
  onAcknowledge(uuid: string): void;
  onPowerCut(): void;
  /** Either database was restored: sequence numbers of the two sides may disagree now. */
  onRestore(): void;
  setPaused(pipeline: string, paused: boolean): void;
  /** Throws unless the pipeline's rows are what its source's are now. */
  checkEqual(pipeline: string): void;
}

export interface OracleWorld {
  readonly source: SourceDatabase;
  readonly target: () => TargetDatabase;
  readonly reread: ReadonlySet<string>;
  readonly fail: (violation: Violation) => void;
}

export function createOracle(world: OracleWorld): Oracle {
  const { source, reread } = world;
  const ledgers = new Map<string, Ledger>();
  const paused = new Set<string>();
  /** Lives (by uuid) that have seen a database restored: their numbers and promises may be at odds. */
  const disturbed = new Set<string>();

  const guard = (check: () => void): void => {
    try {
      check();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      world.fail(error);
    }
  };

  const checkRows = (checkpoint: Checkpoint): void => {
    if (!isInstalled(checkpoint)) return;
    const { state } = world.target();
    for (const table of tablesIn(state, null, checkpoint.uuid).values()) {
      const position = parsePosition(table.position ?? checkpoint.position);
      // Of a past that the source does not remember nothing can be said; whoever goes on from there is told so.
      if (!hasMark(source, position)) continue;
      const rows = state.tables.get(table.targetTable.name) ?? new Map<never, never>();
      const aside = lettersOf(lettersIn(state, null, checkpoint.uuid), table.source);
      const difference = compareTable(source, table, position, rows, reread.has(table.source), aside);
      if (difference !== null) {
        throw new Violation(
          'rows and checkpoint move together',
          `${checkpoint.name} ${table.source} ${difference}`,
        );
      }
    }
  };

  const checkProgress = (before: Checkpoint, after: Checkpoint, connection: Connection): void => {
    const { name } = after;
    const ledger = ledgers.get(name);
    // A restore may bring back an earlier claim, even next to a later one with the same epoch; the rows tell then.
    if (!disturbed.has(after.uuid) && (ledger?.epoch !== before.epoch || ledger.connection !== connection)) {
      throw new Violation('only the last claim commits', `${name} epoch ${String(before.epoch)}`);
    }
    // A restored target has forgotten the pause with all the rest.
    if (paused.has(name) && !disturbed.has(after.uuid)) throw new Violation('no commit while paused', name);
    if (after.seq !== before.seq + 1) {
      throw new Violation(
        'only the last claim commits',
        `${name} seq ${String(before.seq)} to ${String(after.seq)}`,
      );
    }
    const [from, to] = [parsePosition(before.position), parsePosition(after.position)];
    const back =
      !includes(to.from, from.from) ||
      (to.to !== null && sameSnapshot(to.from, from.from) && to.after < from.after);
    if (back && hasMark(source, from) && hasMark(source, to)) {
      throw new Violation('position never goes back', name);
    }
  };

  /** What the tables' counts grew by is the number of changes that the position has newly passed. */
  const checkCounts = (
    before: Checkpoint,
    after: Checkpoint,
    { tablesBefore: allBefore, work }: TargetCommit,
  ): void => {
    const tablesBefore = allBefore.get(after.uuid);
    const [from, to] = [parsePosition(before.position), parsePosition(after.position)];
    if (!hasMark(source, from) || !hasMark(source, to) || disturbed.has(after.uuid)) return;
    // What was purged by force under a table that is to be copied is passed uncounted.
    if (source.state.forced > 0) return;
    const tables = tablesIn(world.target().state, null, after.uuid);
    const former = tablesBefore ?? tables;
    const passed = [...source.state.log, ...source.state.purged].filter((change) => {
      const table = tables.get(change.table);
      if (table === undefined) return false;
      const [begin, end] = [former.get(change.table)?.position ?? null, table.position];
      return (
        covers(end === null ? to : parsePosition(end), change) &&
        !covers(begin === null ? from : parsePosition(begin), change)
      );
    });
    const counted = count(tables) - count(former);
    // Of a key that was set aside, its last change does not count.
    const aside = work.aside.filter(({ copied }) => !copied).length;
    if (counted !== passed.length - aside) {
      const detail = `${after.name} counts ${String(counted)} changes and passes ${String(passed.length - aside)}`;
      throw new Violation('every change counts once', detail);
    }
  };

  const checkNumbers = (checkpoint: Checkpoint): void => {
    const { uuid, name, seq, ackedSeq } = checkpoint;
    const consumer = source.state.consumers.get(uuid);
    if (consumer === undefined || !isInstalled(checkpoint) || disturbed.has(uuid)) return;
    if (ackedSeq > consumer.seq || consumer.seq > seq) {
      const numbers = [ackedSeq, consumer.seq, seq].join(' ');
      throw new Violation('acked <= source <= checkpoint', `${name} ${numbers}`);
    }
  };

  const checkCheckpoint = (before: Checkpoint | undefined, after: Checkpoint, commit: TargetCommit): void => {
    const { connection, merges } = commit.work;
    const { name } = after;
    const moved = before !== undefined && (before.seq !== after.seq || before.position !== after.position);
    const same = before?.uuid === after.uuid;
    if (before !== undefined && after.generation < before.generation) {
      throw new Violation('generation never goes down', name);
    }
    if (before !== undefined && same && after.epoch < before.epoch) {
      throw new Violation('only the last claim commits', `${name} epoch went down`);
    }
    if (before !== undefined && same && isInstalled(before) && (moved || merges.length > 0)) {
      checkProgress(before, after, connection);
      checkCounts(before, after, commit);
    }
    if (before === undefined || before.epoch !== after.epoch) {
      ledgers.set(name, { epoch: after.epoch, connection });
    }
  };

  const uncovered = (checkpoint: Checkpoint, changes: readonly LoggedChange[]): LoggedChange | undefined => {
    const tables = tablesIn(world.target().state, null, checkpoint.uuid);
    return changes.find((change) => {
      const table = tables.get(change.table);
      // What a snapshot has yet to copy needs no changes.
      if (table === undefined || (table.state === 'snapshotting' && table.cursor === null)) return false;
      if (table.state === 'parked' && table.replace) return false;
      const position = parsePosition(table.position ?? checkpoint.position);
      return hasMark(source, position) && !covers(position, change);
    });
  };

  const checkPurged = (changes: readonly LoggedChange[]): void => {
    for (const checkpoint of world.target().state.checkpoints.values()) {
      if (!isInstalled(checkpoint) || disturbed.has(checkpoint.uuid)) continue;
      const lost = uncovered(checkpoint, changes);
      if (lost !== undefined) {
        throw new Violation(
          'nothing unapplied is purged',
          `${checkpoint.name} ${lost.table} ${String(lost.order)}`,
        );
      }
    }
  };

  return {
    onCommit: (commit) =>
      guard(() => {
        const { state } = world.target();
        const [twice] = commit.twice;
        if (twice !== undefined) throw new Violation('nothing twice', twice);
        for (const [name, after] of commit.work.checkpoints)
          checkCheckpoint(commit.before.get(name), after, commit);
        const touched = new Set(commit.work.checkpoints.keys());
        for (const sets of commit.work.merges)
          for (const { route } of sets) touched.add(pipelineOf(route.target.name));
        for (const name of touched) {
          const checkpoint = state.checkpoints.get(name);
          if (checkpoint === undefined) continue;
          checkRows(checkpoint);
          checkNumbers(checkpoint);
        }
      }),
    onPurge: (changes) => guard(() => checkPurged(changes)),
    onAcknowledge: (uuid) =>
      guard(() => {
        for (const checkpoint of world.target().state.checkpoints.values()) {
          if (checkpoint.uuid === uuid) checkNumbers(checkpoint);
        }
      }),
    onPowerCut: () =>
      guard(() => {
        for (const checkpoint of world.target().state.checkpoints.values()) checkNumbers(checkpoint);
        if (source.state.forced === 0) checkPurged(source.state.purged);
      }),
    onRestore() {
      for (const { uuid } of world.target().state.checkpoints.values()) disturbed.add(uuid);
    },
    setPaused(pipeline, isPaused) {
      if (isPaused) paused.add(pipeline);
      else paused.delete(pipeline);
    },
    checkEqual(pipeline) {
      const { state } = world.target();
      const checkpoint = state.checkpoints.get(pipeline);
      if (checkpoint === undefined)
        throw new Violation('source and target end equal', `${pipeline} has no checkpoint`);
      const left = lettersIn(state, null, checkpoint.uuid).size;
      if (left > 0)
        throw new Violation('source and target end equal', `${pipeline} has ${String(left)} letters`);
      const now = { from: source.snapshot(), to: null, after: 0, mark: source.mark() };
      for (const table of tablesIn(state, null, checkpoint.uuid).values()) {
        const rows = state.tables.get(table.targetTable.name) ?? new Map<never, never>();
        const whole = { ...table, state: 'replicating', cursor: null } as const;
        const difference = compareTable(source, whole, now, rows, false);
        if (difference !== null) {
          throw new Violation('source and target end equal', `${pipeline} ${table.source} ${difference}`);
        }
      }
    },
  };
}

/** Rows that were set aside, by key. */
function lettersOf(letters: Letters, table: string): ReadonlyMap<number, Tuple> {
  const rows = new Map<number, Tuple>();
  for (const letter of letters.values()) {
    if (letter.table !== table || letter.row === null) continue;
    const { [KEY]: key = null, [VALUE]: value = null } = decodeRow(letter.row);
    rows.set(keyOf([key]), [key, value]);
  }
  return rows;
}

function count(tables: TableCheckpoints): number {
  let sum = 0;
  for (const { inserted, updated, deleted } of tables.values()) sum += inserted + updated + deleted;
  return sum;
}

function isInstalled(checkpoint: Checkpoint): boolean {
  return checkpoint.sourceId !== '';
}
