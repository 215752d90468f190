/** Databases and connections on the PostgreSQL server that the tests share. */
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

/** How the server's URL, or the reason why there is none, reaches the test files. */
export const SHARED_SERVER = { value: 'CDC_TEST_POSTGRES_URL', error: 'CDC_TEST_POSTGRES_ERROR' } as const;

/** The URL of the shared server. Throws with the reason if there is none. */
export function sharedServer(): string {
  const url = process.env[SHARED_SERVER.value];
  if (url !== undefined) return url;
  throw new Error(
    process.env[SHARED_SERVER.error] ?? `${SHARED_SERVER.value} is not set: run the tests through Jest`,
  );
}

/** The URL of a database on a server. */
export function databaseUrl(
  name: string,
  user?: { readonly name: string; readonly password: string },
  server = sharedServer(),
): string {
  const url = new URL(server);
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
export async function createScratchDatabase(server = sharedServer()): Promise<ScratchPostgres> {
  const name = `cdc_test_${randomBytes(6).toString('hex')}`;
  const url = databaseUrl(name, undefined, server);
  await onServer(async (client) => {
    await client.query(`CREATE DATABASE ${name} TEMPLATE template0 ${await asFiles(client)}`);
  }, server);
  const open: Client[] = [];
  return {
    name,
    url,
    async connect() {
      const client = await connectTo(url);
      open.push(client);
      return client;
    },
    async drop() {
      for (const client of open) await client.end().catch(() => undefined);
      await onServer((client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`), server);
    },
  };
}

/** Copied as files a database is made in half the time that the log takes; before version 15 that is the only way. */
async function asFiles(client: Client): Promise<string> {
  const [version] = await select(client, 'SHOW server_version_num');
  return Number(version?.[0]) >= 150_000 ? 'STRATEGY file_copy' : '';
}

/** Runs something on a server's own database. */
export async function onServer<T>(work: (client: Client) => Promise<T>, server = sharedServer()): Promise<T> {
  const client = await connectTo(server);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
