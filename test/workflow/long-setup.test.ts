/** A setup that takes long: whoever starts it waits for as long as it goes on, and is told how far it is. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { SetupProgress } from '../../client';
import { startDevServer } from '../../worker/temporal-server';
import { startCdc } from '../support/cli';
import { folderPerTest } from '../support/sqlite';
import { cleanup, startScripted, until } from '../support/workflow-bench';

const folder = folderPerTest();

describe('a long setup', () => {
  test('is waited for as long as it makes progress, which is told', async () => {
    const { client, engine, name, spec } = await startScripted();
    Object.assign(engine.slowSetup, { tables: 25, tableMs: 250 });
    const told: SetupProgress[] = [];
    const onProgress = (progress: SetupProgress): void => void told.push(progress);
    const starting = client.start(spec(), { timeoutMs: 2_500, onProgress });
    await until('it is under way', () => told.length > 1);
    expect(await client.status(name)).toMatchObject({
      state: 'starting',
      settingUp: { step: 'capture', of: 25 },
    });
    expect(await starting).toEqual({ state: 'running' });
    const figures = told.map(({ done }) => done);
    expect(figures).toEqual(figures.toSorted((one, other) => one - other));
    expect(figures.at(-1)).toBeGreaterThan(15);
    expect(await client.status(name)).toMatchObject({ settingUp: null });
  });

  test('that stands still is not waited for, and goes on by itself', async () => {
    const { client, engine, name, spec } = await startScripted();
    Object.assign(engine.slowSetup, { tables: 2, tableMs: 5_000 });
    await expect(client.start(spec(), { timeoutMs: 1_500 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: `Pipeline ${name} is started and still being set up (capture on 0 of 2 tables); that goes on without this command`,
      hint: expect.stringContaining(`cdc status ${name}`),
    });
    await until('it is set up', async () => (await client.status(name)).state === 'running', 20_000);
  });

  test('that fails again and again makes no progress', async () => {
    const { client, engine, spec } = await startScripted();
    Object.assign(engine.slowSetup, { tables: 3, tableMs: 100 });
    engine.failing('setup', { code: 'CONNECTION_LOST', message: 'nobody there' });
    const began = performance.now();
    await expect(client.start(spec(), { timeoutMs: 3_000 })).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
    });
    expect(performance.now() - began).toBeLessThan(8_000);
  });

  test('is followed by the command without a warning, however often it has to ask', async () => {
    // A server that lets who waits for an answer ask again each half a second.
    const server = await startDevServer({
      headless: true,
      dynamicConfig: { 'history.longPollExpirationInterval': '500ms' },
    });
    cleanup(() => server.stop());
    const { engine, name, taskQueue } = await startScripted(server.address);
    Object.assign(engine.slowSetup, { tables: 40, tableMs: 250 });
    writeFileSync(
      join(folder.path, 'cdc.yaml'),
      `connections: { shop: { url: "sqlite:shop.db" }, warehouse: { url: "sqlite:warehouse.db" } }
temporal: { address: "${server.address}", taskQueue: "${taskQueue}" }
pipelines: { ${name}: { source: shop, target: warehouse, tables: [orders] } }
`,
    );
    const starting = startCdc(['start', name], { cwd: folder.path });
    await until('it is under way', () => engine.calls.setup > 0, 20_000);
    const { code, stdout, stderr } = await starting.result;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain(`Started ${name}`);
    expect(stderr).not.toContain('Warning');
  });
});
