/** Columns that come and go under writers: no write of the application fails, and nothing is lost. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { assertSameRows, currentRows, replay } from '../../engine/contract/replay';
import { isCdcError } from '../../engine/errors';
import { onServer, databaseUrl, select } from '../support/postgres';
import { capturePostgres, type CapturedPostgres } from '../support/postgres-captured';

const ITEMS = [
  `CREATE TABLE items (id integer PRIMARY KEY, name text, amount integer, note text)`,
  `INSERT INTO items SELECT n, 'n' || n, n, NULL FROM generate_series(1, 50) n`,
];

const DDL = [
  `ALTER TABLE items ADD COLUMN extra integer DEFAULT 7`,
  `ALTER TABLE items RENAME COLUMN name TO title`,
  `ALTER TABLE items ALTER COLUMN amount TYPE numeric(12,2)`,
  `ALTER TABLE items DROP COLUMN extra`,
  `ALTER TABLE items ADD COLUMN extra text`,
];

const PASSWORD = 'only-for-this-test';
let open: CapturedPostgres | null = null;
let role: string | null = null;

afterEach(async () => {
  await open?.end();
  if (role !== null) {
    const name = role;
    await onServer((client) => client.query(`DROP ROLE IF EXISTS ${name}`));
  }
  [open, role] = [null, null];
});

/** As the owner of its tables who is no superuser, and so can't follow DDL by an event trigger. */
async function captureAsOwner(setup: readonly string[]): Promise<CapturedPostgres> {
  const name = `cdc_owner_${process.pid}_${Math.random().toString(36).slice(2, 8)}`;
  role = name;
  await onServer((client) => client.query(`CREATE ROLE ${name} LOGIN PASSWORD '${PASSWORD}'`));
  const tables = ['items'];
  return capturePostgres(
    [
      ...setup,
      ...tables.map((table) => `ALTER TABLE ${table} OWNER TO ${name}`),
      `CREATE SCHEMA cdc AUTHORIZATION ${name}`,
    ],
    { tables, url: (database) => databaseUrl(database, { name, password: PASSWORD }) },
  );
}

describe.each([
  { who: 'a superuser', capture: (setup: readonly string[]) => capturePostgres(setup) },
  { who: 'an owner without event triggers', capture: captureAsOwner },
])('DDL on a table captured by $who', ({ capture }) => {
  test('fails no write of the application, and every change since is read', async () => {
    open = await capture(ITEMS);
    const { database, source, client } = open;
    const state = { over: false, writes: 0 };
    const failures: string[] = [];
    const writers = Promise.all(
      [0, 1, 2].map(async (index) => {
        const writer = await database.connect();
        for (let turn = 0; !state.over; turn++) {
          const id = 100 + index + 3 * turn;
          for (const sql of [
            `INSERT INTO items (id) VALUES (${id})`,
            `UPDATE items SET amount = coalesce(amount, 0) + 1 WHERE id IN (${id}, ${(turn % 50) + 1})`,
            ...(turn % 3 === 0 ? [`DELETE FROM items WHERE id = ${id}`] : []),
          ]) {
            await writer.query(sql).then(
              () => (state.writes += 1),
              (error: unknown) => failures.push(error instanceof Error ? error.message : ''),
            );
          }
        }
      }),
    );
    for (const ddl of DDL) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      await client.query('BEGIN');
      await client.query(ddl);
      await client.query('ROLLBACK');
      await client.query(ddl);
    }
    await new Promise((resolve) => setTimeout(resolve, 150));
    state.over = true;
    await writers;
    // Two writers can meet on one row in the other order: that is theirs.
    expect(failures.filter((message) => !message.includes('deadlock'))).toEqual([]);
    expect(state.writes).toBeGreaterThan(20);

    await open.install('items');
    const routes = await open.routes('items');
    const from = await source.head();
    const replica = await currentRows(source, routes);
    await client.query(`UPDATE items SET extra = 'x', amount = amount + 1 WHERE id < 10`);
    await client.query(`DELETE FROM items WHERE id = 20`);
    await replay(source, routes, from, 7, replica);
    await assertSameRows(source, routes, replica);
  });

  test('stops at the change of a column of the route, and not at another', async () => {
    open = await capture(ITEMS);
    const { source, client, start } = open;
    const [route] = await open.routes('items');
    if (route === undefined) throw new Error('no route');
    const narrow = [{ ...route, columns: ['id', 'name'] }];
    const replica = await currentRows(source, narrow);
    await client.query(`UPDATE items SET name = 'before' WHERE id = 1`);
    await client.query(`ALTER TABLE items DROP COLUMN amount`);
    await client.query(`UPDATE items SET name = 'after' WHERE id = 2`);
    await client.query(`DELETE FROM items WHERE id = 3`);
    await replay(source, narrow, start, 1, replica);
    await assertSameRows(source, narrow, replica);

    await client.query(`ALTER TABLE items RENAME COLUMN name TO title`);
    await client.query(`UPDATE items SET title = 'renamed' WHERE id = 4`);
    const error: unknown = await source.check(start, narrow).catch((reason: unknown) => reason);
    expect(isCdcError(error, 'SOURCE_SCHEMA_CHANGED') && error.column).toBe('name');
  });

  test('a column that is dropped from the key ends capture, not the writes', async () => {
    open = await capture(ITEMS);
    const { source, client, start } = open;
    const routes = await open.routes('items');
    await client.query(`ALTER TABLE items DROP COLUMN id`);
    await client.query(`UPDATE items SET amount = 1`);
    await client.query(`DELETE FROM items WHERE amount = 1`);
    const error: unknown = await source.check(start, routes).catch((reason: unknown) => reason);
    expect(isCdcError(error) && ['SOURCE_SCHEMA_CHANGED', 'CAPTURE_MISSING'].includes(error.code)).toBe(true);
  });
});

