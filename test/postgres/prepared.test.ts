/** Two-phase commits, on a server of the test's own: the usual settings allow none. */
import { expect, test } from '@jest/globals';
import { openSource } from '../../engine/adapters/postgres/source/source';
import { assertSameRows, replay } from '../../engine/contract/replay';
import { connectTo } from '../support/postgres';
import { routesOf } from '../support/postgres-captured';
import { startServer } from '../support/postgres-server';

test('a prepared transaction is read once it is committed, whatever was read meanwhile', async () => {
  const server = await startServer({ max_prepared_transactions: '10' });
  // Without the server's programs there is nothing that could be tested.
  if (server === null) return;
  try {
    const client = await connectTo(server.url);
    await client.query(`CREATE TABLE items (id integer PRIMARY KEY, n integer)`);
    const source = await openSource({ url: server.url, readOnly: false });
    const tables = await source.tables();
    const { position } = await source.install(tables, {
      uuid: 'u',
      name: 'n',
      now: Date.now(),
      reset: false,
    });
    const routes = await routesOf(source, ['items']);
    await client.query(`BEGIN; INSERT INTO items VALUES (1, 1); PREPARE TRANSACTION 'one'`);
    await client.query(`BEGIN; INSERT INTO items VALUES (2, 2); PREPARE TRANSACTION 'two'`);
    await client.query(`INSERT INTO items VALUES (3, 3)`);
    const early = await replay(source, routes, position, 10);
    expect(early.chunks.map((chunk) => chunk.changes)).toEqual([1]);
    await client.query(`COMMIT PREPARED 'two'`);
    await client.query(`ROLLBACK PREPARED 'one'`);
    const late = await replay(source, routes, early.to, 10, early.replica);
    expect(late.chunks.map((chunk) => chunk.changes)).toEqual([1]);
    await assertSameRows(source, routes, late.replica);
    await source.close();
    await client.end();
  } finally {
    await server.stop();
  }
});
