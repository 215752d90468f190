/** Writers that do to a table whatever breaks a reader that is careless about ids that are missing. */
import { errorNumberOf } from '../../engine/adapters/mysql/database';
import type { Connection } from 'mysql2/promise';
import { randomNumbers } from './random-numbers';
import { select, type ScratchMysql } from './mysql';

export const STRESS_TABLES = [
  'CREATE TABLE accounts (id INT PRIMARY KEY, n INT NOT NULL, note VARCHAR(40)) ENGINE = InnoDB',
  'CREATE TABLE pairs (a INT NOT NULL, b VARCHAR(20) NOT NULL, n INT NOT NULL, PRIMARY KEY (b, a)) ENGINE = InnoDB',
];

/** Errors that concurrent writers cause each other: the statement or the transaction is over, the writer goes on. */
const EXPECTED = [1062, 1205, 1213, 1020];

const KEYS = 200;

export interface WriterOptions {
  readonly writers: number;
  readonly until: () => boolean;
  /** Longest time that a transaction stays open, milliseconds. */
  readonly longest: number;
  /** Some commit in two steps: what a lost connection leaves prepared is for whoever started the writers. */
  readonly prepared?: boolean;
  readonly seed: number;
}

/** Resolves when all writers have ended; rejects then with what the first one failed with. */
export async function runWriters(database: ScratchMysql, options: WriterOptions): Promise<void> {
  const outcomes = await Promise.allSettled(
    Array.from({ length: options.writers }, async (_, index) => {
      const client = await database.connect();
      const numbers = randomNumbers(options.seed * 1000 + index);
      for (let turn = 0; !options.until(); turn++) {
        const random: Random = (limit) => numbers.below(limit);
        const name = `w${index}_${turn}`;
        if (options.prepared === true && random(12) === 0) {
          const xid = `'${database.name}_${options.seed}_${name}'`;
          await preparedTransaction(client, random, { name, xid, longest: options.longest });
          continue;
        }
        await transaction(client, random, name, options.longest).catch(async (error: unknown) => {
          await client.query('ROLLBACK');
          if (!EXPECTED.includes(errorNumberOf(error) ?? 0)) throw error;
        });
      }
    }),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

type Random = (below: number) => number;

async function transaction(client: Connection, random: Random, name: string, longest: number): Promise<void> {
  if (random(3) === 0) await client.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
  await client.query('START TRANSACTION');
  const statements = 1 + random(4);
  for (let n = 0; n < statements; n++) {
    const inSavepoint = random(4) === 0;
    if (inSavepoint) await client.query('SAVEPOINT part');
    await client.query(statement(random, name));
    if (inSavepoint && random(2) === 0) await client.query('ROLLBACK TO SAVEPOINT part');
    if (random(40) === 0) await new Promise((resolve) => setTimeout(resolve, random(longest)));
  }
  await client.query(random(5) === 0 ? 'ROLLBACK' : 'COMMIT');
}

/** One that is prepared, stays so for a while, and commits late. */
async function preparedTransaction(
  client: Connection,
  random: Random,
  { name, xid, longest }: { readonly name: string; readonly xid: string; readonly longest: number },
): Promise<void> {
  await client.query(`XA START ${xid}`);
  try {
    for (let n = random(3); n >= 0; n--) await client.query(statement(random, name));
    await client.query(`XA END ${xid}`);
    await client.query(`XA PREPARE ${xid}`);
  } catch (error) {
    if (!EXPECTED.includes(errorNumberOf(error) ?? 0)) throw error;
    // A deadlock has marked it for rollback: then it has no end of its own.
    await client.query(`XA END ${xid}`).catch(() => undefined);
    await client.query(`XA ROLLBACK ${xid}`);
    return;
  }
  await new Promise((resolve) => setTimeout(resolve, random(longest)));
  await client.query(`XA ${random(5) === 0 ? 'ROLLBACK' : 'COMMIT'} ${xid}`);
}

/** Commits what writers have left prepared; it was written before, and holds its locks until then. */
export async function commitPrepared(database: ScratchMysql): Promise<void> {
  const client = await database.connect();
  for (const [, length, , data] of await select(client, 'XA RECOVER')) {
    const xid = (data ?? '').slice(0, Number(length));
    if (xid.startsWith(`${database.name}_`)) await client.query(`XA COMMIT '${xid}'`);
  }
  await client.end();
}

function statement(random: Random, name: string): string {
  const id = random(KEYS);
  const pair = `${random(20)}, 'b${random(10)}'`;
  switch (random(10)) {
    case 0:
      return `INSERT IGNORE INTO accounts (id, n, note) VALUES (${id}, 0, '${name}'), (${id + 1}, 0, '${name}')`;
    case 1:
      return `INSERT INTO accounts (id, n, note) VALUES (${id}, 0, '${name}')
        ON DUPLICATE KEY UPDATE n = n + 1, note = '${name}'`;
    case 2:
      return `REPLACE INTO accounts (id, n, note) VALUES (${id}, 0, '${name}')`;
    case 3:
      return `UPDATE accounts SET n = n + 1, note = '${name}' WHERE id BETWEEN ${id} AND ${id + 8}`;
    case 4:
      return `DELETE FROM accounts WHERE id = ${id}`;
    case 5:
      return `INSERT IGNORE INTO pairs (a, b, n) SELECT id % 20, CONCAT('b', id % 10), 0 FROM accounts WHERE id < ${id}`;
    case 6:
      return `UPDATE pairs SET n = n + 1 WHERE b = 'b${random(10)}'`;
    case 7:
      return `UPDATE IGNORE pairs SET a = a + 1 WHERE (a, b) = (${pair})`;
    case 8:
      return `DELETE accounts, pairs FROM accounts JOIN pairs ON pairs.a = accounts.id WHERE accounts.id = ${id % 20}`;
    default:
      return `INSERT INTO pairs (a, b, n) VALUES (${pair}, 0)`;
  }
}
