/** A table with a column of times and one of versions, and reading it by them. */
import assert from 'node:assert/strict';
import type { Cursor, KeysetColumn, KeysetPage, KeysetReader, KeysetRow, Source, TableRoute } from '../model';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import type { ScratchDatabase, TableDefinition } from './fixture';
import type { ContractOptions } from './options';
import { first, routesOf } from './scene';
import type { Scene } from './scene';

/** A table with a column `changed` of times and one of versions. */
export interface Stamped {
  readonly database: ScratchDatabase;
  readonly source: Source;
  readonly reader: KeysetReader;
  readonly route: TableRoute;
  readonly time: KeysetColumn;
  readonly version: KeysetColumn;
}

export const OLD = '2020-02-03 04:05:06.123456';

/** A case over such a table. Does nothing with an adapter that can't read by a column. */
export function stampedCase(
  options: ContractOptions,
  name: string,
  definition: TableDefinition,
  body: (stamped: Stamped, scene: Scene) => Promise<void>,
): ContractCase {
  const { fixture } = options;
  return contractCase(options, name, async (scene) => {
    const database = await scene.database();
    const table = definition.name;
    await database.execute(
      ...fixture.createTable(definition),
      `ALTER TABLE ${table} ADD COLUMN changed ${fixture.timeType}`,
      `ALTER TABLE ${table} ADD COLUMN revision INTEGER`,
      `CREATE INDEX ${table}_changed ON ${table} (changed)`,
      `CREATE INDEX ${table}_revision ON ${table} (revision)`,
    );
    const source = await scene.source(database);
    if (source.keyset === undefined) return;
    const route = first(await routesOf(source, [definition]));
    const time: KeysetColumn = { route, column: 'changed', by: 'timestamp' };
    const version: KeysetColumn = { route, column: 'revision', by: 'version' };
    await body({ database, source, reader: source.keyset, route, time, version }, scene);
  });
}

export function insertItem(id: number, changed: string): string {
  return `INSERT INTO items (id, name, amount, changed, revision) VALUES (${String(id)}, 'n', 1, '${changed}', ${String(id)})`;
}

/** All rows of a table by a column, in pages. */
export async function readAll(
  reader: KeysetReader,
  column: KeysetColumn,
  limit: number,
): Promise<readonly KeysetRow[]> {
  const rows: KeysetRow[] = [];
  let page: KeysetPage | undefined;
  let after: Cursor | null = null;
  do {
    [page] = await reader.read([{ column, from: null, before: null, after }], limit);
    assert.ok(page !== undefined, 'a range has a page');
    assert.ok(page.rows.length <= limit, 'a page has no more rows than asked for');
    rows.push(...page.rows);
    after = page.after;
  } while (!page.ended);
  return rows;
}
