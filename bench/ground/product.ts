/**
 * The product as a person runs it: an official Temporal dev server with its database file, `cdc worker` in a process
 * of its own, pipelines steered by the client library.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { createCdcClient } from '../../client';
import { loadConfig } from '../../worker/config';
import { startDevServer } from '../../worker/temporal-server';
import { DEFAULT_TASK_QUEUE } from '../../workflows/messages';
import { endChild } from './helper-process';
import { ITEMS } from './items';
import type { Workspace } from './workspace';

/** A pipeline to be: the URLs of its databases. */
export interface PipelinePlan {
  readonly name: string;
  readonly source: string;
  readonly target: string;
  readonly tables: readonly string[];
}

/** A pipeline between two SQLite files, for the table of the benchmarks. */
export interface PipelineFiles {
  readonly name: string;
  readonly source: string;
  readonly target: string;
}

export function betweenFiles({ name, source, target }: PipelineFiles): PipelinePlan {
  return { name, source: `sqlite:${source}`, target: `sqlite:${target}`, tables: [ITEMS] };
}

export interface Product {
  /** For looking at histories. */
  readonly temporal: Client;
  /** Starts a pipeline, by its name, and answers once its setup has succeeded. */
  start(name: string): Promise<void>;
  /** Answers once the pipeline knows that its first copy is done. */
  untilRunning(name: string): Promise<void>;
  /** Answers once nothing can be committed any more. */
  pause(name: string): Promise<void>;
  resume(name: string): Promise<void>;
  stop(name: string): Promise<void>;
  /** Ends the worker that runs, if one does; starts a new one and answers its pid once it takes work. */
  restartWorker(): Promise<number>;
}

const CLI = join(__dirname, '..', '..', 'client', 'cli', 'main.js');
/** A worker must not outlive a benchmark that was killed. */
const END_WITH_PARENT = join(__dirname, '..', '..', '..', 'scripts', 'end-with-parent.cjs');
const WORKER_START_TIMEOUT_MS = 60_000;
/** A thousand tables take their time. */
const SETUP_TIMEOUT_MS = 300_000;

/** Starts a server for these pipelines. Nothing runs before `restartWorker`. */
export async function startProduct(
  workspace: Workspace,
  pipelines: readonly PipelinePlan[],
): Promise<Product> {
  const folder = workspace.folder('product');
  const server = await startDevServer({ dbFilename: join(folder, 'temporal.db'), headless: true });
  workspace.onClose(server.stop);
  const connection = await Connection.connect({ address: server.address });
  workspace.onClose(() => connection.close());
  const temporal = new Client({ connection, namespace: server.namespace });
  const file = join(folder, 'cdc.yaml');
  writeFileSync(file, configText(server.address, pipelines));
  const { pipelines: specs } = loadConfig({ file, environment: {}, registry: null });
  const cdc = createCdcClient(temporal);

  let worker: ChildProcess | null = null;
  workspace.onClose(async () => {
    if (worker !== null) await endChild(worker);
  });
  return {
    temporal,
    async start(name) {
      const spec = specs.get(name);
      if (spec === undefined) throw new Error(`There is no pipeline ${name} in this benchmark`);
      await cdc.start(spec, { timeoutMs: SETUP_TIMEOUT_MS });
    },
    async untilRunning(name) {
      while ((await cdc.status(name)).state !== 'running') await sleep(50);
    },
    async pause(name) {
      await cdc.pause(name);
    },
    async resume(name) {
      await cdc.resume(name);
    },
    async stop(name) {
      await cdc.stop(name);
    },
    async restartWorker() {
      if (worker !== null) await endChild(worker);
      worker = fork(CLI, ['worker', '--config', file], {
        execArgv: ['--require', END_WITH_PARENT],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
      await untilPolling(temporal, worker);
      return worker.pid ?? 0;
    },
  };
}

/** JSON is YAML. */
function configText(address: string, pipelines: readonly PipelinePlan[]): string {
  const connections = pipelines.flatMap(({ name, source, target }) => [
    [`${name}-source`, { url: source }] as const,
    [`${name}-target`, { url: target }] as const,
  ]);
  return JSON.stringify({
    temporal: { address },
    connections: Object.fromEntries(connections),
    pipelines: Object.fromEntries(
      pipelines.map(({ name, tables }) => [
        name,
        { source: `${name}-source`, target: `${name}-target`, tables },
      ]),
    ),
  });
}

/** Waits until this very worker asks the server for work. Throws with what it wrote when it ends instead. */
async function untilPolling({ workflowService, options }: Client, worker: ChildProcess): Promise<void> {
  let written = '';
  worker.stderr?.setEncoding('utf8').on('data', (text: string) => (written = (written + text).slice(-4_000)));
  const deadline = Date.now() + WORKER_START_TIMEOUT_MS;
  while (Date.now() < deadline && worker.exitCode === null && worker.signalCode === null) {
    const { pollers } = await workflowService.describeTaskQueue({
      namespace: options.namespace,
      taskQueue: { name: DEFAULT_TASK_QUEUE },
    });
    if (pollers.some(({ identity }) => identity?.startsWith(`${worker.pid ?? 0}@`))) return;
    await sleep(50);
  }
  throw new Error(`The worker did not start. The last it wrote:\n${written}`);
}
