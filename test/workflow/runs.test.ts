import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { startDevServer } from '../../worker/temporal-server';
import { cleanup, startScripted, until } from '../support/workflow-bench';

describe('a batch run', () => {
  test('ends when it has applied all that was there at its start, and tells what it did', async () => {
    const { client, engine, name, spec } = await startScripted();
    engine.batch = 10;
    engine.snapshotRows = 20;
    engine.write(500);
    await client.start(spec({ mode: 'batch' }));
    engine.write(7);
    const result = await client.result(name);
    expect(result).toMatchObject({ state: 'completed', mode: 'batch', pipeline: name });
    expect(result.tables[0]?.inserted).toBeGreaterThanOrEqual(500);
    expect(engine.calls).toMatchObject({ markGoal: 1, finish: 1 });
    expect(engine.calls.markSynced).toBeGreaterThan(0);
    expect(engine.attemptsRunning).toBe(0);
    await expect(client.status(name)).resolves.toMatchObject({ state: 'completed' });

    await client.start(spec({ mode: 'batch' }));
    await expect(client.result(name)).resolves.toMatchObject({ state: 'completed' });
    expect(engine.applied).toBe(507);
  });

  const capture = {
    by: 'timestamp',
    column: 'updated_at',
    lookbackMs: null,
    deleted: null,
    allowScan: false,
    per: 'table',
    sweepMs: 3_600_000,
  } as const;

  test('that waits for a comparison of keys makes no rounds meanwhile', async () => {
    const { client, engine, name, spec } = await startScripted();
    engine.snapshotRows = 20;
    engine.batch = 1;
    engine.slowSweep.ms = 3_000;
    engine.write(300);
    await client.start(spec({ mode: 'batch', capture }, { roundMs: 200 }));
    await until('keys are compared', () => engine.calls.sweep === 1);
    const result = await client.result(name);
    expect(result.state).toBe('completed');
    expect(engine.calls.sweep).toBe(1);
    expect(engine.calls.replicate).toBeLessThan(15);
  });

  test('that copies tables compares keys once they are copied, as each run does', async () => {
    const { client, engine, name, spec } = await startScripted();
    engine.snapshotRows = 20;
    await client.start(spec({ mode: 'batch', capture }));
    await expect(client.result(name)).resolves.toMatchObject({ state: 'completed' });
    expect(engine.calls.sweep).toBe(1);
    await client.start(spec({ mode: 'batch', capture }));
    await expect(client.result(name)).resolves.toMatchObject({ state: 'completed' });
    expect(engine.calls.sweep).toBe(2);
  });

  test('that had applied everything before completes at once', async () => {
    const { client, name, spec } = await startScripted();
    await client.start(spec({ mode: 'batch' }, { roundMs: 60_000 }));
    await expect(client.result(name)).resolves.toMatchObject({ state: 'completed', rounds: 1 });
  });

  test('can be paused on its way', async () => {
    const { client, engine, name, spec } = await startScripted();
    engine.batch = 1;
    engine.write(100);
    await client.start(spec({ mode: 'batch' }, { roundMs: 60_000 }));
    await until('it works', () => engine.applied > 5);
    await client.pause(name);
    await client.resume(name);
    await expect(client.result(name)).resolves.toMatchObject({ state: 'completed' });
    expect(engine.applied).toBe(100);
  });
});

describe('continuing as new', () => {
  test('carries the figures, the settings and the chain', async () => {
    const { client, engine, name, spec, temporal } = await startScripted();
    engine.snapshotRows = 10;
    engine.write(100);
    const writer = setInterval(() => engine.write(1), 50);
    cleanup(() => clearInterval(writer));
    await client.start(spec(), { roundsPerRun: 1 });
    const runs = new Set<string>();
    const seeRun = async (): Promise<number> => {
      runs.add((await temporal.workflow.getHandle(`cdc:${name}`).describe()).runId);
      return runs.size;
    };
    await until('three runs have been', async () => (await seeRun()) >= 3, 20_000);
    expect(engine.calls.setup).toBe(1);
    const status = await client.status(name);
    expect(status.rounds).toBeGreaterThanOrEqual(2);
    expect(status.tables[0]?.snapshotRows).toBe(10);

    // Whichever run gets it.
    await client.pause(name);
    const paused = await seeRun();
    expect(await client.status(name)).toMatchObject({ state: 'paused' });
    await client.updateSettings(name, { roundMs: 2_000 });
    await client.resume(name);
    await until('it goes on in another run', async () => (await seeRun()) > paused, 20_000);
    expect(await client.status(name)).toMatchObject({ settings: { roundMs: 2_000 } });
    await client.stop(name);
    await expect(client.result(name)).resolves.toMatchObject({ state: 'stopped' });
  });

  test('happens when Temporal suggests it, carries a pause, and loses no request', async () => {
    const server = await startDevServer({
      headless: true,
      dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': 60 },
    });
    cleanup(() => server.stop());
    const { client, engine, name, spec, temporal } = await startScripted(server.address);
    await client.start(spec());
    await client.pause(name);
    const runOf = async (): Promise<string> =>
      (await temporal.workflow.getHandle(`cdc:${name}`).describe()).runId;
    const runs = new Set<string>();
    for (let batchRows = 1; batchRows <= 40; batchRows++) {
      await expect(client.updateSettings(name, { batchRows })).resolves.toMatchObject({ batchRows });
      runs.add(await runOf());
    }
    expect(runs.size).toBeGreaterThan(2);
    expect(await client.status(name)).toMatchObject({ state: 'paused', settings: { batchRows: 40 } });
    engine.write(5);
    await sleep(300);
    expect(engine.applied).toBe(0);
    await client.resume(name);
    await until('it applies', () => engine.applied === 5);
  });
});
