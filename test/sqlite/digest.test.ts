/** A digest of rows tells apart whatever a comparison of the rows would. */
import { expect, test } from '@jest/globals';
import { openTarget } from '../../engine/adapters/sqlite/target/target';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();

/** Values of two columns, as SQL. */
const ROWS = [
  'NULL, NULL',
  `'', NULL`,
  `NULL, ''`,
  `'NULL', NULL`,
  `0, 0`,
  `0, 0.0`,
  `0, -0.0`,
  `0, '0'`,
  `0, x'30'`,
  `0, x''`,
  `0, ''`,
  `0, ' '`,
  `9007199254740993, 0`,
  `9007199254740992, 0`,
  `9007199254740992.0, 0`,
  `0, 0.1`,
  `0, 0.10000000000000002`,
  `0, 9e999`,
  `0, -9e999`,
  `'1|1:2', 3`,
  `'1', '2|3'`,
  `'a' || char(0) || 'b', 1`,
  `'a' || char(0) || 'c', 1`,
  `'a', 1`,
  // No valid UTF-8, each read as the same by JavaScript.
  `CAST(x'61FF' AS TEXT), 1`,
  `CAST(x'61FE' AS TEXT), 1`,
  `'a' || char(65533), 1`,
  // Longer than what a text is made of; the last letter or byte differs, or the kind.
  `replace(hex(zeroblob(40000)), '00', 'ab') || 'c', 1`,
  `replace(hex(zeroblob(40000)), '00', 'ab') || 'd', 1`,
  `CAST(replace(hex(zeroblob(40000)), '00', 'ab') || 'c' AS BLOB), 1`,
  `CAST(replace(hex(zeroblob(40000)), '00', 'ab') || 'd' AS BLOB), 1`,
  `1, replace(hex(zeroblob(40000)), '00', 'ab') || 'c'`,
  `char(1) || 'long' || char(1), 1`,
  `char(1) || 'long' || char(1) || 'text80001', 1`,
  `char(65533), replace(hex(zeroblob(40000)), '00', 'ab') || 'c'`,
  `CAST(x'FF' AS TEXT), replace(hex(zeroblob(40000)), '00', 'ab') || 'c'`,
];

test('rows of other types, other contents, or other bytes have other digests; the same have the same', async () => {
  const database = folder.database('replica.db', 'CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)');
  const zero = database.prepare('INSERT INTO t VALUES (1, 0, ?)');
  const target = folder.closing(
    await openTarget({ url: folder.url('replica.db'), readOnly: false, create: false }),
  );
  const table = { schema: null, name: 't' };
  const request = { table, columns: ['id', 'a', 'b'], key: ['id'], after: null, upTo: null, limit: null };
  const digests = new Map<string, string>();
  for (const row of [...ROWS, ...ROWS]) {
    database.exec('DELETE FROM t');
    // A literal has no negative zero.
    if (row === '0, -0.0') zero.run(-0);
    else database.exec(`INSERT INTO t VALUES (1, ${row})`);
    const found = await target.digest?.(request);
    expect(found).toMatchObject({ rows: 1, cursor: null });
    const digest = found?.digest ?? '';
    expect(digests.get(row) ?? digest).toBe(digest);
    digests.set(row, digest);
  }
  expect(new Set(digests.values()).size).toBe(ROWS.length);
});
