/** Worker processes: each has an engine with connections of its own, runs several attempts, and can vanish. */
import { createEngine, createRegistry, toCdcError } from '../../engine';
import type { Adapter, CdcError, Engine, Pipeline, PipelineRef, Source, Target } from '../../engine';
import type { Coverage } from './coverage';
import type { Random } from './random';
import { FAMILY } from './schema';
import type { Actor, Scheduler } from './scheduler';

/** One run of an activity, as the workflow's server sees it. */
export interface Attempt<T> {
  readonly label: string;
  readonly process: WorkerProcess;
  /** Lost: the process is gone. */
  state: 'running' | 'done' | 'failed' | 'lost';
  result: T | null;
  error: CdcError | null;
}

export interface WorkerProcess {
  readonly actor: Actor;
  readonly engine: Engine;
  readonly attempts: Set<Attempt<unknown>>;
}

export interface Processes {
  /** One that lives, or a new one. */
  any(): WorkerProcess;
  readonly living: readonly WorkerProcess[];
  start<T>(options: StartOptions<T>): Attempt<T>;
  /** The process vanishes: nothing of it ever happens again. */
  crash(process: WorkerProcess): void;
  byActor(actor: Actor): WorkerProcess | undefined;
}

export interface StartOptions<T> {
  readonly process: WorkerProcess;
  readonly ref: PipelineRef;
  readonly label: string;
  /** With a handle of its own instead of the one that the process shares. */
  readonly ownHandle: boolean;
  readonly work: (pipeline: Pipeline) => Promise<T>;
}

export interface ProcessWorld {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly coverage: Coverage;
  readonly uuid: () => string;
  readonly openSource: (actor: Actor) => Source;
  readonly openTarget: (actor: Actor) => Target;
  /** The front door, or what a mutation makes of it. */
  readonly frontDoor: (pipeline: Pipeline) => Pipeline;
  /** Rolls back and cuts what belongs to a process that is gone. */
  readonly disconnect: (actor: Actor) => void;
}

/** Workers of a pool; a crashed one is replaced when somebody is needed. */
const POOL = 2;

export function createProcesses(world: ProcessWorld): Processes {
  const { scheduler, random } = world;
  const living: WorkerProcess[] = [];
  let started = 0;

  const launch = (): WorkerProcess => {
    started += 1;
    const actor = scheduler.actor(`worker-${String(started)}`, 'process');
    const process = {
      actor,
      engine: makeEngine(world, actor, started),
      attempts: new Set<Attempt<unknown>>(),
    };
    living.push(process);
    return process;
  };

  return {
    living,
    any: () => (living.length < POOL ? launch() : random.pick(living)),
    byActor: (actor) => living.find((process) => process.actor === actor),
    start<T>({ process, ref, label, ownHandle, work }: StartOptions<T>) {
      const attempt: Attempt<T> = {
        label,
        process,
        state: 'running',
        result: null,
        error: null,
      };
      process.attempts.add(attempt);
      scheduler.note(process.actor, `starts ${label}`);
      scheduler.spawn(async () => {
        try {
          const pipeline = await (ownHandle ? process.engine.open(ref) : process.engine.pipeline(ref));
          attempt.result = await work(world.frontDoor(pipeline));
          attempt.state = 'done';
          if (ownHandle) await pipeline.close();
        } catch (error) {
          attempt.error = toCdcError(error);
          attempt.state = 'failed';
        }
        process.attempts.delete(attempt);
        scheduler.note(process.actor, `ends ${label}: ${attempt.error?.code ?? 'done'}`);
      });
      return attempt;
    },
    crash(process) {
      scheduler.note(process.actor, 'CRASHES');
      living.splice(living.indexOf(process), 1);
      scheduler.kill(process.actor);
      world.disconnect(process.actor);
      for (const attempt of process.attempts) attempt.state = 'lost';
    },
  };
}

function makeEngine(world: ProcessWorld, actor: Actor, pid: number): Engine {
  const { scheduler, random } = world;
  const adapter: Adapter = {
    name: FAMILY,
    schemes: [FAMILY],
    family: FAMILY,
    openSource: () => Promise.resolve(world.openSource(actor)),
    openTarget: () => Promise.resolve(world.openTarget(actor)),
    identify: (url) => url,
  };
  return createEngine({
    registry: createRegistry([adapter]),
    connections: new Map([
      ['source', `${FAMILY}:source`],
      ['target', `${FAMILY}:target`],
    ]),
    ports: {
      now: () => scheduler.now(),
      uuid: world.uuid,
      delay: (ms) => scheduler.sleep(actor, ms, 'delay'),
      randomEpoch: () => random.below(1_000_000),
      host: actor.name,
      pid,
    },
  });
}
