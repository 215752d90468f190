import { describe, expect, test } from '@jest/globals';
import type Database from 'better-sqlite3';
import { digest } from '../../engine/adapters/sqlite/capture/triggers';
import { folderPerTest } from '../support/sqlite';
import { coded, install, installIn, openIn, routesOf, TABLE } from '../support/sqlite-source';

const folder = folderPerTest();
const open = (name?: string, readOnly?: boolean) => openIn(folder, name, readOnly);
const installed = (sql?: string, names?: readonly string[]) => installIn(folder, sql, names);

function schemaOf(db: Database.Database): unknown {
  return db.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all();
}

describe('installing', () => {
  test('runs the statements that were planned, and nothing else', async () => {
    const sql = `${TABLE}; CREATE TABLE u (k TEXT NOT NULL PRIMARY KEY, w UNIQUE)`;
    const db = folder.database('source.db', sql);
    const planned = folder.database('planned.db', sql);
    const source = await open();
    const tables = (await routesOf(source, ['t', 'u'])).map((route) => route.source);
    const steps = await source.planCapture(tables);
    expect([...new Set(steps.map(({ on, table }) => `${on} ${String(table)}`))]).toEqual([
      'source null',
      'source t',
      'source u',
    ]);
    for (const step of steps) planned.exec(step.sql);
    await install(source, ['t', 'u']);
    expect(schemaOf(db)).toEqual(schemaOf(planned));
    expect(await source.planCapture(tables)).toEqual([]);
  });

  test('again takes no write lock', async () => {
    const { db, source } = await installed();
    db.exec('BEGIN IMMEDIATE');
    const again = install(source);
    await expect(again).resolves.toMatchObject({ uuid: 'consumer', tables: ['t'] });
    db.exec('ROLLBACK');
  });

  test('leaves nothing when it fails halfway', async () => {
    const db = folder.database('source.db', `${TABLE}; CREATE TABLE u (k INTEGER PRIMARY KEY)`);
    const source = await open();
    const tables = (await routesOf(source, ['t', 'u'])).map((route) => route.source);
    db.exec('DROP TABLE u');
    const before = schemaOf(db);
    const consumer = { uuid: 'c', name: 'c', now: 0, reset: false };
    await expect(source.install(tables, consumer)).rejects.toEqual(coded('TABLE_UNKNOWN', { table: 'u' }));
    expect(schemaOf(db)).toEqual(before);
    expect(await source.sourceId()).toBeNull();
  });

  test('refuses a table without a key, and says what would help', async () => {
    folder.database('source.db', 'CREATE TABLE t (a)');
    const source = await open();
    const tables = await source.tables();
    const consumer = { uuid: 'c', name: 'c', now: 0, reset: false };
    await expect(source.install(tables, consumer)).rejects.toEqual(
      coded('KEY_MISSING', { table: 't', hint: expect.stringContaining('INTEGER PRIMARY KEY') }),
    );
  });

  test('is refused where a newer version has been', async () => {
    const { db, source, position, routes } = await installed();
    db.exec(`UPDATE _cdc_meta SET value = 99 WHERE key = 'source_version'`);
    await expect(install(source)).rejects.toEqual(coded('OBJECTS_TOO_NEW'));
    await expect(source.check(position, routes)).rejects.toEqual(coded('OBJECTS_TOO_NEW'));
  });

  test('waits for a writer, and says so when that takes too long', async () => {
    const { db, source } = await installed();
    db.exec('BEGIN IMMEDIATE');
    await expect(install(source, ['t'], { uuid: 'other' })).rejects.toEqual(coded('DATABASE_LOCKED'));
    db.exec('ROLLBACK');
    await expect(install(source, ['t'], { uuid: 'other' })).resolves.toMatchObject({ uuid: 'other' });
  }, 20_000);

  test('replaces triggers of an older version without a break', async () => {
    const { db, source, routes, position } = await installed();
    // An older version whose text was another one, and known as such.
    db.exec(`DROP TRIGGER _cdc_t_delete;
CREATE TRIGGER _cdc_t_delete AFTER DELETE ON t BEGIN
  UPDATE _cdc_counter SET n = n + 1, at = julianday('now');
  INSERT INTO cdc_changes_t (id, op, changed_at, old_k) SELECT n, 'delete', at, OLD.k FROM _cdc_counter; END`);
    await expect(source.check(position, routes)).rejects.toEqual(coded('CAPTURE_MISSING'));
    const sql = db.prepare(`SELECT sql FROM sqlite_schema WHERE name = '_cdc_t_delete'`).pluck().get();
    db.prepare(`UPDATE _cdc_capture SET triggers = json_set(triggers, '$._cdc_t_delete', ?)`).run(
      digest(String(sql)),
    );
    db.exec('INSERT INTO t VALUES (1, 2)');
    await source.check(position, routes);
    await install(source);
    await source.check(position, routes);
    db.exec('DELETE FROM t');
    expect((await source.pending(position, routes, 10)).count).toBe(2);
  });
});

