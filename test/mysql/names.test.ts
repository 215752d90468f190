/** Names that have to be quoted, are as long as names can be, or are the same but for their case; columns that are not seen. */
import { expect, test } from '@jest/globals';
import { openSource } from '../../engine/adapters/mysql/source/source';
import { openTarget } from '../../engine/adapters/mysql/target/target';
import type { Source, Target } from '../../engine/model';
import { createScratchDatabase, describeEitherServer, select, type ScratchMysql } from '../support/mysql';
import { capture, moving, type Moving } from '../support/mysql-pair';
import type { Connection } from 'mysql2/promise';

interface Both {
  readonly here: ScratchMysql;
  readonly there: ScratchMysql;
  /** Of the application, on the source. */
  readonly app: Connection;
  /** On the target. */
  readonly client: Connection;
  readonly source: Source;
  readonly target: Target;
  readonly start: () => Promise<Moving>;
}

async function withBoth(
  [from, to]: readonly [string, string],
  setup: readonly string[],
  work: (both: Both) => Promise<void>,
  url: (url: string, name: string) => string = (text) => text,
): Promise<void> {
  const [here, there] = [await createScratchDatabase(from), await createScratchDatabase(to)];
  const [app, client] = [await here.connect(), await there.connect()];
  const source = await openSource({ url: url(here.url, here.name), readOnly: false });
  const target = await openTarget({ url: url(there.url, there.name), readOnly: false, create: false });
  const start = async (): Promise<Moving> => {
    const captured = await capture(source, true);
    const moved = await moving(source, target, captured.start, captured.routes);
    await moved.copy(2, true);
    return moved;
  };
  try {
    for (const sql of setup) await app.query(sql);
    await work({ here, there, app, client, source, target, start });
  } finally {
    await Promise.all([source.close(), target.close()]);
    for (const name of [here.name, there.name]) await app.query(`DROP DATABASE IF EXISTS ${name}_own`);
    await Promise.all([here.drop(), there.drop()]);
  }
}

