/** Reading by a column of MySQL and MariaDB: who may still write, what a column must be, and what helps where it is not. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { parseTransactions } from '../../engine/adapters/mysql/keyset/open';
import { openSource } from '../../engine/adapters/mysql/source/source';
import { routesOf } from '../../engine/contract/scene';
import type { KeysetColumn, KeysetReader, OpenTransaction } from '../../engine/model';
import {
  createScratchDatabase,
  describeOwnServer,
  describeEitherServer,
  select,
  type ScratchMysql,
} from '../support/mysql';

const clearing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const step of clearing.splice(0).reverse()) await step();
});

async function scratch(server: string, ...statements: readonly string[]): Promise<ScratchMysql> {
  const database = await createScratchDatabase(server);
  clearing.push(() => database.drop());
  const client = await database.connect();
  for (const sql of statements) await client.query(sql);
  return database;
}

interface Opened {
  readonly reader: KeysetReader;
  readonly columnOf: (table: string, column: string, by?: KeysetColumn['by']) => Promise<KeysetColumn>;
}

async function open(url: string): Promise<Opened> {
  const source = await openSource({ url, readOnly: false });
  clearing.push(() => source.close());
  const { keyset: reader } = source;
  if (reader === undefined) throw new Error('MySQL reads by columns');
  return {
    reader,
    async columnOf(table, column, by = 'timestamp') {
      const [route] = await routesOf(source, [{ name: table }]);
      if (route === undefined) throw new Error(`${table} is there`);
      return { route, column, by };
    },
  };
}

async function opened(server: string, ...statements: readonly string[]) {
  const database = await scratch(server, ...statements);
  return { database, ...(await open(database.url)) };
}

async function openNow(reader: KeysetReader): Promise<readonly OpenTransaction[]> {
  const { open: found } = await reader.look([]);
  if (found === null) throw new Error('the account sees what is open');
  return found;
}

/** Looks until there is one like this. */
async function untilOpen(
  reader: KeysetReader,
  isIt: (one: OpenTransaction) => boolean,
): Promise<OpenTransaction> {
  for (let round = 0; round < 100; round++) {
    const found = (await openNow(reader)).find(isIt);
    if (found !== undefined) return found;
    await sleep(20);
  }
  throw new Error('it did not show');
}

const ITEMS = 'CREATE TABLE items (id INT PRIMARY KEY, at TIMESTAMP(6) NULL, INDEX (at)) ENGINE = InnoDB';

