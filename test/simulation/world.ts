/** One seed's world: two databases, writers, workers, workflows, weather, and the oracle that watches them. */
import { TABLES, targetTable, makeRow } from './schema';
import type { Actor, Scheduler } from './scheduler';
import { createScheduler } from './scheduler';
import type { RowChunk, Source, Target } from '../../engine';
import { perform, settle } from './activities';
import type { ActivityWorld, Life } from './activities';
import { createCoverage } from './coverage';
import type { Coverage } from './coverage';
import { directTransfer } from './direct-transfer';
import { NO_MUTATION } from './mutations';
import type { Mutation } from './mutations';
import { Violation, createOracle } from './oracle';
import type { Oracle } from './oracle';
import { drawPlan } from './plan';
import type { Plan } from './plan';
import { createProcesses } from './processes';
import type { Processes } from './processes';
import { createRandom } from './random';
import type { Random } from './random';
import { openSource } from './source';
import { createSourceDatabase } from './source-database';
import type { LoggedChange, SourceDatabase } from './source-database';
import { openTarget } from './target';
import { createTargetDatabase } from './target-database';
import type { TargetCommit, TargetDatabase } from './target-database';
import { conclude, createLife, live } from './workflow';
import { createWeather } from './weather';
import { runWriter, writeInitialRows } from './writers';

export interface SeedOptions {
  readonly seed: number;
  readonly mutation?: Mutation;
  /** Gets each step as a line. */
  readonly trace?: (line: string) => void;
}

export interface SeedResult {
  readonly seed: number;
  readonly coverage: Coverage;
  readonly steps: number;
  /** Null when every promise was kept. */
  readonly violation: Violation | null;
}

/** Beyond this a world hangs or turns in circles. */
const MAX_STEPS = 40_000;

/** After the last action: longer than any attempt that was given up on may still take. */
const REST_MS = 100_000;

/** Runs one world to its end. The same seed, mutation and code give the same run, step by step. */
export async function runSeed(options: SeedOptions): Promise<SeedResult> {
  const { seed, trace } = options;
  const { random, plan } = begin(seed);
  const scheduler = createScheduler({ random: random.fork(), maxSteps: MAX_STEPS, trace: trace ?? null });
  const world = createWorld(scheduler, random, plan, options.mutation ?? NO_MUTATION);
  let violation: Violation | null = null;
  try {
    await scheduler.run(() => unfold(world));
  } catch (error) {
    violation = error instanceof Violation ? error : unexpected(error);
  }
  return { seed, coverage: world.coverage, steps: scheduler.steps, violation };
}

/** What the seed has decided before anything happens. */
export function planOf(seed: number): Plan {
  return begin(seed).plan;
}

function begin(seed: number): { readonly random: Random; readonly plan: Plan } {
  const random = createRandom(seed);
  return { random, plan: drawPlan(random.fork()) };
}

function unexpected(error: unknown): Violation {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Violation('everything comes to its end', text);
}

interface World extends ActivityWorld {
  readonly plan: Plan;
  readonly source: SourceDatabase;
  readonly target: TargetDatabase;
  readonly lives: readonly Life[];
  readonly writers: readonly (() => Promise<void>)[];
  readonly calm: () => void;
}

