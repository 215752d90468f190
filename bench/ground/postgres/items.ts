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

/**
 * Writes changes, 30 inserts, 60 updates and 10 deletes in a hundred, each a statement, five to a transaction. Rows
 * are chosen by a generator of its own, so that every database gets the same ones. Ids that were deleted are hit again
 * now and then: such a statement changes nothing and does not count. The last change inserts a row.
 */
const BACKLOG = `CREATE PROCEDURE write_backlog(changes bigint, newest bigint, seed bigint) LANGUAGE plpgsql AS $$
DECLARE
  state bigint := seed;
  done bigint := 0;
  what bigint;
  target bigint;
  hit bigint;
BEGIN
  WHILE done < changes - 1 LOOP
    state := (state * 1103515245 + 12345) & 2147483647;
    what := (state >> 8) % 100;
    state := (state * 1103515245 + 12345) & 2147483647;
    target := 1 + ((state >> 4) * newest) / 134217728;
    IF what < 30 THEN
      newest := newest + 1;
      ${insertItem('newest')};
    ELSIF what < 90 THEN
      UPDATE ${PG_ITEMS} SET quantity = what::int, price = (state % 100000)::numeric / 8 WHERE id = target;
    ELSE
      DELETE FROM ${PG_ITEMS} WHERE id = target;
    END IF;
    GET DIAGNOSTICS hit = ROW_COUNT;
    done := done + hit;
    IF hit = 1 AND done % 5 = 0 THEN COMMIT; END IF;
  END LOOP;
  ${insertItem('newest + 1')};
  COMMIT;
END $$`;

export async function createPostgresItems(url: string, rows: number): Promise<void> {
  await execute(url, CREATE_PG_ITEMS, insertItems(1, rows), BACKLOG);
}

/** Answers the id of the row that was inserted last: whoever sees it has seen all changes. */
export async function writePostgresBacklog(url: string, changes: number, seed: number): Promise<number> {
  return withClient(url, async (client) => {
    await client.query('SET synchronous_commit = off');
    const newest = Number(await selectOne(client, `SELECT max(id) FROM ${PG_ITEMS}`));
    await client.query(`CALL write_backlog(${changes}, ${newest}, ${seed})`);
    return Number(await selectOne(client, `SELECT max(id) FROM ${PG_ITEMS}`));
  });
}

/** A text that is the same for the same rows. */
export async function digestItems(url: string): Promise<string> {
  return withClient(url, async (client) => {
    const sql = `SELECT count(*) || ' ' || md5(string_agg(md5(i::text), '' ORDER BY id)) FROM ${PG_ITEMS} i`;
    return (await selectOne(client, sql)) ?? 'nothing';
  });
}
