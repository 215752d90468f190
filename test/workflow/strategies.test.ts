/** Capture by a time and by a version, through the whole product, while writers write and workers are killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KeysetCapture } from '../../engine';
import { mysqlAdapter } from '../../engine/adapters/mysql';
import { postgresAdapter } from '../../engine/adapters/postgres';
import { engineOver, REF } from '../support/pipelines';
import { serverOf } from '../support/mysql';
import { fanScene } from '../support/pair-scene';
import type { Family } from '../support/pair-sides';
import { embeddedPrograms, installedPrograms } from '../support/postgres-programs';
import { startServer, type OwnServer } from '../support/postgres-server';
import { folderPerTest } from '../support/sqlite';
import { stampStatements } from '../support/stamped-tables';
import { startWorkerProcess } from '../support/worker-process';
import { cleanup, until } from '../support/workflow-bench';

const LONG = process.env['CDC_LONG'] === '1';
const ROUNDS = LONG ? 10 : 1;
const EQUAL_WITHIN_MS = 90_000;

const folder = folderPerTest();
/** Its writers prepare transactions, which a server does not allow by itself. */
let postgres: OwnServer;

beforeAll(async () => {
  const settings = { max_prepared_transactions: '40', max_connections: '150' };
  const own = await startServer(settings, embeddedPrograms() ?? installedPrograms());
  if (own === null) throw new Error('There are no programs of a PostgreSQL server for this platform');
  postgres = own;
});

afterAll(() => postgres.stop());

const FAMILIES: readonly Family[] = ['sqlite', 'postgres', 'mariadb', 'mysql'];
const missing = (family: Family): string | undefined =>
  family === 'mariadb' || family === 'mysql' ? serverOf(family).missing : undefined;
const here = FAMILIES.filter((family) => missing(family) === undefined);

function servers(): Partial<Record<Family, string>> {
  const urls = (['mariadb', 'mysql'] as const).flatMap((family) => {
    const { url } = serverOf(family);
    return url === undefined ? [] : [[family, url] as const];
  });
  return { postgres: postgres.url, ...Object.fromEntries(urls) };
}

const BY: KeysetCapture = {
  by: 'timestamp',
  column: 'changed_at',
  lookbackMs: null,
  allowScan: false,
  deleted: null,
  per: 'table',
  // Keys are deleted, and given to other rows, all the time.
  sweepMs: 2_000,
};
const STRATEGIES: readonly KeysetCapture[] = [BY, { ...BY, by: 'version', column: 'row_version' }];

describe.each(STRATEGIES)('each target is equal to the source in the end, by a $by', (capture) => {
  // The two servers of MySQL's kind read columns alike: in short runs one stands for the other. By a version, PostgreSQL
  // stands for all.
  const targets = here.filter((family) => LONG || family !== 'mysql');
  const sources = targets.filter((family) => LONG || capture.by === 'timestamp' || family === 'postgres');
  test.each(sources.map((from) => [from, targets.join(', ')] as const))('from %s to %s', async (from) => {
    const scene = await fanScene(from, targets, { folder, servers: servers() });
    const { client, pipelines, taskQueue, connections, source } = scene;
    await source.execute(...stampStatements(from));
    const startWorker = () => startWorkerProcess(taskQueue, connections, pipelines.length);
    let worker = await startWorker();
    let ended = false;
    const writing = source.write(() => ended, 11);
    cleanup(async () => {
      ended = true;
      await writing.catch(() => undefined);
    });
    const settings = { batchRows: 200, snapshotRows: 100, roundMs: 2_000 };
    for (const pipeline of pipelines) await client.start({ ...pipeline.spec(settings), capture });
    for (let round = 0; round < ROUNDS; round++) {
      await sleep(2_000);
      worker.signal('SIGKILL');
      await worker.exited;
      worker = await startWorker();
      await sleep(2_000);
    }
    ended = true;
    await writing;
    expect((await source.rows()).length).toBeGreaterThan(50);
    for (const { to, name, target, isEqual } of pipelines) {
      await until(`${from} and ${to} are equal`, isEqual, EQUAL_WITHIN_MS);
      const running = async (): Promise<boolean> => (await client.status(name)).state === 'running';
      await until(`the pipeline to ${to} is well`, running, EQUAL_WITHIN_MS);
      const engine = engineOver(source.url, target.url, { others: [postgresAdapter, mysqlAdapter] });
      const compared = await (await engine.pipeline({ ...REF, name, capture })).verify({ timeoutMs: 20_000 });
      await engine.close();
      expect(compared).toMatchObject({ equal: true });
      await client.stop(name);
    }
  });

  for (const family of FAMILIES.filter((each) => !here.includes(each))) {
    test.skip(`from and to ${family} (${missing(family) ?? ''})`, () => undefined);
  }
});
