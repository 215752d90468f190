/** The table of eight columns that the benchmarks of pairs write, in SQL that all databases read alike. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../../measuring';
import { withAnyClient, type AnyClient } from './client';

const TABLE = 'items';
/** Each look takes processor time from what is measured. */
const LOOK_EVERY_MS = 20;
const ROWS_A_STATEMENT = 1_000;
/** Six updates, three inserts, one deletion; sent many at a time: answers would take longer than what is measured. */
const CYCLE_CHANGES = 10;
const CYCLES_SENT = 20;

const TIMESTAMPS = { sqlite: 'TEXT', postgres: 'TIMESTAMP', mysql: 'DATETIME' } as const;

export const ITEMS_TABLE = TABLE;

export function createItemsSql(url: string, table = TABLE): string {
  const dialect = url.startsWith('sqlite:') ? 'sqlite' : url.startsWith('postgres:') ? 'postgres' : 'mysql';
  return `CREATE TABLE ${table} (
  id BIGINT NOT NULL PRIMARY KEY,
  name VARCHAR(100) NOT NULL,
  email VARCHAR(100) NOT NULL,
  quantity INTEGER NOT NULL,
  price NUMERIC(12,3) NOT NULL,
  active BOOLEAN NOT NULL,
  created_at ${TIMESTAMPS[dialect]} NOT NULL,
  note VARCHAR(200)
)`;
}

function valuesOf(id: number): string {
  const [minutes, seconds] = [Math.floor(id / 60) % 60, id % 60].map((n) => String(n).padStart(2, '0'));
  return `(${id}, 'name ${id}', 'user${id}@example.com', ${id % 100}, ${(id % 100_000) / 8}, ${
    id % 3 === 0 ? 'TRUE' : 'FALSE'
  }, '2024-01-01 12:${minutes}:${seconds}', 'a note of some words about item ${id}')`;
}

/** Inserts the rows with these ids in one statement. */
export function insertItemsSql(first: number, last: number, table = TABLE): string {
  const rows = Array.from({ length: last - first + 1 }, (_, index) => valuesOf(first + index));
  return `INSERT INTO ${table} VALUES ${rows.join(', ')}`;
}

export async function createItemsWith(client: AnyClient, url: string, rows: number): Promise<void> {
  await client.run(createItemsSql(url));
  for (let first = 1; first <= rows; first += ROWS_A_STATEMENT) {
    await client.run(insertItemsSql(first, Math.min(rows, first + ROWS_A_STATEMENT - 1)));
  }
}

export interface PairBacklog {
  /** The table holds the rows 1 to `rows`. */
  readonly rows: number;
  readonly changes: number;
  readonly seed: number;
}

/** As `postgres-catch-up` has it: each change a statement, five to a transaction. Answers the id inserted last. */
export async function writePairBacklog(
  client: AnyClient,
  { rows, changes, seed }: PairBacklog,
): Promise<number> {
  const random = createRandom(seed);
  let [oldest, newest] = [1, rows];
  const update = (): string => {
    const id = oldest + 1 + Math.floor(random() * (newest - oldest));
    const quantity = Math.floor(random() * 100_000);
    return `UPDATE ${TABLE} SET quantity = ${quantity}, price = ${quantity / 8} WHERE id = ${id}`;
  };
  const insert = (): string => insertItemsSql(++newest, newest);
  let script: string[] = [];
  const send = async (): Promise<void> => {
    if (script.length > 0) await client.run(script.join(';\n'));
    script = [];
  };
  for (let cycle = 0; cycle < changes / CYCLE_CHANGES; cycle++) {
    script.push('BEGIN', insert(), update(), update(), update(), insert(), 'COMMIT');
    script.push('BEGIN', update(), update(), update(), `DELETE FROM ${TABLE} WHERE id = ${oldest++}`);
    script.push(insert(), 'COMMIT');
    if (cycle % CYCLES_SENT === CYCLES_SENT - 1) await send();
  }
  await send();
  return newest;
}

/** Resolves once the row is there. Throws when it takes longer than `timeoutMs`. */
export async function untilItemThere(url: string, id: number, timeoutMs: number): Promise<void> {
  await withAnyClient(url, async (client) => {
    const deadline = Date.now() + timeoutMs;
    while ((await client.one(`SELECT 1 FROM ${TABLE} WHERE id = ${id}`)) === null) {
      if (Date.now() > deadline) throw new Error(`Not done within ${timeoutMs / 1000} s`);
      await sleep(LOOK_EVERY_MS);
    }
  });
}

/** A figure of two tables that differ says nothing. */
export async function requireSameSums(source: string, target: string): Promise<void> {
  const sums = (url: string): Promise<string> =>
    withAnyClient(url, async (client) => {
      const found: string[] = [];
      for (const sum of ['count(*)', 'sum(id)', 'sum(id * quantity)', 'sum(length(note))']) {
        found.push(String(Number(await client.one(`SELECT ${sum} FROM ${TABLE}`))));
      }
      return found.join(' ');
    });
  const [here, there] = [await sums(source), await sums(target)];
  if (here !== there) throw new Error(`Source and target differ: ${here}, ${there}`);
}

/**
 * What the target can do at all: statements of a thousand rows, INSERT … ON DUPLICATE KEY UPDATE, each committed by
 * itself, half of the rows there before. Answers milliseconds.
 */
export async function timePlainUpserts(url: string, rows: number): Promise<number> {
  return withAnyClient(url, async (client) => {
    const table = 'plain_upserts';
    await client.run(createItemsSql(url, table));
    for (let first = 1; first <= rows / 2; first += ROWS_A_STATEMENT) {
      await client.run(insertItemsSql(first, first + ROWS_A_STATEMENT - 1, table));
    }
    const columns = ['name', 'email', 'quantity', 'price', 'active', 'created_at', 'note'];
    const update = columns.map((column) => `${column} = VALUES(${column})`).join(', ');
    const statements: string[] = [];
    for (let first = 1; first <= rows; first += ROWS_A_STATEMENT) {
      const insert = insertItemsSql(first, first + ROWS_A_STATEMENT - 1, table);
      statements.push(`${insert} ON DUPLICATE KEY UPDATE ${update}`);
    }
    const began = performance.now();
    for (const sql of statements) await client.run(sql);
    const took = performance.now() - began;
    await client.run(`DROP TABLE ${table}`);
    return took;
  });
}
