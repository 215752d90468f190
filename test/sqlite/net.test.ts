import { expect, test } from '@jest/globals';
import { longSql } from '../../engine/adapters/sqlite/attached/net';
import { openSource } from '../../engine/adapters/sqlite/source/source';
import { routeOf } from '../support/routes';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();

/** Answers whether a change with these values (of columns of the change table, by SQL) counts as long. */
async function countsAsLong(schema: string): Promise<(values: Readonly<Record<string, string>>) => boolean> {
  folder.database('source.db', schema);
  const source = folder.closing(await openSource({ url: folder.url('source.db'), readOnly: false }));
  const [route] = (await source.tables()).map((table) => routeOf(table));
  if (route === undefined) throw new Error('the schema has no table');
  const columns = route.columns.flatMap((column) => [`old_${column}`, `new_${column}`]);
  const db = folder.database('changes.db', `CREATE TABLE changes (${columns.join(', ')})`);
  const count = db.prepare<[], bigint>(`SELECT count(${longSql(route)}) FROM changes`).pluck();
  return (values) => {
    const [names, sql] = [Object.keys(values), Object.values(values)];
    db.exec(`DELETE FROM changes; INSERT INTO changes (${names.join(', ')}) VALUES (${sql.join(', ')})`);
    return count.get() === 1n;
  };
}

test('changes of short values are sorted whole, whatever is in which column', async () => {
  const isLong = await countsAsLong(
    'CREATE TABLE t (id INTEGER PRIMARY KEY, at DATETIME, price DECIMAL(10, 2), ratio REAL, n INTEGER, note TEXT)',
  );
  expect(isLong({ new_id: '1', new_at: "'2024-01-01 00:00:00'", new_price: '1.5', new_note: "'x'" })).toBe(
    false,
  );
  expect(isLong({ new_ratio: '9e999', new_n: '9223372036854775807', new_at: 'NULL' })).toBe(false);
  expect(isLong({ new_n: "'no number'", new_ratio: "x'00'" })).toBe(false);
  expect(isLong({ old_id: '1', old_note: "printf('%5000s', '')" })).toBe(false);
});

test('of changes with a long value only the keys are sorted, whatever is in which column', async () => {
  const isLong = await countsAsLong(
    'CREATE TABLE t (k TEXT PRIMARY KEY NOT NULL, at DATETIME, ratio REAL, n INTEGER, note TEXT, doc)',
  );
  const long = "printf('%1001s', '')";
  for (const column of ['new_k', 'old_k', 'new_at', 'new_ratio', 'new_n', 'new_note', 'new_doc']) {
    expect([column, isLong({ [column]: long })]).toEqual([column, true]);
    expect([column, isLong({ [column]: 'zeroblob(1001)' })]).toEqual([column, true]);
  }
});

test('what is sorted whole is short as a row, not only value by value', async () => {
  const columns = Array.from({ length: 10 }, (_, place) => `c${place}`);
  const isLong = await countsAsLong(
    `CREATE TABLE t (id INTEGER PRIMARY KEY, ${columns.join(' TEXT, ')} TEXT)`,
  );
  const filled = (letters: number): Readonly<Record<string, string>> =>
    Object.fromEntries(columns.map((column) => [`new_${column}`, `printf('%${letters}s', '')`]));
  expect(isLong(filled(100))).toBe(false);
  expect(isLong(filled(101))).toBe(true);
});
