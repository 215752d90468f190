import { describe, expect, test } from '@jest/globals';
import type { TableSchema } from '../../engine/model';
import { readTables } from '../../engine/adapters/sqlite/schema/schema';
import { captureTables, sourceSession } from '../support/sqlite-replica';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();

function tablesOf(sql: string): ReadonlyMap<string, TableSchema> {
  folder.database('source.db', sql);
  const session = folder.closing(sourceSession(folder.file('source.db'), { readOnly: true }));
  return new Map(readTables(session).map((table) => [table.name.name, table]));
}

function tableOf(sql: string): TableSchema {
  const table = tablesOf(sql).get('t');
  if (table === undefined) throw new Error('the test makes no table t');
  return table;
}

describe('the key of a table', () => {
  test.each([
    ['an INTEGER PRIMARY KEY', 'CREATE TABLE t (a INTEGER PRIMARY KEY, b)', ['a'], 'primary key'],
    [
      'one declared beside its column',
      'CREATE TABLE t (a INTEGER, b, PRIMARY KEY (a))',
      ['a'],
      'primary key',
    ],
    [
      'one of several columns, in its order',
      'CREATE TABLE t (a NOT NULL, b NOT NULL, PRIMARY KEY (b, a))',
      ['b', 'a'],
      'primary key',
    ],
    [
      'that of a WITHOUT ROWID table',
      'CREATE TABLE t (a TEXT PRIMARY KEY, b) WITHOUT ROWID',
      ['a'],
      'primary key',
    ],
    ['that of a STRICT table', 'CREATE TABLE t (a TEXT PRIMARY KEY, b INT) STRICT', ['a'], 'primary key'],
    [
      'a UNIQUE NOT NULL column without a PRIMARY KEY',
      'CREATE TABLE t (a, b TEXT NOT NULL UNIQUE)',
      ['b'],
      'unique index',
    ],
    [
      'a unique index where the PRIMARY KEY takes NULL',
      'CREATE TABLE t (a TEXT PRIMARY KEY, b NOT NULL); CREATE UNIQUE INDEX i ON t (b DESC)',
      ['b'],
      'unique index',
    ],
    [
      'the unique index of the fewest columns',
      'CREATE TABLE t (a NOT NULL, b NOT NULL, UNIQUE (a, b), UNIQUE (b))',
      ['b'],
      'unique index',
    ],
  ])('is %s', (_case, sql, columns, from) => {
    expect(tableOf(sql)).toMatchObject({ key: { columns, from }, refusal: null });
  });

  test.each([
    ['known by its rowid alone', 'CREATE TABLE t (a, b)', /rowid alone/, /INTEGER PRIMARY KEY/],
    [
      'whose PRIMARY KEY takes NULL',
      'CREATE TABLE t (a TEXT, b, PRIMARY KEY (a))',
      /takes NULL.* in a$/,
      /Declare a NOT NULL/,
    ],
    [
      'with INTEGER PRIMARY KEY DESC, which is no rowid',
      'CREATE TABLE t (a INTEGER PRIMARY KEY DESC)',
      /takes NULL/,
      /NOT NULL/,
    ],
    [
      'with INT PRIMARY KEY, which is no rowid',
      'CREATE TABLE t (a INT PRIMARY KEY)',
      /takes NULL/,
      /NOT NULL/,
    ],
    [
      'with a partial unique index only',
      'CREATE TABLE t (a NOT NULL); CREATE UNIQUE INDEX i ON t (a) WHERE a > 1',
      /rowid alone/,
      /UNIQUE/,
    ],
    [
      'with a unique expression only',
      'CREATE TABLE t (a NOT NULL); CREATE UNIQUE INDEX i ON t (lower(a))',
      /rowid alone/,
      /UNIQUE/,
    ],
    [
      'with a unique generated column only',
      'CREATE TABLE t (a, g NOT NULL AS (a + 1) UNIQUE)',
      /rowid alone/,
      /UNIQUE/,
    ],
    [
      'whose index collates otherwise than its column',
      'CREATE TABLE t (a TEXT NOT NULL COLLATE NOCASE, PRIMARY KEY (a COLLATE BINARY))',
      /collates otherwise/,
      /collations/,
    ],
  ])('is missing in a table %s, with what would help', (_case, sql, reason, remedy) => {
    const { key, refusal } = tableOf(sql);
    expect(key).toBeNull();
    expect(refusal).toMatchObject({ code: 'KEY_MISSING' });
    expect(refusal?.reason).toMatch(reason);
    expect(refusal?.remedy).toMatch(remedy);
  });

  test('stays the captured one when a shorter unique index is added', () => {
    const db = folder.database(
      'source.db',
      'CREATE TABLE t (a NOT NULL, b NOT NULL, c NOT NULL, UNIQUE (a, b))',
    );
    const session = folder.closing(sourceSession(folder.file('source.db')));
    captureTables(session, ['t']);
    db.exec('CREATE UNIQUE INDEX shorter ON t (c)');
    expect(readTables(session)[0]?.key?.columns).toEqual(['a', 'b']);
  });
});

