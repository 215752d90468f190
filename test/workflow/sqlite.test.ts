import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { folderPerTest } from '../support/sqlite';
import { isEqual, keepWriting, sqliteScene, untilRowsArrive } from '../support/sqlite-scene';
import { startWorkerProcess } from '../support/worker-process';
import { until } from '../support/workflow-bench';

const folder = folderPerTest();

describe('a pipeline between SQLite files', () => {
  test('survives that its worker is killed in a round', async () => {
    const here = await sqliteScene(folder);
    const { client, name, taskQueue, connections, spec } = here;
    const first = await startWorkerProcess(taskQueue, connections);
    await client.start(spec);
    const endWriting = keepWriting(here);
    await untilRowsArrive(here);
    await sleep(500);
    first.signal('SIGKILL');
    const killed = performance.now();
    await first.exited;
    const status = await client.status(name);
    expect(status).toMatchObject({ answeredBy: 'temporal', transport: 'attach' });
    expect(status.tables).toHaveLength(2);
    await startWorkerProcess(taskQueue, connections);
    await sleep(300);
    endWriting();
    await until('source and target are equal', () => isEqual(here), 30_000);
    console.log(`equal ${((performance.now() - killed) / 1000).toFixed(1)} s after the kill`);
    await until('the status is well', async () => (await client.status(name)).state === 'running');
    await client.stop(name);
  });
});
