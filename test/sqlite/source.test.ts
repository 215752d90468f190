import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { asPosition, type TableRoute } from '../../engine/model';
import { folderPerTest } from '../support/sqlite';
import { coded, install, installIn, openIn, routesOf, TABLE } from '../support/sqlite-source';

const folder = folderPerTest();
const open = (name?: string, readOnly?: boolean) => openIn(folder, name, readOnly);
const installed = (sql?: string, names?: readonly string[]) => installIn(folder, sql, names);
const NEVER = new AbortController().signal;

describe('a position', () => {
  test('of another adapter or none is refused', async () => {
    const { source, routes } = await installed();
    for (const text of ['', '{}', '{"v":2,"id":1,"at":null}', '{"v":1,"id":-1,"at":null}', '0/16B3748']) {
      await expect(source.check(asPosition(text), routes)).rejects.toEqual(coded('POSITION_INVALID'));
    }
  });

  test('ahead of a restored source is noticed, also when that has gone on', async () => {
    const { db, source, routes } = await installed();
    db.exec('VACUUM INTO ' + `'${folder.file('backup.db')}'`);
    db.exec('INSERT INTO t VALUES (1, 1), (2, 2)');
    const ahead = await source.head();
    const restored = folder.database('backup.db');
    const again = await open('backup.db');
    await expect(again.check(ahead, routes)).rejects.toEqual(coded('SOURCE_WENT_BACK'));
    await expect(
      again.read({
        from: ahead,
        routes,
        limit: 1,
        schemaToken: await again.check(await again.head(), routes),
        snapshot: null,
      }),
    ).rejects.toEqual(coded('SOURCE_WENT_BACK'));
    await new Promise((resolve) => setTimeout(resolve, 5));
    restored.exec('INSERT INTO t VALUES (3, 3), (4, 4)');
    await expect(again.check(ahead, routes)).rejects.toEqual(coded('SOURCE_WENT_BACK'));
    restored.exec('INSERT INTO t VALUES (5, 5), (6, 6)');
    await expect(again.check(ahead, routes)).rejects.toEqual(coded('SOURCE_WENT_BACK'));
  });

  test('below what was purged is refused', async () => {
    const { db, source, routes, position } = await installed();
    db.exec('INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)');
    const head = await source.head();
    await source.acknowledge('consumer', 1, head, 2_000);
    expect(await source.purge({ before: Date.now() - 60_000, limit: 10 })).toBe(0);
    expect(await source.purge({ before: Date.now() + 60_000, limit: 2 })).toBe(2);
    expect(await source.purge({ before: Date.now() + 60_000, limit: 2 })).toBe(1);
    await expect(source.check(position, routes)).rejects.toEqual(coded('POSITION_PURGED', { table: 't' }));
    await source.check(head, routes);
  });
});

describe('purging', () => {
  test('keeps to its limit over all tables, and deletes nothing that a consumer needs', async () => {
    const { db, source } = await installed(`${TABLE}; CREATE TABLE u (k INTEGER PRIMARY KEY)`, ['t', 'u']);
    await install(source, ['u'], { uuid: 'other' });
    db.exec('INSERT INTO t (k) VALUES (1), (2), (3); INSERT INTO u VALUES (1), (2), (3)');
    await source.acknowledge('consumer', 1, await source.head(), 0);
    const all = { before: Date.now() + 60_000, limit: 100 };
    expect(await source.purge({ ...all, limit: 2 })).toBe(2);
    expect(await source.purge(all)).toBe(1);
    await source.acknowledge('other', 1, await source.head(), 0);
    expect(await source.purge({ ...all, limit: 2 })).toBe(2);
    expect(await source.purge(all)).toBe(1);
    expect(await source.purge(all)).toBe(0);
  });

  test('takes no write lock where there is nothing to delete', async () => {
    const { db, source } = await installed();
    db.exec('INSERT INTO t VALUES (1, 1)');
    db.exec('BEGIN IMMEDIATE');
    expect(await source.purge({ before: Date.now() + 60_000, limit: 10 })).toBe(0);
    db.exec('ROLLBACK');
  });

  test('does not wait for a suspended consumer', async () => {
    const { db, source } = await installed();
    await install(source, ['t'], { uuid: 'other' });
    db.exec('INSERT INTO t VALUES (1, 1)');
    await source.suspend('consumer');
    await source.acknowledge('other', 1, await source.head(), 0);
    expect(await source.purge({ before: Date.now() + 60_000, limit: 10 })).toBe(1);
  });
});

