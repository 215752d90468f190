import { describe, expect, test } from '@jest/globals';
import { uninstall } from '../../engine/adapters/sqlite/capture/uninstall';
import { bytesOfComparable } from '../../engine/adapters/sqlite/rows/exact-rows';
import { folderPerTest } from '../support/sqlite';
import { captureIn } from '../support/sqlite-captured';
import {
  captureTables,
  nextChunk,
  replicaOf,
  routeOf,
  sourceRows,
  sourceSession,
} from '../support/sqlite-replica';

const folder = folderPerTest();
const captured = (sql: string, tables?: readonly string[]) => captureIn(folder, sql, tables);

describe('names', () => {
  test.each([
    'order',
    '[brackets]',
    'two words',
    'quo"te',
    "apo'strophe",
    'back`tick',
    'semi;colon',
    'ünï ✓',
    '__proto__',
    'NEW',
    'old',
    'old_x',
    'op',
    'id',
    'n',
    'at',
    'changed_at',
    '-- no comment',
    '/* nor this',
    '123',
    'new_k',
    '',
  ])('of any kind are captured: table and columns called %j', (name) => {
    const q = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    const [table, key, unique] = [q(name), q(name), q(`${name} unique`)];
    const { db, follows } = captured(
      `CREATE TABLE ${table} (${key} INTEGER PRIMARY KEY, ${unique} TEXT UNIQUE);
CREATE UNIQUE INDEX ${q(`${name} index`)} ON ${table} (lower(${unique}), ${key}) WHERE ${unique} <> 'x'`,
      [name],
    );
    follows(
      `INSERT INTO ${table} VALUES (1, 'a'), (2, 'b'), (3, 'c')`,
      `UPDATE ${table} SET ${unique} = 'x' WHERE ${key} = 1`,
      `UPDATE ${table} SET ${key} = 7 WHERE ${key} = 1`,
      `INSERT OR REPLACE INTO ${table} VALUES (9, 'b')`,
      `DELETE FROM ${table} WHERE ${key} = 3`,
    );
    expect(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()).toEqual({ n: 2n });
  });

  test('of change tables and triggers give way to those of the application', () => {
    const { db, follows, session } = captured(
      `CREATE TABLE t (k INTEGER PRIMARY KEY);
CREATE TABLE "t_2" (k INTEGER PRIMARY KEY);
CREATE TABLE audit (k);
CREATE VIEW "CDC_changes_T" AS SELECT 1;
CREATE TRIGGER "_cdc_t_insert" AFTER INSERT ON t BEGIN INSERT INTO audit VALUES (NEW.k); END`,
      ['t', 't_2'],
    );
    const names = db.prepare(`SELECT change_table FROM _cdc_capture ORDER BY table_name`).pluck().all();
    expect(names).toEqual(['cdc_changes_t_2', 'cdc_changes_t_2_2']);
    follows('INSERT INTO t VALUES (1)', 'INSERT INTO t_2 VALUES (2)');
    expect(db.prepare('SELECT k FROM audit').pluck().all()).toEqual([1n]);
    uninstall(session, 'consumer');
    db.exec('INSERT INTO t VALUES (3)');
    expect(db.prepare('SELECT k FROM audit').pluck().all()).toEqual([1n, 3n]);
  });
});

