/** A captured table that changes under its triggers: no write of the application fails, and the reader is told. */
import { expect, test } from '@jest/globals';
import { assertSameRows, currentRows, replay } from '../../engine/contract/replay';
import { isCdcError } from '../../engine/errors';
import { captureMysql, type CapturedMysql } from '../support/mysql-captured';
import { describeEitherServer } from '../support/mysql';

const SETUP = [
  'CREATE TABLE items (id INT PRIMARY KEY, name VARCHAR(10), n INT NOT NULL) ENGINE = InnoDB',
  `INSERT INTO items VALUES (1, 'one', 1), (2, 'two', 2)`,
];

/** What is done to the table, what the application then writes, and which column the reader names. */
const DRIFTS: readonly (readonly [
  what: string,
  ddl: string,
  writes: readonly string[],
  column: string | null,
])[] = [
  [
    'gets a column',
    'ADD COLUMN extra INT',
    [`INSERT INTO items (id, name, n, extra) VALUES (3, 'x', 3, 3)`],
    'extra',
  ],
  [
    'loses a column',
    'DROP COLUMN name',
    ['UPDATE items SET n = 9 WHERE id = 1', 'DELETE FROM items WHERE id = 2'],
    'name',
  ],
  ['has a column renamed', 'CHANGE name title VARCHAR(10)', [`UPDATE items SET title = 'z'`], 'name'],
  ['has a number widened', 'MODIFY n BIGINT NOT NULL', ['UPDATE items SET n = 9223372036854775807'], 'n'],
  ['has a text lengthened', 'MODIFY name VARCHAR(200)', [`UPDATE items SET name = REPEAT('x', 200)`], 'name'],
  ['has a number made a text', 'MODIFY n VARCHAR(20) NOT NULL', [`UPDATE items SET n = 'not a number'`], 'n'],
  [
    'has its key widened',
    'MODIFY id BIGINT',
    ['INSERT INTO items VALUES (9223372036854775807, NULL, 1)'],
    'id',
  ],
  [
    'has its key renamed',
    'CHANGE id number INT',
    ['UPDATE items SET n = 5', 'DELETE FROM items WHERE number = 1'],
    'id',
  ],
];

async function failure(work: Promise<unknown>): Promise<{ code: string; column: string | null }> {
  try {
    await work;
  } catch (error) {
    if (isCdcError(error)) return { code: error.code, column: error.column };
    throw error;
  }
  return { code: 'none', column: null };
}

