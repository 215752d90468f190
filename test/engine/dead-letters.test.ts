/** A row that the target refuses is set aside alone; a later change of its key, or a retry, puts it right. */
import type Database from 'better-sqlite3';
import { describe, expect, test } from '@jest/globals';
import type { Adapter, DeadLetter, Pipeline, PipelineSettings, ReplicateResult, Target } from '../../engine';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { CHAIN, parkedBy, rejection, replicate, specOf, started } from '../support/pipelines';
import { byRows } from '../support/by-rows';
import { folderPerTest } from '../support/sqlite';
import { pipelinesIn } from '../support/file-pipelines';

const folder = folderPerTest();
const { open, expectEqual } = pipelinesIn(folder);

const SCHEMA = `CREATE TABLE good (id INTEGER PRIMARY KEY, v);
CREATE TABLE bad (id INTEGER PRIMARY KEY, v, u TEXT UNIQUE);
INSERT INTO good VALUES (1, 1);
INSERT INTO bad VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c')`;

/** The target's own tables: `bad` refuses values of 100 and more. */
const TARGET = `CREATE TABLE good (id INTEGER PRIMARY KEY, v);
CREATE TABLE bad (id INTEGER PRIMARY KEY, v, u TEXT UNIQUE, CHECK (typeof(v) <> 'integer' OR v < 100));`;

const LETTERS: Partial<PipelineSettings> = { onError: { action: 'deadLetter', perHour: 100 } };

const ALL = { table: null, ids: null };

function statesOf({ progress }: ReplicateResult): Readonly<Record<string, string>> {
  return Object.fromEntries(progress.map(({ source, state }) => [source, state]));
}

function lettersOf(pipeline: Pipeline): Promise<readonly DeadLetter[]> {
  return pipeline.deadLetters({ ...ALL, values: true });
}

function rowsOf(database: Database.Database, table = 'bad'): readonly unknown[] {
  return database.prepare(`SELECT id, v, u FROM ${table} ORDER BY id`).raw().all();
}

/** Its targets count how often all letters are read. */
function countingLetters(reads: { count: number }): Adapter {
  return {
    ...sqliteAdapter,
    async openTarget(options): Promise<Target> {
      const target = await sqliteAdapter.openTarget(options);
      return {
        ...target,
        deadLetters(uuid) {
          reads.count += 1;
          return target.deadLetters(uuid);
        },
      };
    },
  };
}

test('an attempt reads letters at its end only where there are some', async () => {
  const shop = folder.database('shop.db', SCHEMA);
  const warehouse = folder.database('warehouse.db', TARGET);
  const reads = { count: 0 };
  const pipeline = await open({ adapter: countingLetters(reads) });
  const { generation } = await started(pipeline, specOf(['good', 'bad'], LETTERS));
  expect(reads.count).toBe(0);
  shop.exec('UPDATE bad SET v = 100 WHERE id = 2');
  const result = await replicate(pipeline, generation, { settings: LETTERS });
  expect(result).toMatchObject({ caughtUp: true });
  expect(reads.count).toBe(1);
  mend(warehouse);
  await pipeline.retryDeadLetters(ALL);
  await replicate(pipeline, generation, { settings: LETTERS });
  expectEqual(['good', 'bad']);
});

/** The target takes everything from now on. */
function mend(warehouse: Database.Database): void {
  warehouse.exec(`CREATE TABLE mended (id INTEGER PRIMARY KEY, v, u TEXT UNIQUE);
INSERT INTO mended SELECT * FROM bad; DROP TABLE bad; ALTER TABLE mended RENAME TO bad`);
}

