import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { type CdcClient, connect, createCdcClient } from '../../client';
import { DEFAULT_SETTINGS, type PipelineSpec } from '../../engine';
import { startWorkerProcess } from '../support/worker-process';
import { cleanup, connectTemporal, endWorkflow } from '../support/workflow-bench';

interface Scene {
  readonly client: CdcClient;
  readonly name: string;
  readonly taskQueue: string;
  readonly spec: PipelineSpec;
}

async function scene(): Promise<Scene> {
  const temporal = await connectTemporal();
  const name = `p-${randomUUID().slice(0, 8)}`;
  cleanup(() => endWorkflow(temporal, name));
  const taskQueue = `q-${name}`;
  const spec: PipelineSpec = {
    name,
    source: 'shop',
    target: 'warehouse',
    capture: 'trigger',
    mode: 'continuous',
    tables: [{ from: 'orders', to: null, columns: null }],
    settings: DEFAULT_SETTINGS,
  };
  return { client: createCdcClient(temporal, { taskQueue }), name, taskQueue, spec };
}

async function timed<T>(
  work: () => Promise<T>,
): Promise<{ readonly ms: number; readonly outcome: PromiseSettledResult<T> }> {
  const began = performance.now();
  const [outcome] = await Promise.allSettled([work()]);
  return { ms: performance.now() - began, outcome };
}

const silent = (taskQueue: string) => ({
  status: 'rejected',
  reason: {
    code: 'NO_WORKER',
    message: `No worker is running on task queue ${taskQueue}; the request may still take effect once one is`,
  },
});

describe('without a living worker', () => {
  test('every request fails within 5 s, even if the worker was killed just before', async () => {
    const { client, name, taskQueue, spec } = await scene();
    const worker = await startWorkerProcess(taskQueue);
    await client.start(spec);
    await sleep(2_000);
    worker.signal('SIGKILL');
    const pause = await timed(() => client.pause(name));
    expect(pause.outcome).toMatchObject(silent(taskQueue));
    expect(pause.ms).toBeLessThan(4_700);
    const rest = await Promise.all([
      timed(() => client.resume(name)),
      timed(() => client.resync(name)),
      timed(() => client.updateSettings(name, { batchRows: 10 })),
      timed(() => client.stop(name)),
    ]);
    for (const { ms, outcome } of rest) {
      expect(outcome).toMatchObject(silent(taskQueue));
      expect(ms).toBeLessThan(4_700);
    }
    const status = await timed(() => client.status(name));
    expect(status.outcome).toMatchObject({ value: { state: 'running', answeredBy: 'temporal' } });
    expect(status.ms).toBeLessThan(4_700);
  });

  test('a start fails within 5 s too, and happens when a worker comes', async () => {
    const { client, name, taskQueue, spec } = await scene();
    const start = await timed(() => client.start(spec));
    expect(start.outcome).toMatchObject(silent(taskQueue));
    expect(start.ms).toBeLessThan(4_700);
    await startWorkerProcess(taskQueue);
    await expect(client.pause(name)).resolves.toEqual({ state: 'paused' });
  });

  test('a worker that stopped in an orderly way is missed as well', async () => {
    const { client, name, taskQueue, spec } = await scene();
    const worker = await startWorkerProcess(taskQueue);
    await client.start(spec);
    const asked = performance.now();
    worker.signal('SIGTERM');
    worker.signal('SIGINT');
    await expect(worker.exited).resolves.toBe(0);
    expect(performance.now() - asked).toBeLessThan(6_000);
    const pause = await timed(() => client.pause(name));
    expect(pause.outcome).toMatchObject(silent(taskQueue));
    expect(pause.ms).toBeLessThan(4_700);
  });
});

test('without a server, connecting fails within 5 s and names the address', async () => {
  const { ms, outcome } = await timed(() => connect({ address: '127.0.0.1:1', connection: {} }));
  expect(outcome).toMatchObject({
    status: 'rejected',
    reason: { code: 'UNREACHABLE', message: 'The Temporal server at 127.0.0.1:1 does not answer' },
  });
  expect(ms).toBeLessThan(4_700);
});
