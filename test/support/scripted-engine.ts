/**
 * An engine without databases, for tests of the workflow's own logic: it keeps the checkpoint's rules (chain,
 * generation, epoch) in memory, applies changes that a test counts in, and fails when a test says so. Where rows
 * matter, the tests use the real engine.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CdcError } from '../../engine';
import type {
  Engine,
  ErrorCode,
  FetchResult,
  Pipeline,
  PipelineRef,
  ReplicateOptions,
  ReplicateResult,
  SetupResult,
  TableProgress,
} from '../../engine';

/** Methods that a test can let fail or delay. */
export type ScriptedCall =
  | 'setup'
  | 'fetchPending'
  | 'replicate'
  | 'markSynced'
  | 'fence'
  | 'markGoal'
  | 'resync'
  | 'finish'
  | 'sweep';

export interface ScriptedEngine extends Engine {
  /** Adds changes to the source. */
  write(changes: number): void;
  /** Lets a method throw from now on; null ends it. */
  failing(call: ScriptedCall, failure: { readonly code: ErrorCode; readonly message: string } | null): void;
  /** Rows that setup finds to copy, one commit each 10. */
  snapshotRows: number;
  /** Tables that a setup puts capture on one after the other, and how long each takes. */
  readonly slowSetup: { tables: number; tableMs: number };
  /** How many changes one commit takes, and how long it lasts. */
  batch: number;
  commitMs: number;
  /** How long a comparison of keys takes. */
  readonly slowSweep: { ms: number };
  readonly calls: Readonly<Record<ScriptedCall, number>>;
  /** When each commit was made, milliseconds since 1970. */
  readonly commits: readonly number[];
  readonly applied: number;
  readonly attemptsRunning: number;
  /** Another chain that owns the checkpoint. */
  takenBy(chain: string): void;
}

interface Checkpoint {
  chain: string | null;
  ended: boolean;
  generation: number;
  epoch: number;
  installed: boolean;
  goal: number | null;
}

const LOOK_MS = 5;

