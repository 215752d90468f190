/** Either side of a pair of databases: the same two tables in any dialect, written to and read back in one way. */
import { setTimeout as sleep } from 'node:timers/promises';
import type Database from 'better-sqlite3';
import { createScratchDatabase as createScratchMysql, select as selectMysql } from './mysql';
import {
  commitPrepared as commitPreparedOfMysql,
  runWriters as runMysqlWriters,
  STRESS_TABLES as MYSQL_TABLES,
} from './mysql-writers';
import { connectTo, createScratchDatabase, select, type ScratchPostgres } from './postgres';
import { runWriters, STRESS_TABLES } from './postgres-writers';
import { randomNumbers } from './random-numbers';
import type { TemporaryFolder } from './sqlite';

export interface Side {
  readonly url: string;
  /** As the pipeline names the two tables. */
  readonly tables: readonly string[];
  createTables(): Promise<void>;
  /** Runs statements, each committed by itself; answers the first value of the last one's first row, if it has any. */
  execute(...statements: readonly string[]): Promise<unknown>;
  /** Each row that a query answers, as JSON of its values' texts, sorted. */
  select(sql: string): Promise<readonly string[]>;
  /** Writers that put up with restarts, until told to end; then nothing of theirs is open any more. */
  write(ended: () => boolean, seed: number): Promise<void>;
  /** Each row as JSON of its values' texts, sorted. */
  rows(): Promise<readonly string[]>;
  dispose(): Promise<void>;
}

export type Family = 'sqlite' | 'postgres' | 'mariadb' | 'mysql';

export interface SideOptions {
  readonly folder: TemporaryFolder;
  /** URLs of servers; SQLite needs none. */
  readonly servers: Readonly<Partial<Record<Family, string>>>;
  readonly name: string;
}

const COLUMNS = { accounts: ['id', 'n', 'note'], pairs: ['a', 'b', 'n'] } as const;

export function openSide(family: Family, options: SideOptions): Promise<Side> {
  if (family === 'sqlite') return Promise.resolve(openSqlite(options.folder, options.name));
  const server = options.servers[family];
  if (server === undefined) throw new Error(`There is no server of ${family}`);
  return family === 'postgres' ? openPostgres(server) : openMysql(server);
}

async function openPostgres(server: string): Promise<Side> {
  const database = await createScratchDatabase(server);
  const execute = async (...statements: readonly string[]): Promise<unknown> => {
    const client = await connectTo(database.url);
    let value: unknown;
    for (const sql of statements) value = (await select(client, sql))[0]?.[0];
    await client.end();
    return value;
  };
  return {
    url: database.url,
    tables: ['public.accounts', 'public.pairs'],
    createTables: () => execute(...STRESS_TABLES).then(() => undefined),
    execute,
    async select(sql) {
      const client = await connectTo(database.url);
      const found = await select(client, sql);
      await client.end();
      return found.map((row) => JSON.stringify(row)).sort();
    },
    async write(ended, seed) {
      for (let turn = 0; !ended(); turn++) {
        const options = { writers: 8, longest: 400, prepared: true, seed: seed + turn, until: ended };
        // Between turns, since whoever waits for what was left prepared would wait for ever.
        await runWriters(database, options).catch(orLost);
        while (!(await commitPrepared(database).then(() => true, orLost))) await sleep(50);
      }
    },
    async rows() {
      const client = await connectTo(database.url);
      const found: string[] = [];
      for (const [table, columns] of Object.entries(COLUMNS)) {
        const rows = await select(client, `SELECT ${columns.join(', ')} FROM ${table}`);
        found.push(...rows.map((row) => `${table} ${JSON.stringify(row)}`));
      }
      await client.end();
      return found.sort();
    },
    dispose: () => database.drop(),
  };
}

/** What a restart left prepared keeps its locks; it commits late, with changes that were written before. */
async function commitPrepared(database: ScratchPostgres): Promise<void> {
  const client = await connectTo(database.url);
  const prepared = await select(
    client,
    'SELECT gid FROM pg_prepared_xacts WHERE database = current_database()',
  );
  for (const [name] of prepared) await client.query(`COMMIT PREPARED '${name ?? ''}'`);
  await client.end();
}

/** False when the server has gone; what else went wrong is thrown. */
function orLost(error: unknown): false {
  if (!isLoss(error)) throw error;
  return false;
}

/** The server ended the connection, or takes none at the moment. */
function isLoss(error: unknown): boolean {
  // Errors of sockets come from outside of the test's realm, so `instanceof Error` does not know them.
  if (typeof error !== 'object' || error === null) return false;
  const text = `${'code' in error ? String(error.code) : ''} ${'message' in error ? String(error.message) : ''}`;
  return /57P|ECONN|EPIPE|terminated|not queryable|closed|CONNECTION_LOST|SERVER_SHUTDOWN|INTERRUPTED|KILLED/.test(
    text,
  );
}

