/** Activities as a workflow's server hands them out: retried, given up on while they still run, and judged. */
import type { CdcError, ErrorCode, Pipeline, PipelineSpec, TableProgress } from '../../engine';
import { toCdcError } from '../../engine';
import type { Coverage } from './coverage';
import type { Oracle } from './oracle';
import { Violation } from './oracle';
import type { PipelinePlan } from './plan';
import type { Attempt, Processes } from './processes';
import type { Random } from './random';
import type { Actor, Scheduler } from './scheduler';

/** What the workflow of a pipeline knows. */
export interface Life {
  readonly plan: PipelinePlan;
  readonly spec: PipelineSpec;
  readonly actor: Actor;
  readonly random: Random;
  chain: string;
  /** Raised before each fence and resync; claims name it. */
  generation: number;
  /** Tables that the last round reported as parked. */
  parked: readonly TableProgress[];
  /** A database was restored since the pipeline began its present life: to be told so is no false alarm. */
  suspect: boolean;
  /** Attempts that were given up on, and may run on. */
  readonly abandoned: Set<Attempt<unknown>>;
  /** Attempts that go on beside the rest. */
  readonly beside: Set<Attempt<unknown>>;
}

export interface ActivityWorld {
  readonly scheduler: Scheduler;
  readonly processes: Processes;
  readonly coverage: Coverage;
  readonly oracle: Oracle;
  /** How often a database was restored. */
  readonly restores: () => number;
}

export type Outcome<T> =
  { readonly ok: true; readonly result: T } | { readonly ok: false; readonly error: CdcError };

/** The engine says that the world has changed under it; what helps is a resync, or setup where nothing is left. */
export const DETECTIONS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'SOURCE_WENT_BACK',
  'TARGET_WENT_BACK',
  'POSITION_PURGED',
  'CAPTURE_MISSING',
  'SOURCE_REPLACED',
  'PIPELINE_UNKNOWN',
]);

/** Somebody else was there first, or the databases were busy: part of the game. */
const HARMLESS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CONNECTION_LOST',
  'DATABASE_LOCKED',
  'EPOCH_LOST',
  'FENCED',
  'PIPELINE_TAKEN',
]);

/** The server tries these again by itself. */
const RETRIED: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['CONNECTION_LOST', 'DATABASE_LOCKED']);

export type Activity<T> = (pipeline: Pipeline) => Promise<T>;

/** Starts an attempt on some process; what it fails with is judged, whoever waits for it. */
export function start<T>(
  world: ActivityWorld,
  life: Life,
  label: string,
  work: Activity<T>,
  ownHandle = life.random.chance(0.3),
): Attempt<T> {
  const { name } = life.plan;
  const suspectAtStart = life.suspect;
  const attempt = world.processes.start({
    process: world.processes.any(),
    ref: { name, source: 'source', target: 'target' },
    label: `${label} ${name}`,
    ownHandle,
    work: async (pipeline) => {
      try {
        return await work(pipeline);
      } catch (error) {
        judge(world, life, toCdcError(error), label, {
          suspect: suspectAtStart || life.suspect,
          heard: !life.abandoned.has(attempt),
        });
        throw error;
      }
    },
  });
  return attempt;
}

/** Hands out an activity until an attempt of it comes back, or fails with what no retry heals. */
export async function perform<T>(
  world: ActivityWorld,
  life: Life,
  label: string,
  work: Activity<T>,
  ownHandle?: boolean,
): Promise<Outcome<T>> {
  const { scheduler } = world;
  for (;;) {
    const attempt = start(world, life, label, work, ownHandle);
    const patience = life.random.pick([200, 400, 800, 3_000]);
    await settle(world, life, [attempt], patience);
    if (attempt.state === 'done' && attempt.result !== null) return { ok: true, result: attempt.result };
    if (attempt.state === 'failed' && attempt.error !== null && !RETRIED.has(attempt.error.code)) {
      return { ok: false, error: attempt.error };
    }
    await scheduler.sleep(life.actor, life.random.between(5, 60), `tries ${label} again`);
  }
}

/** Waits for attempts, but not for ever: those that still run then are given up on, and go on nevertheless. */
export async function settle(
  { scheduler }: ActivityWorld,
  life: Life,
  attempts: readonly Attempt<unknown>[],
  patienceMs: number,
): Promise<void> {
  const settled = (): boolean => attempts.every(({ state }) => state !== 'running');
  await scheduler.until(life.actor, 'waits', patienceMs, settled);
  for (const attempt of attempts) if (attempt.state === 'running') life.abandoned.add(attempt);
}

/** `heard`: somebody waits for what the attempt says. One that was given up on may have looked at two different times. */
function judge(
  world: ActivityWorld,
  life: Life,
  error: CdcError,
  label: string,
  { suspect, heard }: { readonly suspect: boolean; readonly heard: boolean },
): void {
  const { scheduler, coverage } = world;
  if (DETECTIONS.has(error.code)) {
    if (suspect) coverage.happened('restore detected');
    else if (heard) {
      const detail = `${life.plan.name} ${label}: ${error.code} ${error.message}`;
      scheduler.fail(new Violation('no false alarm', detail));
    }
  } else if (!HARMLESS.has(error.code)) {
    const cause = error.cause instanceof Error ? ` (${error.cause.stack ?? ''})` : '';
    scheduler.fail(new Violation('no unexpected error', `${label}: ${error.code} ${error.message}${cause}`));
  }
  if (error.code === 'EPOCH_LOST') coverage.happened('epoch lost');
}
