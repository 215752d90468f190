/** What fires a trigger and did not happen, and what an application's session brings along. */
import { expect, test } from '@jest/globals';
import { assertSameRows, currentRows, replay } from '../../engine/contract/replay';
import { captureMysql } from '../support/mysql-captured';
import { describeEitherServer, select } from '../support/mysql';

const SETUP = [
  'CREATE TABLE teams (id INT PRIMARY KEY) ENGINE = InnoDB',
  `CREATE TABLE people (id INT AUTO_INCREMENT PRIMARY KEY, email VARCHAR(20) UNIQUE, team INT, note VARCHAR(20),
     FOREIGN KEY (team) REFERENCES teams (id)) ENGINE = InnoDB`,
  'INSERT INTO teams VALUES (1), (2)',
  `INSERT INTO people VALUES (1, 'a', 1, ''), (2, 'b', 1, ''), (3, 'c', NULL, '')`,
];

/** MariaDB fires the triggers of rows that such an update leaves alone. */
const IGNORED: readonly (readonly [what: string, sql: string])[] = [
  ['a key that is taken', 'UPDATE IGNORE people SET id = 2 WHERE id = 1'],
  ['a unique value that is taken', `UPDATE IGNORE people SET email = 'b', note = 'x' WHERE id = 1`],
  ['a reference to nothing', `UPDATE IGNORE people SET team = 99, note = 'x' WHERE id = 1`],
  ['a key that others reference', 'UPDATE IGNORE teams SET id = 7 WHERE id = 1'],
  ['keys that move among each other', 'UPDATE IGNORE people SET id = id + 1'],
  ['a key that is taken, in a join', 'UPDATE IGNORE people JOIN teams ON team = teams.id SET people.id = 2'],
];

describeEitherServer('A statement of the application', (server) => {
  test.each(IGNORED)('that gives up %s leaves rows as they are', async (_, sql) => {
    const { client, source, start, routes, end } = await captureMysql(server(), SETUP);
    try {
      const all = await routes();
      const replica = await currentRows(source, all);
      await client.query(sql);
      await client.query(`UPDATE people SET note = CONCAT(note, '!')`);
      for (const limit of [1, 100]) {
        const copy = new Map([...replica].map(([table, rows]) => [table, new Map(rows)]));
        await replay(source, all, start, limit, copy);
        await assertSameRows(source, all, copy);
      }
    } finally {
      await end();
    }
  });

  test('that meets an index made after capture began is read again until the triggers know it', async () => {
    const { client, source, start, routes, install, end } = await captureMysql(server(), SETUP);
    try {
      const all = await routes();
      const replica = await currentRows(source, all);
      await client.query(`UPDATE people SET note = id`);
      await client.query('ALTER TABLE people ADD UNIQUE (note)');
      await client.query(`UPDATE IGNORE people SET note = '2' WHERE id = 1`);
      await install();
      await replay(source, all, start, 100, replica);
      await assertSameRows(source, all, replica);
    } finally {
      await end();
    }
  });

  test('gets the numbers of its own table, not those of the change table', async () => {
    const { client, end } = await captureMysql(server(), SETUP);
    try {
      for (let n = 0; n < 5; n++) await client.query('UPDATE people SET note = CONCAT(note, id)');
      const [result] = await client.query(`INSERT INTO people (email) VALUES ('new')`);
      expect(result).toMatchObject({ insertId: 4, affectedRows: 1 });
      expect(await select(client, 'SELECT LAST_INSERT_ID()')).toEqual([['4']]);
      const [other] = await client.query('INSERT INTO teams VALUES (5)');
      expect(other).toMatchObject({ insertId: 0 });
    } finally {
      await end();
    }
  });

  test('in a session of another charset, zone and mode is captured as it is', async () => {
    const { client, source, start, routes, end } = await captureMysql(server(), [
      `CREATE TABLE words (id INT PRIMARY KEY, latin VARCHAR(20) CHARACTER SET latin1, wide VARCHAR(20) CHARACTER SET utf8mb4,
         at TIMESTAMP(3) NULL, day DATETIME NULL) ENGINE = InnoDB`,
    ]);
    try {
      const all = await routes();
      await client.query(`SET NAMES latin1`);
      await client.query(`SET time_zone = '+05:30', sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'`);
      await client.query(
        `INSERT INTO words VALUES (1, X'E9', CONVERT(X'F09F9880' USING utf8mb4), '2026-03-29 02:30:00.5', '2026-03-29 02:30:00')`,
      );
      const { replica } = await replay(source, all, start, 100);
      await assertSameRows(source, all, replica);
      expect([...(replica.get('words')?.values() ?? [])]).toEqual([
        [1n, 'é', '😀', '2026-03-28 21:00:00.500+00', '2026-03-29 02:30:00'],
      ]);
    } finally {
      await end();
    }
  });
});