describe('values', () => {
  /** As SQL, with what makes each hard to keep. */
  const VALUES = [
    'NULL',
    '0',
    '-1',
    '9223372036854775807',
    '-9223372036854775808',
    '9007199254740993',
    '1.0',
    '-0.0',
    '0.1',
    '1e308',
    '9e999',
    '-9e999',
    '5e-324',
    `''`,
    `'1'`,
    `'1.0'`,
    `'0x10'`,
    `'é ✓ 🙂'`,
    `x''`,
    `x'00ff'`,
    `CAST(x'610062' AS TEXT)`,
    `CAST(x'ff61' AS TEXT)`,
    `'�'`,
    `'NULL'`,
    `printf('%.1000000c', 'x')`,
    `zeroblob(100000)`,
  ];
  const TYPES = ['', 'INTEGER', 'REAL', 'NUMERIC(10,2)', 'TEXT', 'BLOB', 'DATETIME', 'BOOLEAN', 'VARCHAR(3)'];

  test.each(TYPES)('of every storage class are kept as a column of type "%s" has stored them', (type) => {
    const { db } = captured(`CREATE TABLE t (k INTEGER PRIMARY KEY, v ${type})`);
    VALUES.forEach((value, index) => db.exec(`INSERT INTO t VALUES (${index}, ${value})`));
    db.exec('UPDATE t SET v = v');
    const exact = (column: string): string =>
      `typeof(${column}) || ' ' || quote(${column}) || hex(${column})`;
    const stored = db
      .prepare(`SELECT ${exact('v')} FROM t ORDER BY k`)
      .pluck()
      .all();
    const logged = (image: string, op: string): unknown[] =>
      db
        .prepare(`SELECT ${exact(`${image}_v`)} FROM cdc_changes_t WHERE op = '${op}' ORDER BY id`)
        .pluck()
        .all();
    expect(stored).toHaveLength(VALUES.length);
    expect(logged('new', 'insert')).toEqual(stored);
    expect(logged('old', 'update')).toEqual(stored);
    expect(logged('new', 'update')).toEqual(stored);
  });

  test('arrive in JavaScript without loss', () => {
    const { db, session, routes, position } = captured('CREATE TABLE t (k INTEGER PRIMARY KEY, v)');
    db.exec(
      `INSERT INTO t VALUES (1, 9223372036854775807), (2, -0.0), (3, 9e999), (4, CAST(x'610062' AS TEXT)), (5, x'00ff'), (6, 1.0), (7, '�')`,
    );
    const [table] = nextChunk(session, routes, position).tables;
    const values = table?.changes.map((change) => (change.kind === 'upsert' ? change.row[1] : null));
    expect(values).toEqual([9223372036854775807n, -0, Infinity, 'a\0b', Buffer.from([0, 255]), 1, '\ufffd']);
  });

  test('of text that is not valid are told by their bytes', () => {
    const { db, session, routes, position } = captured('CREATE TABLE t (k INTEGER PRIMARY KEY, v)');
    db.exec(`INSERT INTO t VALUES (1, CAST(x'ff' AS TEXT)), (2, CAST(x'fe' AS TEXT)), (3, '�')`);
    const [table] = nextChunk(session, routes, position).tables;
    const values = table?.changes.map((change) => (change.kind === 'upsert' ? change.row[1] : null)) ?? [];
    expect(values.map((value) => bytesOfComparable(String(value)))).toEqual([
      { bytes: Uint8Array.of(0xff), encoding: 'UTF-8' },
      { bytes: Uint8Array.of(0xfe), encoding: 'UTF-8' },
      null,
    ]);
    const rows = routes.flatMap((route) => sourceRows(session, route));
    expect(new Set(rows.map((row) => row.split(', ')[1])).size).toBe(3);
  });

  test('of text that is not valid are kept in keys, also where rows are read again', () => {
    const { follows } = captured('CREATE TABLE t (k TEXT NOT NULL PRIMARY KEY, v UNIQUE)');
    follows(
      `INSERT INTO t VALUES (CAST(x'ff' AS TEXT), 1), (CAST(x'fe' AS TEXT), 2), ('�', 3), ('a', 4)`,
      `REPLACE INTO t VALUES ('b', 1), (CAST(x'fd' AS TEXT), 3)`,
      `UPDATE t SET v = 5 WHERE k = CAST(x'fe' AS TEXT)`,
      `UPDATE OR REPLACE t SET v = 5 WHERE k = 'a'`,
    );
  });

  test('are read from a database in UTF-16', () => {
    const { follows, session, routes, db } = captured(
      `PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (k TEXT NOT NULL PRIMARY KEY, v)`,
    );
    expect(db.pragma('encoding', { simple: true })).toBe('UTF-16le');
    follows(`INSERT INTO t VALUES ('é', '🙂 �'), ('�', 'x')`, `UPDATE t SET v = 'y' WHERE k = 'é'`);
    expect(routes.flatMap((route) => sourceRows(session, route))).toEqual(['"é", "y"', '"�", "x"']);
  });

  test('of generated columns are left out, and may be of functions that only the application has', () => {
    const db = folder.database('source.db');
    db.function('shout', { deterministic: true }, (text) => `${String(text)}!`);
    db.exec('CREATE TABLE t (k INTEGER PRIMARY KEY, v, g AS (shout(v)), s AS (v || 1) STORED)');
    const session = folder.closing(sourceSession(folder.file('source.db')));
    const position = captureTables(session, ['t']);
    const routes = [routeOf(session, 't')];
    const replica = replicaOf(session, routes, position);
    db.exec(`INSERT INTO t (k, v) VALUES (1, 'a'); UPDATE t SET v = 'b'`);
    replica.catchUp(routes);
    expect(routes.map((route) => replica.rows(route))).toEqual([['integer 1, "b"']]);
  });
});

