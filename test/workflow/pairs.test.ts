/** All four pairs, through the whole product, while writers write, workers are killed and servers restart. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createCdcClient } from '../../client';
import { DEFAULT_SETTINGS } from '../../engine';
import { openSide, type Family } from '../support/pair-sides';
import { embeddedPrograms, installedPrograms } from '../support/postgres-programs';
import { startServer, type OwnServer } from '../support/postgres-server';
import { folderPerTest } from '../support/sqlite';
import { startWorkerProcess } from '../support/worker-process';
import { cleanup, connectTemporal, endWorkflow, until } from '../support/workflow-bench';

const ROUNDS = process.env['CDC_LONG'] === '1' ? 20 : 1;

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
    const source = await openSide(from, { folder, server: server.url, name: 'source' });
    const target = await openSide(to, { folder, server: server.url, name: 'target' });
    cleanup(() => Promise.all([source.dispose(), target.dispose()]));
    await source.createTables();
    const temporal = await connectTemporal();
    const name = `p-${randomUUID().slice(0, 8)}`;
    const taskQueue = `q-${name}`;
    cleanup(() => endWorkflow(temporal, name));
    const connections = { shop: source.url, warehouse: target.url };
    let worker = await startWorkerProcess(taskQueue, connections);
    const client = createCdcClient(temporal, { taskQueue });

    let ended = false;
    const writing = source.write(() => ended, 7);
    cleanup(() => (ended = true));
    await client.start({
      name,
      source: 'shop',
      target: 'warehouse',
      capture: 'trigger',
      mode: 'continuous',
      tables: source.tables.map((table) => ({ from: table, to: null, columns: null })),
      settings: { ...DEFAULT_SETTINGS, batchRows: 200, snapshotRows: 100, roundMs: 2_000, retainMs: 0 },
    });
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
    const rows = await source.rows();
    expect(rows.length).toBeGreaterThan(50);
    const isEqual = async (): Promise<boolean> =>
      JSON.stringify(await target.rows()) === JSON.stringify(rows);
    await until('source and target are equal', isEqual, 60_000);
    await until('it is well again', async () => (await client.status(name)).state === 'running', 60_000);
    expect((await client.status(name)).tables.map(({ state }) => state)).toEqual([
      'replicating',
      'replicating',
    ]);
    await client.stop(name);
    expect(await target.rows()).toEqual(rows);
  });
});
