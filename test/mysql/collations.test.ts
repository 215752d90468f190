/** Keys that a collation takes for equal though they are spelled otherwise: each arrives as it is spelled. */
import { expect, test } from '@jest/globals';
import { openSource } from '../../engine/adapters/mysql/source/source';
import { openTarget } from '../../engine/adapters/mysql/target/target';
import { openSource as openPostgresSource } from '../../engine/adapters/postgres/source/source';
import { openTarget as openPostgresTarget } from '../../engine/adapters/postgres/target/target';
import { openSource as openSqliteSource } from '../../engine/adapters/sqlite/source/source';
import { openTarget as openSqliteTarget } from '../../engine/adapters/sqlite/target/target';
import type { Source, Target } from '../../engine/model';
import { createScratchDatabase, describeServerPairs, describeEitherServer, select } from '../support/mysql';
import { capture, moving } from '../support/mysql-pair';
import {
  connectTo,
  createScratchDatabase as createPostgres,
  select as selectPostgres,
} from '../support/postgres';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();

/** What an application runs, and the hexadecimal digits of the keys that are there in the end. */
const SPELLINGS = (table: string, padded: boolean): readonly string[] => [
  `UPDATE ${table} SET k = 'A' WHERE k = 'a'`,
  `UPDATE ${table} SET k = 'b ', v = 1 WHERE k = 'b'`,
  `UPDATE ${table} SET k = 'Ö' WHERE k = 'ö'`,
  `DELETE FROM ${table} WHERE k = 'c'`,
  `INSERT INTO ${table} VALUES ('C', 2)`,
  `UPDATE ${table} SET k = 'D' WHERE k = 'd'`,
  `UPDATE ${table} SET k = 'd' WHERE k = 'D'`,
  `REPLACE INTO ${table} VALUES ('E', 3)`,
  `INSERT INTO ${table} VALUES ('f', 4) ON DUPLICATE KEY UPDATE k = 'F', v = 5`,
  ...(padded ? [] : [`INSERT INTO ${table} VALUES ('b', 6), ('b  ', 7)`]),
];

const FIRST = `('a', 0), ('b', 0), ('ö', 0), ('c', 0), ('d', 0), ('e', 0), ('f', 0), ('g', 0)`;

interface Spelled {
  readonly table: string;
  /** Of the key; empty for the server's default. */
  readonly collation: string;
  readonly padded: boolean;
}

const TABLES: Readonly<Record<'mysql' | 'mariadb', readonly Spelled[]>> = {
  mysql: [
    { table: 'by_default', collation: '', padded: false },
    { table: 'padded', collation: 'utf8mb4_unicode_ci', padded: true },
    { table: 'padded_bytes', collation: 'utf8mb4_bin', padded: true },
    { table: 'spanish', collation: 'utf8mb4_es_0900_ai_ci', padded: false },
    { table: 'latin', collation: 'latin1_swedish_ci', padded: true },
  ],
  mariadb: [
    { table: 'by_default', collation: '', padded: true },
    { table: 'padded', collation: 'utf8mb4_unicode_ci', padded: true },
    { table: 'padded_bytes', collation: 'utf8mb4_bin', padded: true },
    { table: 'nopad', collation: 'utf8mb4_unicode_nopad_ci', padded: false },
    { table: 'unicode_14', collation: 'utf8mb4_uca1400_ai_ci', padded: true },
    { table: 'latin', collation: 'latin1_swedish_nopad_ci', padded: false },
  ],
};

function tableSql({ table, collation }: Spelled): readonly string[] {
  const key = `VARCHAR(40) ${collation === '' ? '' : `CHARACTER SET ${collation.replace(/_.*/, '')} COLLATE ${collation}`}`;
  return [
    `CREATE TABLE ${table} (k ${key} NOT NULL PRIMARY KEY, v INT, note VARCHAR(20) ${collation === '' ? '' : `COLLATE ${collation}`.replace(/.*latin.*/, '')}) ENGINE = InnoDB`,
    `INSERT INTO ${table} (k, v) VALUES ${FIRST}`,
  ];
}

/** The statements name two columns. */
function twoColumns(sql: string, table: string): string {
  return sql.replace(`INTO ${table} VALUES`, `INTO ${table} (k, v) VALUES`);
}

const HEX = (table: string): string => `SELECT HEX(CONVERT(k USING utf8mb4)), v FROM ${table} ORDER BY 1`;

