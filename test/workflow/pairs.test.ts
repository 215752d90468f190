/** All four pairs, through the whole product, while writers write, workers are killed and servers restart. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pairScene } from '../support/pair-scene';
import type { Family } from '../support/pair-sides';
import { connectTo } from '../support/postgres';
import { embeddedPrograms, installedPrograms } from '../support/postgres-programs';
import { startServer, type OwnServer } from '../support/postgres-server';
import { folderPerTest } from '../support/sqlite';
import { startWorkerProcess } from '../support/worker-process';
import { cleanup, until } from '../support/workflow-bench';

const LONG = process.env['CDC_LONG'] === '1';
const ROUNDS = LONG ? 20 : 1;
const OPEN_MS = LONG ? 60_000 : 6_000;

const folder = folderPerTest();
let server: OwnServer;

beforeAll(async () => {
  const settings = { max_prepared_transactions: '40', max_connections: '150' };
  const own = await startServer(settings, embeddedPrograms() ?? installedPrograms());
  if (own === null) throw new Error('There are no programs of a PostgreSQL server for this platform');
  server = own;
});

afterAll(async () => {
  await server.stop();
});

const pairs: readonly (readonly [Family, Family])[] = [
  ['postgres', 'postgres'],
  ['postgres', 'sqlite'],
  ['sqlite', 'postgres'],
  ['sqlite', 'sqlite'],
];

describe('source and target are equal in the end', () => {
  test.each(pairs)('from %s to %s', async (from, to) => {
    const scene = await pairScene([from, to], { folder, server: server.url });
    const { client, name, taskQueue, connections, source, target } = scene;
    let worker = await startWorkerProcess(taskQueue, connections);
    let ended = false;
    const writing = source.write(() => ended, 7);
    cleanup(() => (ended = true));
    const settings = { batchRows: 200, snapshotRows: 100, roundMs: 2_000, retainMs: 0 };
    await client.start(scene.spec(settings));
    for (let round = 0; round < ROUNDS; round++) {
      await sleep(1_500);
      worker.signal('SIGKILL');
      await worker.exited;
      await sleep(300);
      worker = await startWorkerProcess(taskQueue, connections);
      await sleep(1_000);
      if ([from, to].includes('postgres')) await server.restart(round % 2 === 0 ? 'crash' : undefined);
      await sleep(1_500);
    }
    ended = true;
    await writing;
    expect((await source.rows()).length).toBeGreaterThan(50);
    await until('source and target are equal', scene.isEqual, 60_000);
    await until('it is well again', async () => (await client.status(name)).state === 'running', 60_000);
    const { tables } = await client.status(name);
    expect(tables.map(({ state }) => state)).toEqual(['replicating', 'replicating']);
    const rows = await target.rows();
    await client.stop(name);
    expect(await target.rows()).toEqual(rows);
  });
});

test(`a transaction that is open for ${OPEN_MS / 1000} s holds up no other change, and its own arrive`, async () => {
  const scene = await pairScene(['postgres', 'postgres'], { folder, server: server.url });
  const { client, name, taskQueue, connections, source, target } = scene;
  await startWorkerProcess(taskQueue, connections);
  await client.start(scene.spec({ retainMs: 0 }));
  const [slow, quick] = [await connectTo(source.url), await connectTo(source.url)];
  cleanup(() => Promise.all([slow.end(), quick.end()]));
  await slow.query(`BEGIN; INSERT INTO accounts SELECT i, 1, 'late' FROM generate_series(1, 50) i`);
  const lags: number[] = [];
  for (const began = performance.now(); performance.now() - began < OPEN_MS;) {
    const id = 1_000 + lags.length;
    await quick.query(`INSERT INTO accounts VALUES (${id}, 2, 'quick')`);
    const committed = performance.now();
    await until('it arrives', async () => (await target.rows()).length > lags.length);
    lags.push(performance.now() - committed);
    await sleep(100);
  }
  await slow.query('COMMIT');
  await until('the late ones arrive', scene.isEqual);
  expect(await target.rows()).toHaveLength(50 + lags.length);
  const worst = Math.max(...lags);
  console.log(`${lags.length} changes beside it, the slowest after ${worst.toFixed(0)} ms`);
  expect(worst).toBeLessThan(5_000);
  await client.stop(name);
});

test('a promoted source stops the pipeline, which says so, and goes on once that is accepted', async () => {
  const scene = await pairScene(['postgres', 'sqlite'], { folder, server: server.url });
  const { client, name, taskQueue, connections, source } = scene;
  const write = async (sql: string): Promise<void> => {
    const connection = await connectTo(source.url);
    await connection.query(sql);
    await connection.end();
  };
  await startWorkerProcess(taskQueue, connections);
  await write(`INSERT INTO accounts VALUES (1, 1, 'before')`);
  await client.start(scene.spec());
  await until('it has arrived', scene.isEqual);
  expect(await client.acceptFailover(name)).toMatchObject({ accepted: false });
  await client.pause(name);
  await server.keepStandby();
  await server.failOver();
  await write(`INSERT INTO accounts VALUES (2, 2, 'after')`);
  await client.resume(name);
  await until('it says so', async () => {
    const { state, lastError } = await client.status(name);
    return state === 'failing' && lastError?.code === 'SOURCE_FAILED_OVER';
  });
  expect(await scene.isEqual()).toBe(false);
  expect(await client.acceptFailover(name)).toMatchObject({ accepted: true });
  await until('it has arrived', scene.isEqual);
  await until('it is well again', async () => (await client.status(name)).state === 'running');
  await client.stop(name);
});
