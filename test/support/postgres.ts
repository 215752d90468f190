/** The PostgreSQL server of the tests: TEST_POSTGRES_URL, or the one on this machine under the user's own name. */
import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { Client } from 'pg';

function serverUrl(): URL {
  const given = process.env['TEST_POSTGRES_URL'];
  return new URL(given ?? `postgres://${encodeURIComponent(userInfo().username)}@127.0.0.1:5432/postgres`);
}

/** The URL of a database on that server. */
export function databaseUrl(
  name: string,
  user?: { readonly name: string; readonly password: string },
): string {
  const url = serverUrl();
  url.pathname = `/${encodeURIComponent(name)}`;
  if (user !== undefined) {
    url.username = user.name;
    url.password = user.password;
  }
  return url.href;
}

/** A connection of an application: everything is read as text. */
export async function connectTo(url: string): Promise<Client> {
  const client = new Client({
    connectionString: url,
    types: { getTypeParser: () => (text: string | Buffer) => text },
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Rows as text, in the order of the columns. */
export async function select(
  client: Client,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly (readonly (string | null)[])[]> {
  const { rows } = await client.query<(string | null)[]>({
    text: sql,
    values: [...values],
    rowMode: 'array',
  });
  return rows;
}

export interface ScratchPostgres {
  readonly name: string;
  readonly url: string;
  /** Another connection, closed with the database. */
  connect(): Promise<Client>;
  drop(): Promise<void>;
}

/** A fresh database that nobody else uses. */
export async function createScratchDatabase(): Promise<ScratchPostgres> {
  const name = `cdc_test_${randomBytes(6).toString('hex')}`;
  await onServer((client) => client.query(`CREATE DATABASE ${name} TEMPLATE template0`));
  const open: Client[] = [];
  return {
    name,
    url: databaseUrl(name),
    async connect() {
      const client = await connectTo(databaseUrl(name));
      open.push(client);
      return client;
    },
    async drop() {
      for (const client of open) await client.end().catch(() => undefined);
      await onServer((client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

/** Runs something on the server's own database. */
export async function onServer<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connectTo(serverUrl().href);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