export function createScriptedEngine(): ScriptedEngine {
  const checkpoint: Checkpoint = {
    chain: null,
    ended: false,
    generation: 0,
    epoch: 0,
    installed: false,
    goal: null,
  };
  const calls: Record<ScriptedCall, number> = {
    setup: 0,
    fetchPending: 0,
    replicate: 0,
    markSynced: 0,
    fence: 0,
    markGoal: 0,
    resync: 0,
    finish: 0,
    sweep: 0,
  };
  const failures = new Map<ScriptedCall, { readonly code: ErrorCode; readonly message: string }>();
  const commits: number[] = [];
  let written = 0;
  let applied = 0;
  let copied = 0;
  let snapshotting = false;
  let attemptsRunning = 0;
  const settings = { snapshotRows: 0, batch: 1_000, commitMs: 2 };
  const slowSetup = { tables: 0, tableMs: 0 };
  const slowSweep = { ms: 1 };

  const called = (call: ScriptedCall): void => {
    calls[call] += 1;
    const failure = failures.get(call);
    if (failure !== undefined) throw new CdcError(failure.code, failure.message);
  };
  const requireOwner = (ref: PipelineRef, chain: string): void => {
    if (!checkpoint.installed)
      throw new CdcError('PIPELINE_UNKNOWN', `No checkpoint of pipeline ${ref.name}`);
    if (checkpoint.chain !== chain) {
      throw new CdcError('PIPELINE_TAKEN', `Pipeline ${ref.name} belongs to another run`);
    }
  };
  const progress = (): TableProgress => ({
    source: 'orders',
    target: 'orders',
    state: snapshotting ? 'snapshotting' : 'replicating',
    cause: null,
    snapshotRows: copied,
    inserted: applied,
    updated: 0,
    deleted: 0,
    deadLetters: 0,
    copy: null,
  });

  const replicate = async (ref: PipelineRef, options: ReplicateOptions): Promise<ReplicateResult> => {
    called('replicate');
    requireOwner(ref, options.chain);
    if (checkpoint.generation > options.generation) {
      throw new CdcError('FENCED', `Pipeline ${ref.name} was paused since this attempt was handed out`);
    }
    checkpoint.generation = options.generation;
    checkpoint.epoch += 1;
    const epoch = checkpoint.epoch;
    const until = Date.now() + options.lingerMs;
    const before = { applied, copied, commits: commits.length };
    const result = (caughtUp: boolean): ReplicateResult => ({
      changes: applied - before.applied,
      inserted: applied - before.applied,
      updated: 0,
      deleted: 0,
      snapshotRows: copied - before.copied,
      commits: commits.length - before.commits,
      tables: [{ ...progress(), table: 'orders' }],
      progress: [progress()],
      snapshotting: snapshotting ? 1 : 0,
      copy: null,
      caughtUp,
      reachedGoal: checkpoint.goal !== null && applied >= checkpoint.goal && !snapshotting,
      atomicCuts: 0,
      noticed: [],
      backlog: written - applied,
      lagMs: 0,
    });
    const commit = async (work: () => void): Promise<void> => {
      await sleep(settings.commitMs);
      if (checkpoint.epoch !== epoch)
        throw new CdcError('EPOCH_LOST', 'Another attempt has claimed the pipeline');
      work();
      commits.push(Date.now());
      options.onProgress?.(result(false));
    };
    attemptsRunning += 1;
    try {
      while (Date.now() < until && options.signal?.aborted !== true) {
        if (snapshotting) {
          await commit(() => {
            copied = Math.min(settings.snapshotRows, copied + 10);
            snapshotting = copied < settings.snapshotRows;
          });
        } else if (applied < written) {
          await commit(() => {
            applied = Math.min(written, applied + settings.batch);
          });
        } else {
          if (result(true).reachedGoal) break;
          await sleep(LOOK_MS);
        }
      }
      return result(applied >= written && !snapshotting);
    } finally {
      attemptsRunning -= 1;
    }
  };

  const open = (ref: PipelineRef): Pipeline => ({
    ref,
    async setup({ chain, takeOver, spec, onProgress }) {
      await sleep(1);
      for (let done = 0; done < slowSetup.tables; done++) {
        onProgress?.({ step: 'capture', done, of: slowSetup.tables });
        await sleep(slowSetup.tableMs);
      }
      called('setup');
      const other = checkpoint.chain !== null && checkpoint.chain !== chain;
      if (other && !checkpoint.ended && !takeOver) {
        throw new CdcError('PIPELINE_TAKEN', `Pipeline ${spec.name} belongs to another run`);
      }
      const resumed = checkpoint.installed;
      if (!resumed) snapshotting = settings.snapshotRows > 0;
      checkpoint.chain = chain;
      checkpoint.ended = false;
      checkpoint.installed = true;
      checkpoint.generation += 1;
      checkpoint.epoch += 1;
      const { source, target, state } = progress();
      const answer: SetupResult = {
        resumed,
        tables: [{ source, target, state }],
        skipped: [],
        notices: [],
        transport: 'rows',
        generation: checkpoint.generation,
      };
      return answer;
    },
    async sweep() {
      called('sweep');
      await sleep(slowSweep.ms);
      return { keys: 0 };
    },
    async fetchPending({ waitMs, settings: asked, signal }) {
      called('fetchPending');
      const until = Date.now() + waitMs;
      const waits = (): boolean => applied >= written && Date.now() < until && signal?.aborted !== true;
      while (waits()) await sleep(LOOK_MS);
      const backlog = written - applied;
      const limit = asked.maxBacklog?.changes ?? Number.POSITIVE_INFINITY;
      const answer: FetchResult = {
        pending: backlog > 0 || snapshotting,
        backlog,
        lagMs: 0,
        overLimit: backlog > limit,
        suspended: false,
      };
      return answer;
    },
    replicate: (options) => replicate(ref, options),
    async markSynced() {
      await sleep(1);
      called('markSynced');
      return { purged: 0 };
    },
    async fence({ chain, generation }) {
      await sleep(1);
      called('fence');
      requireOwner(ref, chain);
      checkpoint.generation = Math.max(checkpoint.generation, generation);
      checkpoint.epoch += 1;
    },
    async markGoal({ chain, batch }) {
      await sleep(1);
      called('markGoal');
      requireOwner(ref, chain);
      checkpoint.goal = batch ? written : null;
    },
    async resync({ chain, generation, table }) {
      await sleep(1);
      called('resync');
      requireOwner(ref, chain);
      if (table !== null && table !== 'orders') {
        throw new CdcError('TABLE_NOT_IN_PIPELINE', `The pipeline has no table ${table}`);
      }
      checkpoint.generation = Math.max(checkpoint.generation, generation);
      checkpoint.epoch += 1;
      copied = 0;
      snapshotting = settings.snapshotRows > 0;
      return ['orders'];
    },
    async resumeTable({ chain, generation }) {
      await sleep(1);
      requireOwner(ref, chain);
      checkpoint.generation = Math.max(checkpoint.generation, generation);
      checkpoint.epoch += 1;
      return [];
    },
    deadLetters: notScripted,
    retryDeadLetters: notScripted,
    discardDeadLetters: notScripted,
    sequences: notScripted,
    async acceptFailover({ chain, generation }) {
      await sleep(1);
      requireOwner(ref, chain);
      checkpoint.generation = Math.max(checkpoint.generation, generation);
      return false;
    },
    async finish({ chain }) {
      await sleep(1);
      called('finish');
      requireOwner(ref, chain);
      checkpoint.ended = true;
      checkpoint.epoch += 1;
    },
    statistics: () =>
      Promise.resolve({
        pipeline: ref.name,
        transport: 'rows',
        backlog: written - applied,
        lagMs: 0,
        lastAppliedAt: commits.at(-1) ?? null,
        tables: [{ ...progress(), stored: written }],
      }),
    plan: notScripted,
    pendingChanges: notScripted,
    changes: notScripted,
    healthReport: notScripted,
    verify: notScripted,
    repair: notScripted,
    waitRepaired: notScripted,
    waitCaughtUp: notScripted,
    teardown: notScripted,
    close: () => Promise.resolve(),
  });

  return {
    pipeline: (ref) => Promise.resolve(open(ref)),
    open: (ref) => Promise.resolve(open(ref)),
    close: () => Promise.resolve(),
    write(changes) {
      written += changes;
    },
    failing(call, failure) {
      if (failure === null) failures.delete(call);
      else failures.set(call, failure);
    },
    get snapshotRows() {
      return settings.snapshotRows;
    },
    set snapshotRows(rows) {
      settings.snapshotRows = rows;
    },
    get batch() {
      return settings.batch;
    },
    set batch(changes) {
      settings.batch = changes;
    },
    get commitMs() {
      return settings.commitMs;
    },
    set commitMs(ms) {
      settings.commitMs = ms;
    },
    slowSetup,
    slowSweep,
    calls,
    commits,
    get applied() {
      return applied;
    },
    get attemptsRunning() {
      return attemptsRunning;
    },
    takenBy(chain) {
      checkpoint.chain = chain;
      checkpoint.installed = true;
      checkpoint.ended = false;
    },
  };
}

function notScripted(): Promise<never> {
  return Promise.reject(new Error('The workflow needs no such call'));
}
