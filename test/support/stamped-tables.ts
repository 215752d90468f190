/** Columns of the pairs' two tables that tell when a row was changed, kept by triggers of the application. */
import type { Family } from './pair-sides';

const TABLES = ['accounts', 'pairs'] as const;

/** Statements that add `changed_at`, the time of a change, and `row_version`, which grows over each table. */
export function stampStatements(family: Family): readonly string[] {
  switch (family) {
    case 'postgres':
      return [
        'CREATE SEQUENCE versions',
        `CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.changed_at := now(); NEW.row_version := nextval('versions'); RETURN NEW; END $$`,
        ...TABLES.flatMap((table) => [
          `ALTER TABLE ${table} ADD changed_at timestamptz NOT NULL DEFAULT now(), ADD row_version bigint NOT NULL DEFAULT 0`,
          `CREATE INDEX ON ${table} (changed_at)`,
          `CREATE INDEX ON ${table} (row_version)`,
          `CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION stamp()`,
        ]),
      ];
    case 'mariadb':
    case 'mysql':
      return TABLES.flatMap((table) => [
        `ALTER TABLE ${table}
ADD changed_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
ADD row_version BIGINT UNSIGNED NOT NULL DEFAULT 0, ADD INDEX (changed_at), ADD INDEX (row_version)`,
        `CREATE TRIGGER ${table}_new BEFORE INSERT ON ${table} FOR EACH ROW SET NEW.row_version = UUID_SHORT()`,
        // An update that changes nothing leaves ON UPDATE's time as it is; and so does this one the row, but for these two.
        `CREATE TRIGGER ${table}_changed BEFORE UPDATE ON ${table} FOR EACH ROW
SET NEW.row_version = UUID_SHORT(), NEW.changed_at = CURRENT_TIMESTAMP(6)`,
      ]);
    case 'sqlite':
      return [
        // The greatest version of a table goes back with the row that has it.
        'CREATE TABLE versions (last INTEGER NOT NULL)',
        'INSERT INTO versions VALUES (0)',
        ...TABLES.flatMap((table) => [
          `ALTER TABLE ${table} ADD COLUMN changed_at TEXT NOT NULL DEFAULT ''`,
          `ALTER TABLE ${table} ADD COLUMN row_version INTEGER NOT NULL DEFAULT 0`,
          `CREATE INDEX ${table}_changed_at ON ${table} (changed_at)`,
          `CREATE INDEX ${table}_row_version ON ${table} (row_version)`,
          ...(['INSERT', 'UPDATE'] as const).map(
            (event) => `CREATE TRIGGER ${table}_${event.toLowerCase()} AFTER ${event} ON ${table} BEGIN
UPDATE versions SET last = last + 1;
UPDATE ${table} SET changed_at = strftime('%Y-%m-%d %H:%M:%f', 'now'),
  row_version = (SELECT last FROM versions) WHERE rowid = NEW.rowid; END`,
          ),
        ]),
      ];
  }
}
