/** A result that is too large for memory stops coming, and does not run on beside what is asked next. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { mysqlAdapter } from '../../engine/adapters/mysql';
import { postgresAdapter } from '../../engine/adapters/postgres';
import { serverOf } from '../support/mysql';
import { openSide, type Family } from '../support/pair-sides';
import { rejection } from '../support/pipelines';
import { sharedServer } from '../support/postgres';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();

const MEGABYTE = 1024 * 1024;
const ROWS = 48;
/** Of each row. */
const SIZE = 2 * MEGABYTE;
/** What is on its way when a connection ends, in the buffers of three processes. */
const ON_THE_WAY = 24 * MEGABYTE;

/** Stands before a server, counts what it sends, and tells of the first client that is gone. */
async function openProxy(host: string, port: number) {
  let received = 0;
  const sockets = new Set<Socket>();
  // As the network does: who says good-bye may still be sent to.
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const there = connect({ port, host, allowHalfOpen: true });
    for (const socket of [client, there]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.pipe(there);
    there.on('data', (data) => (received += data.length));
    there.pipe(client);
    client.once('close', () => {
      there.destroy();
      server.emit('gone');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // What listens has an address with a port; a pipe would have a name.
  const address = server.address();
  return {
    port: isAddress(address) ? address.port : 0,
    received: () => received,
    gone: () => once(server, 'gone'),
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function isAddress(address: string | AddressInfo | null): address is AddressInfo {
  return address !== null && typeof address !== 'string';
}

const CASES = [
  {
    family: 'postgres',
    adapter: postgresAdapter,
    schema: 'public',
    rows: `INSERT INTO t SELECT n, repeat('x', ${SIZE}) FROM generate_series(1, ${ROWS}) n`,
  },
  {
    family: 'mariadb',
    adapter: mysqlAdapter,
    schema: null,
    rows: `INSERT INTO t SELECT seq, REPEAT('x', ${SIZE}) FROM seq_1_to_${ROWS}`,
  },
] as const;

test.each(CASES.filter(({ family }) => family === 'postgres' || serverOf(family).missing === undefined))(
  'from $family',
  async ({ family, adapter, schema, rows }) => {
    const servers: Partial<Record<Family, string>> =
      family === 'postgres' ? { postgres: sharedServer() } : { [family]: serverOf(family).url ?? '' };
    const side = await openSide(family, { folder, servers, name: 'large' });
    const url = new URL(side.url);
    const proxy = await openProxy(url.hostname, Number(url.port || (family === 'postgres' ? 5432 : 3306)));
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    try {
      await side.execute(
        `CREATE TABLE t (id INTEGER PRIMARY KEY, word ${family === 'postgres' ? 'text' : 'LONGTEXT'})`,
        rows,
      );
      const source = await adapter.openSource({ url: url.href, readOnly: false });
      try {
        const columns = ['id', 'word'];
        const range = { table: { schema, name: 't' }, columns, key: ['id'], after: null, upTo: null };
        const gone = proxy.gone();
        await rejection(source.scan({ ...range, limit: null, bytes: MEGABYTE }), 'CHUNK_TOO_LARGE');
        await gone;
        expect(proxy.received()).toBeLessThan(ON_THE_WAY);
        expect((await source.scan({ ...range, limit: 1, bytes: MEGABYTE })).rows).toHaveLength(1);
      } finally {
        await source.close();
      }
    } finally {
      proxy.close();
      await side.dispose();
    }
  },
);
