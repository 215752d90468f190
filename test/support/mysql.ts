/** Databases and connections on a server of MySQL or MariaDB. */
import { randomBytes } from 'node:crypto';
import { createConnection, type Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { serverSource, type Flavour } from './mysql-server';

/** A suite on both servers; what there is none of is skipped by name, with the line that would enable it. */
export function describeServers(
  name: string,
  suite: (server: () => string, flavour: Flavour) => void,
  settings: readonly string[] = [],
): void {
  for (const flavour of ['mariadb', 'mysql'] as const) {
    const source = serverSource(flavour, settings);
    const title = `${name} on ${flavour === 'mysql' ? 'MySQL' : 'MariaDB'}`;
    if (source.missing !== '') {
      // A suite needs a test to be skipped by.
      describe.skip(`${title} (${source.missing})`, () => suite(() => '', flavour));
      continue;
    }
    describe(title, () => {
      let server = { url: '', stop: (): Promise<void> => Promise.resolve() };
      beforeAll(async () => {
        server = await source.start();
      });
      afterAll(async () => {
        await server.stop();
      });
      suite(() => server.url, flavour);
    });
  }
}

export interface ScratchMysql {
  readonly name: string;
  readonly url: string;
  /** Another connection, closed with the database. */
  connect(): Promise<Connection>;
  drop(): Promise<void>;
}

/** A connection that reads values as the server writes them. */
export async function connectTo(url: string): Promise<Connection> {
  const client = await createConnection({
    uri: url,
    charset: 'utf8mb4',
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
  });
  client.on('error', () => undefined);
  return client;
}

/** Rows as text, in the order of the columns. */
export async function select(
  client: Connection,
  sql: string,
): Promise<readonly (readonly (string | null)[])[]> {
  const [rows]: readonly unknown[] = await client.query({ sql, rowsAsArray: true });
  if (!Array.isArray(rows)) return [];
  return rows
    .filter((row): row is readonly (string | number | null)[] => Array.isArray(row))
    .map((row) => row.map((field) => (field === null ? null : String(field))));
}

/** A fresh database that nobody else uses. `server`: a URL without a database. */
export async function createScratchDatabase(server: string): Promise<ScratchMysql> {
  const name = `cdc_test_${randomBytes(6).toString('hex')}`;
  const url = `${server.replace(/\/$/, '')}/${name}`;
  const main = await connectTo(server);
  await main.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  const open: Connection[] = [];
  return {
    name,
    url,
    async connect() {
      const client = await connectTo(url);
      open.push(client);
      return client;
    },
    async drop() {
      for (const client of open) client.destroy();
      await main.query(`DROP DATABASE IF EXISTS ${name}`);
      await main.end();
    },
  };
}
