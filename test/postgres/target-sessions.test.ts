import { describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import type { Target } from '../../engine';
import { openTarget } from '../../engine/adapters/postgres/target/target';
import { checkpointOf, first, rowSet, stage } from '../support/target-cases';
import { routeTable } from '../../engine/capture';
import type { ScratchDatabase } from '../../engine/contract';
import { rejection } from '../support/pipelines';
import { postgresPerTest } from '../support/postgres-scratch';

const { clearing, scratch } = postgresPerTest();

async function open(url: string): Promise<Target> {
  const target = await openTarget({ url, readOnly: false, create: false });
  clearing(() => target.close());
  return target;
}

async function client(url: string): Promise<Client> {
  const connection = new Client({ connectionString: url });
  connection.on('error', () => undefined);
  await connection.connect();
  clearing(() => connection.end().catch(() => undefined));
  return connection;
}

async function prepared(): Promise<{ readonly database: ScratchDatabase; readonly target: Target }> {
  const database = await scratch('CREATE TABLE t (id integer PRIMARY KEY, v text)');
  const target = await open(database.url);
  await target.installObjects();
  await target.transaction(null, (tx) => tx.saveCheckpoint(checkpointOf()));
  return { database, target };
}

async function routeOf(target: Target) {
  return routeTable(first(await target.tables()), { to: null, columns: null }, true);
}

/** Something that one part of a test waits for and another part gives. */
function signal(): { readonly given: Promise<void>; readonly give: () => void } {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give: () => give() };
}

describe('a worker that is stopped inside its commit', () => {
  test('is ended by whoever claims the pipeline', async () => {
    const { database, target } = await prepared();
    const stopped = await open(database.url);
    const chunk = await stage(stopped, [rowSet(await routeOf(stopped), { upserts: [[1n, 'lost']] })]);
    const [holding, asleep] = [signal(), signal()];
    const commit = stopped
      .transaction(chunk, async (tx) => {
        await tx.lockCheckpoint(checkpointOf().name);
        await tx.merge(chunk);
        holding.give();
        await asleep.given;
      })
      .catch((error: unknown) => error);
    // Whoever claims first would wait for nobody.
    await holding.given;
    const started = Date.now();
    await target.transaction(null, async (tx) => {
      const locked = await tx.lockCheckpoint(checkpointOf().name);
      if (locked !== null) await tx.saveCheckpoint({ ...locked, epoch: locked.epoch + 1 });
    });
    expect(Date.now() - started).toBeLessThan(12_000);
    asleep.give();
    expect(await commit).toMatchObject({ code: 'CONNECTION_LOST' });
    expect(await database.dump('t')).toEqual([]);
  });

  test('is not ended where it is a stranger’s session, which is named instead', async () => {
    const { database, target } = await prepared();
    const stranger = await client(`${database.url}?application_name=stranger`);
    await stranger.query('BEGIN');
    await stranger.query('SELECT FROM cdc.pipeline FOR UPDATE');
    const claim = target.transaction(null, (tx) => tx.lockCheckpoint(checkpointOf().name));
    const error = await rejection(claim, 'DATABASE_LOCKED');
    expect(error.message).toContain('stranger');
    expect(error.retryable).toBe(true);
    await stranger.query('ROLLBACK');
    await target.transaction(null, (tx) => tx.lockCheckpoint(checkpointOf().name));
  });
});

test('connections that were lost come back, and a chunk on them is lost with them', async () => {
  const { database, target } = await prepared();
  const route = await routeOf(target);
  const chunk = await stage(target, [rowSet(route, { upserts: [[1n, 'one']] })]);
  const admin = await client(database.url);
  await admin.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  await rejection(
    target.transaction(chunk, (tx) => tx.merge(chunk)),
    'CONNECTION_LOST',
  );
  const again = await stage(target, [rowSet(route, { upserts: [[1n, 'one']] })]);
  await target.transaction(again, (tx) => tx.merge(again));
  expect((await admin.query('SELECT id, v FROM t')).rows).toEqual([{ id: 1, v: 'one' }]);
});

test('a flush makes durable what was committed without waiting for the disk', async () => {
  const { database, target } = await prepared();
  const admin = await client(database.url);
  const inserted = async (): Promise<string> => {
    const { rows } = await admin.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn');
    return rows[0]?.lsn ?? '';
  };
  const route = await routeOf(target);
  const chunk = await stage(target, [rowSet(route, { upserts: [[1n, 'one']] })]);
  await target.transaction(chunk, (tx) => tx.merge(chunk));
  const upTo = await inserted();
  await target.flush();
  const { rows } = await admin.query<{ durable: boolean }>(
    'SELECT pg_current_wal_flush_lsn() >= $1::pg_lsn AS durable',
    [upTo],
  );
  expect(rows).toEqual([{ durable: true }]);
});

describe('a role that may not let triggers rest', () => {
  const ROLE = 'cdc_target_plain';

  async function plain(...statements: readonly string[]): Promise<string> {
    const database = await scratch();
    await database.execute(
      `DO $$ BEGIN CREATE ROLE ${ROLE} LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`,
      `GRANT ALL ON DATABASE ${database.url.slice(database.url.lastIndexOf('/') + 1)} TO ${ROLE}`,
      `GRANT ALL ON SCHEMA public TO ${ROLE}`,
      `SET ROLE ${ROLE}`,
      ...statements,
      'RESET ROLE',
    );
    return database.url.replace(/\/\/[^@]*@/, `//${ROLE}@`);
  }

  test('writes tables without such triggers', async () => {
    const target = await open(await plain('CREATE TABLE t (id integer PRIMARY KEY, v text)'));
    await target.installObjects();
    const route = await routeOf(target);
    const chunk = await stage(target, [rowSet(route, { upserts: [[1n, 'one']] })]);
    await target.transaction(chunk, (tx) => tx.merge(chunk));
    expect(await target.notices([route], 'postgres')).toEqual([]);
  });

  test('is refused a table whose foreign keys would delete rows, with the grant that helps', async () => {
    const target = await open(
      await plain(
        'CREATE TABLE parents (id integer PRIMARY KEY)',
        'CREATE TABLE t (id integer PRIMARY KEY, parent integer REFERENCES parents ON DELETE CASCADE)',
      ),
    );
    await target.installObjects();
    const route = await routeOf(target);
    expect(route.id).toBe('public.parents');
    const error = await rejection(target.notices([route], 'postgres'), 'TARGET_TABLE_MISMATCH');
    expect(error.hint).toContain('GRANT SET ON PARAMETER session_replication_role');
    await rejection(stage(target, [rowSet(route, { deletes: [[1n]] })]), 'TARGET_TABLE_MISMATCH');
  });
});
