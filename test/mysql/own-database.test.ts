/** What is ours in a database of our own (`own-database` of the URL). */
import { expect, test } from '@jest/globals';
import { assertSameRows, replay } from '../../engine/contract/replay';
import { captureMysql } from '../support/mysql-captured';
import { describeEitherServer, select } from '../support/mysql';

describeEitherServer('A database of our own', (server) => {
  test('holds change tables and records, and the source nothing but triggers', async () => {
    const captured = await captureMysql(
      server(),
      [
        'CREATE TABLE parent (id INT PRIMARY KEY) ENGINE = InnoDB',
        `CREATE TABLE child (id INT PRIMARY KEY, parent INT,
           FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE) ENGINE = InnoDB`,
      ],
      { url: (url) => `${url}?own-database=${url.split('/').at(-1) ?? ''}_own` },
    );
    const { client, database, source, start, routes, end } = captured;
    const tables = `SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES
      WHERE TABLE_SCHEMA LIKE '${database.name}%' AND TABLE_NAME LIKE '\\_cdc\\_%'`;
    try {
      const all = await routes();
      await client.query('INSERT INTO parent VALUES (1)');
      await client.query('INSERT INTO child VALUES (1, 1), (2, 1)');
      await client.query('DELETE FROM parent');
      const { replica, chunks } = await replay(source, all, start, 100);
      expect(chunks[0]?.changes).toBe(6);
      await assertSameRows(source, all, replica);
      const held = await select(client, tables);
      expect(new Set(held.map(([schema]) => schema))).toEqual(new Set([`${database.name}_own`]));
      await client.query('TRUNCATE child');
      await expect(source.check(start, all)).rejects.toMatchObject({ code: 'CAPTURE_MISSING' });
      await source.uninstall('test');
      expect(await select(client, tables)).toEqual([]);
      expect(await select(client, 'SHOW TRIGGERS')).toEqual([]);
    } finally {
      await client.query(`DROP DATABASE IF EXISTS ${database.name}_own`);
      await end();
    }
  });
});