test('a key whose collation only the application knows is refused', () => {
  const db = folder.database('source.db', 'CREATE TABLE t (a TEXT NOT NULL COLLATE NOCASE PRIMARY KEY)');
  db.unsafeMode(true);
  db.pragma('writable_schema = ON');
  db.exec(`UPDATE sqlite_schema SET sql = replace(sql, 'NOCASE', 'KLINGON')`);
  const session = folder.closing(sourceSession(folder.file('source.db')));
  expect(readTables(session)[0]?.refusal).toMatchObject({
    code: 'TABLE_UNSUPPORTED',
    reason: expect.stringContaining('KLINGON'),
  });
});

test('a table of too many columns is refused', () => {
  const columns = Array.from({ length: 1_000 }, (_, index) => `c${index}`);
  expect(tableOf(`CREATE TABLE t (id INTEGER PRIMARY KEY, ${columns.join(', ')})`).refusal?.code).toBe(
    'TABLE_UNSUPPORTED',
  );
});

test('views and virtual tables are refused; what belongs to them, to SQLite and to us is left out', () => {
  const tables = tablesOf(`CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a);
INSERT INTO t (a) VALUES (1);
ANALYZE;
CREATE VIEW v AS SELECT * FROM t;
CREATE VIEW broken AS SELECT * FROM nowhere;
CREATE VIRTUAL TABLE f USING fts5 (a);
CREATE TABLE _cdc_counter (n);
CREATE TABLE "cdc_changes_t" (id INTEGER PRIMARY KEY)`);
  expect([...tables.keys()]).toEqual(['broken', 'f', 't', 'v']);
  for (const name of ['broken', 'f', 'v']) expect(tables.get(name)?.refusal?.code).toBe('TABLE_UNSUPPORTED');
  expect(tables.get('t')?.refusal).toBeNull();
});

test('a virtual table of a module that is not loaded is refused, and hides nothing else', () => {
  const db = folder.database('source.db', 'CREATE TABLE t (id INTEGER PRIMARY KEY)');
  db.unsafeMode(true);
  db.pragma('writable_schema = ON');
  db.exec(
    `INSERT INTO sqlite_schema VALUES ('table', 'w', 'w', 0, 'CREATE VIRTUAL TABLE w USING nobody (a)')`,
  );
  const session = folder.closing(sourceSession(folder.file('source.db')));
  expect(readTables(session).map((table) => [table.name.name, table.refusal?.code])).toEqual([
    ['t', undefined],
    ['w', 'TABLE_UNSUPPORTED'],
  ]);
});