describe('a suspended consumer', () => {
  test('stays so until a reset, and its tables cost nothing', async () => {
    const { db, source, routes, position } = await installed();
    db.exec('INSERT INTO t VALUES (1, 1)');
    await source.suspend('consumer');
    expect(db.prepare(`SELECT count(*) AS n FROM sqlite_schema WHERE type = 'trigger'`).get()).toEqual({
      n: 0n,
    });
    db.exec('INSERT INTO t VALUES (2, 2)');
    expect(await source.pending(position, routes, 10)).toEqual({ count: 0, oldestChangedAt: null });
    await expect(source.check(position, routes)).rejects.toEqual(coded('CAPTURE_SUSPENDED', { table: 't' }));
    expect((await install(source)).suspended).toBe(true);
    await expect(source.check(position, routes)).rejects.toEqual(coded('CAPTURE_SUSPENDED'));
    const again = await install(source, ['t'], { reset: true });
    expect(again.suspended).toBe(false);
    await source.check(again.position, routes);
    db.exec('INSERT INTO t VALUES (3, 3)');
    expect((await source.pending(again.position, routes, 10)).count).toBe(1);
  });

  test('can be followed by another one', async () => {
    const { source, routes, position } = await installed();
    await source.suspend('consumer');
    const other = await install(source, ['t'], { uuid: 'other' });
    await source.check(other.position, routes);
    await expect(source.check(position, routes)).rejects.toEqual(coded('CAPTURE_MISSING'));
  });
});

describe('what is pending', () => {
  test('is counted without reading where all tables are asked for, and with the others left out where not', async () => {
    const { db, source, routes, position } = await installed(
      `${TABLE}; CREATE TABLE u (k INTEGER PRIMARY KEY)`,
      ['t', 'u'],
    );
    db.exec('INSERT INTO t (k) VALUES (1), (2), (3); INSERT INTO u VALUES (1), (2)');
    const counts = async (asked: readonly TableRoute[], from = position) =>
      (await source.pending(from, asked, 100)).count;
    expect(await counts(routes)).toBe(5);
    expect(await counts(routes.slice(0, 1))).toBe(3);
    const later = await source.head();
    db.exec('BEGIN; INSERT INTO u VALUES (9); ROLLBACK; INSERT INTO u VALUES (4)');
    expect(await counts(routes, later)).toBe(1);
    // An id without a change: the table was made whole.
    db.exec('DROP TRIGGER _cdc_t_insert');
    await install(source, ['t', 'u']);
    expect(await counts(routes, later)).toBe(1);
    const last = await source.head();
    db.exec('INSERT INTO t (k) VALUES (10), (11)');
    expect(await counts(routes, last)).toBe(2);
    expect((await source.pending(last, routes, 1)).count).toBe(1);
  });
});

