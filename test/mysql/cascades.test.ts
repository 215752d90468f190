/** Rows that foreign keys delete or change, which fire no trigger of theirs. */
import { expect, test } from '@jest/globals';
import { assertSameRows, currentRows, replay } from '../../engine/contract/replay';
import { captureMysql } from '../support/mysql-captured';
import { describeServers } from '../support/mysql';

const FAMILY = [
  'CREATE TABLE grand (id INT PRIMARY KEY, code VARCHAR(10) NOT NULL UNIQUE) ENGINE = InnoDB',
  `CREATE TABLE parent (id INT PRIMARY KEY, grand INT,
     FOREIGN KEY (grand) REFERENCES grand (id) ON DELETE CASCADE ON UPDATE CASCADE) ENGINE = InnoDB`,
  `CREATE TABLE child (id INT PRIMARY KEY, parent INT, code VARCHAR(10),
     FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE ON UPDATE SET NULL,
     FOREIGN KEY (code) REFERENCES grand (code) ON DELETE SET NULL ON UPDATE CASCADE) ENGINE = InnoDB`,
  `CREATE TABLE owned (grand INT NOT NULL, n INT NOT NULL, PRIMARY KEY (grand, n),
     FOREIGN KEY (grand) REFERENCES grand (id) ON DELETE CASCADE ON UPDATE CASCADE) ENGINE = InnoDB`,
  `CREATE TABLE staff (id INT PRIMARY KEY, boss INT,
     FOREIGN KEY (boss) REFERENCES staff (id) ON DELETE SET NULL) ENGINE = InnoDB`,
  `INSERT INTO grand VALUES (1, 'a'), (2, 'b'), (3, 'c')`,
  'INSERT INTO parent VALUES (1, 1), (2, 1), (3, 2), (4, NULL)',
  `INSERT INTO child VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c'), (4, 4, NULL), (5, NULL, 'a')`,
  'INSERT INTO owned VALUES (1, 1), (1, 2), (2, 1)',
  'INSERT INTO staff VALUES (1, NULL), (2, 1), (3, 1), (4, 2)',
];

const STATEMENTS: readonly (readonly [what: string, sql: readonly string[]])[] = [
  ['deleted two levels down', ['DELETE FROM grand WHERE id = 1']],
  ['deleted all at once', ['DELETE FROM grand']],
  ['set to NULL', [`DELETE FROM grand WHERE code = 'c'`]],
  ['set to NULL in the table itself', ['DELETE FROM staff WHERE id = 1']],
  ['set to NULL by another key', ['UPDATE parent SET id = 30 WHERE id = 3']],
  ['given another key of their own', ['UPDATE grand SET id = 10 WHERE id = 1']],
  ['given another text', [`UPDATE grand SET code = 'z' WHERE code = 'a'`]],
  ['deleted by REPLACE', [`REPLACE INTO grand VALUES (1, 'new')`]],
  ['left alone without foreign key checks', ['SET foreign_key_checks = 0', 'DELETE FROM grand WHERE id = 1']],
];

describeServers('Rows that foreign keys change', (server) => {
  test.each(STATEMENTS)('are captured when they are %s', async (_, statements) => {
    const { client, source, start, routes, end } = await captureMysql(server(), FAMILY);
    try {
      const all = await routes();
      expect(all.map(({ id }) => id)).toEqual(['child', 'grand', 'owned', 'parent', 'staff']);
      for (const limit of [1, 100]) {
        const replica = await currentRows(source, all);
        const from = limit === 1 ? start : await source.head();
        if (limit === 1) for (const sql of statements) await client.query(sql);
        await replay(source, all, from, limit, replica);
        await assertSameRows(source, all, replica);
      }
    } finally {
      await end();
    }
  });

  test('are captured when their own table alone is replicated', async () => {
    const { client, source, start, routes, end } = await captureMysql(server(), FAMILY, {
      tables: ['child'],
    });
    try {
      const all = await routes('child');
      const replica = await currentRows(source, all);
      await client.query('DELETE FROM grand WHERE id = 1');
      await replay(source, all, start, 100, replica);
      await assertSameRows(source, all, replica);
      await client.query('DROP TRIGGER _cdc_cascade_delete_grand');
      await expect(source.check(start, all)).rejects.toMatchObject({ code: 'CAPTURE_MISSING' });
    } finally {
      await end();
    }
  });

  test('are shown with their values before', async () => {
    const { client, source, routes, end } = await captureMysql(server(), FAMILY);
    try {
      const [child] = await routes('child');
      if (child === undefined) throw new Error('There is a table of children');
      await client.query('DELETE FROM grand WHERE id = 1');
      const changes = await source.changes({
        route: child,
        after: null,
        afterId: null,
        appliedUpTo: null,
        limit: 10,
        newest: false,
      });
      expect(changes.filter(({ op }) => op === 'delete').map(({ before }) => before)).toContainEqual({
        id: 2n,
        parent: 2n,
        code: 'b',
      });
    } finally {
      await end();
    }
  });
});

for (const mode of [1, 2]) {
  describeServers(
    `Rows that foreign keys delete while others write them, innodb_autoinc_lock_mode=${mode},`,
    (server) => {
      test('end as they stand', async () => {
        const { database, source, start, routes, end } = await captureMysql(server(), [
          'CREATE TABLE mother (id INT PRIMARY KEY) ENGINE = InnoDB',
          `CREATE TABLE son (id INT PRIMARY KEY, mother INT NOT NULL, n INT NOT NULL,
             FOREIGN KEY (mother) REFERENCES mother (id) ON DELETE CASCADE) ENGINE = InnoDB`,
        ]);
        try {
          const all = await routes();
          const until = Date.now() + 3_000;
          const work = async (seed: number): Promise<void> => {
            const client = await database.connect();
            for (let n = seed; Date.now() < until; n = (n * 31 + 7) % 10_007) {
              const mother = n % 4;
              const sql = [
                `INSERT IGNORE INTO mother VALUES (${mother})`,
                `INSERT IGNORE INTO son SELECT ${mother} * 100 + ${n % 20}, id, 0 FROM mother WHERE id = ${mother}`,
                `UPDATE son SET n = n + 1 WHERE mother = ${mother}`,
                `DELETE FROM mother WHERE id = ${mother}`,
                `UPDATE son SET n = n + 1 WHERE id = ${mother * 100 + (n % 20)}`,
              ][n % 5];
              // Writers may end each other by a deadlock, and by nothing else.
              await client.query(sql ?? 'DO 0').catch((error: unknown) => {
                expect(error).toMatchObject({ errno: 1213 });
              });
            }
          };
          await Promise.all([1, 2, 3, 4].map(work));
          const { replica } = await replay(source, all, start, 500);
          await assertSameRows(source, all, replica);
        } finally {
          await end();
        }
      });
    },
    [`--innodb-autoinc-lock-mode=${mode}`],
  );
}
