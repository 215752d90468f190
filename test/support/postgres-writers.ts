/** Writers that do to two tables whatever breaks a reader that is careless about order and late commits. */
import { DatabaseError, type Client } from 'pg';
import { randomNumbers } from './random-numbers';
import type { ScratchPostgres } from './postgres';

export const STRESS_TABLES = [
  'CREATE TABLE accounts (id integer PRIMARY KEY, n integer NOT NULL, note text)',
  'CREATE TABLE pairs (a integer NOT NULL, b text NOT NULL, n integer NOT NULL, PRIMARY KEY (b, a))',
];

/** Errors that concurrent writers cause each other: the transaction is over, the writer goes on. */
const EXPECTED = ['40P01', '40001', '23505'];

const KEYS = 300;

export interface WriterOptions {
  readonly writers: number;
  readonly until: () => boolean;
  /** Longest time that a transaction stays open, milliseconds. */
  readonly longest: number;
  readonly prepared: boolean;
  readonly seed: number;
}

/** Resolves when all writers have ended; rejects then with what the first one failed with. */
export async function runWriters(database: ScratchPostgres, options: WriterOptions): Promise<void> {
  const outcomes = await Promise.allSettled(
    Array.from({ length: options.writers }, async (_, index) => {
      const client = await database.connect();
      const numbers = randomNumbers(options.seed * 1000 + index);
      const random: Random = (limit) => numbers.below(limit);
      await client.query(`SET deadlock_timeout = '20ms'; SET synchronous_commit = off`);
      for (let turn = 0; !options.until(); turn++) {
        await transaction(client, random, `w${index}_${turn}`, options).catch(async (error: unknown) => {
          await client.query('ROLLBACK');
          if (!(error instanceof DatabaseError) || !EXPECTED.includes(error.code ?? '')) throw error;
        });
      }
    }),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

type Random = (below: number) => number;

async function transaction(
  client: Client,
  random: Random,
  name: string,
  { longest, prepared }: WriterOptions,
): Promise<void> {
  await client.query(random(4) === 0 ? 'BEGIN ISOLATION LEVEL REPEATABLE READ' : 'BEGIN');
  const statements = 1 + random(4);
  for (let n = 0; n < statements; n++) {
    const inSavepoint = random(4) === 0;
    if (inSavepoint) await client.query('SAVEPOINT part');
    await client.query(statement(random, name));
    if (inSavepoint && random(2) === 0) await client.query('ROLLBACK TO SAVEPOINT part');
    if (random(60) === 0) await new Promise((resolve) => setTimeout(resolve, random(longest)));
  }
  const ending = random(10);
  if (ending === 0) await client.query('ROLLBACK');
  else if (ending === 1 && prepared) {
    await client.query(`PREPARE TRANSACTION '${name}'`);
    await new Promise((resolve) => setTimeout(resolve, random(longest)));
    await client.query(`${random(4) === 0 ? 'ROLLBACK' : 'COMMIT'} PREPARED '${name}'`);
  } else await client.query('COMMIT');
}

function statement(random: Random, name: string): string {
  const id = random(KEYS);
  const pair = `a = ${random(8)} AND b = 'b${random(8)}'`;
  switch (random(9)) {
    case 0:
      return `INSERT INTO accounts (id, n, note) VALUES (${id}, 0, '${name}') ON CONFLICT (id) DO UPDATE SET n = accounts.n + 1, note = '${name}'`;
    case 1:
      return `UPDATE accounts SET n = n + 1, note = '${name}' WHERE id = ${id}`;
    case 2:
      return `DELETE FROM accounts WHERE id = ${id}`;
    case 3:
      return `UPDATE accounts SET id = ${random(KEYS)} WHERE id = ${id} AND NOT EXISTS (SELECT FROM accounts WHERE id = ${random(KEYS)})`;
    case 4:
      return `UPDATE accounts SET n = n + 1 WHERE id BETWEEN ${id} AND ${id + 5}`;
    case 5:
      return `INSERT INTO pairs (a, b, n) SELECT a, 'b' || b, 0 FROM generate_series(${random(4)}, ${4 + random(4)}) a, generate_series(0, 2) b ON CONFLICT DO NOTHING`;
    case 6:
      return `UPDATE pairs SET n = n + 1 WHERE ${pair}`;
    case 7:
      return `UPDATE pairs SET a = a + 100, n = n + 1 WHERE ${pair}`;
    default:
      return `DELETE FROM pairs WHERE ${pair} OR a >= 100`;
  }
}
