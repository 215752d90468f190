/** Plain connections of the benchmarks themselves. */
import { Client } from 'pg';

export async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: 'benchmark' });
  // Without a listener the loss of an idle connection would end the process.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Lends a connection for as long as `work` takes. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Runs statements, each in a transaction of its own. */
export async function execute(url: string, ...statements: readonly string[]): Promise<void> {
  await withClient(url, async (client) => {
    for (const sql of statements) await client.query(sql);
  });
}

/** The first column of the first row, as the server writes it; null when there is none. */
export async function selectOne(
  client: Client,
  sql: string,
  values: readonly unknown[] = [],
): Promise<string | null> {
  const { rows } = await client.query<(string | null)[]>({
    text: sql,
    values: [...values],
    rowMode: 'array',
    types: { getTypeParser: () => (text: string | Buffer) => text },
  });
  return rows[0]?.[0] ?? null;
}
