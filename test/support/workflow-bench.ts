/** A worker and a client on a task queue of the test's own, over an engine of the test's choice. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import { type CdcClient, createCdcClient } from '../../client';
import { DEFAULT_SETTINGS } from '../../engine';
import type { Engine, PipelineSettings, PipelineSpec } from '../../engine';
import { type RunningWorker, startWorker } from '../../worker/worker';
import { type ScriptedEngine, createScriptedEngine } from './scripted-engine';
import { testTemporal } from './temporal';

export interface Bench<E extends Engine> {
  readonly engine: E;
  readonly client: CdcClient;
  readonly temporal: Client;
  readonly taskQueue: string;
  readonly worker: RunningWorker;
  /** A pipeline of this name and no other test's. */
  readonly name: string;
  readonly spec: (change?: Partial<PipelineSpec>, settings?: Partial<PipelineSettings>) => PipelineSpec;
}

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** Runs after the test, the last one first. */
export function cleanup(work: () => unknown): void {
  cleanups.push(work);
}

export async function connectTemporal(address = testTemporal().address): Promise<Client> {
  const connection = await Connection.connect({ address });
  cleanup(() => connection.close());
  return new Client({ connection });
}

/** Ends a pipeline's workflow, in case the test did not. */
export async function endWorkflow(temporal: Client, name: string): Promise<void> {
  await temporal.workflow
    .getHandle(`cdc:${name}`)
    .terminate('test is over')
    .catch(() => undefined);
}

/** With a worker over a scripted engine; on the tests' common server, or on another. */
export function startScripted(address?: string): Promise<Bench<ScriptedEngine>> {
  return startBench(createScriptedEngine(), address);
}

async function startBench<E extends Engine>(engine: E, server?: string): Promise<Bench<E>> {
  const { address: common, bundlePath } = testTemporal();
  const address = server ?? common;
  const temporal = await connectTemporal(address);
  const name = `p-${randomUUID().slice(0, 8)}`;
  const taskQueue = `q-${name}`;
  cleanup(() => engine.close());
  const worker = await startWorker({
    connection: { address },
    taskQueue,
    engine,
    pipelines: 1,
    logger: pino({ level: 'silent' }),
    workflows: { codePath: bundlePath },
  });
  cleanup(async () => {
    await endWorkflow(temporal, name);
    await worker.stop();
  });
  return {
    engine,
    temporal,
    taskQueue,
    name,
    worker,
    client: createCdcClient(temporal, { taskQueue }),
    spec: (change = {}, settings = {}) => ({
      name,
      source: 'shop',
      target: 'warehouse',
      capture: 'trigger',
      mode: 'continuous',
      tables: [{ from: 'orders', to: null, columns: null }],
      settings: { ...DEFAULT_SETTINGS, roundMs: 1_000, ...settings },
      ...change,
    }),
  };
}

/** Waits until `condition` holds, looking often; throws after `timeoutMs`, saying what was waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain until ${what}`);
    await sleep(20);
  }
}
