import { copyFileSync, renameSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { asCursor, oneRange } from '../../engine';
import type { ChunkSummary } from '../../engine';
import { openPair, type Transport } from '../support/sqlite-pair';
import { expectSameTables } from '../support/same-files';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();
const same = (...tables: readonly string[]): void =>
  expectSameTables(folder.file('source.db'), folder.file('target.db'), tables);

const TRANSPORTS: readonly Transport[] = ['attach', 'rows'];

describe.each(TRANSPORTS)('changes by %s', (transport) => {
  test('are netted per key and counted as they were captured', async () => {
    const { app, start, catchUp } = await openPair(folder, {
      transport,
      schema: 'CREATE TABLE t (id INTEGER PRIMARY KEY, v)',
    });
    app.exec(`
      INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c');
      UPDATE t SET v = v || '!' WHERE id < 3;
      DELETE FROM t WHERE id = 3;
      INSERT INTO t VALUES (3, 'again');
      DELETE FROM t WHERE id = 2;`);
    const [chunk, ...others] = await catchUp(start, 100);
    expect(others).toEqual([]);
    expect(chunk).toMatchObject({
      changes: 8,
      more: false,
      counts: [{ table: 't', inserted: 4, updated: 2, deleted: 2 }],
      snapshot: [],
    });
    const age = Date.now() - (chunk?.oldestChangedAt ?? 0);
    expect(age).toBeGreaterThanOrEqual(-1);
    expect(age).toBeLessThan(60_000);
    expect(chunk?.newestChangedAt).toBeGreaterThanOrEqual(chunk?.oldestChangedAt ?? Infinity);
    same('t');
  });

  test('come in chunks of ids, whose positions lead from one to the next', async () => {
    const { app, start, catchUp } = await openPair(folder, {
      transport,
      schema: 'CREATE TABLE t (id INTEGER PRIMARY KEY, v); CREATE TABLE u (id INTEGER PRIMARY KEY, v)',
    });
    app.exec(
      "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c'); INSERT INTO u VALUES (1, 'a'); DELETE FROM t",
    );
    const chunks = await catchUp(start, 3);
    expect(chunks.map(({ changes, more }) => [changes, more])).toEqual([
      [3, true],
      [3, true],
      [1, false],
    ]);
    expect(new Set(chunks.map((chunk) => chunk.to)).size).toBe(3);
    same('t', 'u');
  });

  test('of other tables are passed over at once', async () => {
    const { app, start, routes, step } = await openPair(folder, {
      transport,
      schema: 'CREATE TABLE mine (id INTEGER PRIMARY KEY); CREATE TABLE other (id INTEGER PRIMARY KEY)',
    });
    app.exec(
      `INSERT INTO other VALUES ${Array.from({ length: 50 }, (_, id) => `(${id})`).join()}; INSERT INTO mine VALUES (7)`,
    );
    const mine = routes.filter((route) => route.id === 'mine');
    const chunk = await step(start, { routes: mine, limit: 10 });
    expect(chunk).toMatchObject({ changes: 1, more: false });
    const rest = await step(chunk.to, { routes: mine, limit: 10 });
    expect(rest).toMatchObject({ changes: 0, more: false, to: chunk.to, oldestChangedAt: null });
    same('mine');
  });

  test('of a table as wide as a change table can be are netted, long values or not', async () => {
    const names = Array.from({ length: 989 }, (_, place) => `c${place}`);
    const { app, start, catchUp } = await openPair(folder, {
      transport,
      schema: `CREATE TABLE t (id INTEGER PRIMARY KEY, ${names.join(', ')})`,
    });
    app.exec("INSERT INTO t (id, c0) VALUES (1, 'a'), (2, 'b'); UPDATE t SET c988 = 'c' WHERE id = 1");
    const [first] = await catchUp(start, 100);
    same('t');
    app.exec(
      'UPDATE t SET c500 = zeroblob(100000) WHERE id = 2; UPDATE t SET c1 = 1; DELETE FROM t WHERE id = 1',
    );
    await catchUp(first?.to ?? start, 100);
    same('t');
  });

  test('of keys move, are respelled, and change their storage class', async () => {
    const { app, start, catchUp } = await openPair(folder, {
      transport,
      schema: `
        CREATE TABLE nocase (k TEXT COLLATE NOCASE NOT NULL, n INTEGER NOT NULL, v, PRIMARY KEY (k, n)) WITHOUT ROWID;
        CREATE TABLE loose (k PRIMARY KEY NOT NULL, v);
        CREATE TABLE alias (id INTEGER PRIMARY KEY, v);`,
    });
    app.exec(`
      INSERT INTO nocase VALUES ('abc', 1, 'x'), ('ABC', 2, 'y'), ('ä', 1, 'z');
      INSERT INTO loose VALUES (1, 'int'), ('1', 'text'), (x'31', 'blob');
      INSERT INTO alias VALUES (1, 'a'), (2, 'b');`);
    const [first] = await catchUp(start, 100);
    app.exec(`
      UPDATE nocase SET k = 'ABC' WHERE n = 1 AND k = 'abc';
      UPDATE nocase SET v = 'respelled', k = 'aBc' WHERE n = 2;
      UPDATE loose SET k = 1.0 WHERE k = 1;
      UPDATE alias SET id = id + 10;
      UPDATE alias SET id = 2 WHERE id = 11;`);
    await catchUp(first?.to ?? start, 100);
    same('nocase', 'loose', 'alias');
  });

  test('move unique values between rows and replace rows that stand in the way', async () => {
    const { app, start, catchUp } = await openPair(folder, {
      transport,
      schema: 'CREATE TABLE t (id INTEGER PRIMARY KEY, u TEXT UNIQUE, v)',
      onTarget: 'CREATE UNIQUE INDEX t_u ON t (u)',
    });
    app.exec("INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)");
    const [first] = await catchUp(start, 100);
    app.exec(`
      UPDATE t SET u = 'tmp' WHERE id = 1;
      UPDATE t SET u = 'a' WHERE id = 2;
      UPDATE t SET u = 'b' WHERE id = 1;
      REPLACE INTO t VALUES (4, 'c', 4);
      INSERT OR REPLACE INTO t VALUES (3, 'b', 'took two');`);
    const chunks = await catchUp(first?.to ?? start, 100);
    expect(chunks).toHaveLength(1);
    same('t');
  });

  test('that were replaced in one chunk and are read again in the next end equal', async () => {
    const { app, start, catchUp } = await openPair(folder, {
      transport,
      schema: 'CREATE TABLE t (id INTEGER PRIMARY KEY, u TEXT UNIQUE)',
      onTarget: 'CREATE UNIQUE INDEX t_u ON t (u)',
    });
    app.exec("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')");
    const [first] = await catchUp(start, 100);
    // The victim of the first statement has another's value at the end, which that one gives up only later.
    app.exec(`
      REPLACE INTO t VALUES (4, 'a');
      INSERT INTO t VALUES (1, 'x');
      UPDATE t SET u = 'free' WHERE id = 2;
      UPDATE t SET u = 'b' WHERE id = 1;
      UPDATE t SET u = 'x' WHERE id = 3;`);
    await catchUp(first?.to ?? start, 1);
    same('t');
  });

  test('are read again where an application’s trigger writes the same row', async () => {
    const { app, start, catchUp } = await openPair(folder, {
      transport,
      schema:
        'CREATE TABLE t (id INTEGER PRIMARY KEY, v, stamped); CREATE TABLE log (id INTEGER PRIMARY KEY, t)',
    });
    // Made after ours, so it fires first, and the log has the rows in the wrong order.
    app.exec(`
      CREATE TRIGGER stamp AFTER UPDATE OF v ON t BEGIN
        UPDATE t SET stamped = coalesce(stamped, 0) + 1 WHERE id = NEW.id;
        INSERT INTO log (t) VALUES (NEW.id);
        DELETE FROM t WHERE id = NEW.id AND NEW.v = 'drop';
      END`);
    app.exec(`
      INSERT INTO t (id, v) VALUES (1, 'a'), (2, 'b'), (3, 'c');
      UPDATE t SET v = v || '!';
      UPDATE t SET v = 'drop' WHERE id = 2;`);
    await catchUp(start, 2);
    same('t', 'log');
  });

  test('keep values that are hard to keep', async () => {
    const { app, start, catchUp } = await openPair(folder, {
      transport,
      schema: 'CREATE TABLE t (k PRIMARY KEY NOT NULL, v, n NUMERIC(10,2), d DATETIME, r REAL)',
    });
    app.exec(`
      INSERT INTO t VALUES
        (1, 9223372036854775807, 0.99, '2024-01-01', 1),
        (2, -9223372036854775808, 10, 1700000000, -0.0),
        (3, -0.0, '1e3', 2460000.5, 1e308),
        (4, 1e308, 'text', NULL, 5e-324),
        (5, 9e999, 9007199254740993, x'00ff', -9e999),
        (6, 'a' || char(0) || 'b', NULL, '', 0.1),
        (7, x'', 1.0, char(128512), NULL),
        (8, zeroblob(100000), 2, printf('%.*c', 100000, 'x'), 3),
        ('9', 9.0, '09', 9, '9');
      UPDATE t SET v = v WHERE k <> 1;`);
    await catchUp(start, 4);
    same('t');
  });

  test('skip generated columns and columns that were not asked for', async () => {
    const { app, start, routes, step, target } = await openPair(folder, {
      transport,
      schema: `CREATE TABLE t (id INTEGER PRIMARY KEY, a, twice AS (a * 2), stored_one AS (a * 3) STORED, b)`,
    });
    app.exec('INSERT INTO t (id, a, b) VALUES (1, 2, 3)');
    await step(start);
    expectSameTables(folder.file('source.db'), folder.file('target.db'), [
      { source: 't', columns: ['id', 'a', 'b'] },
    ]);
    const [route] = routes;
    if (route === undefined) throw new Error('t is routed');
    const narrow = [{ ...route, target: { schema: null, name: 'narrow' }, columns: ['b', 'id'] }];
    const plan = await target.planTable(narrow[0] ?? route, 'sqlite');
    if (plan !== null) await target.createTables([plan]);
    await step(start, { routes: narrow });
    expectSameTables(folder.file('source.db'), folder.file('target.db'), [
      { source: 't', target: 'narrow', columns: ['b', 'id'] },
    ]);
  });

  test('of tables and columns with any name', async () => {
    const { app, start, catchUp } = await openPair(folder, {
      transport,
      schema: `
        CREATE TABLE [order] ("select" INTEGER PRIMARY KEY, "a ""b""" TEXT, [c d], "ünï", "old_x", "new_x", "id", op);
        CREATE TABLE "we""ird 'one'" ("k 1" TEXT NOT NULL, "k'2" NOT NULL, "c0", "kind", "ord", PRIMARY KEY ("k 1", "k'2"));`,
    });
    app.exec(`
      INSERT INTO [order] VALUES (1, 'b', 'c', 'u', 'x', 'y', 'z', 'op'), (2, 'b', 'c', 'u', 'x', 'y', 'z', 'op');
      INSERT INTO "we""ird 'one'" VALUES ('1', 2, 3, 4, 5), ('1', 3, 3, 4, 5);
      UPDATE [order] SET op = 'changed' WHERE "select" = 2;
      DELETE FROM "we""ird 'one'" WHERE "k'2" = 3;`);
    await catchUp(start, 2);
    same('order', "we\"ird 'one'");
  });

  test('carry a snapshot range that agrees with them, when the window is read to its end', async () => {
    const { app, start, step } = await openPair(folder, {
      transport,
      schema:
        'CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 1), (2, 2), (3, 3), (4, 4)',
    });
    app.exec('UPDATE t SET v = 30 WHERE id = 3; DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (9, 9)');
    const after = ([done]: ChunkSummary['snapshot']) =>
      oneRange({ table: 't', after: done?.cursor ?? null, replace: false }, 2);
    const cut = await step(start, { limit: 1, snapshot: after([]) });
    expect(cut).toMatchObject({ more: true, snapshot: [] });
    const first = await step(cut.to, { snapshot: after([]) });
    expect(first.snapshot).toEqual([{ table: 't', rows: 2, cursor: expect.any(String), finished: false }]);
    const second = await step(first.to, { snapshot: after(first.snapshot) });
    expect(second.snapshot).toMatchObject([{ rows: 2, finished: false }]);
    const last = await step(second.to, { snapshot: after(second.snapshot) });
    expect(last.snapshot).toEqual([{ table: 't', rows: 0, cursor: null, finished: true }]);
    same('t');
  });

  test('carry ranges that replace what the target had, whatever its unique values', async () => {
    const { start, copy } = await openPair(folder, {
      transport,
      schema: `
        CREATE TABLE t (k TEXT COLLATE NOCASE NOT NULL, n NOT NULL, u UNIQUE, PRIMARY KEY (k, n)) WITHOUT ROWID;
        INSERT INTO t VALUES ('a', 1, 1), ('B', 1, 2), ('b', 2, 3), ('C', 2.5, 4), ('c', 'x', 5), ('c', x'00', 6);`,
      onTarget: `
        CREATE UNIQUE INDEX t_u ON t (u);
        INSERT INTO t VALUES ('A', 1, 6), ('aa', 1, 1), ('B', 2, 99), ('zz', 1, 2), ('zzz', x'ff', 3);`,
    });
    const done = await copy(start, { table: 't', replace: true }, 2);
    expect(done.snapshot).toMatchObject([{ finished: true, cursor: null }]);
    same('t');
  });

  test('refuse a cursor of another key', async () => {
    const { start, step } = await openPair(folder, {
      transport,
      schema: 'CREATE TABLE t (id INTEGER PRIMARY KEY)',
    });
    const snapshot = oneRange({ table: 't', after: asCursor('nonsense'), replace: false }, 2);
    await expect(step(start, { snapshot })).rejects.toMatchObject({ code: 'POSITION_INVALID' });
    await step(start);
  });
});

describe('an attached source', () => {
  const SCHEMA = 'CREATE TABLE t (id INTEGER PRIMARY KEY, v)';

  test('passes text that is no Unicode, even in keys', async () => {
    const { app, start, catchUp, copy } = await openPair(folder, {
      transport: 'attach',
      schema: `CREATE TABLE t (k TEXT PRIMARY KEY NOT NULL, v);
        INSERT INTO t VALUES (CAST(x'80' AS TEXT), CAST(x'ff00fe' AS TEXT)), (CAST(x'81' AS TEXT), 1), ('z', 2)`,
    });
    const { to } = await copy(start, { table: 't', replace: true }, 1);
    same('t');
    app.exec("UPDATE t SET v = CAST(x'c3' AS TEXT); DELETE FROM t WHERE k = CAST(x'81' AS TEXT)");
    await catchUp(to, 2);
    same('t');
  });

  test('is never locked, not even in rollback-journal mode', async () => {
    const { app, start, transfer, target, request } = await openPair(folder, {
      transport: 'attach',
      schema: `PRAGMA journal_mode = DELETE; ${SCHEMA}`,
    });
    app.pragma('busy_timeout = 0');
    app.exec('INSERT INTO t VALUES (1, 1)');
    const chunk = await transfer.stage(await request(start));
    app.exec('INSERT INTO t VALUES (2, 2)');
    await target.transaction(chunk, async (tx) => {
      app.exec('INSERT INTO t VALUES (3, 3)');
      await tx.lockCheckpoint('orders');
      app.exec('INSERT INTO t VALUES (4, 4)');
      await tx.merge(chunk);
      app.exec('INSERT INTO t VALUES (5, 5)');
    });
    app.exec('INSERT INTO t VALUES (6, 6)');
    const next = await transfer.stage(await request(chunk.to));
    await target.transaction(next, (tx) => tx.merge(next));
    same('t');
  });

  test('is refused once another file stands in its place', async () => {
    const { app, start, transfer, request } = await openPair(folder, { transport: 'attach', schema: SCHEMA });
    app.exec('INSERT INTO t VALUES (1, 1)');
    app.pragma('wal_checkpoint(TRUNCATE)');
    const wanted = await request(start);
    copyFileSync(folder.file('source.db'), folder.file('copy.db'));
    renameSync(folder.file('copy.db'), folder.file('source.db'));
    await expect(transfer.stage(wanted)).rejects.toMatchObject({
      code: 'SOURCE_REPLACED',
      message: expect.stringContaining('source.db'),
    });
  });

  test('is read only as the schema that was checked', async () => {
    const { app, start, transfer, request } = await openPair(folder, { transport: 'attach', schema: SCHEMA });
    const wanted = await request(start);
    app.exec('CREATE TABLE another (id INTEGER PRIMARY KEY)');
    await expect(transfer.stage(wanted)).rejects.toMatchObject({ code: 'SCHEMA_MOVED', retryable: true });
    await transfer.discard(await transfer.stage(await request(start)));
  });

  test('of another text encoding travels by rows instead', async () => {
    folder.database('odd.db', `PRAGMA encoding = 'UTF-16le'; ${SCHEMA}`).close();
    const { source } = await openPair(folder, {
      transport: 'rows',
      schema: '',
      sourceName: 'odd.db',
      targetName: 'other.db',
    });
    const { target } = await openPair(folder, { transport: 'rows', schema: SCHEMA });
    const [offer] = source.offers;
    if (offer === undefined) throw new Error('the source makes an offer');
    expect(await target.direct(offer)).toBeNull();
    expect(await target.direct({ ...offer, family: 'postgres' })).toBeNull();
  });

  test('is staged while another chunk is merged', async () => {
    const { app, start, transfer, target, request } = await openPair(folder, {
      transport: 'attach',
      schema: SCHEMA,
    });
    app.exec("INSERT INTO t VALUES (1, 'a'), (2, 'b'); UPDATE t SET v = v || '!'");
    const first = await transfer.stage(await request(start, { limit: 2 }));
    const second = await target.transaction(first, async (tx) => {
      const ahead = await transfer.stage(await request(first.to, { limit: 1 }));
      await tx.merge(first);
      return ahead;
    });
    const third = await transfer.stage(await request(second.to));
    await target.transaction(second, (tx) => tx.merge(second));
    await target.transaction(third, (tx) => tx.merge(third));
    same('t');
  });

  test('whose chunk is discarded leaves nothing behind', async () => {
    const { app, start, transfer, catchUp, request } = await openPair(folder, {
      transport: 'attach',
      schema: SCHEMA,
    });
    app.exec("INSERT INTO t VALUES (1, 'a')");
    await transfer.discard(await transfer.stage(await request(start)));
    await catchUp(start, 10);
    same('t');
  });
});