test('columns are known with type, affinity, default, generation and collation', () => {
  const { columns, options } = tableOf(`CREATE TABLE t (
  id INTEGER PRIMARY KEY,
  "quo""ted" VARCHAR(10) NOT NULL DEFAULT 'x (COLLATE RTRIM)' COLLATE nocase, -- COLLATE RTRIM, or not
  [two words] NUMERIC (10,2) DEFAULT (1 + 2) CHECK ("two words" COLLATE RTRIM <> ''),
  \`tick\` DOUBLE, 'text as name', stored INT GENERATED ALWAYS AS (id + 1) STORED,
  computed AS (upper("quo""ted") COLLATE NOCASE), twice TEXT COLLATE NOCASE COLLATE BINARY
)`);
  const plain = { nullable: true, generated: 'no', collation: null, defaultSql: null };
  const dynamic = (affinity: string) => ({ kind: 'dynamic', affinity });
  expect(columns).toMatchObject([
    { ...plain, name: 'id', declaredType: 'INTEGER', type: dynamic('integer'), nullable: false },
    {
      ...plain,
      name: 'quo"ted',
      declaredType: 'VARCHAR(10)',
      type: dynamic('text'),
      nullable: false,
      collation: 'NOCASE',
      defaultSql: `'x (COLLATE RTRIM)'`,
    },
    {
      ...plain,
      name: 'two words',
      declaredType: 'NUMERIC (10,2)',
      type: dynamic('numeric'),
      defaultSql: '1 + 2',
    },
    { ...plain, name: 'tick', declaredType: 'DOUBLE', type: dynamic('real') },
    { ...plain, name: 'text as name', declaredType: '', type: dynamic('blob') },
    { ...plain, name: 'stored', declaredType: 'INT', type: dynamic('integer'), generated: 'stored' },
    { ...plain, name: 'computed', declaredType: '', type: dynamic('blob'), generated: 'virtual' },
    { ...plain, name: 'twice', declaredType: 'TEXT', type: dynamic('text') },
  ]);
  expect(options).toEqual([]);
});

test('options of a table go along', () => {
  expect(tableOf('CREATE TABLE t (a ANY PRIMARY KEY) STRICT, WITHOUT ROWID')).toMatchObject({
    options: ['WITHOUT ROWID', 'STRICT'],
    columns: [{ type: { kind: 'dynamic', affinity: 'blob' } }],
  });
});

test('unique indexes beside the key are known, partial ones and those over expressions, too', () => {
  const { uniqueIndexes } = tableOf(`CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, UNIQUE (b, a));
CREATE UNIQUE INDEX partial ON t (a) WHERE b > 1;
CREATE UNIQUE INDEX expression ON t (lower(a), b);
CREATE INDEX ordinary ON t (b)`);
  expect(uniqueIndexes).toMatchObject([
    { name: 'expression', columns: [null, 'b'], partial: false },
    { name: 'partial', columns: ['a'], partial: true },
    { name: 'sqlite_autoindex_t_1', columns: ['b', 'a'], partial: false },
  ]);
});

test('foreign keys name the parent as it spells itself', () => {
  const { foreignKeys } = tableOf(`CREATE TABLE "Parent One" (x PRIMARY KEY, y);
CREATE TABLE t (id INTEGER PRIMARY KEY, a REFERENCES [parent one], b, c, FOREIGN KEY (b, c) REFERENCES nowhere (x, y))`);
  expect(foreignKeys).toEqual([
    { columns: ['b', 'c'], references: { schema: null, name: 'nowhere' } },
    { columns: ['a'], references: { schema: null, name: 'Parent One' } },
  ]);
});

