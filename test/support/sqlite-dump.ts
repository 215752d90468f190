/** The rows of an SQLite table as texts that are equal exactly when storage class and content of all values are. */
import type Database from 'better-sqlite3';
import { z } from 'zod';

const columnRow = z.object({ name: z.string() });
const valuesRow = z.array(z.unknown());

/** All columns, generated ones too; rows in no order. Asks SQLite, not the code under test. */
export function dumpTable(database: Database.Database, table: string, columns?: readonly string[]): string[] {
  const quoted = `"${table.replaceAll('"', '""')}"`;
  const names =
    columns ??
    z
      .array(columnRow)
      .parse(database.pragma(`table_xinfo(${quoted})`))
      .map((column) => column.name);
  // Text as bytes: JavaScript can't hold all that SQLite takes as text.
  const list = names
    .map((name) => `"${name.replaceAll('"', '""')}"`)
    .map(
      (name) =>
        `typeof(${name}), CASE typeof(${name}) WHEN 'text' THEN CAST(${name} AS BLOB) ELSE ${name} END`,
    );
  const rows = database
    .prepare(`SELECT ${list.join(', ')} FROM ${quoted}`)
    .safeIntegers(true)
    .raw(true)
    .all();
  return rows.map((row) => valuesRow.parse(row).map(describe).join(' | '));
}

function describe(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'number' && Object.is(value, -0)) return '-0';
  return String(value);
}