describeEitherServer('A captured table', (server) => {
  const within = async (
    setup: readonly string[],
    work: (captured: CapturedMysql) => Promise<void>,
  ): Promise<void> => {
    const captured = await captureMysql(server(), setup);
    try {
      await work(captured);
    } finally {
      await captured.end();
    }
  };

  test.each(DRIFTS)('that %s lets every write through, and is named', (_, ddl, writes, column) =>
    within(SETUP, async ({ client, source, start, routes, install }) => {
      const before = await routes();
      await client.query(`ALTER TABLE items ${ddl}`);
      for (const sql of writes) await client.query(sql);
      expect(await failure(source.check(start, before))).toEqual({ code: 'SOURCE_SCHEMA_CHANGED', column });
      await install();
      const now = await routes();
      const from = await source.head();
      await client.query('DELETE FROM items LIMIT 1');
      const { chunks } = await replay(source, now, from, 10);
      expect(chunks[0]?.changes).toBe(1);
    }),
  );

  test('whose column was changed and changed back has lost nothing: rows are read again by their key', () =>
    within(SETUP, async ({ client, source, start, routes }) => {
      const all = await routes();
      const [route] = all;
      if (route === undefined) throw new Error('There is a table');
      const replica = await currentRows(source, all);
      await client.query('ALTER TABLE items CHANGE name title VARCHAR(10), ALGORITHM = INSTANT');
      await client.query(`UPDATE items SET title = 'new', id = id + 10 WHERE id = 1`);
      await client.query(`INSERT INTO items VALUES (3, 'three', 3)`);
      await client.query('DELETE FROM items WHERE id = 2');
      await client.query('ALTER TABLE items CHANGE title name VARCHAR(10), ALGORITHM = INSTANT');
      const changes = await source.changes({
        route,
        after: null,
        afterId: null,
        appliedUpTo: null,
        limit: 10,
        newest: false,
      });
      expect(changes.map(({ op }) => op)).toEqual(['touch', 'touch', 'touch']);
      await replay(source, all, start, 100, replica);
      await assertSameRows(source, all, replica);
    }));

  test('whose change table was dropped takes writes, and has a hole', () =>
    within(SETUP, async ({ client, source, start, routes }) => {
      const all = await routes();
      await client.query('DROP TABLE _cdc_changes_items');
      await client.query('UPDATE items SET n = 7');
      expect((await failure(source.check(start, all))).code).toBe('CAPTURE_MISSING');
    }));

  test.each([
    ['was truncated', ['TRUNCATE items']],
    ['was truncated and written again', ['TRUNCATE items', `INSERT INTO items VALUES (1, 'one', 1)`]],
    // Its rows are all there, as after the next one some are, and nothing tells the two apart.
    ['was copied', ['OPTIMIZE TABLE items']],
    [
      'was exchanged with a partition that has some of its keys',
      [
        'CREATE TABLE parts LIKE items',
        'ALTER TABLE parts PARTITION BY HASH (id) PARTITIONS 1',
        `INSERT INTO parts SELECT * FROM items LIMIT 1`,
        'ALTER TABLE parts EXCHANGE PARTITION p0 WITH TABLE items',
      ],
    ],
    ['has its change table truncated', ['UPDATE items SET n = 8', 'TRUNCATE _cdc_changes_items']],
    [
      'was swapped by an online schema change',
      [
        'CREATE TABLE items_new LIKE items',
        'INSERT INTO items_new SELECT * FROM items',
        'RENAME TABLE items TO items_old, items_new TO items',
      ],
    ],
  ])('that %s is CAPTURE_MISSING until capture is made whole', (_, statements) =>
    within(SETUP, async ({ client, source, start, routes, install }) => {
      const all = await routes('items');
      for (const sql of statements) await client.query(sql);
      expect((await failure(source.check(start, all))).code).toBe('CAPTURE_MISSING');
      await install('items');
      expect((await failure(source.check(start, all))).code).toBe('CAPTURE_MISSING');
      await source.check(await source.head(), await routes('items'));
    }),
  );

  test.each([
    ['dropped', 'DROP PARTITION low'],
    ['truncated', 'TRUNCATE PARTITION low'],
    ['exchanged', 'EXCHANGE PARTITION low WITH TABLE other'],
  ])('that had a partition %s is CAPTURE_MISSING', (_, what) =>
    within(
      [
        `CREATE TABLE parts (id INT PRIMARY KEY, n INT) PARTITION BY RANGE (id)
           (PARTITION low VALUES LESS THAN (10), PARTITION high VALUES LESS THAN MAXVALUE)`,
        'INSERT INTO parts VALUES (1, 1), (20, 20)',
        'CREATE TABLE other (id INT PRIMARY KEY, n INT)',
      ],
      async ({ client, source, start, routes }) => {
        const all = await routes('parts');
        await client.query(`ALTER TABLE parts ${what}`);
        expect((await failure(source.check(start, all))).code).toBe('CAPTURE_MISSING');
      },
    ),
  );

  test('with dates and defaults that a strict server refuses is captured as it is', () =>
    within(
      [
        `SET sql_mode = ''`,
        "CREATE TABLE lax (id INT PRIMARY KEY, d DATE, e ENUM('a','b'), t TIMESTAMP NULL)",
      ],
      async ({ client, source, start, routes }) => {
        const all = await routes();
        await client.query(
          `INSERT INTO lax VALUES (0, '0000-00-00', 'none', NULL), (2, '2026-02-31', 'b', NULL)`,
        );
        const { replica } = await replay(source, all, start, 100);
        await assertSameRows(source, all, replica);
      },
    ));
});
