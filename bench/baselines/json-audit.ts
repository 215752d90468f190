/** The usual audit trigger: one table for all, old and new row as JSON. */
import type Database from 'better-sqlite3';

/** Puts the audit table and its three triggers on `table`. */
export function installJsonAudit(db: Database.Database, table: string, columns: readonly string[]): void {
  const json = (row: 'old' | 'new'): string =>
    `json_object(${columns.map((column) => `'${column}', ${row}.${column}`).join(', ')})`;
  db.exec(`
    CREATE TABLE audit_log (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      table_name TEXT NOT NULL,
      op TEXT NOT NULL,
      old_row TEXT,
      new_row TEXT,
      changed_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
    );
    CREATE TRIGGER audit_insert AFTER INSERT ON ${table} BEGIN
      INSERT INTO audit_log (table_name, op, new_row) VALUES ('${table}', 'insert', ${json('new')});
    END;
    CREATE TRIGGER audit_update AFTER UPDATE ON ${table} BEGIN
      INSERT INTO audit_log (table_name, op, old_row, new_row)
      VALUES ('${table}', 'update', ${json('old')}, ${json('new')});
    END;
    CREATE TRIGGER audit_delete AFTER DELETE ON ${table} BEGIN
      INSERT INTO audit_log (table_name, op, old_row) VALUES ('${table}', 'delete', ${json('old')});
    END;`);
}