function createWorld(scheduler: Scheduler, random: Random, plan: Plan, mutation: Mutation): World {
  const coverage = createCoverage();
  let uuids = 0;
  const uuid = (): string => `u${String(++uuids)}`;
  let values = 0;
  let restores = 0;
  let highestRead = 0;

  const source = createSourceDatabase({
    scheduler,
    tables: TABLES,
    maxIdCursor: mutation.maxIdCursor ?? false,
  });
  const fail = (violation: Violation): void => scheduler.fail(violation);
  const oracle: Oracle = createOracle({ source, target: () => target, reread: plan.reread, fail });
  const target: TargetDatabase = createTargetDatabase({
    scheduler,
    oneWriter: plan.oneWriter,
    reread: plan.reread,
    onCommit(commit) {
      noteStragglers(coverage, commit);
      noteLetters(coverage, commit);
      noteRepairs(coverage, commit);
      oracle.onCommit(commit);
    },
  });

  const sourceRules = {
    reread: plan.reread,
    rangeSnapshot: mutation.rangeSnapshot?.(source) ?? null,
    fingerprint: plan.fingerprint,
    direct: plan.direct,
    mostRows: plan.mostRows,
    onTooLarge() {
      coverage.happened('chunk too large for memory');
    },
    onRead(chunk: RowChunk, resumed: boolean) {
      highestRead = Math.max(highestRead, source.state.highest);
      if (chunk.ranges.length === 0) return;
      if (chunk.ranges.length > 1) coverage.happened('ranges of several tables read together');
      if (chunk.snapshot.filter(({ cursor }) => cursor !== null).length > 1) {
        coverage.happened('several tables copied at once');
      }
      if (chunk.changes > 0) coverage.happened('snapshot range read with changes');
      if (resumed) coverage.happened('snapshot resumed by another attempt');
    },
    onPurge(changes: readonly LoggedChange[], heldBack: boolean) {
      if (changes.length > 0) coverage.happened('purge');
      if (heldBack) coverage.happened('purge held back by another consumer');
      oracle.onPurge(changes);
    },
    onAcknowledge: (uuid: string) => oracle.onAcknowledge(uuid),
  };
  const makeSource = (actor: Actor): Source => {
    const port = openSource({ scheduler, database: source, rules: sourceRules, uuid }, actor);
    return mutation.source?.(port, source) ?? port;
  };
  const makeTarget = (actor: Actor): Target => {
    const port = openTarget(
      {
        scheduler,
        database: target,
        idleTimeoutMs: plan.idleTimeoutMs,
        direct: plan.direct ? (stage, discard) => directTransfer(makeSource(actor), stage, discard) : null,
      },
      actor,
    );
    return mutation.target?.(port) ?? port;
  };
  const processes: Processes = createProcesses({
    scheduler,
    random: random.fork(),
    coverage,
    uuid,
    openSource: makeSource,
    openTarget: makeTarget,
    frontDoor: (pipeline) => mutation.pipeline?.(pipeline) ?? pipeline,
    disconnect(actor) {
      source.hub.breakAll(actor);
      target.hub.breakAll(actor);
    },
  });

  const writing = {
    scheduler,
    coverage,
    plan,
    source,
    nextValue: () => ++values,
    highestRead: () => highestRead,
  };
  writeInitialRows(writing);
  const writers = Array.from({ length: plan.writers }, (_, index) => {
    const actor = scheduler.actor(`writer-${String(index + 1)}`, 'writer');
    const own = random.fork();
    return () => runWriter(writing, actor, own);
  });
  for (const { name, strangers, tables } of plan.pipelines) {
    if (strangers === 0) continue;
    for (const table of tables) {
      const rows = Array.from({ length: strangers }, (_, index) =>
        makeRow(plan.keys + 3 - index, -index - 1),
      );
      target.createTable(targetTable(name, table), rows);
    }
  }
  const lives = plan.pipelines.map((pipeline) =>
    createLife(
      pipeline,
      plan.letters,
      scheduler.actor(`workflow-${pipeline.name}`, 'workflow'),
      random.fork(),
    ),
  );
  const weather = createWeather({
    scheduler,
    random: random.fork(),
    plan,
    processes,
    coverage,
    source,
    target,
    oracle,
    lives,
    onRestore() {
      restores += 1;
    },
  });
  return {
    scheduler,
    processes,
    coverage,
    oracle,
    plan,
    source,
    target,
    lives,
    writers,
    restores: () => restores,
    calm: () => weather.clear(),
  };
}

/** What became of tables that stood at a position of their own. */
function noteStragglers(coverage: Coverage, { work, tablesBefore }: TargetCommit): void {
  if (work.merges.length === 0) return;
  for (const [uuid, tables] of work.tableCheckpoints) {
    for (const { source, state, position } of tables.values()) {
      const before = tablesBefore.get(uuid)?.get(source);
      if (before === undefined || before.position === null || state === 'parked') continue;
      if (position === null) coverage.happened('straggler rejoined');
      else if (position !== before.position) coverage.happened('straggler caught up alone');
    }
  }
}

/** What became of rows that were set aside. */
function noteLetters(coverage: Coverage, { work, lettersBefore }: TargetCommit): void {
  for (const [uuid, letters] of work.letters) {
    const before = lettersBefore.get(uuid) ?? new Map<never, never>();
    for (const { id, attempts } of letters.values()) {
      if (!before.has(id)) coverage.happened('row set aside');
      else if ((before.get(id)?.attempts ?? attempts) < attempts) coverage.happened('letter retried in vain');
    }
    if (work.merges.length === 0) continue;
    for (const { id, retry } of before.values()) {
      if (!letters.has(id)) coverage.happened(retry ? 'letter retried' : 'letter superseded');
    }
  }
}

/** Keys that were marked and are not any more. */
function noteRepairs(coverage: Coverage, { work, repairsBefore }: TargetCommit): void {
  if (work.merges.length === 0) return;
  for (const [uuid, repairs] of work.repairs) {
    const left = new Set(repairs.map(({ id }) => id));
    const done = (repairsBefore.get(uuid) ?? []).filter(({ id }) => !left.has(id));
    if (done.length > 0) coverage.happened('key repaired');
    if (done.length > 1) coverage.happened('keys repaired together');
  }
}

/** Writers write while the pipelines live; then the weather clears, all come to rest, and the end is proved. */
async function unfold(world: World): Promise<void> {
  const { lives, writers, oracle } = world;
  await Promise.all([...writers.map((write) => write()), ...lives.map((life) => live(world, life))]);
  world.calm();
  for (const life of lives) await settle(world, life, [...life.abandoned, ...life.beside], REST_MS);
  for (const life of lives) await conclude(world, life);
  for (const life of lives) oracle.checkEqual(life.plan.name);
  await checkPurged(world);
}

/** Once all are synced nothing may be held back any more, unless a restore brought back a consumer of the past. */
async function checkPurged(world: World): Promise<void> {
  const { lives, source } = world;
  for (const life of lives)
    await perform(world, life, 'mark synced', (pipeline) => pipeline.markSynced({ retainMs: 0 }));
  if (world.restores() > 0 || source.state.log.length === 0) return;
  const consumers = [...source.state.consumers.keys()].join(', ');
  throw new Violation(
    'what all have applied is purged',
    `${String(source.state.log.length)} left, for ${consumers}`,
  );
}
