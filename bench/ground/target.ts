/** Looking at a target from outside, as its readers do. */
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { ITEM_COLUMNS, ITEMS } from './items';

const LOOK_EVERY_MS = 2;

/** Resolves once the row is there. Throws when it takes longer than `timeoutMs`. */
export async function untilRowVisible(file: string, id: number, timeoutMs: number): Promise<void> {
  const db = new Database(file, { readonly: true });
  try {
    const row = db.prepare(`SELECT 1 FROM ${ITEMS} WHERE id = ?`);
    const deadline = Date.now() + timeoutMs;
    while (row.get(id) === undefined) {
      if (Date.now() > deadline) throw new Error(`Not caught up within ${timeoutMs / 1000} s`);
      await sleep(LOOK_EVERY_MS);
    }
  } finally {
    db.close();
  }
}

/** Throws unless both databases hold the same rows: a figure without that says nothing. */
export function requireEqual(source: string, target: string): void {
  const db = new Database(source);
  try {
    db.prepare('ATTACH ? AS target').run(target);
    const columns = ITEM_COLUMNS.join(', ');
    const different = db
      .prepare<[], number>(
        `SELECT count(*) FROM (
           SELECT * FROM (SELECT ${columns} FROM main.${ITEMS} EXCEPT SELECT ${columns} FROM target.${ITEMS})
           UNION ALL
           SELECT * FROM (SELECT ${columns} FROM target.${ITEMS} EXCEPT SELECT ${columns} FROM main.${ITEMS})
         )`,
      )
      .pluck()
      .get();
    if (different !== 0) throw new Error(`Source and target differ in ${different ?? 'all'} rows`);
  } finally {
    db.close();
  }
}
