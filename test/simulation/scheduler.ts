/**
 * The scheduler owns time and order. Whoever acts gives way before each step; once everybody waits, one of them is
 * chosen by the seed and goes on. Time is a counter: it creeps with each step and jumps when all sleep.
 */
import type { Random } from './random';

/** Somebody who acts: a writer, a worker process, a workflow, the weather. */
export interface Actor {
  readonly name: string;
  readonly kind: ActorKind;
  /** How often it is chosen, against the others. Redrawn now and then, so that each is slow at times. */
  weight: number;
  alive: boolean;
  /** Frozen until then, like a stopped process. */
  stalledUntil: number;
}

export type ActorKind = 'writer' | 'process' | 'workflow' | 'fault';

export interface Scheduler {
  now(): number;
  actor(name: string, kind: ActorKind): Actor;
  /** Gives way; resolves when this actor's turn has come. Never for a dead one. */
  step(actor: Actor, label: string): Promise<void>;
  sleep(actor: Actor, ms: number, label: string): Promise<void>;
  /** Resolves true once `ready` holds, false after `ms`. `ready` must be cheap and change nothing. */
  until(actor: Actor, label: string, ms: number, ready: () => boolean): Promise<boolean>;
  /** Starts work that nobody waits for; its failure ends the run. */
  spawn(work: () => Promise<void>): void;
  kill(actor: Actor): void;
  /** Lets `intercept` have a say before each step. */
  setIntercept(intercept: Intercept): void;
  /** Ends the run: `run` throws this. The first failure counts. */
  fail(error: Error): void;
  /** Tells people what happens, if anybody wants to know. */
  note(actor: Actor, text: string | (() => string)): void;
  /** Runs until `main` has resolved; whoever still waits then is forgotten. */
  run(main: () => Promise<void>): Promise<void>;
  readonly steps: number;
}

/** Asked before each step: `true` lets it go on, `false` chooses anew (something has happened to the actor). */
export type Intercept = (actor: Actor, label: string) => boolean;

export interface SchedulerOptions {
  readonly random: Random;
  readonly maxSteps: number;
  /** Called with what happens, for people. */
  readonly trace: ((line: string) => void) | null;
}

interface Waiter {
  readonly actor: Actor;
  readonly label: string;
  /** Not before this time, unless `ready`. */
  readonly at: number;
  readonly ready: (() => boolean) | null;
  readonly resume: (reached: boolean) => void;
}

/** How many steps go by without a look at signals, timers and streams. */
const BREATH_EVERY = 200;

/** How many steps the weights of the actors last. */
const WEIGHTS_LAST = 150;
const WEIGHTS = [1, 3, 10, 30] as const;

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { random, maxSteps, trace } = options;
  let intercept: Intercept = () => true;
  const actors: Actor[] = [];
  let waiters: Waiter[] = [];
  let now = 0;
  let steps = 0;
  let failure: { readonly error: Error } | null = null;

  const wait = (actor: Actor, label: string, at: number, ready: (() => boolean) | null): Promise<boolean> =>
    new Promise((resume) => {
      if (actor.alive) waiters.push({ actor, label, at, ready, resume });
    });

  const runnable = (waiter: Waiter): boolean =>
    waiter.actor.stalledUntil <= now && (waiter.at <= now || waiter.ready?.() === true);

  /** When the first sleeper wakes, or null when nobody ever does. */
  const nextWake = (): number | null => {
    let wake: number | null = null;
    for (const { actor, at } of waiters) {
      const time = Math.max(at, actor.stalledUntil);
      if (wake === null || time < wake) wake = time;
    }
    return wake;
  };

  const choose = (candidates: readonly Waiter[]): Waiter => {
    let total = 0;
    for (const { actor } of candidates) total += actor.weight;
    let left = random.next() * total;
    for (const waiter of candidates) {
      left -= waiter.actor.weight;
      if (left < 0) return waiter;
    }
    return random.pick(candidates);
  };

  const advance = (): void => {
    const candidates = waiters.filter(runnable);
    if (candidates.length === 0) {
      const wake = nextWake();
      if (wake === null) throw new Error('Everybody waits for ever');
      now = Math.max(now + 1, wake);
      return;
    }
    const chosen = choose(candidates);
    if (!intercept(chosen.actor, chosen.label)) return;
    waiters.splice(waiters.indexOf(chosen), 1);
    steps += 1;
    now += 1;
    if (steps % WEIGHTS_LAST === 0) for (const actor of actors) actor.weight = random.pick(WEIGHTS);
    if (steps > maxSteps) throw new Error(`No end after ${String(maxSteps)} steps`);
    scheduler.note(chosen.actor, chosen.label);
    chosen.resume(chosen.ready?.() ?? true);
  };

  const scheduler: Scheduler = {
    now: () => now,
    actor(name, kind) {
      const actor = { name, kind, weight: random.pick(WEIGHTS), alive: true, stalledUntil: 0 };
      actors.push(actor);
      return actor;
    },
    async step(actor, label) {
      await wait(actor, label, 0, null);
    },
    async sleep(actor, ms, label) {
      await wait(actor, label, now + ms, null);
    },
    until: (actor, label, ms, ready) => wait(actor, label, now + ms, ready),
    spawn(work) {
      work().catch((error: unknown) =>
        scheduler.fail(error instanceof Error ? error : new Error(String(error))),
      );
    },
    kill(actor) {
      actor.alive = false;
      waiters = waiters.filter((waiter) => waiter.actor !== actor);
      actors.splice(actors.indexOf(actor), 1);
    },
    setIntercept(given) {
      intercept = given;
    },
    fail(error) {
      failure ??= { error };
    },
    note(actor, text) {
      if (trace === null) return;
      const line = typeof text === 'string' ? text : text();
      trace(`${String(now).padStart(7)}  ${actor.name.padEnd(12)} ${line}`);
    },
    async run(main) {
      const progress = { ended: false };
      scheduler.spawn(async () => {
        await main();
        progress.ended = true;
      });
      for (;;) {
        await settled(steps);
        if (failure !== null) throw failure.error;
        if (progress.ended) return;
        advance();
      }
    },
    get steps() {
      return steps;
    },
  };
  return scheduler;
}

/**
 * Resolves when no promise has anything left to do: all that acted have come to their next wait. Node runs what waits
 * for the next tick once all promises have had their turn; now and then the rest of the process gets one too.
 */
function settled(step: number): Promise<void> {
  return new Promise((resolve) => {
    if (step % BREATH_EVERY === 0) setImmediate(resolve);
    else process.nextTick(resolve);
  });
}
