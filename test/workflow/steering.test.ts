import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { CdcClientError } from '../../client';
import { startScripted, until } from '../support/workflow-bench';

describe('a running pipeline', () => {
  test('applies what is written, and says so in its status', async () => {
    const { client, engine, name, spec } = await startScripted();
    engine.snapshotRows = 30;
    engine.write(5_000);
    await expect(client.start(spec())).resolves.toEqual({ state: 'snapshotting' });
    await until('all is applied', () => engine.applied === 5_000);
    await until('the status tells', async () => (await client.status(name)).tables[0]?.inserted === 5_000);
    const status = await client.status(name);
    expect(status).toMatchObject({
      version: 1,
      pipeline: name,
      source: 'shop',
      target: 'warehouse',
      state: 'running',
      capture: 'trigger',
      mode: 'continuous',
      backlog: 0,
      lagMs: 0,
      lastError: null,
      transport: 'rows',
      answeredBy: 'worker',
      tables: [{ source: 'orders', state: 'replicating', snapshotRows: 30, inserted: 5_000 }],
    });
    expect(status.rounds).toBeGreaterThan(0);
    expect(status.lastAppliedAt).toBeGreaterThan(status.startedAt - 1_000);
    await until('the source is told', () => engine.calls.markSynced > 0);
  });

  test('reports its figures while a long round goes on', async () => {
    const { client, engine, name, spec } = await startScripted();
    await client.start(spec({}, { roundMs: 60_000 }));
    engine.write(7);
    await until('the status tells', async () => (await client.status(name)).tables[0]?.inserted === 7, 3_000);
    expect((await client.status(name)).rounds).toBe(0);
  });

  test('pauses within a second, commits nothing after that, and goes on when resumed', async () => {
    const { client, engine, name, spec } = await startScripted();
    engine.batch = 1;
    engine.write(1_000_000);
    await client.start(spec({}, { roundMs: 60_000 }));
    await until('it commits', () => engine.commits.length > 20);

    const asked = performance.now();
    await expect(client.pause(name)).resolves.toEqual({ state: 'paused' });
    expect(performance.now() - asked).toBeLessThan(1_000);
    const commits = engine.commits.length;
    await sleep(500);
    expect(engine.commits.length).toBe(commits);
    await expect(client.status(name)).resolves.toMatchObject({ state: 'paused' });
    await expect(client.pause(name)).resolves.toEqual({ state: 'paused' });

    await expect(client.resume(name)).resolves.toEqual({ state: 'running' });
    await until('it commits again', () => engine.commits.length > commits + 10);
  });

  test('stops for good, with its figures as the result, and may be started again', async () => {
    const { client, engine, name, spec } = await startScripted();
    engine.write(100);
    await client.start(spec());
    await until('all is applied', () => engine.applied === 100);
    await expect(client.stop(name)).resolves.toEqual({ state: 'stopped' });
    await expect(client.result(name)).resolves.toMatchObject({ state: 'stopped', pipeline: name });
    await expect(client.pause(name)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(client.status(name)).resolves.toMatchObject({ state: 'stopped' });

    engine.write(10);
    await client.start(spec());
    await until('the rest is applied', () => engine.applied === 110);
    await until('totals go on', async () => (await client.status(name)).tables[0]?.inserted === 110);
  });

  test('copies its tables again when told to, and knows which ones it has', async () => {
    const { client, engine, name, spec } = await startScripted();
    engine.snapshotRows = 20;
    await client.start(spec());
    await until('it runs', async () => (await client.status(name)).state === 'running');
    engine.commitMs = 100;
    await expect(client.resync(name)).resolves.toEqual({ state: 'snapshotting', tables: ['orders'] });
    await until('it runs again', async () => (await client.status(name)).state === 'running');
    await expect(client.resync(name, 'nonsense')).rejects.toMatchObject({
      code: 'TABLE_NOT_IN_PIPELINE',
      message: 'The pipeline has no table nonsense',
    });
    await client.pause(name);
    await expect(client.resync(name, 'orders')).resolves.toEqual({ state: 'paused', tables: ['orders'] });
    expect((await client.status(name)).tables[0]?.state).toBe('snapshotting');
    await expect(client.resume(name)).resolves.toEqual({ state: 'snapshotting' });
  });

  test('takes changed settings into account at once, and refuses wrong ones', async () => {
    const { client, engine, name, spec } = await startScripted();
    await client.start(spec());
    await until('it waits for changes', () => engine.calls.fetchPending > 0);
    const looked = engine.calls.fetchPending;
    const settings = await client.updateSettings(name, { maxBacklog: { changes: 5, action: 'warn' } });
    expect(settings).toMatchObject({ roundMs: 1_000, maxBacklog: { changes: 5, action: 'warn' } });
    await until('it looks anew', () => engine.calls.fetchPending > looked);
    await client.pause(name);
    const wrong: readonly (readonly [object, string])[] = [
      [{ roundMs: 10 }, 'Settings refused: roundMs must be a whole number from 1000 to 300000'],
      [{ batchRows: 1.5 }, 'Settings refused: batchRows must be a whole number from 1 to 1000000'],
      [{ existing: 'replace' }, 'Settings refused: existing counts at the first start only'],
      [{ nonsense: 1 }, 'Settings refused: unknown setting nonsense'],
    ];
    for (const [change, message] of wrong) {
      await expect(client.updateSettings(name, change)).rejects.toMatchObject({ code: 'REFUSED', message });
    }
  });
});

describe('what a pipeline is asked at the wrong time', () => {
  test('is refused with the reason', async () => {
    const { client, name, spec } = await startScripted();
    await expect(client.pause(name)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await client.start(spec());
    await expect(client.resume(name)).rejects.toMatchObject({
      code: 'REFUSED',
      message: `Pipeline ${name} is not paused: it is running`,
    });
    await expect(client.start(spec())).rejects.toMatchObject({
      code: 'ALREADY_RUNNING',
      message: `A pipeline of the name ${name} is running already`,
    });
  });

  test('is answered even when a stop overtakes it', async () => {
    const { client, name, spec } = await startScripted();
    await client.start(spec());
    const pause = client.pause(name).catch((error: unknown) => error);
    await expect(client.stop(name)).resolves.toEqual({ state: 'stopped' });
    const overtaken = ['REFUSED', 'NOT_FOUND'];
    const paused = await pause;
    if (paused instanceof CdcClientError) expect(overtaken).toContain(paused.code);
    else expect(paused).toEqual({ state: 'paused' });
    await expect(client.result(name)).resolves.toMatchObject({ state: 'stopped' });
  });
});

describe('the list of pipelines', () => {
  test('tells the state of those that run and of those that have ended, without a worker', async () => {
    const { client, worker, name, spec } = await startScripted();
    const listed = async () => (await client.list()).find(({ pipeline }) => pipeline === name);
    await client.start(spec());
    await client.pause(name);
    await worker.stop();
    await until('it is listed as paused', async () => (await listed())?.state === 'paused');
    expect(await listed()).toMatchObject({ source: 'shop', target: 'warehouse', mode: 'continuous' });
    await expect(client.status(name)).resolves.toMatchObject({ state: 'paused', answeredBy: 'temporal' });
  });
});
