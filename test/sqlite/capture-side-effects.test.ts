import { describe, expect, test } from '@jest/globals';
import { folderPerTest } from '../support/sqlite';
import { captureIn } from '../support/sqlite-captured';
import { replicaOf, routeOf } from '../support/sqlite-replica';

const folder = folderPerTest();
const captured = (sql: string, tables?: readonly string[]) => captureIn(folder, sql, tables);

describe('REPLACE', () => {
  const ROWS = `INSERT INTO t (k, u) VALUES (1, 'a'), (2, 'b'), (3, 'c')`;

  test.each([
    ['by the key', 'k INTEGER PRIMARY KEY, u', `REPLACE INTO t (k, u) VALUES (1, 'z')`, ['insert 1']],
    [
      'by a unique column',
      'k INTEGER PRIMARY KEY, u UNIQUE',
      `REPLACE INTO t (k, u) VALUES (9, 'b')`,
      ['touch 2', 'insert 9'],
    ],
    [
      'by a unique column, the key chosen by SQLite',
      'k INTEGER PRIMARY KEY, u UNIQUE',
      `REPLACE INTO t (u) VALUES ('b')`,
      ['touch 2', 'insert 4'],
    ],
    [
      'by key and unique column, of two rows',
      'k INTEGER PRIMARY KEY, u UNIQUE',
      `REPLACE INTO t (k, u) VALUES (1, 'b')`,
      ['touch 2', 'insert 1'],
    ],
    [
      'by an update',
      'k INTEGER PRIMARY KEY, u UNIQUE',
      `UPDATE OR REPLACE t SET u = 'c' WHERE k = 1`,
      ['touch 3', 'update 1'],
    ],
    [
      'by an update of the key',
      'k INTEGER PRIMARY KEY, u UNIQUE',
      `UPDATE OR REPLACE t SET k = 3 WHERE k = 1`,
      ['delete 1', 'insert 3'],
    ],
    [
      'that the column itself declares',
      'k INTEGER PRIMARY KEY, u UNIQUE ON CONFLICT REPLACE',
      `UPDATE t SET u = 'c' WHERE k = 1`,
      ['touch 3', 'update 1'],
    ],
    [
      'of another spelling of the key',
      'k TEXT COLLATE NOCASE NOT NULL PRIMARY KEY, u',
      `INSERT INTO t VALUES ('x', 1); REPLACE INTO t VALUES ('X', 2)`,
      ['insert x', 'touch x', 'insert X'],
    ],
    [
      'of another storage class of the key',
      'k NOT NULL PRIMARY KEY, u',
      `REPLACE INTO t VALUES (1.0, 2)`,
      ['touch 1', 'insert 1.0'],
    ],
    [
      'of a default that takes the place of NULL',
      `k INTEGER PRIMARY KEY, u NOT NULL DEFAULT 'b' UNIQUE`,
      `REPLACE INTO t (k, u) VALUES (9, NULL)`,
      ['touch 2', 'insert 9'],
    ],
    [
      'by a rowid that is not the key',
      'k TEXT NOT NULL PRIMARY KEY, u',
      `REPLACE INTO t (rowid, k, u) VALUES (2, '9', 'z')`,
      ['touch 2', 'insert 9'],
    ],
    [
      'by an update of the rowid',
      'k TEXT NOT NULL PRIMARY KEY, u',
      `UPDATE OR REPLACE t SET _rowid_ = 2 WHERE k = '1'`,
      ['touch 2', 'update 1'],
    ],
    [
      'that ignores instead',
      'k INTEGER PRIMARY KEY, u UNIQUE',
      `INSERT OR IGNORE INTO t (k, u) VALUES (9, 'b')`,
      ['touch 2'],
    ],
    [
      'that an upsert does nothing about',
      'k INTEGER PRIMARY KEY, u UNIQUE',
      `INSERT INTO t (k, u) VALUES (9, 'b') ON CONFLICT DO NOTHING`,
      ['touch 2'],
    ],
    [
      'that an upsert turns into an update',
      'k INTEGER PRIMARY KEY, u UNIQUE',
      `INSERT INTO t (k, u) VALUES (9, 'b') ON CONFLICT (u) DO UPDATE SET u = 'z'`,
      ['touch 2', 'update 2'],
    ],
  ])('%s is followed', (_case, columns, statement, logged) => {
    const { log, follows } = captured(`CREATE TABLE t (${columns}\n); ${ROWS}`);
    follows(statement);
    expect(log()).toEqual(logged);
  });

  test('of a table that has no rowid is followed', () => {
    const { log, follows } = captured(`CREATE TABLE t (k TEXT PRIMARY KEY, u UNIQUE) WITHOUT ROWID; ${ROWS}`);
    follows(`REPLACE INTO t (k, u) VALUES ('9', 'b')`);
    expect(log()).toEqual(['touch 2', 'insert 9']);
  });

  test.each([
    ['a partial one', `ON t (u) WHERE v > 1 -- some`, ['touch 2', 'insert 9']],
    ['one with another collation', 'ON t (u COLLATE NOCASE DESC)', ['touch 2', 'insert 9']],
    ['one over expressions', `ON t (lower(u) COLLATE BINARY, (v /* ? */ + 0) ASC)`, ['touch 2', 'insert 9']],
    ['one of several columns with the key', 'ON t (k, u)', ['insert 9']],
  ])('by a unique index is followed: %s', (_case, index, logged) => {
    const { log, follows } = captured(
      `CREATE TABLE t (k INTEGER PRIMARY KEY, u TEXT, v INT DEFAULT 5); CREATE UNIQUE INDEX i ${index}\n; ${ROWS}`,
    );
    follows(`REPLACE INTO t (k, u) VALUES (9, 'b')`);
    expect(log()).toEqual(logged);
  });

  test('is looked for where a partial index begins to hold a row', () => {
    const { follows, log } = captured(
      `CREATE TABLE t (k INTEGER PRIMARY KEY, u, active); CREATE UNIQUE INDEX i ON t (u) WHERE active;
INSERT INTO t VALUES (1, 'a', 0), (2, 'a', 1), (3, 'a', 0)`,
    );
    follows('UPDATE OR REPLACE t SET active = 1 WHERE k = 1');
    expect(log()).toEqual(['touch 2', 'update 1']);
  });

  test('whose victims cascade to the row that is written is followed', () => {
    captured(
      `CREATE TABLE t (k INTEGER PRIMARY KEY, p REFERENCES t ON DELETE CASCADE); INSERT INTO t VALUES (1, NULL), (2, 1)`,
    ).follows('PRAGMA foreign_keys = ON', 'UPDATE OR REPLACE t SET k = 1 WHERE k = 2');
  });
});

