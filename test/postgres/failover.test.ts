import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Client } from 'pg';
import type { Engine, Pipeline } from '../../engine';
import { postgresAdapter } from '../../engine/adapters/postgres';
import { CHAIN, engineOver, REF, rejection, replicate, specOf, started } from '../support/pipelines';
import { connectTo, createScratchDatabase, select, type ScratchPostgres } from '../support/postgres';
import { startServer, type OwnServer } from '../support/postgres-server';

let server: OwnServer;
let target: ScratchPostgres | null = null;
let engine: Engine | null = null;
let client: Client | null = null;

beforeAll(async () => {
  const started = await startServer();
  if (started === null) throw new Error('There are no programs of a PostgreSQL server on this machine');
  server = started;
});

afterEach(async () => {
  await engine?.close();
  await client?.end().catch(() => undefined);
  await target?.drop();
  [engine, client, target] = [null, null, null];
});

afterAll(async () => {
  await server.stop();
});

/** A pipeline whose source is the server that fails over; each test has a table of its own. */
async function begin(table: string): Promise<{ readonly pipeline: Pipeline; readonly generation: number }> {
  target = await createScratchDatabase();
  await write(
    `CREATE TABLE ${table} (id integer PRIMARY KEY, v integer)`,
    `INSERT INTO ${table} VALUES (1, 1)`,
  );
  engine = engineOver(server.url, target.url, { adapter: postgresAdapter });
  const pipeline = await engine.pipeline(REF);
  const { generation } = await started(pipeline, specOf([`public.${table}`]));
  return { pipeline, generation };
}

async function write(...statements: readonly string[]): Promise<void> {
  const connection = await connectTo(server.url);
  for (const statement of statements) await connection.query(statement);
  await connection.end();
}

async function arrived(table: string): Promise<readonly (readonly (string | null)[])[]> {
  if (target === null) throw new Error('no target');
  client ??= await target.connect();
  return select(client, `SELECT id, v FROM ${table} ORDER BY id`);
}

describe('a source that was promoted', () => {
  test('stops its pipeline until a person accepts it, and goes on with nothing lost', async () => {
    const { pipeline, generation } = await begin('kept');
    await write('UPDATE kept SET v = 2');
    await replicate(pipeline, generation);
    await pipeline.markSynced({ retainMs: 0 });
    await server.keepStandby();
    await server.failOver();
    await write('INSERT INTO kept VALUES (2, 2)');
    const refused = await rejection(replicate(pipeline, generation), 'SOURCE_FAILED_OVER');
    expect(refused.hint).toContain('--accept-failover');
    expect(refused.retryable).toBe(false);
    expect(await pipeline.acceptFailover({ chain: CHAIN, generation: generation + 1 })).toBe(true);
    expect(await pipeline.acceptFailover({ chain: CHAIN, generation: generation + 1 })).toBe(false);
    await rejection(replicate(pipeline, generation), 'FENCED');
    await replicate(pipeline, generation + 1);
    expect(await arrived('kept')).toEqual([
      ['1', '2'],
      ['2', '2'],
    ]);
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
  });

  test('is refused when it lacks what was acknowledged, whatever a person says', async () => {
    const { pipeline, generation } = await begin('lost');
    await server.keepStandby();
    await write('UPDATE lost SET v = 2');
    await replicate(pipeline, generation);
    await pipeline.markSynced({ retainMs: 0 });
    await server.failOver();
    // Others' transactions take the numbers of those that were lost.
    await write(...Array.from({ length: 50 }, (_, v) => `INSERT INTO lost VALUES (${v + 10}, 0)`));
    await rejection(replicate(pipeline, generation), 'SOURCE_WENT_BACK');
    const acceptance = { chain: CHAIN, generation: generation + 1 };
    await rejection(pipeline.acceptFailover(acceptance), 'SOURCE_WENT_BACK');
    await pipeline.resync({ ...acceptance, table: null });
    await replicate(pipeline, generation + 1);
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
  });

  test('that merely restarted is the same as before, crash or not', async () => {
    const { pipeline, generation } = await begin('restarted');
    for (const how of [undefined, 'crash'] as const) {
      await write('UPDATE restarted SET v = v + 1');
      await server.restart(how);
      await write('UPDATE restarted SET v = v + 1');
      await replicate(pipeline, generation);
    }
    expect(await pipeline.acceptFailover({ chain: CHAIN, generation: generation + 1 })).toBe(false);
    expect(await arrived('restarted')).toEqual([['1', '5']]);
  });
});