describeEitherServer('Reading by a column', (server) => {
  test('a statement that waits for a table is open before it is in a transaction', async () => {
    const { database, reader } = await opened(server(), ITEMS);
    const [holder, altering, writing] = [
      await database.connect(),
      await database.connect(),
      await database.connect(),
    ];
    // Where something fails, what they hold must not keep the database from being dropped.
    clearing.push(() => {
      for (const each of [holder, altering, writing]) each.destroy();
      return Promise.resolve();
    });
    await holder.query('START TRANSACTION');
    await holder.query('SELECT * FROM items');
    const alter = altering.query('ALTER TABLE items ADD COLUMN more INT');
    await untilOpen(reader, ({ id }) => id === `run:${String(altering.threadId)}`);
    const before = Date.now();
    await writing.query('START TRANSACTION');
    const write = writing.query('INSERT INTO items (id, at) VALUES (1, NOW(6))');
    const run = `run:${String(writing.threadId)}`;
    await untilOpen(reader, ({ id }) => id === run);
    await sleep(1_200);
    const waiting = await untilOpen(reader, ({ id }) => id === run);
    expect(waiting.since).toBeLessThanOrEqual(before);
    await holder.query('COMMIT');
    await write;
    const held = await untilOpen(reader, ({ formerly }) => formerly === run);
    expect(held.detached).toBe(false);
    // The thread rests a moment after it has answered.
    await sleep(100);
    expect((await openNow(reader)).some(({ id }) => id === run)).toBe(false);
    expect((await openNow(reader)).some(({ id }) => id === held.id)).toBe(true);
    await writing.query('COMMIT');
    // Whichever of the two goes first.
    await alter;
    expect((await openNow(reader)).some(({ id }) => id === held.id)).toBe(false);
  });

  test('a transaction prepared in two steps keeps its name when its connection has left it', async () => {
    const { database, reader } = await opened(server(), ITEMS);
    const client = await database.connect();
    const xid = `'${database.name}'`;
    await client.query(`XA START ${xid}`);
    await client.query('INSERT INTO items (id) VALUES (1)');
    const run = `run:${String(client.threadId)}`;
    const attached = await untilOpen(reader, ({ formerly }) => formerly === run);
    expect(attached.detached).toBe(false);
    await client.query(`XA END ${xid}`);
    // MySQL lets go of it here already, MariaDB when the connection ends.
    await client.query(`XA PREPARE ${xid}`);
    client.destroy();
    const left = await untilOpen(reader, ({ id, detached }) => id === attached.id && detached);
    expect(left.since).toBeNull();
    const other = await database.connect();
    await other.query(`XA COMMIT ${xid}`);
    expect((await openNow(reader)).some(({ id }) => id === attached.id)).toBe(false);
  });

  test('a transaction that only reads is open, or is told not to be seen', async () => {
    const { database, reader } = await opened(server(), ITEMS);
    const client = await database.connect();
    await client.query('START TRANSACTION');
    await client.query('SELECT * FROM items');
    const run = `run:${String(client.threadId)}`;
    if ((await reader.sight()).condition.includes('first one')) {
      const found = await untilOpen(reader, ({ formerly }) => formerly === run);
      expect(found.since).toBeLessThanOrEqual(Date.now());
    }
    await client.query('ROLLBACK');
    expect((await openNow(reader)).some(({ formerly }) => formerly === run)).toBe(false);
  });

  test('an account that does not see the transactions of others says what to grant', async () => {
    const database = await scratch(server(), ITEMS);
    const client = await database.connect();
    const user = `${database.name}_u`.slice(0, 32);
    await client.query(`CREATE USER '${user}'@'%' IDENTIFIED BY 's3cret-word'`);
    clearing.push(() => client.query(`DROP USER '${user}'@'%'`));
    await client.query(`GRANT SELECT ON ${database.name}.* TO '${user}'@'%'`);
    const url = database.url.replace(/\/\/[^@/]*@/, `//${user}:s3cret-word@`);
    const { reader } = await open(url);
    expect((await reader.look([])).open).toBeNull();
    const [, grant = ''] = /\((GRANT .*)\)/.exec((await reader.sight()).blind ?? '') ?? [];
    await client.query(grant);
    const again = await open(url);
    expect((await again.reader.sight()).blind).toBeNull();
    expect((await again.reader.look([])).open).not.toBeNull();
  });

  test.each([
    ['DATE', 'timestamp', /days/],
    ['TIME', 'timestamp', /no times/],
    ['VARCHAR(30)', 'timestamp', /no times/],
    ['DOUBLE', 'timestamp', /no times/],
    ['YEAR', 'timestamp', /no times/],
    ['DOUBLE', 'version', /no version/],
    ['DECIMAL(10,2)', 'version', /no version/],
    ['BIT(8)', 'version', /no version/],
    ['DATETIME', 'version', /no version/],
  ] as const)('a column of %s is refused as a %s', async (type, by, reason) => {
    const { reader, columnOf } = await opened(
      server(),
      `CREATE TABLE items (id INT PRIMARY KEY, c ${type}, INDEX (c)) ENGINE = InnoDB`,
    );
    const { refusal } = await reader.assess(await columnOf('items', 'c', by), true);
    expect(refusal?.reason).toMatch(reason);
  });

  test('what a refused column without an index is told to do helps', async () => {
    const { database, reader, columnOf } = await opened(
      server(),
      'CREATE TABLE `Odd items` (id INT, `At` DATETIME(6), PRIMARY KEY (id), INDEX (id, `At`)) ENGINE = InnoDB',
    );
    const column = await columnOf('Odd items', 'At');
    const { refusal } = await reader.assess(column, false);
    const [, sql = ''] = /^(CREATE INDEX.*), or allowScan: true\.$/.exec(refusal?.remedy ?? '') ?? [];
    await (await database.connect()).query(sql);
    expect((await reader.assess(column, false)).refusal).toBeNull();
  });

  test('notices tell of rows without a value, of nobody who sets it, of zones and of the future', async () => {
    const { database, reader, columnOf } = await opened(
      server(),
      'CREATE TABLE items (id INT PRIMARY KEY, at DATETIME NULL) ENGINE = InnoDB',
      `INSERT INTO items VALUES (1, NULL), (2, NULL), (3, '2999-01-01')`,
    );
    const column = await columnOf('items', 'at');
    const { notices } = await reader.assess(column, true);
    expect(notices.map((notice) => notice.split(' ').slice(0, 4).join(' '))).toEqual([
      '2 rows without a',
      'Neither ON UPDATE CURRENT_TIMESTAMP',
      'Column at has no',
      'Rows lie ahead of',
    ]);
    const client = await database.connect();
    await client.query('DELETE FROM items');
    await client.query('ALTER TABLE items MODIFY at TIMESTAMP NOT NULL DEFAULT NOW() ON UPDATE NOW()');
    expect((await reader.assess(await columnOf('items', 'at'), true)).notices).toEqual([]);
  });

  test('a time without a zone is passed over only once it is old in every zone', async () => {
    const { database, reader, columnOf } = await opened(
      server(),
      'CREATE TABLE items (id INT PRIMARY KEY, at DATETIME, INDEX (at)) ENGINE = InnoDB',
    );
    const column = await columnOf('items', 'at');
    const client = await database.connect();
    const overOf = async (seconds: number) => {
      await client.query('DELETE FROM items');
      await client.query(
        `INSERT INTO items VALUES (1, UTC_TIMESTAMP() - INTERVAL ${String(seconds)} SECOND)`,
      );
      return (await reader.look([column])).newest[0]?.over;
    };
    expect(await overOf(5 * 3_600)).toBe(false);
    expect(await overOf(5 * 3_600 + 45 * 60)).toBe(false);
    expect(await overOf(5 * 3_600 + 10)).toBe(true);
    expect(await overOf(10)).toBe(true);
  });

  test.each(['TIMESTAMP(6)', 'TIMESTAMP', 'DATETIME(3)'])('rows are paged by %s', async (type) => {
    const { reader, columnOf } = await opened(
      server(),
      `CREATE TABLE items (id INT PRIMARY KEY, at ${type} NULL, INDEX (at)) ENGINE = InnoDB`,
      `INSERT INTO items VALUES (3, '2020-01-01 00:00:00.123456'), (1, '2020-01-01 00:00:00.123456'),
         (2, '2020-01-01 00:00:01.5'), (4, NULL)`,
    );
    const column = await columnOf('items', 'at');
    const keys: string[] = [];
    let page = (await reader.read([{ column, from: null, before: null, after: null }], 1))[0];
    while (page !== undefined && page.rows.length > 0) {
      keys.push(...page.rows.map(({ identity }) => identity));
      page = (await reader.read([{ column, from: null, before: null, after: page.after }], 1))[0];
    }
    expect(keys).toEqual(['1', '3', '2']);
    const [newest = null] = (await reader.look([column])).newest;
    const from = newest === null ? null : { value: newest.value, inclusive: true };
    const range = { column, from, before: null, after: null };
    expect((await reader.read([range], 5))[0]?.rows.map(({ identity }) => identity)).toEqual(['2']);
  });

  test.each([
    ['seconds', 1],
    ['milliseconds', 1_000],
    ['microseconds', 1_000_000],
  ] as const)('numbers of %s since 1970 are times', async (_unit, factor) => {
    const at = Math.floor(Date.now() / 1_000) - 60;
    const { reader, columnOf } = await opened(
      server(),
      'CREATE TABLE items (id INT PRIMARY KEY, at BIGINT) ENGINE = InnoDB',
      `INSERT INTO items VALUES (1, ${String(at * factor)}), (2, ${String((at + 3_600) * factor)})`,
    );
    const column = await columnOf('items', 'at');
    const [page] = await reader.read([{ column, from: null, before: null, after: null }], 10);
    expect(page?.rows.map(({ changedAt }) => changedAt)).toEqual([at * 1_000, (at + 3_600) * 1_000]);
    const [newest = null] = (await reader.look([column])).newest;
    const above = newest === null ? null : { value: newest.value, inclusive: false };
    const rest = await reader.read([{ column, from: above, before: null, after: null }], 10);
    expect(rest[0]?.rows.map(({ identity }) => identity)).toEqual(['2']);
    const rowsFrom = async (time: number) => {
      const from = await reader.valueAt(column, time);
      return (await reader.read([{ column, from, before: null, after: null }], 10))[0]?.rows.length;
    };
    expect(await rowsFrom(at * 1_000)).toBe(2);
    expect(await rowsFrom(at * 1_000 + 10_000)).toBe(1);
  });
});

