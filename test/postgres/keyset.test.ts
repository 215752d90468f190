/** Reading by a column of PostgreSQL: who may still write, what a column must be, and what helps where it is not. */
import { expect, test } from '@jest/globals';
import { openSource } from '../../engine/adapters/postgres/source/source';
import type { KeysetColumn, KeysetReader } from '../../engine/model';
import { connectTo, databaseUrl } from '../support/postgres';
import { routesOf } from '../support/postgres-captured';
import { postgresPerTest } from '../support/postgres-scratch';
import { startServer } from '../support/postgres-server';

const { scratch, clearing } = postgresPerTest();

const DAY_MS = 24 * 60 * 60 * 1_000;

interface Opened {
  readonly reader: KeysetReader;
  readonly columnOf: (table: string, column: string, by?: KeysetColumn['by']) => Promise<KeysetColumn>;
}

async function open(url: string): Promise<Opened> {
  const source = await openSource({ url, readOnly: false });
  clearing(() => source.close());
  const { keyset: reader } = source;
  if (reader === undefined) throw new Error('PostgreSQL reads by columns');
  return {
    reader,
    async columnOf(table, column, by = 'timestamp') {
      const [route] = await routesOf(source, [table]);
      if (route === undefined) throw new Error(`${table} is there`);
      return { route, column, by };
    },
  };
}

async function opened(...statements: readonly string[]) {
  const database = await scratch(...statements);
  return { database, ...(await open(database.url)) };
}

/** Keys of the rows that are read from the newest value on. */
async function fromNewest(reader: KeysetReader, column: KeysetColumn): Promise<readonly string[]> {
  const [newest = null] = (await reader.look([column])).newest;
  const from = newest === null ? null : { value: newest.value, inclusive: !newest.over };
  const [page] = await reader.read([{ column, from, before: null, after: null }], 100);
  return page?.rows.map(({ identity }) => identity) ?? [];
}

test('a prepared transaction is open until it is committed, whoever prepared it', async () => {
  const server = await startServer({ max_prepared_transactions: '10' });
  // Without the server's programs there is nothing that could be tested.
  if (server === null) return;
  try {
    const client = await connectTo(server.url);
    await client.query('CREATE TABLE items (id integer PRIMARY KEY, at timestamptz)');
    const source = await openSource({ url: server.url, readOnly: false });
    const open = async () => (await source.keyset?.look([]))?.open?.filter(({ detached }) => detached);
    await client.query(`BEGIN; INSERT INTO items VALUES (1, now()); PREPARE TRANSACTION 'one'`);
    await client.end();
    const found = await open();
    expect(found).toEqual([
      { id: expect.stringMatching(/^p:\d+$/), since: null, formerly: null, detached: true },
    ]);
    await server.restart('crash');
    await source.close();
    const later = await openSource({ url: server.url, readOnly: false });
    expect((await later.keyset?.look([]))?.open?.filter(({ detached }) => detached)).toEqual(found);
    const other = await connectTo(server.url);
    await other.query(`COMMIT PREPARED 'one'`);
    await other.end();
    expect((await later.keyset?.look([]))?.open).toEqual([]);
    await later.close();
  } finally {
    await server.stop();
  }
});

test('a transaction that reads is open since its first statement', async () => {
  const { database, reader } = await opened();
  const reading = await database.connect();
  clearing(() => reading.close());
  await reading.execute('BEGIN');
  await reading.execute('SELECT 1');
  const [one, ...others] = (await reader.look([])).open ?? [];
  expect(others).toEqual([]);
  expect(one?.since).toBeLessThanOrEqual(Date.now());
  expect(one?.since).toBeGreaterThan(Date.now() - DAY_MS);
  await reading.execute('ROLLBACK');
  expect((await reader.look([])).open).toEqual([]);
});