describe.each([
  ['attached', sqliteAdapter],
  ['by rows', byRows(sqliteAdapter)],
] as const)('a row that the target refuses (%s)', (_way, adapter) => {
  let clock = 1_700_000_000_000;

  async function begin(settings: Partial<PipelineSettings> = LETTERS): Promise<{
    shop: Database.Database;
    warehouse: Database.Database;
    pipeline: Pipeline;
    generation: number;
    apply: (change?: Parameters<typeof replicate>[2]) => Promise<ReplicateResult>;
  }> {
    const shop = folder.database('shop.db', SCHEMA);
    const warehouse = folder.database('warehouse.db', TARGET);
    const ports = { now: () => clock };
    const pipeline = await open({ adapter, ports });
    const { generation } = await started(pipeline, specOf(['*'], settings));
    const apply: Awaited<ReturnType<typeof begin>>['apply'] = (change = {}) =>
      replicate(pipeline, generation, { ...change, settings: { ...settings, ...change.settings } });
    return { shop, warehouse, pipeline, generation, apply };
  }

  test('is set aside with its key, its values and the cause; all else of its chunk is applied', async () => {
    const { shop, warehouse, pipeline, apply } = await begin();
    shop.exec(
      `UPDATE good SET v = 2; UPDATE bad SET v = v + 98; INSERT INTO bad VALUES (4, 200, 'd'), (5, 5, 'e')`,
    );
    const result = await apply();
    expect(statesOf(result)).toEqual({ good: 'replicating', bad: 'replicating' });
    expect(result).toMatchObject({ caughtUp: true, inserted: 1, updated: 2 });
    expect(result.progress.map(({ deadLetters }) => deadLetters)).toEqual([3, 0]);
    expect(rowsOf(warehouse)).toEqual([
      [1n, 99n, 'a'],
      [2n, 2n, 'b'],
      [3n, 3n, 'c'],
      [5n, 5n, 'e'],
    ]);
    const letters = await lettersOf(pipeline);
    expect(letters.map(({ key, row }) => [key, row])).toEqual([
      [{ id: 2n }, { id: 2n, v: 100n, u: 'b' }],
      [{ id: 3n }, { id: 3n, v: 101n, u: 'c' }],
      [{ id: 4n }, { id: 4n, v: 200n, u: 'd' }],
    ]);
    expect(letters[0]).toMatchObject({
      table: 'bad',
      op: 'upsert',
      code: 'CONSTRAINT_FAILED',
      attempts: 1,
      retry: false,
      setAsideAt: clock,
    });
    expectEqual(['good']);
    expect(await pipeline.verify({})).toMatchObject({
      equal: false,
      exact: true,
      tables: [
        { source: 'bad', different: 2, missing: 1, deadLetters: 3 },
        { source: 'good', deadLetters: 0 },
      ],
    });
    const { checks, healthy } = await pipeline.healthReport();
    const check = checks.find(({ name }) => name === 'dead letters');
    expect(check).toMatchObject({ state: 'warning', message: expect.stringContaining('bad (3)') });
    expect(check?.hint).toContain('cdc dead-letters');
    expect(healthy).toBe(true);
  });

  test('is forgotten with the change that next applies its key', async () => {
    const { shop, pipeline, apply } = await begin();
    shop.exec(`UPDATE bad SET v = 100 WHERE id < 3; INSERT INTO bad VALUES (4, 200, 'd'), (5, 300, 'e')`);
    await apply();
    expect((await lettersOf(pipeline)).map(({ key }) => key)).toEqual([
      { id: 1n },
      { id: 2n },
      { id: 4n },
      { id: 5n },
    ]);
    shop.exec(
      `UPDATE bad SET v = 7 WHERE id = 1; DELETE FROM bad WHERE id = 2; UPDATE bad SET id = 9, v = 9 WHERE id = 4`,
    );
    const result = await apply();
    expect((await lettersOf(pipeline)).map(({ key }) => key)).toEqual([{ id: 5n }]);
    expect(result.progress.map(({ deadLetters }) => deadLetters)).toEqual([1, 0]);
    shop.exec(`DELETE FROM bad WHERE id = 5`);
    await apply();
    expect(await lettersOf(pipeline)).toEqual([]);
    expectEqual(['good', 'bad']);
  });

  test('and changes again to what is refused is a new letter with its newest values', async () => {
    const { shop, pipeline, apply } = await begin();
    shop.exec(`UPDATE bad SET v = 100 WHERE id = 1`);
    await apply();
    const [first] = await lettersOf(pipeline);
    clock += 1000;
    shop.exec(`UPDATE bad SET v = 101 WHERE id = 1`);
    await apply();
    const letters = await lettersOf(pipeline);
    expect(letters).toMatchObject([{ row: { v: 101n }, setAsideAt: clock, attempts: 1 }]);
    expect(letters[0]?.id).not.toBe(first?.id);
  });

  test('is read again from the source when it is retried, not taken from what was kept', async () => {
    const { shop, warehouse, pipeline, apply } = await begin();
    shop.exec(`UPDATE bad SET v = 100; INSERT INTO bad VALUES (4, 200, 'd')`);
    await apply();
    const [one, two, three, four] = await lettersOf(pipeline);
    expect(await pipeline.retryDeadLetters({ table: 'bad', ids: [one?.id ?? '', four?.id ?? ''] })).toEqual({
      count: 2,
      tables: ['bad'],
    });
    expect(await pipeline.fetchPending({ waitMs: 0, settings: specOf([]).settings })).toMatchObject({
      pending: true,
      backlog: 0,
    });
    clock += 60_000;
    await apply();
    // Not mended yet: each letter stays, tried once more.
    expect(await lettersOf(pipeline)).toMatchObject([
      { id: one?.id, attempts: 2, retry: false, setAsideAt: one?.setAsideAt },
      { id: two?.id, attempts: 1, retry: false },
      { id: three?.id, attempts: 1, retry: false },
      { id: four?.id, attempts: 2, retry: false },
    ]);
    mend(warehouse);
    await pipeline.retryDeadLetters(ALL);
    // Captured, and not applied: the retry comes after it, in the same chunk.
    shop.exec(`UPDATE bad SET v = 300 WHERE id = 2; DELETE FROM bad WHERE id = 4`);
    const result = await apply();
    expect(result.progress.map(({ deadLetters }) => deadLetters)).toEqual([0, 0]);
    expect(await lettersOf(pipeline)).toEqual([]);
    expectEqual(['good', 'bad']);
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
  });

  test('that the source lacks by now is deleted by its retry, whatever else the table holds', async () => {
    const { shop, warehouse, pipeline, apply } = await begin();
    warehouse.exec(
      `CREATE TRIGGER keep BEFORE DELETE ON bad WHEN OLD.id = 2 BEGIN SELECT raise(ABORT, 'no'); END`,
    );
    shop.exec(`DELETE FROM bad WHERE id >= 2`);
    expect(await apply()).toMatchObject({ deleted: 1 });
    expect(await lettersOf(pipeline)).toMatchObject([{ key: { id: 2n }, op: 'delete', row: null }]);
    warehouse.exec(`DROP TRIGGER keep`);
    await pipeline.retryDeadLetters(ALL);
    await apply();
    expect(await lettersOf(pipeline)).toEqual([]);
    expect(rowsOf(warehouse)).toEqual([[1n, 1n, 'a']]);
  });

  test('is set aside by the first copy, too, and its letter goes when the table is copied again', async () => {
    const shop = folder.database('shop.db', SCHEMA);
    shop.exec(`UPDATE bad SET v = 100 WHERE id = 2`);
    const warehouse = folder.database('warehouse.db', TARGET);
    const pipeline = await open({ adapter });
    const { generation, result } = await started(pipeline, specOf(['*'], { ...LETTERS, snapshotRows: 1 }));
    expect(result.progress).toMatchObject([
      { snapshotRows: 2, state: 'replicating', deadLetters: 1 },
      { snapshotRows: 1, state: 'replicating', deadLetters: 0 },
    ]);
    expect(rowsOf(warehouse)).toEqual([
      [1n, 1n, 'a'],
      [3n, 3n, 'c'],
    ]);
    mend(warehouse);
    await pipeline.resync({ chain: CHAIN, generation: generation + 1, table: 'bad' });
    expect(await lettersOf(pipeline)).toEqual([]);
    await replicate(pipeline, generation + 1, { settings: { ...LETTERS, snapshotRows: 1 } });
    expectEqual(['good', 'bad']);
    warehouse.exec(`CREATE TRIGGER no BEFORE INSERT ON bad BEGIN SELECT raise(ABORT, 'no'); END`);
    shop.exec(`UPDATE bad SET v = 5`);
    await replicate(pipeline, generation + 1, { settings: LETTERS });
    expect(await lettersOf(pipeline)).toHaveLength(3);
    await pipeline.resync({ chain: CHAIN, generation: generation + 2, table: null });
    expect(await lettersOf(pipeline)).toEqual([]);
  });

  test('parks its table when there are too many within an hour; the others go on', async () => {
    const limited: Partial<PipelineSettings> = { onError: { action: 'deadLetter', perHour: 2 } };
    const { shop, warehouse, pipeline, generation, apply } = await begin(limited);
    shop.exec(`UPDATE bad SET v = 100 WHERE id < 3`);
    expect(statesOf(await apply())).toMatchObject({ bad: 'replicating' });
    shop.exec(`UPDATE bad SET v = 100 WHERE id = 3; UPDATE good SET v = 8`);
    const cause = await parkedBy(apply(), 'bad', 'DEAD_LETTER_LIMIT');
    expect(cause).toMatch(/CONSTRAINT_FAILED.*table bad/);
    expect(cause).not.toContain('100');
    expectEqual(['good']);
    expect(await lettersOf(pipeline)).toHaveLength(2);
    // The letters of an hour ago count no more.
    clock += 60 * 60 * 1000 + 1;
    await pipeline.resumeTable({ chain: CHAIN, generation: generation + 1, table: 'bad' });
    const result = await replicate(pipeline, generation + 1, { settings: limited });
    expect(statesOf(result)).toMatchObject({ bad: 'replicating' });
    expect(await lettersOf(pipeline)).toHaveLength(3);
    expect(rowsOf(warehouse)).toEqual([
      [1n, 1n, 'a'],
      [2n, 2n, 'b'],
      [3n, 3n, 'c'],
    ]);
  });

  test('still parks its table where that is asked for, and a retry does not', async () => {
    const { shop, warehouse, pipeline, generation, apply } = await begin();
    shop.exec(`UPDATE bad SET v = 100 WHERE id = 1`);
    await apply();
    await pipeline.retryDeadLetters(ALL);
    expect(statesOf(await apply({ settings: { onError: { action: 'park' } } }))).toMatchObject({
      bad: 'replicating',
    });
    expect(await lettersOf(pipeline)).toMatchObject([{ attempts: 2 }]);
    shop.exec(`UPDATE bad SET v = 100 WHERE id = 2`);
    await parkedBy(apply({ settings: { onError: { action: 'park' } } }), 'bad', 'CONSTRAINT_FAILED');
    mend(warehouse);
    await pipeline.retryDeadLetters(ALL);
    await pipeline.resumeTable({ chain: CHAIN, generation: generation + 1, table: 'bad' });
    await replicate(pipeline, generation + 1);
    await replicate(pipeline, generation + 1);
    expect(await lettersOf(pipeline)).toEqual([]);
    expectEqual(['good', 'bad']);
  });

  test('is discarded by hand, and torn down with its pipeline', async () => {
    const { shop, warehouse, pipeline, apply } = await begin();
    shop.exec(`UPDATE bad SET v = 100`);
    await apply();
    const [first] = await lettersOf(pipeline);
    expect(await pipeline.discardDeadLetters({ table: null, ids: [first?.id ?? ''] })).toMatchObject({
      count: 1,
    });
    expect(await lettersOf(pipeline)).toHaveLength(2);
    const missing = await rejection(
      pipeline.discardDeadLetters({ table: null, ids: [first?.id ?? ''] }),
      'DEAD_LETTER_UNKNOWN',
    );
    expect(missing.hint).toMatch(/Did you mean/);
    const unknown = await rejection(
      pipeline.deadLetters({ table: 'bat', ids: null, values: false }),
      'TABLE_NOT_IN_PIPELINE',
    );
    expect(unknown.hint).toContain('"bad"');
    await pipeline.teardown();
    expect(
      warehouse.prepare(`SELECT name FROM sqlite_schema WHERE name LIKE '\\_cdc%' ESCAPE '\\'`).all(),
    ).toEqual([]);
  });

  test('is found among rows that pass unique values round, which are applied', async () => {
    const { shop, warehouse, pipeline, apply } = await begin();
    shop.exec(`UPDATE bad SET u = 'x' WHERE id = 1; UPDATE bad SET u = 'a' WHERE id = 2;
UPDATE bad SET u = 'b' WHERE id = 1; INSERT INTO bad VALUES (4, 500, 'd')`);
    await apply();
    expect((await lettersOf(pipeline)).map(({ key }) => key)).toEqual([{ id: 4n }]);
    expect(rowsOf(warehouse)).toEqual([
      [1n, 1n, 'b'],
      [2n, 2n, 'a'],
      [3n, 3n, 'c'],
    ]);
  });

  test('keeps each value as it is in the source', async () => {
    const shop = folder.database(
      'shop.db',
      `CREATE TABLE any (k BLOB NOT NULL, n REAL NOT NULL, v, w, x, PRIMARY KEY (k, n)) WITHOUT ROWID`,
    );
    const warehouse = folder.database(
      'warehouse.db',
      `CREATE TABLE any (k BLOB NOT NULL, n REAL NOT NULL, v, w, x, PRIMARY KEY (k, n)) WITHOUT ROWID;
CREATE TRIGGER no BEFORE INSERT ON any BEGIN SELECT raise(ABORT, 'no'); END`,
    );
    const pipeline = await open({ adapter });
    const { generation } = await started(pipeline, specOf(['*'], LETTERS));
    shop.exec(
      `INSERT INTO any VALUES (x'00ff', -0.5, 9223372036854775807, 'it''s "é"', NULL), ('5', 1e300, 5, 5.0, x'')`,
    );
    await replicate(pipeline, generation, { settings: LETTERS });
    const letters = await lettersOf(pipeline);
    expect(letters.map(({ row }) => row)).toEqual(
      expect.arrayContaining([
        { k: new Uint8Array([0, 255]), n: -0.5, v: 9223372036854775807n, w: 'it\'s "é"', x: null },
        { k: '5', n: 1e300, v: 5n, w: 5, x: new Uint8Array([]) },
      ]),
    );
    expect(
      warehouse
        .prepare(`SELECT json_extract(key, '$.k') FROM _cdc_dead_letter WHERE json_extract(key, '$.k') = '5'`)
        .raw()
        .all(),
    ).toEqual([['5']]);
    warehouse.exec('DROP TRIGGER no');
    await pipeline.retryDeadLetters(ALL);
    await replicate(pipeline, generation, { settings: LETTERS });
    expect(await lettersOf(pipeline)).toEqual([]);
    expectEqual(['any']);
  });
});
