/** SQLite for the adapter contract suite: scratch files, connections of an application, its DDL. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Fixture, ScratchDatabase, TableDefinition } from '../../engine/contract';
import { dumpTable } from './sqlite-dump';

export type JournalMode = 'wal' | 'delete';

export function sqliteFixture(journalMode: JournalMode): Fixture {
  return {
    createDatabase: () => createDatabase(journalMode),
    quoteName: quote,
    createTable: (definition) => [createTableSql(definition)],
    createSampleTable: (name, declaration) => [
      `CREATE TABLE ${quote(name)} (id INTEGER NOT NULL PRIMARY KEY, value ${declaration})`,
    ],
    stampingTrigger: (moment) => [
      `CREATE TRIGGER stamp_${moment} ${moment.toUpperCase()} UPDATE OF name ON stamped BEGIN
         UPDATE stamped SET revision = revision + 1 WHERE id = OLD.id;
       END`,
    ],
    replaceInto: 'INSERT OR REPLACE INTO',
    insertIgnoreInto: 'INSERT OR IGNORE INTO',
    typeSamples: [
      '',
      'INTEGER',
      'REAL',
      'NUMERIC(10,2)',
      'TEXT',
      'VARCHAR(10)',
      'BLOB',
      'DATETIME',
      'BOOLEAN',
    ].map((declaration) => ({ declaration, literals: LITERALS })),
    timeType: 'TEXT',
    indexOf: (_table, index) => quote(index),
    refusedTables: [
      { name: 'keyless', statements: ['CREATE TABLE keyless (a, b)'], code: 'KEY_MISSING' },
      {
        name: 'nullable_key',
        statements: ['CREATE TABLE nullable_key (code TEXT PRIMARY KEY, v)'],
        code: 'KEY_MISSING',
      },
      {
        name: 'half_nullable',
        statements: ['CREATE TABLE half_nullable (a INTEGER NOT NULL, b TEXT, PRIMARY KEY (a, b))'],
        code: 'KEY_MISSING',
      },
      {
        name: 'partial_key',
        statements: [
          'CREATE TABLE partial_key (a INTEGER NOT NULL, b TEXT)',
          'CREATE UNIQUE INDEX some_of_them ON partial_key (a) WHERE a > 0',
        ],
        code: 'KEY_MISSING',
      },
    ],
  };
}

/** Every storage class at its limits, in whatever column. */
const LITERALS: readonly string[] = [
  '0',
  '1',
  '1.0',
  '0.99',
  '-0.0',
  '1e308',
  '9e999',
  '-5e-324',
  '9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
  `''`,
  `'1'`,
  `'1.0'`,
  `'text'`,
  `'ünï ✓ 😀'`,
  `'null' || char(0) || 'inside'`,
  `replace(hex(zeroblob(20000)), '00', 'long')`,
  `x''`,
  `x'00ff00'`,
  `CAST('1' AS BLOB)`,
  `zeroblob(5000)`,
];

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function createTableSql({ name, columns, key, unique, references }: TableDefinition): string {
  const lines = [
    ...columns.map((column) => {
      const type = column.type === 'integer' ? 'INTEGER' : 'TEXT';
      return `${quote(column.name)} ${type}${column.nullable ? '' : ' NOT NULL'}`;
    }),
    `PRIMARY KEY (${key.map(quote).join(', ')})`,
    ...unique.map((column) => `UNIQUE (${quote(column)})`),
    ...(references === null
      ? []
      : [
          `FOREIGN KEY (${quote(references.column)}) REFERENCES ${quote(references.table)} (${quote(references.key)})
             ON DELETE CASCADE`,
        ]),
  ];
  return `CREATE TABLE ${quote(name)} (${lines.join(', ')})`;
}

async function createDatabase(journalMode: JournalMode): Promise<ScratchDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'temporal-cdc-'));
  const file = join(folder, 'scratch.db');
  const open: Database.Database[] = [];
  const openAnother = (): Database.Database => {
    const database = new Database(file);
    open.push(database);
    database.defaultSafeIntegers(true);
    database.pragma('foreign_keys = ON');
    return database;
  };
  const main = openAnother();
  main.pragma(`journal_mode = ${journalMode}`);

  return {
    url: `sqlite:${file}`,
    // The port is asynchronous because other databases are.
    async execute(...statements) {
      for (const statement of statements) main.exec(statement);
      return Promise.resolve();
    },
    connect: async () => {
      const connection = openAnother();
      return Promise.resolve({
        execute: async (statement) => Promise.resolve(void connection.exec(statement)),
        close: async () => Promise.resolve(void connection.close()),
      });
    },
    dump: async (table) => Promise.resolve(dumpTable(main, table)),
    objects: async () => {
      const rows = main.prepare('SELECT type, name FROM sqlite_schema').raw(true).all();
      return Promise.resolve(rows.map((row) => String(row)).sort());
    },
    async damageCapture(table) {
      const trigger = main
        .prepare(
          `SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? AND name LIKE '\\_cdc\\_%' ESCAPE '\\'`,
        )
        .pluck()
        .get(table);
      if (typeof trigger !== 'string') throw new Error(`no trigger of capture on ${table}`);
      main.exec(`DROP TRIGGER ${quote(trigger)}`);
      return Promise.resolve();
    },
    async dispose() {
      for (const database of open) database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
