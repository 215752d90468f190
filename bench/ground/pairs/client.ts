/** One plain connection for any of the databases, so that the same statements write and look everywhere. */
import { createConnection } from 'mysql2/promise';
import { openDatabase } from '../items';
import { connect as connectPostgres, selectOne } from '../postgres/client';

export type Family = 'sqlite' | 'postgres' | 'mariadb' | 'mysql';

export interface AnyClient {
  /** Runs one or many statements that return nothing. */
  run(sql: string): Promise<void>;
  /** The first column of the first row as text; null when there is none. */
  one(sql: string): Promise<string | null>;
  end(): Promise<void>;
}

/** `url`: as the product takes it. */
export async function openClient(url: string): Promise<AnyClient> {
  if (url.startsWith('sqlite:')) return openSqlite(url.slice('sqlite:'.length));
  return url.startsWith('postgres:') ? openPostgres(url) : openMysql(url);
}

export async function withAnyClient<T>(url: string, work: (client: AnyClient) => Promise<T>): Promise<T> {
  const client = await openClient(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function openSqlite(file: string): AnyClient {
  const db = openDatabase(file);
  // The product may be writing.
  db.pragma('busy_timeout = 10000');
  return {
    run(sql) {
      db.exec(sql);
      return Promise.resolve();
    },
    one: (sql) => {
      const value: unknown = db.prepare(sql).pluck().get();
      return Promise.resolve(textOf(value));
    },
    end() {
      db.close();
      return Promise.resolve();
    },
  };
}

async function openPostgres(url: string): Promise<AnyClient> {
  const client = await connectPostgres(url);
  return {
    async run(sql) {
      await client.query(sql);
    },
    one: (sql) => selectOne(client, sql),
    end: () => client.end(),
  };
}

async function openMysql(url: string): Promise<AnyClient> {
  const client = await createConnection({ uri: url, multipleStatements: true, dateStrings: true });
  return {
    async run(sql) {
      await client.query(sql);
    },
    async one(sql) {
      const [rows]: readonly unknown[] = await client.query({ sql, rowsAsArray: true });
      const row: unknown = Array.isArray(rows) ? rows[0] : undefined;
      return Array.isArray(row) ? textOf(row[0]) : null;
    },
    end: () => client.end(),
  };
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
