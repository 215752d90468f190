import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { asCursor, asPosition, type Checkpoint, type TableCheckpoint } from '../../engine';
import { openSource } from '../../engine/adapters/sqlite/source/source';
import { openTarget } from '../../engine/adapters/sqlite/target/target';
import { folderPerTest } from '../support/sqlite';
import { apply, CHECKPOINT, rowSet, targetFixture } from '../support/sqlite-target';

const folder = folderPerTest();
const { exec, routeFor, rows, target, targetFor } = targetFixture(folder);

const TABLE: TableCheckpoint = {
  source: 'b',
  sourceTable: { schema: null, name: 'b' },
  targetTable: { schema: null, name: 'B copy' },
  columns: ['id', 'a "quoted" one'],
  where: null,
  rename: null,
  state: 'snapshotting',
  position: null,
  cause: null,
  cursor: asCursor('[["i","5"]]'),
  replace: true,
  snapshotRows: 12,
  inserted: 1,
  updated: 2,
  deleted: 3,
};

describe('opening a target', () => {
  test('makes the file when it is told to, but never its folder', async () => {
    await target();
    expect(existsSync(folder.file('target.db'))).toBe(true);
    await expect(
      openTarget({ url: folder.url('nowhere/target.db'), readOnly: false, create: true }),
    ).rejects.toMatchObject({
      code: 'DATABASE_MISSING',
      message: expect.stringContaining('target.db'),
    });
    expect(existsSync(folder.file('nowhere'))).toBe(false);
  });

  test.each([true, false])('makes no file unless it is told to (reading only: %s)', async (readOnly) => {
    const opening = openTarget({ url: folder.url('target.db'), readOnly, create: false });
    await expect(opening).rejects.toMatchObject({ code: 'DATABASE_MISSING' });
    expect(existsSync(folder.file('target.db'))).toBe(false);
  });

  test('says when the file is no database', async () => {
    writeFileSync(folder.file('target.db'), 'some text that is long enough to be looked at'.repeat(100));
    await expect(target()).rejects.toMatchObject({ code: 'DATABASE_CORRUPT', retryable: false });
  });

  test('sets the write-ahead log and leaves the target’s own foreign keys alone', async () => {
    const route = await routeFor('CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER)');
    exec('CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p)');
    const opened = await targetFor(route);
    await apply(opened, [rowSet(route, [[1n, 99n]])]);
    expect(rows('SELECT * FROM c')).toEqual([[1n, 99n]]);
    expect(rows('PRAGMA journal_mode')).toEqual([['wal']]);
  });

  test('a connection that was closed says so', async () => {
    const opened = await target();
    await opened.close();
    await opened.close();
    await expect(opened.tables()).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });
});

describe('our own objects', () => {
  test('are planned, made once, and gone with the last pipeline', async () => {
    const opened = await target();
    expect((await opened.planObjects()).length).toBeGreaterThan(0);
    expect(await opened.checkpoint('orders')).toBeNull();
    await opened.installObjects();
    await opened.installObjects();
    expect(await opened.planObjects()).toEqual([]);
    await opened.transaction(null, async (tx) => {
      await tx.saveCheckpoint(CHECKPOINT);
      await tx.saveCheckpoint({ ...CHECKPOINT, name: 'other', uuid: 'a2' });
      await tx.saveTables('a1', [TABLE]);
    });
    await opened.uninstall('a1');
    expect(await opened.checkpoint('orders')).toBeNull();
    expect(await opened.tableCheckpoints('a1')).toEqual([]);
    expect(await opened.checkpoint('other')).not.toBeNull();
    await opened.uninstall('a2');
    expect(rows("SELECT name FROM sqlite_schema WHERE name LIKE '%cdc%'")).toEqual([]);
    await opened.uninstall('a2');
  });

  test('leave what the same database has as a source, and the other way round', async () => {
    exec('CREATE TABLE t (id INTEGER PRIMARY KEY)');
    const source = folder.closing(await openSource({ url: folder.url('target.db'), readOnly: false }));
    const consumer = { uuid: 's1', name: 'from here', now: 0, reset: false };
    await source.install(await source.tables(), consumer);
    const opened = await target();
    await opened.installObjects();
    await opened.transaction(null, (tx) => tx.saveCheckpoint(CHECKPOINT));
    await opened.uninstall('a1');
    exec('INSERT INTO t VALUES (1)');
    expect((await source.consumer('s1'))?.name).toBe('from here');
    expect(rows('SELECT count(*) FROM cdc_changes_t')).toEqual([[1n]]);

    await opened.installObjects();
    await opened.transaction(null, (tx) => tx.saveCheckpoint(CHECKPOINT));
    await source.uninstall('s1');
    expect(await opened.checkpoint('orders')).toEqual(CHECKPOINT);
    expect(await opened.planObjects()).toEqual([]);
    await opened.uninstall('a1');
    expect(rows('SELECT name FROM sqlite_schema')).toEqual([['t']]);
  });

  test('of a newer version are refused', async () => {
    const opened = await target();
    await opened.installObjects();
    exec("UPDATE _cdc_meta SET value = 99 WHERE key = 'target_version'");
    await expect(opened.installObjects()).rejects.toMatchObject({ code: 'OBJECTS_TOO_NEW' });
    await expect(opened.planObjects()).rejects.toMatchObject({ code: 'OBJECTS_TOO_NEW' });
  });
});

