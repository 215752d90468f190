/** Waiting for a change: in the server, with what is known of the change tables. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
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
    for (let turn = 0; turn < 8; turn++) {
      const abort = new AbortController();
      const waiting = source.waitForChange(start, routes, 20_000, abort.signal);
      setImmediate(() => abort.abort());
      expect(await waiting).toBe(false);
    }
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
  });
});
