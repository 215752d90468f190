/** All pairs, through the whole product, while writers write, workers are killed and servers restart. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ownServerOf, serverOf } from '../support/mysql';
import type { OwnServer as OwnMysql } from '../support/mysql-server';
import { fanScene, pairScene } from '../support/pair-scene';
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
const EQUAL_WITHIN_MS = 90_000;

const folder = folderPerTest();
let server: OwnServer;
let mariadb: OwnMysql | null = null;

const MISSING: Readonly<Partial<Record<Family, string | undefined>>> = {
  mariadb: ownServerOf('mariadb').missing,
  mysql: serverOf('mysql').missing,
};
const FAMILIES: readonly Family[] = ['postgres', 'sqlite', 'mariadb', 'mysql'];
const here = FAMILIES.filter((family) => MISSING[family] === undefined);

beforeAll(async () => {
  const settings = { max_prepared_transactions: '40', max_connections: '150' };
  const own = await startServer(settings, embeddedPrograms() ?? installedPrograms());
  if (own === null) throw new Error('There are no programs of a PostgreSQL server for this platform');
  server = own;
  mariadb = await ownServerOf('mariadb').start();
});

afterAll(async () => {
  await server.stop();
  await mariadb?.stop();
});

function servers(): Partial<Record<Family, string>> {
  const mysql = serverOf('mysql').url;
  return {
    postgres: server.url,
    ...(mariadb === null ? {} : { mariadb: mariadb.url }),
    ...(mysql === undefined ? {} : { mysql }),
  };
}

/** Those of the tests' own alone: others have work on the rest. */
async function restart(families: readonly Family[], crash: boolean): Promise<void> {
  if (families.includes('postgres')) await server.restart(crash ? 'crash' : undefined);
  if (families.includes('mariadb')) await (crash ? mariadb?.crash() : mariadb?.restart());
}

describe('each target is equal to the source in the end', () => {
  // MySQL is read as MariaDB is: in short runs it is a target alone.
  const sources = here.filter((family) => LONG || family !== 'mysql');
  test.each(sources.map((from) => [from, here.join(', ')] as const))('from %s to %s', async (from) => {
    const scene = await fanScene(from, here, { folder, servers: servers() });
    const { client, pipelines, taskQueue, connections, source } = scene;
    const startWorker = () => startWorkerProcess(taskQueue, connections, pipelines.length);
    let worker = await startWorker();
    let ended = false;
    const writing = source.write(() => ended, 7);
    cleanup(async () => {
      ended = true;
      await writing.catch(() => undefined);
    });
    const settings = { batchRows: 200, snapshotRows: 100, roundMs: 2_000, retainMs: 0 };
    for (const pipeline of pipelines) await client.start(pipeline.spec(settings));
    for (let round = 0; round < ROUNDS; round++) {
      await sleep(1_500);
      worker.signal('SIGKILL');
      await worker.exited;
      await sleep(300);
      worker = await startWorker();
      await sleep(1_000);
      await restart(here, round % 2 === 0);
      await sleep(1_500);
    }
    ended = true;
    await writing;
    expect((await source.rows()).length).toBeGreaterThan(50);
    for (const { to, name, target, isEqual } of pipelines) {
      await until(`${from} and ${to} are equal`, isEqual, EQUAL_WITHIN_MS);
      const running = async (): Promise<boolean> => (await client.status(name)).state === 'running';
      await until(`the pipeline to ${to} is well again`, running, EQUAL_WITHIN_MS);
      const { tables } = await client.status(name);
      expect(tables.map(({ state }) => state)).toEqual(['replicating', 'replicating']);
      const rows = await target.rows();
      await client.stop(name);
      expect(await target.rows()).toEqual(rows);
    }
  });

  const absent = FAMILIES.filter((family) => !here.includes(family));
  const left = FAMILIES.flatMap((from) => FAMILIES.map((to) => [from, to] as const)).flatMap(([from, to]) => {
    const missing = absent.find((family) => family === from || family === to);
    return missing === undefined ? [] : [[from, to, MISSING[missing] ?? ''] as const];
  });
  for (const [from, to, reason] of left) test.skip(`from ${from} to ${to} (${reason})`, () => undefined);
});

test(`a transaction that is open for ${OPEN_MS / 1000} s holds up no other change, and its own arrive`, async () => {
  const scene = await pairScene(['postgres', 'postgres'], { folder, servers: servers() });
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
  const scene = await pairScene(['postgres', 'sqlite'], { folder, servers: servers() });
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
