/** Temporary SQLite databases: a fresh folder per test, closed and removed after it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from '@jest/globals';
import Database from 'better-sqlite3';

interface Closable {
  close(): unknown;
}

export interface TemporaryFolder {
  readonly path: string;
  /** Path of a file in it. */
  file(name: string): string;
  /** `sqlite:` URL of a file in it. */
  url(name: string): string;
  /** Opens (or makes) a database with a connection of the test's own, in WAL mode, integers as bigint. */
  database(name: string, sql?: string): Database.Database;
  /** Closes it after the test, before the folder is removed; the last opened first. */
  closing<T extends Closable>(resource: T): T;
}

/** Call once at the top of a file or a `describe`; what it returns belongs to the test that runs. */
export function folderPerTest(): TemporaryFolder {
  let path = '';
  let open: Closable[] = [];

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'temporal-cdc-'));
    open = [];
  });
  afterEach(async () => {
    for (const resource of open.reverse()) await resource.close();
    await rm(path, { recursive: true, force: true });
  });

  const closing = <T extends Closable>(resource: T): T => {
    open.push(resource);
    return resource;
  };
  return {
    get path() {
      return path;
    },
    file: (name) => join(path, name),
    url: (name) => `sqlite:${join(path, name)}`,
    database(name, sql) {
      const db = closing(new Database(join(path, name)));
      db.defaultSafeIntegers(true);
      db.pragma('journal_mode = WAL');
      if (sql !== undefined) db.exec(sql);
      return db;
    },
    closing,
  };
}
