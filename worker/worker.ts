/** A worker: takes the tasks of a queue and does them with an engine. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { NativeConnection, type NativeConnectionOptions, Worker } from '@temporalio/worker';
import { type Logger, pino } from 'pino';
import { createActivities } from '../activities';
import type { Engine } from '../engine';
import { DEFAULT_TASK_QUEUE } from '../workflows/messages';
import { installRuntime } from './log';
import { createShutdown } from './shutdown';

/** A pipeline has at most three activities at once: fetch or apply, telling the source, a fence. */
const SLOTS_PER_PIPELINE = 3;

/** For attempts that are superseded and have not ended yet, and for setups. */
const SPARE_SLOTS = 4;

/**
 * Pollers by kind of task. A worker that is stopped (SIGSTOP) swallows one task by each poll that it has open, and each
 * comes back only by its time-out: with few of them, others take over within seconds. Two workflow pollers are the
 * least that Temporal allows (one of them for the worker's own queue); most activities need none, since they are
 * handed out with the answer to a workflow task.
 */
const ACTIVITY_POLLERS = 1;
const WORKFLOW_POLLERS = 2;

export interface WorkerOptions {
  /** Address and, where needed, TLS and API key: what `@temporalio/envconfig` makes of a profile. */
  readonly connection: NativeConnectionOptions;
  /** Default: `default`. */
  readonly namespace?: string;
  /** Default: `temporal-cdc`. */
  readonly taskQueue?: string;
  /** Stays the caller's: it is not closed. */
  readonly engine: Engine;
  /** How many pipelines it shall be able to run at once. */
  readonly pipelines: number;
  /** Default: warnings and errors to stderr. */
  readonly logger?: Logger;
  /** The workflows' code. Default: the bundle made at build, or the compiled files where that was not made. */
  readonly workflows?: { readonly codePath: string } | { readonly workflowsPath: string };
}

export interface RunningWorker {
  /** Settles when it has stopped; rejects when it failed. */
  readonly ended: Promise<void>;
  /** Ends in an orderly way: attempts end at their next commit, and other workers go on. May be called repeatedly. */
  stop(): Promise<void>;
}

/** Connects and starts to take tasks. Throws when the server can't be reached. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const logger = options.logger ?? pino({ level: 'warn' }, pino.destination(2));
  installRuntime(logger);
  const connection = await NativeConnection.connect(options.connection);
  const shutdown = createShutdown();
  try {
    const worker = await Worker.create({
      connection,
      namespace: options.namespace ?? 'default',
      taskQueue: options.taskQueue ?? DEFAULT_TASK_QUEUE,
      activities: createActivities(options.engine, { shutdown: shutdown.signal }),
      ...workflowCode(options.workflows),
      maxConcurrentActivityTaskExecutions: options.pipelines * SLOTS_PER_PIPELINE + SPARE_SLOTS,
      activityTaskPollerBehavior: { type: 'simple-maximum', maximum: ACTIVITY_POLLERS },
      workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: WORKFLOW_POLLERS },
      // How long a task waits for the worker that has the workflow in its cache, before any other may take it.
      stickyQueueScheduleToStartTimeout: '2 seconds',
      maxHeartbeatThrottleInterval: '1 second',
      defaultHeartbeatThrottleInterval: '1 second',
      shutdownGraceTime: '5 seconds',
      shutdownForceTime: '15 seconds',
    });
    const ended = worker.run().finally(() => connection.close());
    // Whoever holds the worker hears of a failure by `ended`; it must not count as unhandled before that.
    ended.catch(() => undefined);
    return {
      ended,
      async stop() {
        shutdown.abort();
        if (worker.getState() === 'RUNNING') worker.shutdown();
        await ended;
      },
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Runs a worker until SIGINT or SIGTERM. A second signal finds it stopping already, and changes nothing. */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const worker = await startWorker(options);
  const stop = (): void => void worker.stop().catch(() => undefined);
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, stop);
  try {
    await worker.ended;
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}

function workflowCode(given: WorkerOptions['workflows']) {
  if (given !== undefined) return 'codePath' in given ? { workflowBundle: given } : given;
  const codePath = resolve(__dirname, '../workflows/bundle.cjs');
  return existsSync(codePath)
    ? { workflowBundle: { codePath } }
    : { workflowsPath: resolve(__dirname, '../workflows/index.js') };
}
