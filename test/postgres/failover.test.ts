import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Client } from 'pg';
import { asPosition, type Engine, type Pipeline } from '../../engine';
import { postgresAdapter } from '../../engine/adapters/postgres';
import { z } from 'zod';
import {
  CHAIN,
  engineOver,
  parkedBy,
  REF,
  rejection,
  replicate,
  specOf,
  started,
} from '../support/pipelines';
import { capturePostgres } from '../support/postgres-captured';
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
    const permit = { chain: CHAIN, generation: generation + 1 };
    await rejection(pipeline.acceptFailover({ ...permit, chain: 'another' }), 'PIPELINE_TAKEN');
    await rejection(pipeline.acceptFailover({ ...permit, generation: generation - 1 }), 'FENCED');
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

  test('takes along a table that stood aside, at the position that it had', async () => {
    const { pipeline, generation } = await begin('aside');
    if (target === null) throw new Error('no target');
    const warehouse = await target.connect();
    await warehouse.query('ALTER TABLE aside ADD CHECK (v < 100)');
    await write('UPDATE aside SET v = 100');
    await parkedBy(replicate(pipeline, generation), 'public.aside', 'CONSTRAINT_FAILED');
    await write('INSERT INTO aside VALUES (2, 2)');
    await server.keepStandby();
    await server.failOver();
    await rejection(replicate(pipeline, generation), 'SOURCE_FAILED_OVER');
    const accepted = { chain: CHAIN, generation: generation + 1 };
    expect(await pipeline.acceptFailover(accepted)).toBe(true);
    await warehouse.query('ALTER TABLE aside DROP CONSTRAINT aside_v_check');
    await write('UPDATE aside SET v = 200 WHERE id = 2');
    expect(await pipeline.resumeTable({ ...accepted, table: 'public.aside' })).toEqual(['public.aside']);
    const { snapshotRows } = await replicate(pipeline, generation + 1);
    expect(snapshotRows).toBe(0);
    expect(await arrived('aside')).toEqual([
      ['1', '100'],
      ['2', '200'],
    ]);
  });

  test('is refused when it lacks what was read, acknowledged or not', async () => {
    const { pipeline, generation } = await begin('unread');
    await server.keepStandby();
    await write('UPDATE unread SET v = 2', 'UPDATE unread SET v = 3');
    await replicate(pipeline, generation);
    await server.failOver();
    const acceptance = { chain: CHAIN, generation: generation + 1 };
    await rejection(pipeline.acceptFailover(acceptance), 'SOURCE_WENT_BACK');
  });

  test('is refused when another database was put in its place', async () => {
    const { pipeline, generation } = await begin('another');
    await server.keepStandby();
    await server.failOver();
    await write(`UPDATE cdc.meta SET value = 'another' WHERE key = 'source_id'`);
    const acceptance = { chain: CHAIN, generation: generation + 1 };
    await rejection(pipeline.acceptFailover(acceptance), 'SOURCE_REPLACED');
    await pipeline.resync({ ...acceptance, table: null });
  });

  test('is no source before it is promoted', async () => {
    const { pipeline, generation } = await begin('early');
    await server.keepStandby();
    await server.standBy();
    const error = await rejection(replicate(pipeline, generation), 'DATABASE_READ_ONLY');
    expect(error.retryable).toBe(true);
    await server.promote();
    await rejection(replicate(pipeline, generation), 'SOURCE_FAILED_OVER');
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

  test('and was no promotion, but an older state of the same server, is refused', async () => {
    const { pipeline, generation } = await begin('older');
    await server.keepStandby();
    await write('UPDATE older SET v = 2', 'UPDATE older SET v = 3');
    await replicate(pipeline, generation);
    await server.goBack();
    await rejection(replicate(pipeline, generation), 'SOURCE_WENT_BACK');
  });

  test('after an upgrade, which makes it another server, lets a batch run come to its end', async () => {
    const { pipeline, generation } = await begin('upgraded');
    await write('UPDATE upgraded SET v = 2');
    await pipeline.markGoal({ chain: CHAIN, generation, batch: true });
    if (target === null) throw new Error('no target');
    const warehouse = await target.connect();
    // What pg_upgrade does to a position: transactions keep their numbers under another name of the server.
    const elsewhere = (column: string): string =>
      `${column} = jsonb_set(${column}::jsonb, '{system}', '"1"')::text`;
    await warehouse.query(`UPDATE cdc.pipeline SET ${elsewhere('position')}, ${elsewhere('goal')}`);
    await rejection(replicate(pipeline, generation), 'SOURCE_REPLACED');
    expect(await pipeline.acceptFailover({ chain: CHAIN, generation: generation + 1 })).toBe(true);
    expect(await replicate(pipeline, generation + 1)).toMatchObject({ reachedGoal: true });
    expect(await arrived('upgraded')).toEqual([['1', '2']]);
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

test('a position of another server is refused, and carried over where a person says so', async () => {
  const captured = await capturePostgres(['CREATE TABLE items (id integer PRIMARY KEY)']);
  try {
    const { source, start } = captured;
    const routes = await captured.routes('items');
    const fields = z.record(z.string(), z.unknown()).parse(JSON.parse(start));
    const elsewhere = asPosition(JSON.stringify({ ...fields, system: '1' }));
    await rejection(source.check(elsewhere, routes), 'SOURCE_REPLACED');
    await rejection(source.covers(start, elsewhere), 'SOURCE_REPLACED');
    expect(await source.adopt(elsewhere)).toBe(start);
  } finally {
    await captured.end();
  }
});