test('a role that does not see the transactions of others says what to grant', async () => {
  const database = await scratch('CREATE TABLE items (id integer PRIMARY KEY, at timestamptz)');
  const role = `keyset_${String(process.pid)}_${String(Date.now())}`;
  await database.execute(
    `CREATE ROLE "${role}" LOGIN PASSWORD 'secret'`,
    `GRANT SELECT ON items TO "${role}"`,
  );
  clearing(() => database.execute(`DROP OWNED BY "${role}"`, `DROP ROLE "${role}"`));
  const name = new URL(database.url).pathname.slice(1);
  const { reader } = await open(databaseUrl(name, { name: role, password: 'secret' }));
  expect((await reader.look([])).open).toBeNull();
  const { blind } = await reader.sight();
  const [, grant = ''] = /\((GRANT .*)\)/.exec(blind ?? '') ?? [];
  await database.execute(grant);
  expect((await reader.sight()).blind).toBeNull();
  expect((await reader.look([])).open).not.toBeNull();
});

test.each([
  ['date', 'timestamp', /days/],
  ['text', 'timestamp', /no times/],
  ['double precision', 'timestamp', /no times/],
  ['time', 'timestamp', /no times/],
  ['double precision', 'version', /no version/],
  ['numeric', 'version', /no version/],
  ['timestamptz', 'version', /no version/],
] as const)('a column of %s is refused as a %s', async (type, by, reason) => {
  const { reader, columnOf } = await opened(
    `CREATE TABLE items (id integer PRIMARY KEY, c ${type})`,
    'CREATE INDEX ON items (c)',
  );
  const { refusal } = await reader.assess(await columnOf('items', 'c', by), true);
  expect(refusal?.reason).toMatch(reason);
});

test.each([
  ['timestamp', 'timestamp'],
  ['timestamptz(0)', 'timestamp'],
  ['bigint', 'timestamp'],
  ['bigint', 'version'],
  ['numeric(30,0)', 'version'],
  ['xid8', 'version'],
  ['pg_lsn', 'version'],
] as const)('a column of %s is taken as a %s, and read', async (type, by) => {
  const { reader, columnOf } = await opened(
    `CREATE TABLE items (id integer PRIMARY KEY, c ${type})`,
    'CREATE INDEX ON items (c)',
  );
  const column = await columnOf('items', 'c', by);
  expect((await reader.assess(column, false)).refusal).toBeNull();
  const [page] = await reader.read([{ column, from: null, before: null, after: null }], 1);
  expect(page).toEqual({ rows: [], ended: true, after: null });
});

test('what a refused column without an index is told to do helps', async () => {
  const { database, reader, columnOf } = await opened(
    'CREATE TABLE "Odd items" (id integer PRIMARY KEY, "At" timestamptz)',
    'CREATE TABLE parts (id integer, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)',
    'CREATE INDEX ON "Odd items" ("At") WHERE id > 0',
    'CREATE INDEX ON "Odd items" (id, "At")',
  );
  for (const [table, name] of [
    ['"Odd items"', 'At'],
    ['parts', 'at'],
  ] as const) {
    const column = await columnOf(table.replaceAll('"', ''), name);
    const { refusal } = await reader.assess(column, false);
    const [, sql = ''] = /^(CREATE INDEX.*), or allowScan: true\.$/.exec(refusal?.remedy ?? '') ?? [];
    await database.execute(sql);
    expect((await reader.assess(column, false)).refusal).toBeNull();
  }
});

test('numbers that connections keep in stock are no versions', async () => {
  const { database, reader, columnOf } = await opened(
    'CREATE SEQUENCE stock CACHE 20',
    `CREATE TABLE items (id integer PRIMARY KEY, v bigint NOT NULL DEFAULT nextval('stock'))`,
    'CREATE TABLE counted (id integer PRIMARY KEY, v bigint GENERATED ALWAYS AS IDENTITY (CACHE 5))',
  );
  for (const table of ['items', 'counted']) {
    const column = await columnOf(table, 'v', 'version');
    const { refusal } = await reader.assess(column, true);
    expect(refusal?.reason).toMatch(/in stock/);
    const [sql = ''] = (refusal?.remedy ?? '').split(',');
    await database.execute(sql);
    expect((await reader.assess(column, true)).refusal).toBeNull();
  }
});