describe('a table is read again by key', () => {
  const SCHEMA = `CREATE TABLE t (id INTEGER PRIMARY KEY, a, p REFERENCES parent);
CREATE TABLE parent (id INTEGER PRIMARY KEY, a);
CREATE TABLE audit (id INTEGER PRIMARY KEY, note);
CREATE VIEW v AS SELECT * FROM t;
CREATE VIRTUAL TABLE f USING fts5 (a);`;
  const on = (header: string, body: string): string => `CREATE TRIGGER app ${header} BEGIN ${body}; END`;

  test.each([
    ['an AFTER trigger on it writes it', on('AFTER UPDATE ON t', 'UPDATE t SET a = 1')],
    [
      'a trigger without FOR EACH ROW or timing writes it',
      on('UPDATE OF a ON t', 'DELETE FROM t WHERE id = 5'),
    ],
    ['the name is in double quotes', on('AFTER INSERT ON t', 'REPLACE INTO "T" (id) VALUES (1)')],
    ['the name is in brackets', on('AFTER INSERT ON t', 'UPDATE OR IGNORE [t] SET a = 1')],
    ['the name is in backticks', on('AFTER INSERT ON t', 'INSERT OR REPLACE INTO `t` (id) VALUES (1)')],
    ['the name is a string', on('AFTER INSERT ON t', `DELETE FROM 't'`)],
    ['comments hide the name', on('AFTER INSERT ON t', 'UPDATE/* audit */t -- audit\n SET a = 1')],
    [
      'the write is not the first statement',
      on(
        'AFTER INSERT ON t',
        `SELECT CASE WHEN 1 THEN 2 END; INSERT INTO audit (note) VALUES ('; UPDATE audit'); UPDATE t SET a = 1`,
      ),
    ],
    [
      'its condition speaks of a column called begin',
      `ALTER TABLE t ADD COLUMN "begin"; ${on('AFTER UPDATE ON t WHEN NEW.begin IS NULL', 'UPDATE t SET a = 1')}`,
    ],
    [
      'a trigger on another table comes back',
      `${on('AFTER UPDATE ON t', 'UPDATE parent SET a = 1')}; CREATE TRIGGER app2 AFTER UPDATE ON parent BEGIN UPDATE t SET a = 1; END`,
    ],
    [
      'a trigger writes a view whose trigger writes it',
      `${on('AFTER UPDATE ON t', 'UPDATE v SET a = 1')}; CREATE TRIGGER app2 INSTEAD OF UPDATE ON v BEGIN UPDATE t SET a = 1; END`,
    ],
    [
      'a REPLACE elsewhere comes back by its victims',
      `${on('AFTER UPDATE ON t', 'INSERT INTO audit (note) VALUES (1)')}; CREATE TRIGGER app2 AFTER DELETE ON audit BEGIN UPDATE t SET a = 1; END`,
    ],
    [
      'a trigger calls a function of the application',
      on('AFTER UPDATE ON t', 'SELECT notify_somebody(NEW.id)'),
    ],
    [
      'a trigger matches by the application’s REGEXP',
      on('AFTER UPDATE ON t', `INSERT INTO audit (note) SELECT 1 WHERE NEW.a REGEXP 'x'`),
    ],
    [
      'its rows refer to each other and follow updates',
      'DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, p REFERENCES t ON UPDATE CASCADE)',
    ],
    [
      'its rows refer to each other and are set to NULL',
      'DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, p REFERENCES t ON DELETE SET NULL)',
    ],
    [
      'a cascade ends in a trigger that comes back',
      'DROP TABLE audit; CREATE TABLE audit (id INTEGER PRIMARY KEY, t REFERENCES t ON DELETE CASCADE); CREATE TRIGGER app AFTER DELETE ON audit BEGIN UPDATE t SET a = 1; END',
    ],
  ])('when %s', (_case, sql) => {
    expect(tableOf(`${SCHEMA}; ${sql}`).reread).toBe(true);
  });

  test.each([
    ['there are no triggers', ''],
    [
      'a trigger writes elsewhere',
      on('AFTER UPDATE ON t', `INSERT INTO audit (note) VALUES ('UPDATE t SET a = 1')`),
    ],
    [
      'only another table’s trigger writes it',
      on('AFTER UPDATE ON parent', 'UPDATE t SET a = 1 WHERE p = NEW.id'),
    ],
    ['a trigger reads it', on('AFTER UPDATE ON t', 'INSERT INTO audit (note) SELECT max(a) FROM t')],
    [
      'a trigger selects WITH something',
      on('AFTER UPDATE ON t', 'WITH w (x) AS (SELECT 1), y AS MATERIALIZED (SELECT 2) SELECT x FROM w'),
    ],
    ['a trigger only raises', on('BEFORE INSERT ON t', `SELECT RAISE(ABORT, 'no') WHERE NEW.a IN (1, 2)`)],
    [
      'a trigger fills a full-text index',
      on('AFTER INSERT ON t', 'INSERT INTO f (rowid, a) VALUES (NEW.id, lower(NEW.a))'),
    ],
    [
      'its rows refer to each other and go with their parents',
      'DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, p REFERENCES t ON DELETE CASCADE)',
    ],
    [
      'its parent’s deletes cascade to it',
      'DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, p REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE)',
    ],
    [
      'an upsert with columns writes elsewhere',
      on(
        'AFTER UPDATE ON t',
        `INSERT INTO audit (id, note) VALUES (1, coalesce(NEW.a, 'x')) ON CONFLICT (id) DO UPDATE SET note = excluded.note`,
      ),
    ],
  ])('but not when %s', (_case, sql) => {
    expect(tableOf(`${SCHEMA}; ${sql}`).reread).toBe(false);
  });
});