describe('the file', () => {
  test('that was replaced by another one is noticed by every question', async () => {
    const { db, source, routes, position } = await installed();
    folder.database('other.db', TABLE).close();
    db.close();
    rmSync(folder.file('source.db-wal'), { force: true });
    renameSync(folder.file('other.db'), folder.file('source.db'));
    const replaced = coded('SOURCE_REPLACED');
    await expect(source.check(position, routes)).rejects.toEqual(replaced);
    await expect(source.pending(position, routes, 1)).rejects.toEqual(replaced);
    await expect(source.head()).rejects.toEqual(replaced);
    await expect(source.waitForChange(position, routes, 1_000, NEVER)).rejects.toEqual(replaced);
    await expect(install(source)).rejects.toEqual(replaced);
    await expect(source.acknowledge('consumer', 1, position, 0)).rejects.toEqual(replaced);
  });

  test('that is gone is noticed while somebody waits', async () => {
    const { source, routes, position } = await installed();
    const waiting = source.waitForChange(position, routes, 10_000, NEVER);
    renameSync(folder.file('source.db'), folder.file('elsewhere.db'));
    await expect(waiting).rejects.toEqual(coded('DATABASE_MISSING'));
    renameSync(folder.file('elsewhere.db'), folder.file('source.db'));
  });

  test('that is missing is never created', async () => {
    await expect(open('missing.db')).rejects.toEqual(coded('DATABASE_MISSING'));
    await expect(open('missing.db', true)).rejects.toEqual(coded('DATABASE_MISSING'));
  });

  test('opened to be read only is planned and audited, and not written', async () => {
    const { db, routes, position } = await installed();
    db.exec('INSERT INTO t VALUES (1, 1)');
    const source = await open('source.db', true);
    const tables = routes.map((route) => route.source);
    expect(await source.planCapture(tables)).toEqual([]);
    await source.notices(tables);
    await source.check(position, routes);
    const everything = { after: null, afterId: null, appliedUpTo: null, limit: 10, newest: false };
    for (const route of routes) expect(await source.changes({ route, ...everything })).toHaveLength(1);
    await expect(install(source, ['t'], { uuid: 'other' })).rejects.toEqual(coded('DATABASE_READ_ONLY'));
  });

  test('in rollback-journal mode is read, and free for writers right after', async () => {
    const db = folder.database('source.db', TABLE);
    db.pragma('journal_mode = DELETE');
    db.pragma('busy_timeout = 0');
    const source = await open();
    const { position } = await install(source);
    const routes = await routesOf(source);
    const [notice] = await source.notices(routes.map((route) => route.source));
    expect(notice?.message).toContain('PRAGMA journal_mode = WAL');
    const waiting = source.waitForChange(position, routes, 10_000, NEVER);
    db.exec('INSERT INTO t VALUES (1, 1)');
    expect(await waiting).toBe(true);
    const schemaToken = await source.check(position, routes);
    const chunk = await source.read({ from: position, routes, limit: 10, schemaToken, snapshot: null });
    expect(chunk.changes).toBe(1);
    db.exec('INSERT INTO t VALUES (2, 2)');
  });
});

describe('waiting', () => {
  test('is woken through a link to the file', async () => {
    const { db, position } = await installed();
    symlinkSync(folder.file('source.db'), folder.file('link.db'));
    const source = await open('link.db');
    const routes = await routesOf(source);
    const waiting = source.waitForChange(position, routes, 10_000, NEVER);
    await new Promise((resolve) => setTimeout(resolve, 100));
    db.exec('INSERT INTO t VALUES (1, 1)');
    expect(await waiting).toBe(true);
  });

  test('ends at once with a signal that was aborted before, and leaves no listener behind', async () => {
    const { source, routes, position } = await installed();
    const controller = new AbortController();
    for (let wait = 0; wait < 20; wait++) await source.waitForChange(position, routes, 1, controller.signal);
    controller.abort();
    expect(await source.waitForChange(position, routes, 10_000, controller.signal)).toBe(false);
  });
});

test('notices name what a person should know of each table', async () => {
  folder.database(
    'source.db',
    `${TABLE};
CREATE TABLE self (k INTEGER PRIMARY KEY, p REFERENCES self ON DELETE SET NULL);
CREATE TABLE uniq (k INTEGER PRIMARY KEY, u TEXT NOT NULL DEFAULT (hex(randomblob(8))) UNIQUE)`,
  );
  const source = await open();
  const routes = await routesOf(source, ['t', 'self', 'uniq']);
  const notices = await source.notices(routes.map((route) => route.source));
  expect(notices.map(({ table }) => table)).toEqual([null, 'self', 'uniq', 'uniq']);
});
