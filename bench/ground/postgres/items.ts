/** The table that the benchmarks of PostgreSQL write: eight columns of the usual kinds, and a backlog of changes to it. */
import { execute, selectOne, withClient } from './client';

export const PG_ITEMS = 'items';

const COLUMNS = 'id, name, email, quantity, price, active, created_at, note';

/** Values of the row with this id, in the order of COLUMNS. `id` is an expression. */
function valuesOf(id: string): string {
  return `${id}, 'name ' || ${id}, 'user' || ${id} || '@example.com', (${id} % 100)::int, (${id} % 100000)::numeric / 8,
    ${id} % 3 = 0, timestamptz '2024-01-01' + ${id} * interval '1 second', 'a note of some words about item ' || ${id}`;
}

export const CREATE_PG_ITEMS = `CREATE TABLE ${PG_ITEMS} (
  id bigint PRIMARY KEY,
  name text NOT NULL,
  email text NOT NULL,
  quantity integer NOT NULL,
  price numeric(12,3) NOT NULL,
  active boolean NOT NULL,
  created_at timestamptz NOT NULL,
  note text
)`;

/** Inserts the rows with these ids in one statement. */
export function insertItems(first: number, last: number): string {
  return `INSERT INTO ${PG_ITEMS} (${COLUMNS}) SELECT ${valuesOf('g')} FROM generate_series(${first}::bigint, ${last}::bigint) g`;
}

/** Inserts one row. `id` is an expression. */
export function insertItem(id: string): string {
  return `INSERT INTO ${PG_ITEMS} (${COLUMNS}) SELECT ${valuesOf('g')} FROM (SELECT ${id}::bigint) x(g)`;
}

export async function createPostgresItems(url: string, rows: number): Promise<void> {
  await execute(url, CREATE_PG_ITEMS, insertItems(1, rows));
}

/** A figure of two tables that differ says nothing. */
export async function requireSameItems(source: string, target: string): Promise<void> {
  const [here, there] = [await digestItems(source), await digestItems(target)];
  if (here !== there) throw new Error(`Source and target differ: ${here}, ${there}`);
}

/** A text that is the same for the same rows. */
async function digestItems(url: string): Promise<string> {
  return withClient(url, async (client) => {
    const sql = `SELECT count(*) || ' ' || md5(string_agg(md5(i::text), '' ORDER BY id)) FROM ${PG_ITEMS} i`;
    return (await selectOne(client, sql)) ?? 'nothing';
  });
}
