/** Compares two SQLite files with SQLite itself, so that no code under test judges its own work. */
import assert from 'node:assert/strict';
import Database from 'better-sqlite3';
import { z } from 'zod';

export interface ComparedTable {
  readonly source: string;
  /** The same name if absent. */
  readonly target?: string;
  /** All columns of the source table if absent, without generated ones. */
  readonly columns?: readonly string[];
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Type and content of a value as texts: bytes of text, since JavaScript and `quote` stop at NUL. */
function exact(column: string): string {
  const name = quote(column);
  return `typeof(${name}), CASE typeof(${name}) WHEN 'text' THEN hex(CAST(${name} AS BLOB)) ELSE quote(${name}) END`;
}

const namesSchema = z.array(z.object({ name: z.string() }));
const rowsSchema = z.array(z.array(z.unknown()));

/** Rows that are on one side only, by table; nothing for tables that are equal. */
export function differences(
  sourceFile: string,
  targetFile: string,
  tables: readonly ComparedTable[],
): readonly string[] {
  const db = new Database(':memory:');
  try {
    db.prepare('ATTACH ? AS here').run(sourceFile);
    db.prepare('ATTACH ? AS there').run(targetFile);
    return tables.flatMap(({ source, target = source, columns }) => {
      const names =
        columns ??
        namesSchema.parse(db.pragma(`here.table_info(${quote(source)})`)).map((column) => column.name);
      const list = names.map(exact).join(', ');
      const here = `SELECT ${list} FROM here.${quote(source)}`;
      const there = `SELECT ${list} FROM there.${quote(target)}`;
      const only = (side: string, one: string, other: string): string[] =>
        rowsSchema
          .parse(db.prepare(`${one} EXCEPT ${other}`).raw(true).all())
          .map((row) => `${source}: only the ${side} has ${row.join(' ')}`);
      const count = (table: string): unknown => db.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
      const counts = [count(`here.${quote(source)}`), count(`there.${quote(target)}`)];
      return [
        ...only('source', here, there),
        ...only('target', there, here),
        ...(counts[0] === counts[1] ? [] : [`${source}: ${counts.join(' and ')} rows`]),
      ];
    });
  } finally {
    db.close();
  }
}

/** Names of all tables of an application in a file. */
export function tablesIn(file: string): readonly string[] {
  const db = new Database(file, { readonly: true });
  try {
    const sql = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
      AND name NOT LIKE '\\_cdc\\_%' ESCAPE '\\' AND name NOT LIKE 'cdc\\_changes\\_%' ESCAPE '\\' ORDER BY name`;
    return namesSchema.parse(db.prepare(sql).all()).map((table) => table.name);
  } finally {
    db.close();
  }
}

export function expectSameTables(
  sourceFile: string,
  targetFile: string,
  tables: readonly (string | ComparedTable)[],
): void {
  const compared = tables.map((table) => (typeof table === 'string' ? { source: table } : table));
  assert.equal(differences(sourceFile, targetFile, compared).join('\n'), '');
}

/** Everything in a file that the application did not make: `type name` of each object. */
export function ownObjects(file: string): readonly string[] {
  const db = new Database(file, { readonly: true });
  try {
    const sql = `SELECT type || ' ' || name AS name FROM sqlite_schema
      WHERE name LIKE '%\\_cdc\\_%' ESCAPE '\\' OR name LIKE 'cdc\\_changes\\_%' ESCAPE '\\'`;
    return namesSchema.parse(db.prepare(sql).all()).map((object) => object.name);
  } finally {
    db.close();
  }
}