function quote(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

async function expectSame({ app, client }: Both, tables: readonly string[], columns = '*'): Promise<void> {
  for (const table of tables) {
    const sql = `SELECT ${columns} FROM ${quote(table)} ORDER BY 1`;
    expect([table, await select(client, sql)]).toEqual([table, await select(app, sql)]);
  }
}

const LONG = 'n'.repeat(64);
const TABLES = [
  'order',
  'two words',
  'a.b',
  "apo's",
  'back`tick',
  'quo"te',
  'ünï ✓',
  'per%cent_',
  LONG,
  'back\\slash',
];

describeEitherServer('Names', (server) => {
  test('of tables and columns may hold whatever the server allows', () =>
    withBoth(
      [server(), server()],
      TABLES.flatMap((table, place) => {
        const key = place % 2 === 0 ? LONG : 'k\'`".';
        return [
          `CREATE TABLE ${quote(table)} (${quote(key)} INT PRIMARY KEY, ${quote(`${'ü'.repeat(63)}x`)} INT,
             ${quote('select')} VARCHAR(20), ${quote('old_')} INT, UNIQUE ${quote(`u ${place}`)} (${quote('old_')})) ENGINE = InnoDB`,
          `CREATE TABLE ${quote(`c${place} ${table}`.slice(0, 64))} (${quote('a?b')} INT PRIMARY KEY, ${quote('p`')} INT,
             CONSTRAINT fk${place} FOREIGN KEY (${quote('p`')}) REFERENCES ${quote(table)} (${quote(key)}) ON DELETE CASCADE) ENGINE = InnoDB`,
          `INSERT INTO ${quote(table)} VALUES (1, 1, 'one', 1), (2, 2, 'two', 2), (3, 3, 'three', 3)`,
          `INSERT INTO ${quote(`c${place} ${table}`.slice(0, 64))} VALUES (1, 1), (2, 2)`,
        ];
      }),
      async (both) => {
        const { app, source, start } = both;
        const { step } = await start();
        for (const table of TABLES) {
          await app.query(`UPDATE ${quote(table)} SET ${quote('select')} = 'x', old_ = 9 WHERE old_ = 2`);
          await app.query(`DELETE FROM ${quote(table)} WHERE old_ = 1`);
          await app.query(`INSERT INTO ${quote(table)} VALUES (5, 5, 'five', 5)`);
        }
        await step(11);
        const all = (await source.tables()).map(({ name }) => name.name);
        expect(all).toHaveLength(2 * TABLES.length);
        await expectSame(both, all);
        await source.uninstall('test');
        expect(await select(app, 'SHOW TRIGGERS')).toEqual([]);
      },
    ));

  test('that differ in their case alone are those of different tables where the server tells them apart', () =>
    withBoth(
      [server(), server()],
      [
        'CREATE TABLE items (id INT PRIMARY KEY, n INT) ENGINE = InnoDB',
        'CREATE TABLE ITEMS (ID INT PRIMARY KEY, n INT) ENGINE = InnoDB',
      ],
      async (both) => {
        const { step } = await both.start();
        await both.app.query('INSERT INTO items VALUES (1, 1)');
        await both.app.query('INSERT INTO ITEMS VALUES (1, 2)');
        await step(10);
        await expectSame(both, ['items', 'ITEMS']);
      },
    ));
});

describeEitherServer('A target with a database of our own', (server) => {
  test('has nothing but rows in the database itself, and leaves nothing in ours', () =>
    withBoth(
      [server(), server()],
      [
        'CREATE TABLE items (id VARCHAR(10) PRIMARY KEY, n INT) ENGINE = InnoDB',
        `INSERT INTO items VALUES ('a', 1), ('b', 2), ('c', 3)`,
      ],
      async (both) => {
        const { app, there, target, start } = both;
        const { step, copy } = await start();
        await app.query(`UPDATE items SET id = 'A', n = 5 WHERE id = 'a'`);
        await step(10);
        await app.query('SET FOREIGN_KEY_CHECKS = 1');
        await copy(1, true);
        await expectSame(both, ['items']);
        const tables = (name: string): Promise<readonly (readonly (string | null)[])[]> =>
          select(app, `SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = '${name}'`);
        expect(await tables(there.name)).toEqual([['items']]);
        expect((await tables(`${there.name}_own`)).length).toBeGreaterThan(3);
        await target.uninstall('test');
      },
      (url, name) => `${url}?own-database=${name}_own`,
    ));
});

describeEitherServer('Columns', (server, flavour) => {
  test('that are computed stay the database’s own, and those that are invisible are replicated', () =>
    withBoth(
      [server(), server()],
      [
        `CREATE TABLE items (id INT PRIMARY KEY, n INT NOT NULL, twice INT AS (n * 2) STORED, thrice INT AS (n * 3) VIRTUAL,
           hidden VARCHAR(20) ${flavour === 'mysql' ? `DEFAULT 'h' INVISIBLE` : `INVISIBLE DEFAULT 'h'`}, UNIQUE (twice)) ENGINE = InnoDB`,
        'INSERT INTO items (id, n) VALUES (1, 1), (2, 2), (3, 3)',
      ],
      async (both) => {
        const { app, client, start } = both;
        const { step } = await start();
        await app.query(`UPDATE items SET hidden = 'seen', n = 7 WHERE id = 1`);
        await app.query(`INSERT INTO items (id, n, hidden) VALUES (4, 4, NULL)`);
        await app.query(`DELETE FROM items WHERE id = 2`);
        await step(10);
        await expectSame(both, ['items'], 'id, n, hidden');
        const made = await select(client, 'SHOW COLUMNS FROM items');
        expect(made.map(([name]) => name)).toEqual(['id', 'n', 'hidden']);
      },
    ));

  if (flavour === 'mysql') {
    test('that a key needs and nobody sees are a key all the same', async () => {
      await withBoth(
        [server(), server()],
        [
          'SET SESSION sql_generate_invisible_primary_key = 1',
          'CREATE TABLE items (n INT)',
          'INSERT INTO items VALUES (1), (1), (2)',
        ],
        async (both) => {
          const { step } = await both.start();
          await both.app.query('UPDATE items SET n = 3 WHERE n = 1 LIMIT 1');
          await step(10);
          await expectSame(both, ['items'], 'my_row_id, n');
        },
      );
    });
  }
});

describeEitherServer('A table that can’t take part', (server) => {
  test('is refused with the way out', () =>
    withBoth(
      [server(), server()],
      [
        'CREATE TABLE items (id INT PRIMARY KEY) ENGINE = InnoDB',
        'CREATE TABLE keyless (a INT) ENGINE = InnoDB',
      ],
      async ({ client, source, start }) => {
        await client.query('CREATE TABLE items (id INT PRIMARY KEY) ENGINE = MyISAM');
        await expect(start()).rejects.toMatchObject({
          code: 'TARGET_TABLE_MISMATCH',
          hint: 'ALTER TABLE `items` ENGINE = InnoDB;',
        });
        const keyless = (await source.tables()).find(({ name }) => name.name === 'keyless');
        expect(keyless?.refusal).toMatchObject({
          code: 'KEY_MISSING',
          remedy: expect.stringContaining('primary key') as unknown,
        });
      },
    ));
});

describeEitherServer(
  'A server that folds names',
  (server) => {
    test('captures tables and takes them, however a person spells their names and the database’s', () =>
      withBoth(
        [server(), server()],
        [
          'CREATE TABLE Items (Id INT PRIMARY KEY, n INT) ENGINE = InnoDB',
          'CREATE TABLE Parts (Id INT PRIMARY KEY, FOREIGN KEY (Id) REFERENCES Items (Id) ON DELETE CASCADE) ENGINE = InnoDB',
          'INSERT INTO ITEMS VALUES (1, 1), (2, 2)',
          'INSERT INTO PARTS VALUES (1), (2)',
        ],
        async (both) => {
          const { app, source, start } = both;
          const { step } = await start();
          expect((await source.tables()).map(({ name }) => name.name)).toEqual(['items', 'parts']);
          await app.query('DELETE FROM Items WHERE Id = 2');
          await app.query('UPDATE Items SET n = 3');
          await app.query('INSERT INTO iTems VALUES (3, 3)');
          await step(1);
          await expectSame(both, ['items', 'parts']);
          await app.query('TRUNCATE PARTS');
          await expect(step(1)).rejects.toMatchObject({ code: 'CAPTURE_MISSING' });
        },
        (url) => url.replace('/cdc_test_', '/CDC_test_'),
      ));

    test('takes tables whose names have capital letters elsewhere', async () => {
      const shared = process.env['CDC_TEST_MARIADB_URL'] ?? '';
      await withBoth(
        [shared, server()],
        [
          'CREATE TABLE Items (Id INT PRIMARY KEY, n INT) ENGINE = InnoDB',
          'INSERT INTO Items VALUES (1, 1), (2, 2)',
        ],
        async (both) => {
          const { app, client, target, start } = both;
          const { step } = await start();
          await app.query('UPDATE Items SET n = 3');
          await step(1);
          await expectSame(both, ['Items']);
          expect((await target.tables()).map(({ name }) => name.name)).toEqual(['items']);
          expect(await select(client, 'SHOW TABLES')).toContainEqual(['items']);
        },
      );
    });
  },
  ['--lower-case-table-names=1'],
);
