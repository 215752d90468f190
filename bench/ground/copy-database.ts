/** Copies of a database that rests. */
import { closeSync, copyFileSync, fsyncSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';

/** Moves the write-ahead log into the file, copies that, and leaves nothing for the disk to write later. */
export function copyDatabase(file: string, copies: readonly string[]): void {
  const db = new Database(file);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  for (const copy of copies) {
    copyFileSync(file, copy);
    const handle = openSync(copy, 'r+');
    fsyncSync(handle);
    closeSync(handle);
  }
}