describeOwnServer('Reading by a column of a server that was killed', 'mariadb', (server) => {
  test('a prepared transaction is still told, as one whose beginning nobody knows', async () => {
    const database = await createScratchDatabase(server().url);
    const client = await database.connect();
    await client.query(ITEMS);
    await client.query(`XA START 'one'`);
    await client.query('INSERT INTO items (id) VALUES (1)');
    await client.query(`XA END 'one'`);
    await client.query(`XA PREPARE 'one'`);
    await server().crash();
    const { reader } = await open(database.url);
    expect((await openNow(reader)).filter(({ detached }) => detached)).toEqual([
      { id: expect.stringMatching(/^x:\d+$/), since: null, formerly: null, detached: true },
    ]);
    const other = await database.connect();
    expect(await select(other, 'SELECT * FROM items')).toEqual([]);
    await other.query(`XA COMMIT 'one'`);
    expect((await openNow(reader)).filter(({ detached }) => detached)).toEqual([]);
  });
});

describe('The text of the status', () => {
  const AT = 1_000_000;

  test('tells what has begun, and when at the earliest', () => {
    const text = `LIST OF TRANSACTIONS FOR EACH SESSION:
---TRANSACTION 421, not started
MySQL thread id 7, OS thread handle 1, query id 2 localhost root
---TRANSACTION 500, ACTIVE 3 sec
1 lock struct(s), heap size 1128, 0 row lock(s), undo log entries 1
MySQL thread id 8, OS thread handle 1, query id 3 localhost root
---TRANSACTION 281479 , odd
---TRANSACTION 422000000000000, ACTIVE 0 sec
MySQL thread id 9, OS thread handle 1, query id 3 localhost root
---TRANSACTION (0x7f0a), ACTIVE 61 sec fetching rows
MariaDB thread id 10, OS thread handle 1, query id 3 localhost root
---TRANSACTION 510, ACTIVE (PREPARED) 9 sec recovered trx
1 lock struct(s), heap size 1128, 0 row lock(s), undo log entries 1
---TRANSACTION 511, ACTIVE 1 sec
MySQL thread id 11, OS thread handle 1, query id 3 localhost root
--------
FILE I/O
--------
`;
    expect(parseTransactions(text, 11, AT)).toEqual([
      { id: 'x:500', since: AT - 4_000, formerly: 'run:8', detached: false },
      { id: `r:9:${String(AT - 1_000)}`, since: AT - 1_000, formerly: 'run:9', detached: false },
      { id: `r:10:${String(AT - 62_000)}`, since: AT - 62_000, formerly: 'run:10', detached: false },
      { id: 'x:510', since: null, formerly: null, detached: true },
    ]);
  });

  test('says nothing where it was cut short', () => {
    expect(parseTransactions('LIST OF TRANSACTIONS\n... truncated...\n', 1, AT)).toBeNull();
    expect(parseTransactions('', 1, AT)).toBeNull();
  });
});