async function play(
  spelled: readonly Spelled[],
  server: string,
  target: Target,
  rowsOf: (table: string) => Promise<readonly (readonly (string | null)[])[]>,
  sameFamily: boolean,
): Promise<readonly string[]> {
  const database = await createScratchDatabase(server);
  const client = await database.connect();
  const source = await openSource({ url: database.url, readOnly: false });
  try {
    for (const one of spelled) for (const sql of tableSql(one)) await client.query(sql);
    const { start, routes } = await capture(source, sameFamily);
    const { step, copy, notices } = await moving(source, target, start, routes);
    await copy(5, false);
    const compare = async (): Promise<void> => {
      for (const { table } of spelled)
        expect([table, await rowsOf(table)]).toEqual([table, await select(client, HEX(table))]);
    };
    await compare();
    for (const { table, padded } of spelled) {
      for (const sql of SPELLINGS(table, padded)) await client.query(twoColumns(sql, table));
    }
    await step(9);
    await compare();
    // All at once, and back.
    for (const { table } of spelled) {
      await client.query(`UPDATE ${table} SET k = LOWER(k) WHERE k LIKE 'a%' OR k LIKE 'd%' OR k = 'g'`);
      await client.query(`UPDATE ${table} SET k = UPPER(k) WHERE k = 'g'`);
      await client.query(`UPDATE ${table} SET k = 'a ' WHERE k = 'a'`);
    }
    await step(100);
    await compare();
    // What nobody has told the target is found out by a copy.
    await copy(5, true);
    await compare();
    return notices.map(({ message }) => message);
  } finally {
    await source.close();
    await database.drop();
  }
}

describeServerPairs('Keys that are equal and spelled otherwise', (from, to, source, target) => {
  test('arrive as they are spelled', async () => {
    const there = await createScratchDatabase(to());
    const client = await there.connect();
    const open = await openTarget({ url: there.url, readOnly: false, create: false });
    try {
      const notices = await play(TABLES[source], from(), open, (table) => select(client, HEX(table)), true);
      expect(notices.length > 0).toBe(source !== target);
      const collations = await select(
        client,
        `SELECT TABLE_NAME, COLLATION_NAME FROM information_schema.COLUMNS
         WHERE TABLE_SCHEMA = DATABASE() AND COLUMN_NAME = 'k' AND TABLE_NAME IN ('padded', 'unicode_14', 'spanish')`,
      );
      for (const [table, collation] of collations) {
        const own = TABLES[source].find((one) => one.table === table)?.collation;
        const bytes = target === 'mysql' ? 'utf8mb4_0900_bin' : 'utf8mb4_nopad_bin';
        expect(collation).toBe(table === 'padded' || source === target ? own : bytes);
      }
    } finally {
      await open.close();
      await there.drop();
    }
  });

  test('go to no table that takes more of them for one, and to one that tells them apart by bytes', async () => {
    const here = await createScratchDatabase(from());
    const there = await createScratchDatabase(to());
    const client = await there.connect();
    const own = await openSource({ url: here.url, readOnly: false });
    const open = await openTarget({ url: there.url, readOnly: false, create: false });
    try {
      const app = await here.connect();
      await app.query(
        'CREATE TABLE words (k VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY) ENGINE = InnoDB',
      );
      const { start, routes } = await capture(own, true);
      const make = async (collation: string): Promise<void> => {
        await client.query('DROP TABLE IF EXISTS words');
        await client.query(
          `CREATE TABLE words (k VARCHAR(20) CHARACTER SET utf8mb4 COLLATE ${collation} PRIMARY KEY)`,
        );
      };
      await make('utf8mb4_general_ci');
      await expect(moving(own, open, start, routes)).rejects.toMatchObject({
        code: 'TARGET_TABLE_MISMATCH',
        column: 'k',
      });
      await make(target === 'mysql' ? 'utf8mb4_0900_bin' : 'utf8mb4_nopad_bin');
      await moving(own, open, start, routes);
    } finally {
      await Promise.all([own.close(), open.close()]);
      await Promise.all([here.drop(), there.drop()]);
    }
  });
});

