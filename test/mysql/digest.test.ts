/** A digest of rows tells apart whatever a comparison of the rows would, and nothing else. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Connection } from 'mysql2/promise';
import { describeTuple } from '../../engine/contract/replay';
import { openSource } from '../../engine/adapters/mysql/source/source';
import type { Source } from '../../engine';
import {
  createScratchDatabase,
  describeServerPairs,
  describeEitherServer,
  select,
  type ScratchMysql,
} from '../support/mysql';
import { mysqlTypeSamples } from '../support/mysql-types';

const COLUMNS = ['id', 'v', 'w'];
const ALL = {
  table: { schema: null, name: 't' },
  columns: COLUMNS,
  key: ['id'],
  after: null,
  upTo: null,
  limit: null,
};

/** Values that differ by little, or that would be taken for one another where values are only put side by side. */
const CLOSE: Readonly<Record<string, readonly string[]>> = {
  DOUBLE: ['0.1e0', '0.10000000000000002e0', '0.30000000000000004e0', '0.3e0', '0e0', '-0e0'],
  FLOAT: ['1.1', '1.1000001', '1.1000002', '16777216', '16777218', '0e0', '-0e0'],
  'DOUBLE(10,3)': ['1.5', '1.501'],
  'INT(7) UNSIGNED ZEROFILL': ['5', '50'],
  'DECIMAL(8,3) ZEROFILL': ['1.5', '1.05'],
  'VARCHAR(20)': [`'N'`, `''`, `' '`, `'N,N'`, `'1:N'`, `'a'`, `'A'`, `'a '`, `'1'`, `'1,1:2'`],
  'VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci': [`'é'`, `'É'`, `'e'`],
  'CHAR(5) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci': [`'a'`, `'A'`, `'á'`],
  'VARBINARY(20)': [`''`, `X'00'`, `X'0000'`, `'N'`, `X'ff'`, `X'fe'`],
  BLOB: [`X'ff'`, `X'fe'`, `X'efbfbd'`],
  'DATETIME(6)': [`'2026-01-02 03:04:05'`, `'2026-01-02 03:04:05.000001'`],
  'TIME(3)': [`'-00:00:01'`, `'00:00:01'`, `'00:00:01.001'`],
  DATE: [`'2026-01-02'`, `'2026-01-03'`],
};