async function openMysql(server: string): Promise<Side> {
  const database = await createScratchMysql(server);
  const execute = async (...statements: readonly string[]): Promise<unknown> => {
    const client = await database.connect();
    let value: unknown;
    for (const sql of statements) value = (await selectMysql(client, sql))[0]?.[0];
    await client.end();
    return value;
  };
  return {
    url: database.url,
    tables: ['accounts', 'pairs'],
    // The default of MySQL is one that MariaDB does not know.
    createTables: () =>
      execute('ALTER DATABASE COLLATE utf8mb4_general_ci', ...MYSQL_TABLES).then(() => undefined),
    execute,
    async select(sql) {
      const client = await database.connect();
      const found = await selectMysql(client, sql);
      await client.end();
      return found.map((row) => JSON.stringify(row)).sort();
    },
    async write(ended, seed) {
      for (let turn = 0; !ended(); turn++) {
        const options = { writers: 6, longest: 400, prepared: true, seed: seed + turn, until: ended };
        await runMysqlWriters(database, options).catch(orLost);
        while (!(await commitPreparedOfMysql(database).then(() => true, orLost))) await sleep(50);
      }
    },
    async rows() {
      const client = await database.connect();
      const found: string[] = [];
      for (const [table, columns] of Object.entries(COLUMNS)) {
        const rows = await selectMysql(client, `SELECT ${columns.join(', ')} FROM ${table}`);
        found.push(...rows.map((row) => `${table} ${JSON.stringify(row)}`));
      }
      await client.end();
      return found.sort();
    },
    dispose: () => database.drop(),
  };
}

function openSqlite(folder: TemporaryFolder, name: string): Side {
  const file = `${name}.db`;
  let db: Database.Database | null = null;
  const open = (): Database.Database => (db ??= folder.database(file));
  const execute = (...statements: readonly string[]): Promise<unknown> => {
    let value: unknown;
    for (const sql of statements) {
      const statement = open().prepare(sql);
      if (statement.reader) value = statement.pluck().get();
      else statement.run();
    }
    return Promise.resolve(value);
  };
  return {
    url: folder.url(file),
    tables: ['accounts', 'pairs'],
    createTables: () => execute(...STRESS_TABLES).then(() => undefined),
    execute,
    select(sql) {
      const rows = open().prepare(sql).raw().all();
      const texts = rows.map((row) =>
        JSON.stringify(
          Array.isArray(row) ? row.map((value) => (value === null ? null : String(value))) : row,
        ),
      );
      return Promise.resolve(texts.sort());
    },
    async write(ended, seed) {
      const random = randomNumbers(seed);
      while (!ended()) {
        writeSome(open(), (limit) => random.below(limit));
        await sleep(2);
      }
    },
    rows() {
      const found = Object.entries(COLUMNS).flatMap(([table, columns]) => {
        const texts = columns.map((column) => `CAST(${column} AS TEXT)`).join(', ');
        const rows = open().prepare(`SELECT ${texts} FROM ${table}`).raw().all();
        return rows.map((row) => `${table} ${JSON.stringify(row)}`);
      });
      return Promise.resolve(found.sort());
    },
    dispose: () => Promise.resolve(),
  };
}

/** One transaction. */
function writeSome(db: Database.Database, random: (below: number) => number): void {
  db.exec('BEGIN IMMEDIATE');
  for (let n = random(5); n >= 0; n--) {
    const id = random(300);
    const statements = [
      `INSERT INTO accounts (id, n, note) VALUES (${id}, 0, 'new') ON CONFLICT (id) DO UPDATE SET n = n + 1`,
      `INSERT OR REPLACE INTO accounts (id, n, note) VALUES (${id}, ${random(9)}, 'replaced')`,
      `UPDATE accounts SET n = n + 1, note = 'n' || n WHERE id BETWEEN ${id} AND ${id + 5}`,
      `UPDATE OR IGNORE accounts SET id = ${random(300)} WHERE id = ${id}`,
      `DELETE FROM accounts WHERE id = ${id}`,
      `INSERT OR IGNORE INTO pairs (a, b, n) VALUES (${random(8)}, 'b${random(8)}', 0)`,
      `UPDATE OR IGNORE pairs SET a = a + 100, n = n + 1 WHERE a = ${random(8)}`,
      `DELETE FROM pairs WHERE a >= 100 OR b = 'b${random(8)}' AND a < 3`,
    ];
    db.exec(statements[random(statements.length)] ?? '');
  }
  db.exec(random(8) === 0 ? 'ROLLBACK' : 'COMMIT');
}
