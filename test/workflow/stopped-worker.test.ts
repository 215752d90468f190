import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type Database from 'better-sqlite3';
import { folderPerTest } from '../support/sqlite';
import { isEqual, keepWriting, sqliteScene, untilRowsArrive } from '../support/sqlite-scene';
import { type WorkerProcess, startWorkerProcess } from '../support/worker-process';
import { until } from '../support/workflow-bench';

const folder = folderPerTest();

const lastRow = (database: Database.Database): unknown =>
  database.prepare('SELECT max(id) AS id, total(total) AS total FROM orders').get();

function isLocked(target: Database.Database): boolean {
  try {
    target.exec('BEGIN IMMEDIATE');
    target.exec('ROLLBACK');
    return false;
  } catch {
    return true;
  }
}

/** Stops a worker at a moment when it holds the target's write lock, or when it does not. */
async function stopWorker(worker: WorkerProcess, target: Database.Database, locked: boolean): Promise<void> {
  target.pragma('busy_timeout = 0');
  await until(`it is stopped ${locked ? 'inside' : 'outside'} a transaction`, async () => {
    worker.signal('SIGSTOP');
    await sleep(20);
    if (isLocked(target) === locked) return true;
    worker.signal('SIGCONT');
    await sleep(Math.random() * 30);
    return false;
  });
}

/** A pipeline under way, which the first of two workers runs. */
async function twoWorkers() {
  const here = await sqliteScene(folder);
  const { client, taskQueue, connections, spec } = here;
  const one = await startWorkerProcess(taskQueue, connections);
  await client.start(spec);
  const endWriting = keepWriting(here);
  await untilRowsArrive(here);
  await startWorkerProcess(taskQueue, connections);
  await sleep(1_000);
  return { here, one, endWriting };
}

describe('a pipeline between SQLite files', () => {
  test('is paused within 30 s when the worker that applies is stopped, and nothing is applied after that', async () => {
    const { here, one, endWriting } = await twoWorkers();
    const { client, name, target } = here;
    await stopWorker(one, target, false);
    await sleep(300);
    const asked = performance.now();
    await expect(client.pause(name)).resolves.toEqual({ state: 'paused' });
    const took = performance.now() - asked;
    console.log(`paused ${(took / 1000).toFixed(1)} s after its worker was stopped`);
    expect(took).toBeLessThan(30_000);
    const paused = lastRow(target);
    await sleep(1_000);
    expect(lastRow(target)).toEqual(paused);
    one.signal('SIGCONT');
    await sleep(3_000);
    expect(lastRow(target)).toEqual(paused);
    expect(await client.status(name)).toMatchObject({ state: 'paused' });

    endWriting();
    await client.resume(name);
    await until('source and target are equal', () => isEqual(here), 30_000);
  });

  test('goes on within 30 s on another worker when the one that applies is stopped', async () => {
    const { here, one, endWriting } = await twoWorkers();
    await stopWorker(one, here.target, false);
    endWriting();
    const stopped = performance.now();
    here.source.exec("INSERT INTO tags VALUES (1, 'after')");
    await until('source and target are equal', () => isEqual(here), 40_000);
    const took = performance.now() - stopped;
    console.log(`taken over ${(took / 1000).toFixed(1)} s after the worker was stopped`);
    expect(took).toBeLessThan(30_000);
  });

  test('whose worker is stopped inside its transaction names it, and is paused once it goes on', async () => {
    const { here, one, endWriting } = await twoWorkers();
    const { client, name, target } = here;
    await stopWorker(one, target, true);
    const asked = performance.now();
    await expect(client.pause(name)).rejects.toMatchObject({
      code: 'DATABASE_LOCKED',
      message: expect.stringContaining(`process ${one.pid}`),
    });
    const took = performance.now() - asked;
    console.log(`told after ${(took / 1000).toFixed(1)} s who holds the lock`);
    expect(took).toBeLessThan(30_000);
    expect(await client.status(name)).toMatchObject({
      state: 'pausing',
      lastError: { code: 'DATABASE_LOCKED' },
    });
    one.signal('SIGCONT');
    await until('it is paused', async () => (await client.status(name)).state === 'paused', 30_000);
    const paused = lastRow(target);
    await sleep(1_000);
    expect(lastRow(target)).toEqual(paused);
    endWriting();
  });
});