describe('a table that changes', () => {
  test('is refused with its column when one was added, until it is installed and copied again', async () => {
    const { db, source, routes, position } = await installed();
    db.exec(`INSERT INTO t VALUES (1, 'a')`);
    const before = await source.head();
    db.exec(`ALTER TABLE t ADD COLUMN w DEFAULT 5; INSERT INTO t VALUES (2, 'b', 6)`);
    const wanted = coded('SOURCE_SCHEMA_CHANGED', { table: 't', column: 'w' });
    await expect(source.check(position, routes)).rejects.toEqual(wanted);
    await install(source);
    const now = await routesOf(source);
    // What was written in between was captured without the column.
    for (const stale of [position, before]) await expect(source.check(stale, now)).rejects.toEqual(wanted);
    const head = await source.head();
    await source.check(head, now);
    db.exec(`UPDATE t SET w = 7 WHERE k = 2`);
    const [route] = now;
    if (route === undefined) throw new Error('no route');
    const everything = { after: null, afterId: null, appliedUpTo: null, limit: 10, newest: false };
    const changes = await source.changes({ route, ...everything });
    expect(changes.map(({ after }) => after)).toEqual([
      { k: 1n, v: 'a', w: null },
      { k: 2n, v: 'b', w: null },
      { k: 2n, v: 'b', w: 7n },
    ]);
  });

  test('does not concern a route of chosen columns when one was added', async () => {
    const { db, source, routes, position } = await installed('CREATE TABLE t (k INTEGER PRIMARY KEY, v, w)');
    const narrow = routes.map((route) => ({ ...route, columns: ['k', 'v'] }));
    db.exec('ALTER TABLE t ADD COLUMN x');
    await source.check(position, narrow);
    await install(source);
    await source.check(position, narrow);
  });

  test.each([
    ['a column renamed', 'ALTER TABLE t RENAME COLUMN v TO w', 'v'],
    ['the table renamed', 'ALTER TABLE t RENAME TO u', null],
    ['the table dropped', 'DROP TABLE t', null],
  ])('is refused: %s', async (_case, sql, column) => {
    const { db, source, routes, position } = await installed();
    db.exec(sql);
    await expect(source.check(position, routes)).rejects.toEqual(
      coded('SOURCE_SCHEMA_CHANGED', { table: 't', column }),
    );
  });

  test.each([
    ['the table dropped and created again', `DROP TABLE t; ${TABLE}`],
    [
      'the table rebuilt with another column',
      'CREATE TABLE u (k INTEGER PRIMARY KEY, v, w); DROP TABLE t; ALTER TABLE u RENAME TO t',
    ],
    ['a trigger dropped', 'DROP TRIGGER _cdc_t_update'],
    [
      'a trigger altered',
      'DROP TRIGGER _cdc_t_update; CREATE TRIGGER _cdc_t_update AFTER UPDATE ON t BEGIN SELECT 1; END',
    ],
    ['the change table dropped', 'DROP TABLE cdc_changes_t'],
    ['a unique index added', 'CREATE UNIQUE INDEX i ON t (v)'],
    [
      'a trigger made that can abandon ours',
      'CREATE TRIGGER app AFTER INSERT ON t BEGIN SELECT RAISE(IGNORE); END',
    ],
    ['the counter emptied', 'DELETE FROM _cdc_counter'],
  ])('misses changes: %s', async (_case, sql) => {
    const { db, source, routes, position } = await installed();
    db.exec(sql);
    await expect(source.check(position, routes)).rejects.toEqual(coded('CAPTURE_MISSING'));
  });

  test.each([
    ['an index added that is not unique', 'CREATE INDEX i ON t (v)'],
    ['another table made', 'CREATE TABLE u (k)'],
    ['a vacuum', 'VACUUM'],
    ['renamed there and back', 'ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME TO t'],
    [
      'a trigger made that writes elsewhere',
      'CREATE TABLE u (k); CREATE TRIGGER app AFTER INSERT ON t BEGIN INSERT INTO u VALUES (1); END',
    ],
  ])('is still whole: %s', async (_case, sql) => {
    const { db, source, routes, position } = await installed();
    const before = await source.check(position, routes);
    db.exec(sql);
    expect(await source.check(position, routes)).not.toBe(before);
  });

  test('has its routes resolved again when a trigger begins to write it', async () => {
    const { db, source, routes, position } = await installed();
    db.exec('CREATE TRIGGER app AFTER UPDATE ON t BEGIN UPDATE t SET v = 1 WHERE k = NEW.k; END');
    await expect(source.check(position, routes)).rejects.toEqual(coded('SCHEMA_MOVED'));
    await source.check(position, await routesOf(source));
  });

  test('is whole again after an install, but not for who stood before the hole', async () => {
    const { db, source, routes, position } = await installed();
    await install(source, ['t'], { uuid: 'other' });
    const stale = await source.head();
    db.exec(`DROP TABLE t; ${TABLE}; INSERT INTO t VALUES (1, 'not seen')`);
    const { position: kept } = await install(source);
    expect(kept).toBe(position);
    for (const before of [position, stale]) {
      await expect(source.check(before, routes)).rejects.toEqual(coded('CAPTURE_MISSING', { table: 't' }));
    }
    const reset = await install(source, ['t'], { reset: true });
    await source.check(reset.position, routes);
    db.exec(`UPDATE t SET v = 'seen'`);
    expect((await source.pending(reset.position, routes, 10)).count).toBe(1);
  });

  test('has its change table made anew when a column is gone', async () => {
    const { db, source, position } = await installed();
    db.exec(`INSERT INTO t VALUES (1, 'a'); ALTER TABLE t RENAME COLUMN v TO w`);
    await install(source);
    const routes = await routesOf(source);
    await expect(source.check(position, routes)).rejects.toEqual(coded('CAPTURE_MISSING'));
    const head = await source.head();
    await source.check(head, routes);
    db.exec(`UPDATE t SET w = 'b'`);
    expect((await source.pending(head, routes, 10)).count).toBe(1);
  });
});