test('notices tell of rows without a value, of nobody who sets it, of zones and of the future', async () => {
  const { database, reader, columnOf } = await opened(
    'CREATE TABLE items (id integer PRIMARY KEY, at timestamp)',
    `INSERT INTO items VALUES (1, NULL), (2, NULL), (3, '2999-01-01')`,
  );
  const column = await columnOf('items', 'at');
  const { notices } = await reader.assess(column, true);
  expect(notices.map((notice) => notice.split(' ').slice(0, 4).join(' '))).toEqual([
    '2 rows without a',
    'No trigger sets at',
    'Column at has no',
    'Rows lie ahead of',
  ]);
  await database.execute(
    `CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at := now(); RETURN NEW; END $$`,
    'CREATE TRIGGER stamp BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION stamp()',
    'DELETE FROM items WHERE id = 3',
  );
  const fewer = (await reader.assess(column, true)).notices;
  expect(fewer.map((notice) => notice.split(' ').slice(0, 3).join(' '))).toEqual([
    '2 rows without',
    'Column at has',
  ]);
});

test('a time without a zone is passed over only once it is old in every zone', async () => {
  const { database, reader, columnOf } = await opened(
    'CREATE TABLE items (id integer PRIMARY KEY, at timestamp(0))',
    'CREATE INDEX ON items (at)',
  );
  const column = await columnOf('items', 'at');
  const overOf = async (age: string) => {
    await database.execute(
      'DELETE FROM items',
      `INSERT INTO items VALUES (1, date_trunc('second', now() AT TIME ZONE 'UTC') - interval '${age}')`,
    );
    return (await reader.look([column])).newest[0]?.over;
  };
  expect(await overOf('5 hours')).toBe(false);
  expect(await overOf('5 hours 45 minutes')).toBe(false);
  expect(await overOf('5 hours 10 seconds')).toBe(true);
  expect(await overOf('10 seconds')).toBe(true);
});

test('times that never end are not the newest, and those before all are read', async () => {
  const { reader, columnOf } = await opened(
    'CREATE TABLE items (id integer PRIMARY KEY, at timestamptz)',
    `INSERT INTO items VALUES (1, '-infinity'), (2, '2020-01-01 00:00:00.000001+00'), (3, 'infinity')`,
  );
  const column = await columnOf('items', 'at');
  const [page] = await reader.read([{ column, from: null, before: null, after: null }], 2);
  expect(page?.rows.map(({ identity, changedAt }) => [identity, changedAt])).toEqual([
    ['1', null],
    ['2', Date.UTC(2020, 0, 1)],
  ]);
  const rest = await reader.read([{ column, from: null, before: null, after: page?.after ?? null }], 2);
  expect(rest[0]?.rows.map(({ identity }) => identity)).toEqual(['3']);
  expect(await fromNewest(reader, column)).toEqual(['3']);
});

test.each([
  ['seconds', 1],
  ['milliseconds', 1_000],
  ['microseconds', 1_000_000],
] as const)('numbers of %s since 1970 are times', async (_unit, factor) => {
  const at = Math.floor(Date.now() / 1_000) - 60;
  const { reader, columnOf } = await opened(
    'CREATE TABLE items (id integer PRIMARY KEY, at bigint)',
    `INSERT INTO items VALUES (1, ${String(at * factor)}), (2, ${String((at + 3_600) * factor)})`,
  );
  const column = await columnOf('items', 'at');
  const [page] = await reader.read([{ column, from: null, before: null, after: null }], 10);
  expect(page?.rows.map(({ changedAt }) => changedAt)).toEqual([at * 1_000, (at + 3_600) * 1_000]);
  expect(await fromNewest(reader, column)).toEqual(['2']);
  const rowsFrom = async (time: number) => {
    const from = await reader.valueAt(column, time);
    return (await reader.read([{ column, from, before: null, after: null }], 10))[0]?.rows.length;
  };
  expect(await rowsFrom(at * 1_000)).toBe(2);
  expect(await rowsFrom(at * 1_000 + 10_000)).toBe(1);
});
