/** The table that all benchmarks write: five columns of the usual kinds, and a backlog of mixed changes to it. */
import Database from 'better-sqlite3';
import { createRandom } from '../measuring';

export const ITEMS = 'items';
export const ITEM_COLUMNS = ['id', 'name', 'email', 'quantity', 'price'] as const;

/** Rows per transaction of the backlog: neither one by one nor all at once, as applications do it. */
const BACKLOG_TRANSACTION_ROWS = 1_000;

const INSERT_ITEM = `INSERT INTO ${ITEMS} (id, name, email, quantity, price) VALUES (?, ?, ?, ?, ?)`;

/** Opens a database as an application would that cares for speed: WAL, synchronous NORMAL. */
export function openDatabase(file: string): Database.Database {
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = NORMAL');
  return db;
}

export function createItems(db: Database.Database): void {
  db.exec(`
    CREATE TABLE ${ITEMS} (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      email TEXT NOT NULL,
      quantity INTEGER NOT NULL,
      price REAL NOT NULL
    )`);
}

/** Inserts rows `first` to `first + count - 1` in the transaction that is open, or one each when none is. */
export function fillItems(db: Database.Database, first: number, count: number): void {
  const insert = db.prepare(INSERT_ITEM);
  for (let id = first; id < first + count; id++) {
    insert.run(id, `name ${id}`, `user${id}@example.com`, id % 100, id / 8);
  }
}

/**
 * Writes `changes` changes, 30 inserts, 60 updates and 10 deletes in a hundred, to rows chosen evenly among the living
 * ones; the last change inserts a row. Answers its id: whoever sees that row has seen all changes.
 */
export function writeBacklog(db: Database.Database, changes: number, seed: number): number {
  const random = createRandom(seed);
  const living = db.prepare<[], number>(`SELECT id FROM ${ITEMS}`).pluck().all();
  const update = db.prepare(`UPDATE ${ITEMS} SET quantity = ?, price = ? WHERE id = ?`);
  const remove = db.prepare(`DELETE FROM ${ITEMS} WHERE id = ?`);
  let newest = db.prepare<[], number>(`SELECT coalesce(max(id), 0) FROM ${ITEMS}`).pluck().get() ?? 0;

  const insertNext = (): void => {
    fillItems(db, ++newest, 1);
    living.push(newest);
  };
  const change = (): void => {
    const what = random();
    const index = Math.floor(random() * living.length);
    const id = living[index];
    if (what < 0.3 || id === undefined) {
      insertNext();
    } else if (what < 0.9) {
      update.run(Math.floor(random() * 1_000), random() * 100, id);
    } else {
      remove.run(id);
      const last = living.pop();
      if (last !== undefined && last !== id) living[index] = last;
    }
  };
  const transaction = db.transaction((from: number, to: number) => {
    for (let done = from; done < to; done++) {
      if (done === changes - 1) insertNext();
      else change();
    }
  });
  for (let done = 0; done < changes; done += BACKLOG_TRANSACTION_ROWS) {
    transaction(done, Math.min(changes, done + BACKLOG_TRANSACTION_ROWS));
  }
  return newest;
}
