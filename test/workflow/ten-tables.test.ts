/** One bad table, and one bad row, do not stop the rest; mended, all are equal. */
import { setTimeout as sleep } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import type { Client } from 'pg';
import { createCdcClient } from '../../client';
import { DEFAULT_SETTINGS } from '../../engine';
import { openEngine } from '../../worker/composition';
import { createScratchDatabase, select, type ScratchPostgres } from '../support/postgres';
import { startWorkerProcess } from '../support/worker-process';
import { cleanup, connectTemporal, endWorkflow, until } from '../support/workflow-bench';

const LONG = process.env['CDC_LONG'] === '1';
/** Transactions a second into each table, and for how long. */
const [RATE, SECONDS] = LONG ? [50, 30] : [20, 5];

const TABLES = Array.from({ length: 10 }, (_, n) => `t${n}`);
const [BROKEN = '', POISONED = '', ...WELL] = TABLES;

const databases: ScratchPostgres[] = [];

afterEach(async () => {
  for (const database of databases.splice(0)) await database.drop();
});

async function scratch(sql: (table: string) => string): Promise<readonly [ScratchPostgres, Client]> {
  const database = await createScratchDatabase();
  databases.push(database);
  const client = await database.connect();
  for (const table of TABLES) await client.query(sql(table));
  return [database, client];
}

/** Each row notes when it arrived: `at` is the moment of its writing on the source. */
const SOURCE = (table: string): string =>
  `CREATE TABLE ${table} (id integer PRIMARY KEY, v integer NOT NULL, at timestamptz NOT NULL)`;
const TARGET = (table: string): string =>
  `CREATE TABLE ${table} (id integer PRIMARY KEY, v integer NOT NULL, at timestamptz NOT NULL,
     arrived timestamptz DEFAULT clock_timestamp())`;

test(`ten tables at ${RATE} transactions a second each: one broken, one with a bad row, eight without delay`, async () => {
  const [source, shop] = await scratch(SOURCE);
  const [target, warehouse] = await scratch(TARGET);
  const temporal = await connectTemporal();
  const name = `p-${randomUUID().slice(0, 8)}`;
  cleanup(() => endWorkflow(temporal, name));
  const taskQueue = `q-${name}`;
  const connections = { shop: source.url, warehouse: target.url };
  await startWorkerProcess(taskQueue, connections);
  const client = createCdcClient(temporal, { taskQueue });
  const spec = {
    name,
    source: 'shop',
    target: 'warehouse',
    capture: 'trigger' as const,
    mode: 'continuous' as const,
    tables: TABLES.map((table) => ({ from: `public.${table}`, to: null, columns: null })),
    settings: { ...DEFAULT_SETTINGS, onError: { action: 'deadLetter' as const, perHour: 100 } },
  };
  await client.start(spec);
  await warehouse.query(`ALTER TABLE ${BROKEN} RENAME COLUMN v TO gone`);
  await warehouse.query(`ALTER TABLE ${POISONED} ADD CHECK (v <> 13)`);

  const writers = await Promise.all(TABLES.map(() => source.connect()));
  await Promise.all(
    TABLES.map(async (table, place) => {
      for (let id = 1; id <= RATE * SECONDS; id++) {
        const [due, began] = [1_000 / RATE, performance.now()];
        const v = table === POISONED && id === 20 ? 13 : 100 + id;
        await writers[place]?.query(`INSERT INTO ${table} VALUES (${id}, ${v}, clock_timestamp())`);
        await sleep(Math.max(0, due - (performance.now() - began)));
      }
    }),
  );
  const count = async (table: string): Promise<number> =>
    Number((await select(warehouse, `SELECT count(*) FROM ${table}`))[0]?.[0]);
  await until('the others have all', async () => {
    for (const table of WELL) if ((await count(table)) < RATE * SECONDS) return false;
    return (await count(POISONED)) === RATE * SECONDS - 1;
  });
  const lags = WELL.map((table) => `SELECT extract(epoch FROM arrived - at) * 1000 AS ms FROM ${table}`);
  const [row] = await select(
    warehouse,
    `SELECT percentile_disc(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY ms)::text FROM (${lags.join(' UNION ALL ')}) l`,
  );
  console.log(`lag of the eight in ms, p50 and p99: ${row?.[0] ?? ''}`);
  const states = (await client.status(name)).tables.map(({ source: table, state }) => [table, state]);
  expect(states).toEqual(
    TABLES.map((table) => [`public.${table}`, table === BROKEN ? 'parked' : 'replicating']),
  );

  await warehouse.query(`ALTER TABLE ${BROKEN} RENAME COLUMN gone TO v`);
  await client.resumeTable(name, `public.${BROKEN}`);
  await shop.query(`UPDATE ${POISONED} SET v = 14 WHERE v = 13`);
  await until('all have all', async () => {
    for (const table of TABLES) if ((await count(table)) < RATE * SECONDS) return false;
    return true;
  });
  await client.stop(name);
  const engine = openEngine({ connections: new Map(Object.entries(connections)) }, 'read');
  cleanup(() => engine.close());
  const pipeline = await engine.pipeline({ name, source: 'shop', target: 'warehouse' });
  const { equal, exact, tables } = await pipeline.verify({});
  expect([equal, exact, tables.length]).toEqual([true, true, 10]);
  expect(tables.every(({ deadLetters }) => deadLetters === 0)).toBe(true);
});