describe('an application does not notice', () => {
  test('capture in changes(), last_insert_rowid() and RETURNING', () => {
    const { db } = captured('CREATE TABLE t (k INTEGER PRIMARY KEY, v UNIQUE)');
    const insert = db.prepare(`INSERT INTO t (v) VALUES ('a'), ('b') RETURNING k, v`);
    expect(insert.all()).toEqual([
      { k: 1n, v: 'a' },
      { k: 2n, v: 'b' },
    ]);
    expect(db.prepare('SELECT last_insert_rowid() AS id').get()).toEqual({ id: 2n });
    expect(db.prepare(`UPDATE t SET v = v || '!'`).run().changes).toBe(2);
    expect(db.prepare(`INSERT OR REPLACE INTO t (v) VALUES ('a!')`).run()).toEqual({
      changes: 1,
      lastInsertRowid: 3n,
    });
    expect(db.prepare('DELETE FROM t WHERE k = 3 RETURNING v').get()).toEqual({ v: 'a!' });
    expect(db.prepare('DELETE FROM t').run().changes).toBe(1);
  });

  test('capture when it trusts no schema and has triggers fire each other', () => {
    const { db, follows } = captured('CREATE TABLE t (k INTEGER PRIMARY KEY, v UNIQUE)');
    db.pragma('trusted_schema = OFF');
    db.pragma('recursive_triggers = ON');
    follows(
      `INSERT INTO t VALUES (1, 'a')`,
      `INSERT OR REPLACE INTO t VALUES (2, 'a')`,
      'UPDATE t SET k = 3',
    );
  });

  test('anything after a rollback, of a statement or to a savepoint', () => {
    const { db, log, follows } = captured('CREATE TABLE t (k INTEGER PRIMARY KEY, v UNIQUE)');
    db.exec(`INSERT INTO t VALUES (1, 'a')`);
    expect(() => db.exec(`INSERT INTO t VALUES (2, 'b'), (3, 'a')`)).toThrow();
    db.exec(`BEGIN; INSERT INTO t VALUES (4, 'd'); ROLLBACK`);
    db.exec(
      `BEGIN; SAVEPOINT s; INSERT INTO t VALUES (5, 'e'); ROLLBACK TO s; INSERT INTO t VALUES (6, 'f'); COMMIT`,
    );
    expect(log()).toEqual(['insert 1', 'insert 6']);
    expect(db.prepare('SELECT n FROM _cdc_counter').get()).toEqual({ n: 2n });
    follows('DELETE FROM t');
  });

  test('that a column was added', () => {
    const { db } = captured('CREATE TABLE t (k INTEGER PRIMARY KEY)');
    db.exec('ALTER TABLE t ADD COLUMN later; INSERT INTO t VALUES (1, 2); ALTER TABLE t DROP COLUMN later');
    expect(db.prepare('SELECT * FROM t').all()).toEqual([{ k: 1n }]);
  });
});

describe('a key', () => {
  test('that changes is logged as delete of the old and insert of the new one', () => {
    const { db, log, follows } = captured('CREATE TABLE t (k INTEGER PRIMARY KEY, v)');
    db.exec(
      `INSERT INTO t VALUES (1, 'a'); UPDATE t SET k = 2; UPDATE t SET rowid = 3; UPDATE t SET v = 'b'`,
    );
    expect(log()).toEqual(['insert 1', 'delete 1', 'insert 2', 'delete 2', 'insert 3', 'update 3']);
    follows('UPDATE t SET k = 1', `INSERT INTO t VALUES (2, 'x'), (3, 'y')`, 'UPDATE t SET k = k + 10');
  });

  test('that changes its spelling only is logged so, too', () => {
    const { db, log } = captured('CREATE TABLE t (k TEXT NOT NULL COLLATE NOCASE PRIMARY KEY, v)');
    db.exec(`INSERT INTO t VALUES ('a', 1); UPDATE t SET k = 'A'; UPDATE t SET v = 2`);
    expect(log()).toEqual(['insert a', 'delete a', 'insert A', 'update A']);
    expect(db.prepare(`SELECT count(*) AS n FROM cdc_changes_t WHERE old_k = 'A'`).get()).toEqual({ n: 2n });
  });

  test('that changes its storage class only is logged so, too', () => {
    const { db, log } = captured('CREATE TABLE t (k NOT NULL PRIMARY KEY, v)');
    db.exec(`INSERT INTO t VALUES (1, 'a'); UPDATE t SET k = 1.0`);
    expect(log()).toEqual(['insert 1', 'delete 1', 'insert 1.0']);
  });

  test('that is deleted and inserted again ends as the last one', () => {
    captured('CREATE TABLE t (k INTEGER PRIMARY KEY, v)').follows(
      `INSERT INTO t VALUES (1, 'a')`,
      `BEGIN; DELETE FROM t; INSERT INTO t VALUES (1, 'b'); COMMIT`,
    );
  });
});

test('the counter keeps the time of the newest change, however many rows a statement writes', () => {
  const { db } = captured('CREATE TABLE t (k INTEGER PRIMARY KEY, v)');
  const fill = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO t SELECT i, i FROM n`;
  for (const sql of [fill, 'UPDATE t SET v = v + 1', 'DELETE FROM t WHERE k % 2']) {
    db.exec(sql);
    const newest = db
      .prepare('SELECT id, changed_at FROM cdc_changes_t ORDER BY id DESC LIMIT 1')
      .raw()
      .get();
    expect(db.prepare('SELECT n, at FROM _cdc_counter').raw().get()).toEqual(newest);
  }
  db.prepare('INSERT INTO t VALUES (30001, 1), (30002, 2) RETURNING k').all();
  const newest = db.prepare('SELECT id, changed_at FROM cdc_changes_t ORDER BY id DESC LIMIT 1').raw().get();
  expect(db.prepare('SELECT n, at FROM _cdc_counter').raw().get()).toEqual(newest);
});
