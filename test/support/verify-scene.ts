/** A running pipeline over one table, a writer that never rests, and seven differences put into the target by hand. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import Database from 'better-sqlite3';
import type { Comparison, Pipeline, RowDifference } from '../../engine';
import { replicate } from './pipelines';

/** Rows with ids up to this one are left alone by the writer. */
export const UNTOUCHED = 100;

export interface VerifyScene {
  /** Whose attempts apply, and whose comparisons look on: apart, as worker and `cdc` are. */
  readonly worker: Pipeline;
  readonly reader: Pipeline;
  readonly generation: number;
  /** Name of `items` on the source. */
  readonly table: string;
  readonly rows: number;
  readonly onSource: (sql: string) => Promise<void>;
  readonly onTarget: (sql: string) => Promise<void>;
}

/** What runs beside a test until it is stopped; its failure is the test's. */
export interface Running {
  stop(): Promise<void>;
}

/** `step` again and again. */
export function running(step: () => Promise<unknown>): Running {
  const stop = new AbortController();
  const done = (async () => {
    while (!stop.signal.aborted) await step();
  })();
  // Thrown where it is stopped; until then it must not count as unhandled.
  done.catch(() => undefined);
  return {
    stop() {
      stop.abort();
      return done;
    },
  };
}

export function runningPipeline({ worker, generation }: VerifyScene): Running {
  return running(() => replicate(worker, generation, { lingerMs: 200 }));
}

/** Inserts, updates and deletes rows beyond those that are left alone. */
export async function writeOnce({ onSource, rows }: VerifyScene, turn: number): Promise<void> {
  const id = UNTOUCHED + 1 + ((turn * 7919) % (rows - UNTOUCHED));
  await onSource(`UPDATE items SET n = n + 1, note = 'turn ${turn}' WHERE id = ${id}`);
  await onSource(
    `INSERT INTO items (id, note, amount, at, n) VALUES (${rows + turn}, 'new', '1.5', '2026-01-01 00:00:00', 0)`,
  );
  if (turn > 20) await onSource(`DELETE FROM items WHERE id = ${rows + turn - 20}`);
  // One row that nearly always is on its way.
  await onSource(`UPDATE items SET n = n + 1 WHERE id = ${rows}`);
}

/** `pauseMs`: between its turns. */
export function runningWriter(scene: VerifyScene, pauseMs = 10): Running {
  let turn = 0;
  return running(async () => {
    turn += 1;
    await writeOnce(scene, turn);
    await sleep(pauseMs);
  });
}

/** The seven, as SQL of the target. `raw`, `at`: the column's way of one byte, and of one microsecond, more. */
export async function damage({ onTarget }: VerifyScene, raw: string, at: string): Promise<void> {
  for (const sql of [
    'DELETE FROM items WHERE id = 1',
    `INSERT INTO items (id, note, amount, at, n) VALUES (-5, 'extra', '1', '2026-01-01 00:00:00', 0)`,
    `UPDATE items SET raw = ${raw} WHERE id = 3`,
    `UPDATE items SET note = NULL WHERE id = 4`,
    `UPDATE items SET note = concat(note, ' ') WHERE id = 5`,
    `UPDATE items SET at = ${at} WHERE id = 6`,
    `UPDATE items SET amount = '1234567.8902' WHERE id = 7`,
  ]) {
    await onTarget(sql);
  }
}

/** Kind, key and columns of what `damage` did, sorted. */
export const DAMAGED = [
  'different 3 raw',
  'different 4 note',
  'different 5 note',
  'different 6 at',
  'different 7 amount',
  'extra -5',
  'missing 1',
];

export function described(differences: readonly RowDifference[]): readonly string[] {
  return differences
    .map(({ kind, key, columns }) => [kind, String(key['id']), ...columns].join(' '))
    .sort((one, other) => (one < other ? -1 : 1));
}

export const PATIENT = { timeoutMs: 30_000 };

/** Marks what a comparison found, waits until it is mended, and compares these keys again. */
export async function repairAll({ reader }: VerifyScene, { differences }: Comparison): Promise<Comparison> {
  await reader.repair(differences);
  expect(await reader.waitRepaired(PATIENT)).toEqual({ done: true, refused: [] });
  return reader.verify({ ...PATIENT, keys: differences });
}

/** A worker of this process may be amid a transaction: waiting for it inside the driver would stop it, too. */
export async function patiently(database: Database.Database, sql: string): Promise<void> {
  database.pragma('busy_timeout = 0');
  for (;;) {
    try {
      database.exec(sql);
      return;
    } catch (error) {
      if (!(error instanceof Database.SqliteError) || !error.code.startsWith('SQLITE_BUSY')) throw error;
      await sleep(2);
    }
  }
}