describe('the checkpoint', () => {
  test('is read as it was saved, table by table in their first order', async () => {
    const opened = await target();
    await opened.installObjects();
    const goal = {
      ...CHECKPOINT,
      goal: asPosition('{"v":1,"id":9,"at":2460000.5}'),
      holder: null,
      lastAppliedAt: null,
    };
    const tables: TableCheckpoint[] = [
      TABLE,
      {
        ...TABLE,
        source: 'a',
        columns: null,
        state: 'parked',
        cause: 'CONSTRAINT_FAILED',
        position: CHECKPOINT.position,
      },
    ];
    await opened.transaction(null, async (tx) => {
      expect(await tx.lockCheckpoint('orders')).toBeNull();
      await tx.saveCheckpoint(CHECKPOINT);
      await tx.saveTables('a1', tables);
      expect(await tx.lockCheckpoint('orders')).toEqual(CHECKPOINT);
    });
    expect(await opened.checkpoint('orders')).toEqual(CHECKPOINT);
    expect(await opened.tableCheckpoints('a1')).toEqual(tables);
    const moved = { ...TABLE, cursor: null, state: 'replicating' } as const;
    await opened.transaction(null, async (tx) => {
      await tx.saveCheckpoint(goal);
      await tx.saveTables('a1', [moved]);
      expect(await tx.tableCheckpoints('a1')).toEqual([moved, tables[1]]);
      await tx.removeTables('a1', ['a']);
    });
    await opened.flush();
    expect(await opened.checkpoint('orders')).toEqual(goal);
    expect(await opened.tableCheckpoints('a1')).toEqual([moved]);
  });

  test('keeps nothing of a transaction that throws, and the next one works', async () => {
    const opened = await target();
    await opened.installObjects();
    const failing = opened.transaction(null, async (tx) => {
      await tx.saveCheckpoint(CHECKPOINT);
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
    expect(await opened.checkpoint('orders')).toBeNull();
    await opened.transaction(null, (tx) => tx.saveCheckpoint(CHECKPOINT));
    expect(await opened.checkpoint('orders')).toEqual(CHECKPOINT);
  });

  test('is never written by two transactions at once', async () => {
    const opened = await target();
    await opened.installObjects();
    await opened.transaction(null, (tx) => tx.saveCheckpoint({ ...CHECKPOINT, seq: 0 }));
    const raise = async (): Promise<void> =>
      opened.transaction(null, async (tx) => {
        const locked = await tx.lockCheckpoint('orders');
        if (locked !== null) await tx.saveCheckpoint({ ...locked, seq: locked.seq + 1 });
      });
    await Promise.all(Array.from({ length: 20 }, raise));
    expect((await opened.checkpoint('orders'))?.seq).toBe(20);
  });

  test('is not readable by others before its commit', async () => {
    const opened = await target();
    await opened.installObjects();
    let seen: Promise<Checkpoint | null> | undefined;
    await opened.transaction(null, async (tx) => {
      await tx.saveCheckpoint(CHECKPOINT);
      expect(rows('SELECT count(*) FROM _cdc_pipeline')).toEqual([[0n]]);
      seen = opened.checkpoint('orders');
    });
    expect(await seen).toEqual(CHECKPOINT);
  });
});

describe('trouble with the database', () => {
  test('a lock held elsewhere is named by who claimed last', async () => {
    const opened = await target();
    await opened.installObjects();
    await opened.transaction(null, (tx) => tx.saveCheckpoint(CHECKPOINT));
    const other = folder.database('target.db', 'BEGIN IMMEDIATE');
    await expect(opened.transaction(null, () => Promise.resolve())).rejects.toMatchObject({
      code: 'DATABASE_LOCKED',
      retryable: true,
      message: expect.stringMatching(/target\.db.*4242.*web-1.*orders/),
    });
    other.exec('COMMIT');
    await opened.transaction(null, () => Promise.resolve());
  }, 20_000);

  test('a file that was replaced is noticed before anything is written', async () => {
    const opened = await target();
    await opened.installObjects();
    renameSync(folder.file('target.db'), folder.file('moved.db'));
    folder.database('target.db').close();
    await expect(opened.transaction(null, (tx) => tx.saveCheckpoint(CHECKPOINT))).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
    });
  });

  test('a target that may not be written says so', async () => {
    exec('CREATE TABLE a (id INTEGER PRIMARY KEY)');
    const opened = folder.closing(
      await openTarget({ url: folder.url('target.db'), readOnly: true, create: false }),
    );
    await expect(opened.installObjects()).rejects.toMatchObject({ code: 'DATABASE_READ_ONLY' });
    expect((await opened.tables()).map((table) => table.name.name)).toEqual(['a']);
  });
});