describeEitherServer('Digests', (server, flavour) => {
  let database: ScratchMysql;
  let client: Connection;
  let source: Source;
  beforeAll(async () => {
    database = await createScratchDatabase(server());
    client = await connectLoosely(database);
    source = await openSource({ url: database.url, readOnly: true });
  });
  afterAll(async () => {
    await source.close();
    await database.drop();
  });
  beforeEach(async () => {
    await client.query('DROP TABLE IF EXISTS t');
  });

  const make = (declaration: string) =>
    client.query(
      `CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v ${declaration} NULL, w VARCHAR(20)) ENGINE = InnoDB`,
    );
  const replaceWith = async (values: string): Promise<void> => {
    await client.query('DELETE FROM t');
    await client.query(`INSERT INTO t VALUES (${values})`);
  };

  const samples = mysqlTypeSamples(flavour).map(
    ({ declaration, literals }) => [declaration, literals] as const,
  );
  test.each([...samples, ...Object.entries(CLOSE)])(
    'of rows with %s are the same for the same rows alone',
    async (declaration, literals) => {
      await make(declaration);
      const rows = new Map<string, string>();
      for (const literal of [...literals, 'NULL', ...literals]) {
        for (const next of ['NULL', `'3'`]) {
          await replaceWith(`1, ${literal}, ${next}`);
          const { digest, ...rest } = await digestOf(source);
          expect(rest).toEqual({ rows: 1, cursor: null });
          const { rows: scanned } = await source.scan(ALL);
          const row = scanned.map((entry) => describeTuple(entry.row)).join();
          expect(rows.get(row) ?? digest).toBe(digest);
          rows.set(row, digest);
        }
      }
      expect(new Set(rows.values()).size).toBe(rows.size);
    },
  );

  test('of rows whose values only look the same side by side are others', async () => {
    await make('VARCHAR(20)');
    const digests = new Set<string>();
    const pairs = [
      `'1', '2,1:3'`,
      `'1,1:2', '3'`,
      `'', NULL`,
      `NULL, ''`,
      `'N', NULL`,
      `NULL, 'N'`,
      `NULL, NULL`,
    ];
    for (const pair of pairs) {
      await replaceWith(`1, ${pair}`);
      digests.add((await digestOf(source)).digest);
    }
    expect(digests.size).toBe(pairs.length);
  });

  test('of a row that is too long for the server are like no other', async () => {
    const [[longest] = []] = await select(client, 'SELECT @@max_allowed_packet');
    // A server of which one takes very long values takes long to store one.
    if (Number(longest) > 32 * 1024 * 1024) return;
    await make('LONGTEXT');
    await replaceWith(`1, REPEAT('x', @@max_allowed_packet), 'a'`);
    const [one, other] = [await digestOf(source), await digestOf(source)];
    expect([one.rows, other.rows]).toEqual([1, 1]);
    expect(one.digest).not.toBe(other.digest);
  });

  test('of the first rows tell where these end, in the order of the key', async () => {
    await make('INT');
    await client.query(`INSERT INTO t VALUES (3, 3, 'w'), (1, 1, 'w'), (2, 2, 'w')`);
    const first = await source.digest?.({ ...ALL, limit: 2 });
    expect(first?.rows).toBe(2);
    const cursor = first?.cursor ?? null;
    expect(cursor).toBe(source.cursorOf([2n]));
    const rest = { ...ALL, after: cursor, limit: 2 };
    expect(await source.digest?.({ ...ALL, upTo: cursor })).toEqual({ ...first, cursor: null });
    expect(await source.digest?.(rest)).toMatchObject({ rows: 1, cursor: null });
    const none = { ...ALL, after: source.cursorOf([3n]) };
    expect(await source.digest?.(none)).toMatchObject({ rows: 0, cursor: null });
  });
});

describeServerPairs('Digests', (from, to, source, target) => {
  test('are the same on servers of one kind, and never the same for other rows', async () => {
    const common = mysqlTypeSamples(source).filter(({ declaration }) =>
      mysqlTypeSamples(target).some((sample) => sample.declaration === declaration),
    );
    const columns = common.map(({ declaration }, place) => `c${String(place)} ${declaration} NULL`);
    const rows = [0, 1, 2, 3].map((row) =>
      [String(row), ...common.map(({ literals }) => literals[row] ?? 'NULL'), `'w'`].join(', '),
    );
    const request = { ...ALL, columns: ['id', 'w', ...common.map((_, place) => `c${String(place)}`)] };
    const clients: Connection[] = [];
    const ends: (() => Promise<unknown>)[] = [];
    const digests: (() => Promise<string | undefined>)[] = [];
    try {
      for (const server of [from(), to()]) {
        const database = await createScratchDatabase(server);
        ends.push(() => database.drop());
        const client = await connectLoosely(database);
        clients.push(client);
        await client.query(
          `CREATE TABLE t (id INT NOT NULL PRIMARY KEY, ${columns.join(', ')}, w VARCHAR(20)) ENGINE = InnoDB`,
        );
        await client.query(`INSERT INTO t VALUES ${rows.map((row) => `(${row})`).join(', ')}`);
        const side = await openSource({ url: database.url, readOnly: true });
        ends.push(() => side.close());
        digests.push(async () => (await side.digest?.(request))?.digest);
      }
      const [here, there] = digests;
      const [one, other] = [await here?.(), await there?.()];
      expect(one).toBeDefined();
      if (source === target) expect(other).toBe(one);
      await clients[1]?.query(`UPDATE t SET w = 'W' WHERE id = 0`);
      expect(await there?.()).not.toBe(one);
    } finally {
      for (const end of ends.reverse()) await end();
    }
  });
});

/** A connection that stores what the server takes, with a warning. */
async function connectLoosely(database: ScratchMysql): Promise<Connection> {
  const client = await database.connect();
  await client.query(`SET sql_mode = ''`);
  return client;
}

async function digestOf(source: Source) {
  const found = await source.digest?.(ALL);
  if (found === undefined) throw new Error('the source makes no digests');
  return found;
}
