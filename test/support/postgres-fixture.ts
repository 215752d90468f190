/** PostgreSQL for the adapter contract suite: scratch databases, connections of an application, its DDL. */
import type { Fixture, ScratchDatabase, TableDefinition } from '../../engine/contract';
import { createScratchDatabase, select, sharedServer } from './postgres';
import { POSTGRES_TYPE_SAMPLES } from './postgres-types';

const DIALECT: Omit<Fixture, 'createDatabase'> = {
  quoteName: quote,
  createTable: (definition) => [createTableSql(definition)],
  createSampleTable: (name, declaration) => [
    `CREATE TABLE ${quote(name)} (id integer NOT NULL PRIMARY KEY, value ${declaration})`,
  ],
  stampingTrigger: (moment) => [
    `CREATE FUNCTION stamp_${moment}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       ${
         moment === 'before'
           ? 'NEW.revision := NEW.revision + 1; RETURN NEW;'
           : 'UPDATE stamped SET revision = revision + 1 WHERE id = OLD.id; RETURN NULL;'
       }
     END $$`,
    `CREATE TRIGGER stamp_${moment} ${moment.toUpperCase()} UPDATE OF name ON stamped
       FOR EACH ROW EXECUTE FUNCTION stamp_${moment}()`,
  ],
  replaceInto: null,
  insertIgnoreInto: null,
  typeSamples: POSTGRES_TYPE_SAMPLES,
  timeType: 'timestamp(6)',
  indexOf: (_table, index) => quote(index),
  refusedTables: [
    { name: 'keyless', statements: ['CREATE TABLE keyless (a int, b int)'], code: 'KEY_MISSING' },
    {
      name: 'nullable_key',
      statements: ['CREATE TABLE nullable_key (code text UNIQUE, v int)'],
      code: 'KEY_MISSING',
    },
    {
      name: 'partial_key',
      statements: [
        'CREATE TABLE partial_key (a int NOT NULL, b text)',
        'CREATE UNIQUE INDEX some_of_them ON partial_key (a) WHERE a > 0',
      ],
      code: 'KEY_MISSING',
    },
    {
      name: 'expression_key',
      statements: [
        'CREATE TABLE expression_key (a text NOT NULL)',
        'CREATE UNIQUE INDEX lower_a ON expression_key (lower(a))',
      ],
      code: 'KEY_MISSING',
    },
    {
      name: 'deferrable_key',
      statements: ['CREATE TABLE deferrable_key (a int PRIMARY KEY DEFERRABLE)'],
      code: 'TABLE_UNSUPPORTED',
    },
    {
      name: 'unlogged',
      statements: ['CREATE UNLOGGED TABLE unlogged (a int PRIMARY KEY)'],
      code: 'TABLE_UNSUPPORTED',
    },
    { name: 'a_view', statements: ['CREATE VIEW a_view AS SELECT 1 AS a'], code: 'TABLE_UNSUPPORTED' },
    {
      name: 'a_stored_view',
      statements: ['CREATE MATERIALIZED VIEW a_stored_view AS SELECT 1 AS a'],
      code: 'TABLE_UNSUPPORTED',
    },
    {
      name: 'parent_of_others',
      statements: [
        'CREATE TABLE parent_of_others (a int PRIMARY KEY)',
        'CREATE TABLE heir () INHERITS (parent_of_others)',
      ],
      code: 'TABLE_UNSUPPORTED',
    },
  ],
};

/** Scratch databases on a server. */
export function postgresFixtureOn(server: () => string): Fixture {
  return { ...DIALECT, createDatabase: () => createDatabase(server()) };
}

export const postgresFixture: Fixture = postgresFixtureOn(sharedServer);

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function createTableSql({ name, columns, key, unique, references }: TableDefinition): string {
  const lines = [
    ...columns.map((column) => `${quote(column.name)} ${column.type}${column.nullable ? '' : ' NOT NULL'}`),
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

const OBJECTS = `
SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname NOT IN ('information_schema', 'public')
UNION ALL SELECT format('relation %s.%s %s', n.nspname, c.relname, c.relkind)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
UNION ALL SELECT format('function %s.%s', n.nspname, p.proname)
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
UNION ALL SELECT format('trigger %s on %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT format('event trigger %s', evtname) FROM pg_event_trigger
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
    async dump(table) {
      const rows = await select(main, `SELECT t::text FROM ${quote(table)} t`);
      return rows.map((row) => row[0] ?? '');
    },
    async objects() {
      return (await select(main, OBJECTS)).map((row) => row[0] ?? '');
    },
    async damageCapture(table) {
      await main.query(`DROP TRIGGER _cdc_insert ON ${quote(table)}`);
    },
    dispose: () => database.drop(),
  };
}
