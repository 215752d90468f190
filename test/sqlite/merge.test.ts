import { describe, expect, test } from '@jest/globals';
import { encodeCursor, type RowSet, type Tuple } from '../../engine';
import { folderPerTest } from '../support/sqlite';
import { apply, CHECKPOINT, chunkOf, rowSet, targetFixture } from '../support/sqlite-target';

const folder = folderPerTest();
const { exec, routeFor, rows, targetFor } = targetFixture(folder);

describe('merging', () => {
  test('deletes, updates and inserts by key', async () => {
    const route = await routeFor('CREATE TABLE t (a TEXT, b INTEGER, v, PRIMARY KEY (a, b)) WITHOUT ROWID');
    const opened = await targetFor(route);
    await apply(opened, [
      rowSet(route, [
        ['x', 1n, 'one'],
        ['x', 2n, 'two'],
        ['y', 1n, 'three'],
      ]),
    ]);
    await apply(opened, [
      rowSet(
        route,
        [
          ['x', 2n, 'TWO'],
          ['z', 1n, null],
        ],
        [
          ['x', 1n],
          ['gone', 9n],
        ],
      ),
    ]);
    expect(rows('SELECT * FROM t ORDER BY a, b')).toEqual([
      ['x', 2n, 'TWO'],
      ['y', 1n, 'three'],
      ['z', 1n, null],
    ]);
  });

  test('writes a key that is spelled otherwise and yet equal', async () => {
    const n = await routeFor('CREATE TABLE n (k TEXT COLLATE NOCASE PRIMARY KEY NOT NULL)');
    const u = await routeFor('CREATE TABLE u (k PRIMARY KEY NOT NULL, v)');
    const opened = await targetFor(n, u);
    await apply(opened, [rowSet(n, [['abc']]), rowSet(u, [[1n, 'a']])]);
    await apply(opened, [rowSet(n, [['ABC']]), rowSet(u, [[1, 'b']])]);
    expect(rows('SELECT k FROM n')).toEqual([['ABC']]);
    expect(rows('SELECT typeof(k), v FROM u')).toEqual([['real', 'b']]);
  });

  test('takes a key whose collation another database alone has', async () => {
    const own = await routeFor('CREATE TABLE c (k TEXT PRIMARY KEY NOT NULL, v)');
    const columns = own.source.columns.map((column) => ({ ...column, collation: 'utf8mb4_general_ci' }));
    const route = { ...own, source: { ...own.source, columns } };
    const opened = await targetFor(route);
    await apply(opened, [rowSet(route, [['a', 1n]])]);
    await apply(opened, [rowSet(route, [['b', 2n]], [['a']])]);
    expect(rows('SELECT k, v FROM c')).toEqual([['b', 2n]]);
  });

  test('into a table that was dropped says so, and how to have it again', async () => {
    const route = await routeFor('CREATE TABLE u (id INTEGER PRIMARY KEY)');
    const opened = await targetFor(route);
    exec('DROP TABLE u');
    await expect(apply(opened, [rowSet(route, [[1n]])])).rejects.toMatchObject({
      code: 'TARGET_TABLE_MISMATCH',
      message: 'Target table u is gone',
      hint: expect.stringContaining('cdc resync NAME u'),
      table: 'u',
    });
  });

  const UNIQUE = 'CREATE TABLE t (id INTEGER PRIMARY KEY, u TEXT UNIQUE, v TEXT NOT NULL DEFAULT 7)';

  test('moves unique values from row to row', async () => {
    const route = await routeFor(UNIQUE);
    const opened = await targetFor(route);
    exec('CREATE UNIQUE INDEX further ON t (u)');
    await apply(opened, [
      rowSet(route, [
        [1n, 'a', 'x'],
        [2n, 'b', 'x'],
        [3n, 'c', 'x'],
      ]),
    ]);
    await apply(opened, [
      rowSet(route, [
        [1n, 'b', 'y'],
        [2n, 'a', 'y'],
      ]),
    ]);
    await apply(opened, [
      rowSet(
        route,
        [
          [1n, 'c', 'z'],
          [2n, 'b', 'z'],
          [4n, 'a', 'z'],
        ],
        [[3n]],
      ),
    ]);
    expect(rows('SELECT * FROM t ORDER BY id')).toEqual([
      [1n, 'c', 'z'],
      [2n, 'b', 'z'],
      [4n, 'a', 'z'],
    ]);
  });

  test('names the table whose constraint fails, and writes nothing', async () => {
    const fine = await routeFor('CREATE TABLE fine (id INTEGER PRIMARY KEY)');
    const other = await routeFor('CREATE TABLE strict_one (id INTEGER PRIMARY KEY, u UNIQUE)');
    exec('CREATE TABLE strict_one (id INTEGER PRIMARY KEY, u UNIQUE)');
    const opened = await targetFor(fine, other);
    exec("INSERT INTO strict_one VALUES (99, 'taken')");
    await expect(
      apply(opened, [
        rowSet(fine, [[1n]]),
        rowSet(other, [
          [1n, 'free'],
          [2n, 'taken'],
        ]),
      ]),
    ).rejects.toMatchObject({
      code: 'CONSTRAINT_FAILED',
      table: 'strict_one',
      message: expect.not.stringContaining('taken'),
    });
    expect(rows('SELECT count(*) FROM fine')).toEqual([[0n]]);
    expect(rows('SELECT * FROM strict_one')).toEqual([[99n, 'taken']]);
  });

  test('lets a row give way only where it is known to be outdated', async () => {
    const route = await routeFor(UNIQUE);
    exec(`${UNIQUE}; INSERT INTO t VALUES (99, 'taken', 'old')`);
    const opened = await targetFor(route);
    const sets = [rowSet(route, [[1n, 'taken', 'new']])];
    await expect(apply(opened, sets)).rejects.toMatchObject({ code: 'CONSTRAINT_FAILED' });
    await apply(opened, sets, { stale: ['t'] });
    expect(rows('SELECT * FROM t')).toEqual([[1n, 'taken', 'new']]);
    await expect(
      apply(opened, [rowSet(route, [[2n, 'taken', null]])], { stale: ['t'] }),
    ).rejects.toMatchObject({
      code: 'CONSTRAINT_FAILED',
    });
    expect(rows('SELECT * FROM t')).toEqual([[1n, 'taken', 'new']]);
  });

  test('survives a trigger of the target that rolls everything back', async () => {
    const route = await routeFor(UNIQUE);
    exec(`${UNIQUE}; CREATE TRIGGER no BEFORE INSERT ON t BEGIN SELECT RAISE(ROLLBACK, 'no'); END`);
    const opened = await targetFor(route);
    await expect(apply(opened, [rowSet(route, [[1n, 'a', 'b']])])).rejects.toMatchObject({
      code: 'CONSTRAINT_FAILED',
      table: 't',
    });
    await opened.transaction(null, (tx) => tx.saveCheckpoint(CHECKPOINT));
  });

  test('makes a snapshot range equal, and only that', async () => {
    const route = await routeFor('CREATE TABLE t (id INTEGER PRIMARY KEY, v)');
    const opened = await targetFor(route);
    await apply(opened, [
      rowSet(
        route,
        [1n, 2n, 3n, 4n, 5n, 6n, 7n].map((id): Tuple => [id, 'old']),
      ),
    ]);
    const range = (
      replace: boolean,
      after: bigint | null,
      upTo: bigint | null,
      ids: readonly bigint[],
    ): RowSet => ({
      route,
      deletes: [],
      upserts: [],
      range: {
        table: 't',
        rows: ids.map((id): Tuple => [id, 'new']),
        after: after === null ? null : encodeCursor([after]),
        upTo: upTo === null ? null : encodeCursor([upTo]),
        replace,
      },
    });
    const ids = (): unknown => rows('SELECT id, v FROM t ORDER BY id');
    await apply(opened, [range(true, 2n, 5n, [3n, 5n])]);
    expect(ids()).toEqual([
      [1n, 'old'],
      [2n, 'old'],
      [3n, 'new'],
      [5n, 'new'],
      [6n, 'old'],
      [7n, 'old'],
    ]);
    await apply(opened, [range(false, null, 3n, [2n])]);
    expect(ids()).toEqual([
      [1n, 'old'],
      [2n, 'new'],
      [3n, 'new'],
      [5n, 'new'],
      [6n, 'old'],
      [7n, 'old'],
    ]);
    await apply(opened, [range(true, 5n, null, [])]);
    expect(ids()).toEqual([
      [1n, 'old'],
      [2n, 'new'],
      [3n, 'new'],
      [5n, 'new'],
    ]);
    await apply(opened, [range(true, null, null, [])]);
    expect(ids()).toEqual([]);
  });

  test('a chunk is spent by its transaction, and a discarded one is gone', async () => {
    const route = await routeFor('CREATE TABLE t (id INTEGER PRIMARY KEY)');
    const opened = await targetFor(route);
    const chunk = chunkOf(await opened.stageRows([rowSet(route, [[1n]])]));
    await opened.transaction(chunk, (tx) => tx.merge(chunk));
    await expect(opened.transaction(chunk, (tx) => tx.merge(chunk))).rejects.toMatchObject({
      code: 'INTERNAL',
    });
    const other = chunkOf(await opened.stageRows([rowSet(route, [[2n]])]));
    await opened.discardRows(other.token);
    await opened.discardRows(other.token);
    await expect(opened.transaction(other, (tx) => tx.merge(other))).rejects.toMatchObject({
      code: 'INTERNAL',
    });
    expect(rows('SELECT * FROM t')).toEqual([[1n]]);
  });

  test('chunks may be staged while another is merged', async () => {
    const route = await routeFor('CREATE TABLE t (id INTEGER PRIMARY KEY, v)');
    const opened = await targetFor(route);
    const first = chunkOf(await opened.stageRows([rowSet(route, [[1n, 'first']])]));
    let second: Promise<number> | undefined;
    await opened.transaction(first, async (tx) => {
      second = opened.stageRows([
        rowSet(route, [
          [1n, 'second'],
          [2n, 'second'],
        ]),
      ]);
      await second;
      await tx.merge(first);
    });
    const next = chunkOf((await second) ?? 0);
    await opened.transaction(next, (tx) => tx.merge(next));
    expect(rows('SELECT * FROM t')).toEqual([
      [1n, 'second'],
      [2n, 'second'],
    ]);
  });
});