describe('generations of a change table', () => {
  test('hold all changes, each with the columns of its time', async () => {
    open = await capturePostgres(ITEMS);
    const { client, source } = open;
    await client.query(`UPDATE items SET amount = 11 WHERE id = 1`);
    await client.query(`ALTER TABLE items ADD COLUMN extra integer DEFAULT 7`);
    await client.query(`UPDATE items SET extra = 8 WHERE id = 1`);
    const [route] = await open.routes('items');
    if (route === undefined) throw new Error('no route');
    const all = { route, after: null, afterId: null, appliedUpTo: null, limit: 10, newest: false };
    const changes = await source.changes(all);
    expect(changes.map((change) => change.after)).toEqual([
      { id: 1n, name: 'n1', amount: 11n, note: null },
      { id: 1n, name: 'n1', amount: 11n, note: null, extra: 8n },
    ]);
    const tables = await select(client, `SELECT change_table FROM cdc.generation ORDER BY number`);
    expect(tables.map(([name]) => name)).toEqual(['changes_public_items', 'changes_public_items_g2']);
  });

  test('a former one goes when everybody has passed it', async () => {
    open = await capturePostgres(ITEMS);
    const { client, source } = open;
    await client.query(`UPDATE items SET amount = 11 WHERE id = 1`);
    await client.query(`ALTER TABLE items ADD COLUMN extra integer`);
    const names = async (): Promise<readonly (string | null)[]> =>
      (await select(client, `SELECT change_table FROM cdc.generation ORDER BY number`)).map(
        ([name]) => name ?? null,
      );
    // Transactions of other databases that are still running keep it for a while.
    const giveUp = Date.now() + 60_000;
    for (let seq = 1; Date.now() < giveUp && (await names()).length > 1; seq++) {
      await client.query(`UPDATE items SET amount = ${seq} WHERE id = 1`);
      await source.acknowledge('test', seq, await source.head(), Date.now());
      await source.purge({ before: Date.now() + 60_000, limit: 100 });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await names()).toEqual(['changes_public_items_g2']);
    expect(await open.source.planCapture((await open.routes('items')).map((route) => route.source))).toEqual(
      [],
    );
  });
});
