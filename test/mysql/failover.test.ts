/** Another server in the place of the one that was read: nothing goes on until a person accepts it. */
import { expect, test } from '@jest/globals';
import { decodePosition, encodePosition } from '../../engine/adapters/mysql/capture/position';
import { assertSameRows, replay } from '../../engine/contract/replay';
import { captureMysql } from '../support/mysql-captured';
import { connectTo, describeOwnServer } from '../support/mysql';

const TABLE = 'CREATE TABLE items (id INT PRIMARY KEY, n INT) ENGINE = InnoDB';

describeOwnServer(
  'A source on another server',
  'mariadb',
  (server) => {
    test('stops, and once accepted goes on with nothing lost', async () => {
      const { database, client, source, start, routes } = await captureMysql(server().url, [TABLE]);
      const all = await routes();
      await client.query('INSERT INTO items VALUES (1, 1), (2, 2)');
      const { replica, chunks } = await replay(source, all, start, 10);
      const reached = chunks.at(-1)?.to ?? start;
      // The same data under another number is what a replica is that was promoted.
      await server().restart(['--server-id=8']);
      const again = await connectTo(database.url);
      await again.query('DELETE FROM items WHERE id = 1');
      await again.query('INSERT INTO items VALUES (3, 3)');
      await expect(source.check(reached, all)).rejects.toMatchObject({
        code: 'SOURCE_FAILED_OVER',
        retryable: false,
      });
      const adopted = await source.adopt(reached);
      expect(await source.adopt(adopted)).toBe(adopted);
      const after = await replay(source, all, adopted, 10, replica);
      expect(after.chunks[0]?.changes).toBe(2);
      await assertSameRows(source, all, replica);
      await again.end();
      await source.close();
    });

    test('is refused when it lacks what was read, whatever a person says', async () => {
      const { client, source, start, routes, end } = await captureMysql(server().url, [TABLE]);
      try {
        const all = await routes();
        await client.query('INSERT INTO items VALUES (1, 1)');
        const { chunks } = await replay(source, all, start, 10);
        const reached = decodePosition(chunks.at(-1)?.to ?? start);
        const ahead = encodePosition({
          ...reached,
          server: 'server_id 99',
          tables: new Map(
            [...reached.tables].map(([id, table]) => [id, { ...table, after: table.after + 100 }]),
          ),
        });
        await expect(source.check(ahead, all)).rejects.toMatchObject({ code: 'SOURCE_FAILED_OVER' });
        await expect(source.adopt(ahead)).rejects.toMatchObject({ code: 'SOURCE_WENT_BACK' });
      } finally {
        await end();
      }
    });
  },
  ['--server-id=7'],
);