describe('foreign key actions are followed:', () => {
  const SCHEMA = `CREATE TABLE t (k INTEGER PRIMARY KEY, v UNIQUE);
CREATE TABLE child (k INTEGER PRIMARY KEY, t REFERENCES t ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE other (k INTEGER PRIMARY KEY, v REFERENCES t (v) ON DELETE SET NULL ON UPDATE SET NULL);
INSERT INTO t VALUES (1, 'a'), (2, 'b'); INSERT INTO child VALUES (1, 1), (2, 1), (3, 2); INSERT INTO other VALUES (1, 'a')`;

  test.each([
    ['deletes', 'DELETE FROM t WHERE k = 1'],
    ['key updates', `UPDATE t SET k = 7, v = 'z' WHERE k = 1`],
    ['victims of REPLACE', `REPLACE INTO t VALUES (9, 'a')`],
  ])('%s', (_case, statement) => {
    captured(SCHEMA, ['t', 'child', 'other']).follows('PRAGMA foreign_keys = ON', statement);
  });

  test('a row that refers to itself', () => {
    captured(
      'CREATE TABLE t (k INTEGER PRIMARY KEY, p REFERENCES t ON UPDATE CASCADE); INSERT INTO t VALUES (1, 1)',
    ).follows('PRAGMA foreign_keys = ON', 'UPDATE t SET k = 2');
  });
});

describe('triggers of the application', () => {
  const STAMP = 'CREATE TRIGGER app AFTER UPDATE OF v ON t BEGIN UPDATE t SET r = r + 1 WHERE k = NEW.k; END';

  test.each(['older', 'newer'] as const)('that write the same row are followed: %s than ours', (age) => {
    const table =
      'CREATE TABLE t (k INTEGER PRIMARY KEY, v, r DEFAULT 0); INSERT INTO t (k, v) VALUES (1, 1)';
    const { db, session, position } = captured(age === 'older' ? `${table}; ${STAMP}` : table);
    if (age === 'newer') db.exec(STAMP);
    const routes = [routeOf(session, 't')];
    const replica = replicaOf(session, routes, position);
    db.exec('UPDATE t SET v = 2; UPDATE t SET v = 3');
    replica.catchUp(routes, 1);
    expect(routes.map((route) => replica.rows(route))).toEqual([['integer 1, integer 3, integer 2']]);
  });

  test('that came and went before anybody looked are followed', () => {
    const { db, session, routes, position } = captured(
      'CREATE TABLE t (k INTEGER PRIMARY KEY, v, r DEFAULT 0); INSERT INTO t (k, v) VALUES (1, 1)',
    );
    const replica = replicaOf(session, routes, position);
    db.exec(`${STAMP}; UPDATE t SET v = 2; DROP TRIGGER app; INSERT INTO t (k, v) VALUES (2, 2)`);
    replica.catchUp(routes, 1);
    expect(routes.map((route) => replica.rows(route))).toEqual([
      ['integer 1, integer 2, integer 1', 'integer 2, integer 2, integer 0'],
    ]);
  });

  test('that abandon the rest of a statement cannot keep ours from firing', () => {
    const { log, follows } = captured(
      `CREATE TABLE t (k INTEGER PRIMARY KEY, v);
CREATE TRIGGER app AFTER INSERT ON t WHEN NEW.v = 1 BEGIN SELECT RAISE(IGNORE); END`,
    );
    follows('INSERT INTO t VALUES (1, 1), (2, 2)');
    expect(log()).toEqual(['insert 1', 'insert 2']);
  });

  test('that veto a row leave nothing of it', () => {
    const { log, follows } = captured(
      `CREATE TABLE t (k INTEGER PRIMARY KEY, v);
CREATE TRIGGER app BEFORE INSERT ON t WHEN NEW.v = 1 BEGIN SELECT RAISE(IGNORE); END`,
    );
    follows('INSERT INTO t VALUES (1, 1), (2, 2)');
    expect(log()).toEqual(['insert 2']);
  });

  test('that stand for writes on a view are followed', () => {
    captured(
      `CREATE TABLE t (k INTEGER PRIMARY KEY, v); CREATE VIEW w AS SELECT * FROM t;
CREATE TRIGGER app INSTEAD OF INSERT ON w BEGIN INSERT INTO t VALUES (NEW.k, NEW.v), (NEW.k + 1, NEW.v); END`,
    ).follows('INSERT INTO w VALUES (1, 1)', 'UPDATE t SET v = 2');
  });
});
