/** Waiting for a change: in the server, with what is known of the change tables. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { rejection } from '../support/pipelines';
import { capturePostgres, type CapturedPostgres } from '../support/postgres-captured';

const NEVER = new AbortController().signal;
const TABLE = 'CREATE TABLE items (id bigint PRIMARY KEY, name text)';

describe('a wait for changes', () => {
  let captured: CapturedPostgres;

  beforeEach(async () => {
    captured = await capturePostgres([TABLE, 'CREATE TABLE others (id bigint)'], { tables: ['items'] });
  });
  afterEach(() => captured.end());

  it('ends by a change, and not by what is written on other tables', async () => {
    const { client, source, start } = captured;
    const routes = await captured.routes('items');
    const writing = (async () => {
      for (let id = 1; id <= 30; id++) await client.query(`INSERT INTO others VALUES (${id})`);
    })();
    expect(await source.waitForChange(start, routes, 700, NEVER)).toBe(false);
    await writing;
    const waiting = source.waitForChange(start, routes, 20_000, NEVER);
    await client.query("INSERT INTO items VALUES (1, 'one')");
    expect(await waiting).toBe(true);
  });

  it('ends at once when it is aborted, and its connection serves the next one', async () => {
    const { client, source, start } = captured;
    const routes = await captured.routes('items');
    const began = performance.now();
    for (let turn = 0; turn < 8; turn++) {
      const abort = new AbortController();
      const waiting = source.waitForChange(start, routes, 20_000, abort.signal);
      setImmediate(() => abort.abort());
      expect(await waiting).toBe(false);
    }
    // The server goes on with each for half a second, in one of four sessions.
    expect(performance.now() - began).toBeLessThan(2_500);
    await client.query("INSERT INTO items VALUES (1, 'one')");
    expect(await source.waitForChange(start, routes, 20_000, NEVER)).toBe(true);
  });

  it('sees changes in a change table that came after it began', async () => {
    const { client, source, start } = captured;
    const routes = await captured.routes('items');
    const waiting = source.waitForChange(start, routes, 20_000, NEVER);
    await client.query('ALTER TABLE items ADD COLUMN more int');
    await client.query("INSERT INTO items VALUES (1, 'one', 2)");
    expect(await waiting).toBe(true);
  });

  it('goes on when the change tables that it knew are gone', async () => {
    const { client, source, start } = captured;
    const routes = await captured.routes('items');
    const waiting = source.waitForChange(start, routes, 1_500, NEVER);
    await client.query('INSERT INTO others VALUES (1)');
    await source.suspend('test');
    await client.query('INSERT INTO others VALUES (2)');
    expect(await waiting).toBe(false);
    // A session tells of its transactions when it ends, at the latest.
    await source.close();
    const { rows } = await client.query<{ readonly failed: string }>(
      'SELECT xact_rollback AS failed FROM pg_stat_database WHERE datname = current_database()',
    );
    expect(Number(rows[0]?.failed)).toBeLessThan(5);
  });

  it('fails when its connection is lost', async () => {
    const { client, source, start } = captured;
    const routes = await captured.routes('items');
    const waiting = source.waitForChange(start, routes, 5_000, NEVER);
    const ending = client
      .query(`SELECT pg_sleep(0.3)`)
      .then(() =>
        client.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        ),
      );
    await rejection(waiting, 'CONNECTION_LOST');
    await ending;
  });

  it('ends at once where a window was cut and not read to its end', async () => {
    const { client, source, start } = captured;
    const routes = await captured.routes('items');
    for (let id = 1; id <= 3; id++) await client.query(`INSERT INTO items VALUES (${id}, 'one')`);
    const schemaToken = await source.check(start, routes);
    const request = { routes, limit: 1, schemaToken, snapshot: null };
    const first = await source.read({ ...request, from: start });
    expect(first.more).toBe(true);
    expect(await source.waitForChange(first.to, routes, 2_000, NEVER)).toBe(true);
    const rest = await source.read({ ...request, from: first.to, limit: 10 });
    expect([first.changes, rest.changes]).toEqual([1, 2]);
    expect(await source.waitForChange(rest.to, routes, 100, NEVER)).toBe(false);
  });

  it('is not ended by what a cut window has had already, nor by what others have left of it', async () => {
    const { client, source } = captured;
    await client.query('CREATE TABLE words (id bigint PRIMARY KEY)');
    await captured.install('items', 'words');
    const from = await source.head();
    const routes = await captured.routes('items', 'words');
    await client.query("INSERT INTO items VALUES (1, 'one')");
    await client.query('INSERT INTO words VALUES (1)');
    const schemaToken = await source.check(from, routes);
    const { to, more } = await source.read({ from, routes, limit: 1, schemaToken, snapshot: null });
    expect(more).toBe(true);
    expect(await source.waitForChange(to, await captured.routes('items'), 700, NEVER)).toBe(false);
    expect(await source.waitForChange(to, await captured.routes('words'), 2_000, NEVER)).toBe(true);
  });

  it('reads no more of a change table for what is kept in it of before', async () => {
    const { client, source } = captured;
    const routes = await captured.routes('items');
    const kept = 20_000;
    await client.query(`INSERT INTO items SELECT g, 'one' FROM generate_series(1, ${kept}) g`);
    // With its pages known to be visible the index alone could be read, from end to end.
    await client.query('VACUUM (ANALYZE) cdc.changes_public_items');
    const position = await source.head();
    for (let id = 1; id <= 5; id++) {
      await client.query(`INSERT INTO others VALUES (${id})`);
      expect(await source.waitForChange(position, routes, 30, NEVER)).toBe(false);
    }
    // A session tells what it has read when it ends, at the latest.
    await source.close();
    const { rows } = await client.query<{ readonly read: string }>(
      `SELECT sum(idx_tup_read) AS read FROM pg_stat_user_indexes WHERE relname = 'changes_public_items'`,
    );
    expect(Number(rows[0]?.read)).toBeLessThan(kept);
  });
});
