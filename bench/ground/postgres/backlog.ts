/** A backlog of changes, written as applications write: each a statement of a client's own, five to a transaction. */
import { insertItem, PG_ITEMS } from './items';
import { runPgbench } from './pgbench';
import type { PostgresServer } from './server';

export interface BacklogPlan {
  /** The table holds the rows 1 to `rows`. */
  readonly rows: number;
  /** A multiple of CYCLE_CHANGES. */
  readonly changes: number;
  /** The same seed makes the same changes on every database. */
  readonly seed: number;
}

/** Six updates of rows chosen evenly among the living ones, three inserts, and the deletion of the oldest row. */
const CYCLE_CHANGES = 10;
/** Sent in one go: waiting for each answer would take longer than what is measured afterwards. */
const CYCLES_SENT = 10;

const CYCLE = (() => {
  const update = (place: number): string =>
    `UPDATE ${PG_ITEMS} SET quantity = :quantity, price = :quantity::numeric / 8 WHERE id = :changed${place};`;
  return `\\set oldest :oldest + 1
\\set newest :newest + 3
\\set quantity random(0, 100000)
${[1, 2, 3, 4, 5, 6].map((place) => `\\set changed${place} random(:oldest + 1, :newest - 3)`).join('\n')}
BEGIN;
${insertItem(':newest - 2')};
${[1, 2, 3].map(update).join('\n')}
${insertItem(':newest - 1')};
COMMIT;
BEGIN;
${[4, 5, 6].map(update).join('\n')}
DELETE FROM ${PG_ITEMS} WHERE id = :oldest;
${insertItem(':newest')};
COMMIT;`;
})();

/** Answers the id of the row that was inserted last: whoever sees it has seen all changes. */
export async function writePostgresBacklog(
  server: PostgresServer,
  folder: string,
  database: string,
  { rows, changes, seed }: BacklogPlan,
): Promise<number> {
  const cycles = Array.from({ length: CYCLES_SENT }, () => CYCLE).join('\n');
  const text = `\\startpipeline\n${cycles}\n\\endpipeline\n`;
  const transactions = changes / CYCLE_CHANGES / CYCLES_SENT;
  await runPgbench(server, folder, [{ name: 'backlog', weight: 1, text }], {
    database,
    clients: 1,
    limit: { transactions },
    seed,
    variables: { oldest: 0, newest: rows },
  });
  return rows + (3 * changes) / CYCLE_CHANGES;
}
