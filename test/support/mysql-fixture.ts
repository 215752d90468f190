/** MySQL and MariaDB for the adapter contract suite: scratch databases, connections of an application, their DDL. */
import type { Connection } from 'mysql2/promise';
import type { Fixture, ScratchDatabase, TableDefinition } from '../../engine/contract';
import { createScratchDatabase, select } from './mysql';
import type { Flavour } from './mysql-programs';
import { mysqlTypeSamples } from './mysql-types';

/** Texts are compared by their bytes, as the suite's cases expect of a key. */
const TEXT = 'VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';

/** Scratch databases on a server. */
export function mysqlFixture(server: () => string, flavour: Flavour): Fixture {
  return {
    createDatabase: () => createDatabase(server()),
    quoteName: quote,
    createTable: (definition) => [createTableSql(definition)],
    createSampleTable: (name, declaration) => [
      `CREATE TABLE ${quote(name)} (id INT NOT NULL PRIMARY KEY, value ${declaration} NULL)`,
    ],
    // A trigger cannot write the table of the statement that fired it, but through NEW.
    stampingTrigger: (moment) =>
      moment === 'after'
        ? null
        : [
            `CREATE TRIGGER stamp_before BEFORE UPDATE ON stamped FOR EACH ROW
               SET NEW.revision = NEW.revision + IF(NEW.name <=> OLD.name, 0, 1)`,
          ],
    replaceInto: 'REPLACE INTO',
    insertIgnoreInto: 'INSERT IGNORE INTO',
    typeSamples: mysqlTypeSamples(flavour),
    timeType: 'DATETIME(6)',
    indexOf: (table, index) => `${quote(index)} ON ${quote(table)}`,
    refusedTables: [
      { name: 'keyless', statements: ['CREATE TABLE keyless (a INT, b INT)'], code: 'KEY_MISSING' },
      {
        name: 'nullable_key',
        statements: ['CREATE TABLE nullable_key (code VARCHAR(10) UNIQUE, v INT)'],
        code: 'KEY_MISSING',
      },
      {
        name: 'prefix_key',
        statements: ['CREATE TABLE prefix_key (a VARCHAR(50) NOT NULL, UNIQUE (a(5)))'],
        code: 'KEY_MISSING',
      },
      {
        name: 'computed_key',
        statements: ['CREATE TABLE computed_key (a INT, b INT AS (a + 1) STORED NOT NULL UNIQUE)'].map(
          (sql) =>
            // MariaDB takes no NOT NULL on a computed column, which then can be NULL.
            flavour === 'mariadb' ? sql.replace(' NOT NULL', '') : sql,
        ),
        code: 'KEY_MISSING',
      },
      {
        name: 'float_key',
        statements: ['CREATE TABLE float_key (a FLOAT NOT NULL PRIMARY KEY)'],
        code: 'TABLE_UNSUPPORTED',
      },
      {
        name: 'not_transactional',
        statements: ['CREATE TABLE not_transactional (a INT PRIMARY KEY) ENGINE = MyISAM'],
        code: 'TABLE_UNSUPPORTED',
      },
      { name: 'a_view', statements: ['CREATE VIEW a_view AS SELECT 1 AS a'], code: 'TABLE_UNSUPPORTED' },
      {
        name: 'tree',
        statements: [
          `CREATE TABLE tree (id INT PRIMARY KEY, parent INT,
             FOREIGN KEY (parent) REFERENCES tree (id) ON DELETE CASCADE)`,
        ],
        code: 'TABLE_UNSUPPORTED',
      },
    ],
  };
}

function quote(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

function createTableSql({ name, columns, key, unique, references }: TableDefinition): string {
  const lines = [
    ...columns.map(
      (column) =>
        `${quote(column.name)} ${column.type === 'text' ? TEXT : 'INT'}${column.nullable ? ' NULL' : ' NOT NULL'}`,
    ),
    `PRIMARY KEY (${key.map(quote).join(', ')})`,
    ...unique.map((column) => `UNIQUE (${quote(column)})`),
    ...(references === null
      ? []
      : [
          `FOREIGN KEY (${quote(references.column)}) REFERENCES ${quote(references.table)} (${quote(references.key)})
             ON DELETE CASCADE`,
        ]),
  ];
  return `CREATE TABLE ${quote(name)} (${lines.join(', ')}) ENGINE = InnoDB`;
}

const OBJECTS = `
SELECT CONCAT('table ', TABLE_NAME, ' ', TABLE_TYPE) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()
UNION ALL SELECT CONCAT('trigger ', TRIGGER_NAME) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()
UNION ALL SELECT CONCAT('routine ', ROUTINE_NAME) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()
UNION ALL SELECT CONCAT('event ', EVENT_NAME) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()
UNION ALL SELECT CONCAT('index ', TABLE_NAME, '.', INDEX_NAME) FROM information_schema.STATISTICS
  WHERE TABLE_SCHEMA = DATABASE() GROUP BY TABLE_NAME, INDEX_NAME
ORDER BY 1`;

async function createDatabase(server: string): Promise<ScratchDatabase> {
  const database = await createScratchDatabase(server);
  const main = await database.connect();
  return {
    url: database.url,
    async execute(...statements) {
      for (const statement of statements) await main.query(statement);
    },
    async connect() {
      const connection = await database.connect();
      return {
        execute: async (statement) => {
          await connection.query(statement);
        },
        close: () => connection.end(),
      };
    },
    dump: (table) => dumpTable(main, table),
    async objects() {
      return (await select(main, OBJECTS)).map((row) => row[0] ?? '');
    },
    async damageCapture(table) {
      await main.query(`DROP TRIGGER ${quote(`_cdc_insert_${table}`)}`);
    },
    dispose: () => database.drop(),
  };
}

/** Types with all digits of the values, as hexadecimal digits. */
async function dumpTable(client: Connection, table: string): Promise<readonly string[]> {
  const columns = await select(
    client,
    `SELECT COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '${table.replaceAll("'", "''")}' ORDER BY ORDINAL_POSITION`,
  );
  const list = columns.map(([name, type]) => {
    const column = quote(name ?? '');
    const exact = type === 'float' ? `${column} + 0e0` : column;
    return `'${type ?? ''}', HEX(CAST(${exact} AS BINARY))`;
  });
  return (await select(client, `SELECT ${list.join(', ')} FROM ${quote(table)}`)).map((row) =>
    JSON.stringify(row),
  );
}