describeEitherServer('Keys that are equal and spelled otherwise', (server, flavour) => {
  test('arrive in SQLite as they are spelled', async () => {
    const there = folder.database('there.db');
    const target = await openSqliteTarget({ url: folder.url('there.db'), readOnly: false, create: false });
    try {
      const rows = (table: string): Promise<readonly (readonly (string | null)[])[]> =>
        Promise.resolve(
          there
            .prepare(`SELECT hex(k), CAST(v AS TEXT) FROM ${table} ORDER BY 1`)
            .raw()
            .all()
            .map((row) => (Array.isArray(row) ? row.map(String) : [])),
        );
      await play(TABLES[flavour], server(), target, rows, false);
    } finally {
      await target.close();
    }
  });

  test('arrive in PostgreSQL as they are spelled', async () => {
    const there = await createPostgres();
    const client = await connectTo(there.url);
    const target = await openPostgresTarget({ url: there.url, readOnly: false, create: false });
    try {
      const rows = (table: string): Promise<readonly (readonly (string | null)[])[]> =>
        selectPostgres(
          client,
          `SELECT upper(encode(convert_to(k, 'UTF8'), 'hex')) COLLATE "C", v FROM ${table} ORDER BY 1`,
        );
      await play(TABLES[flavour], server(), target, rows, false);
    } finally {
      await target.close();
      await client.end();
      await there.drop();
    }
  });

  const KEYS = `('a', 1), ('A', 2), ('a ', 3), ('ä', 4), ('a  ', 5), ('', 6), (' ', 7)`;
  const CHANGES = [
    `DELETE FROM words WHERE k = 'a'`,
    `UPDATE words SET k = 'Ö' WHERE k = 'ö'`,
    `UPDATE words SET v = 9 WHERE k = 'a '`,
    `INSERT INTO words VALUES ('Z', 1), ('z', 2), ('z ', 3)`,
    `UPDATE words SET k = 'a' WHERE k = 'a  '`,
  ];

  const fromElsewhere = async (
    source: Source,
    execute: (sql: string) => Promise<unknown>,
    rows: () => Promise<readonly (readonly (string | null)[])[]>,
  ): Promise<void> => {
    const there = await createScratchDatabase(server());
    const client = await there.connect();
    const target = await openTarget({ url: there.url, readOnly: false, create: false });
    const found = () => select(client, HEX('words'));
    try {
      await execute(`INSERT INTO words VALUES ${KEYS}`);
      const { start, routes } = await capture(source, false);
      const { step, copy } = await moving(source, target, start, routes);
      await copy(2, true);
      expect(await found()).toEqual(await rows());
      for (const sql of CHANGES) await execute(sql);
      await step(1);
      expect(await found()).toEqual(await rows());
      // A table that was made by hand, which takes keys for one that the source tells apart.
      const make = async (collation: string): Promise<void> => {
        await client.query('DROP TABLE words');
        await client.query(
          `CREATE TABLE words (k VARCHAR(60) CHARACTER SET utf8mb4 COLLATE ${collation} PRIMARY KEY, v INT) ENGINE = InnoDB`,
        );
      };
      await make('utf8mb4_general_ci');
      await expect(moving(source, target, start, routes)).rejects.toMatchObject({
        code: 'TARGET_TABLE_MISMATCH',
      });
      await make('utf8mb4_bin');
      const again = await moving(source, target, start, routes);
      await expect(again.copy(100, true)).rejects.toMatchObject({ code: 'TYPE_MISMATCH', column: 'k' });
      expect(await found()).toEqual([]);
    } finally {
      await target.close();
      await there.drop();
    }
  };

  test('come from SQLite, where they are not equal', async () => {
    const app = folder.database('shop.db', 'CREATE TABLE words (k VARCHAR(60) NOT NULL PRIMARY KEY, v INT)');
    const source = await openSqliteSource({ url: folder.url('shop.db'), readOnly: false });
    try {
      await fromElsewhere(
        source,
        (sql) => Promise.resolve(app.exec(sql)),
        () =>
          Promise.resolve(
            app
              .prepare('SELECT hex(k), CAST(v AS TEXT) FROM words ORDER BY 1')
              .raw()
              .all()
              .map((row) => (Array.isArray(row) ? row.map(String) : [])),
          ),
      );
    } finally {
      await source.close();
    }
  });

  test('come from PostgreSQL, where they are not equal', async () => {
    const here = await createPostgres();
    const app = await connectTo(here.url);
    await app.query('CREATE TABLE words (k varchar(60) PRIMARY KEY, v int)');
    const source = await openPostgresSource({ url: here.url, readOnly: false });
    try {
      await fromElsewhere(
        source,
        (sql) => app.query(sql),
        () =>
          selectPostgres(
            app,
            `SELECT upper(encode(convert_to(k, 'UTF8'), 'hex')) COLLATE "C", v FROM words ORDER BY 1`,
          ),
      );
    } finally {
      await source.close();
      await app.end();
      await here.drop();
    }
  });
});
