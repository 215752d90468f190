/** Several tables are copied at once: a large one holds up nobody, and many small ones take few commits. */
import type Database from 'better-sqlite3';
import { describe, expect, test } from '@jest/globals';
import type { ReplicateResult, TableProgress } from '../../engine';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { byRows } from '../support/by-rows';
import { spawnChild } from '../support/child';
import { pipelinesIn } from '../support/file-pipelines';
import { CHAIN, replicate, setUp, specOf, started } from '../support/pipelines';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();
const { open, expectEqual } = pipelinesIn(folder);

/** Tables of so many rows, by name. */
function tablesOf(rows: Readonly<Record<string, number>>): string {
  return Object.entries(rows)
    .map(
      ([name, count]) => `CREATE TABLE ${name} (id INTEGER PRIMARY KEY, v);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${String(count)})
INSERT INTO ${name} SELECT i, '${name} ' || i FROM n;`,
    )
    .join('\n');
}

function small(count: number, rows: number): Readonly<Record<string, number>> {
  const names = Array.from({ length: count }, (_, index) => `small_${String(index)}`);
  return Object.fromEntries(names.map((name) => [name, rows]));
}

/** What is reported after each commit of an attempt. */
function watching(): {
  readonly seen: ReplicateResult[];
  readonly onProgress: (now: ReplicateResult) => void;
} {
  const seen: ReplicateResult[] = [];
  return { seen, onProgress: (now) => void seen.push(now) };
}

/** Tables of which some rows are copied and others are not. */
function openOf({ progress }: ReplicateResult): readonly string[] {
  const isOpen = ({ state, snapshotRows }: TableProgress): boolean =>
    state === 'snapshotting' && snapshotRows > 0;
  return progress.filter(isOpen).map(({ source }) => source);
}

function rowsOf({ progress }: ReplicateResult, table: string): number {
  return progress.find(({ source }) => source === table)?.snapshotRows ?? 0;
}

const WAYS = [
  ['attached', sqliteAdapter],
  ['by rows', byRows(sqliteAdapter)],
] as const;

describe.each(WAYS)('tables that are copied (%s)', (_way, adapter) => {
  test('take few commits where they are many and small', async () => {
    const tables = small(60, 10);
    folder.database('shop.db', tablesOf(tables));
    const { result } = await started(await open({ adapter }), specOf(['*']));
    expect(result).toMatchObject({ snapshotRows: 600, commits: 2 });
    expectEqual(Object.keys(tables));
  });

  test('take few commits where all of them together are more than a commit may copy', async () => {
    const tables = small(60, 10);
    folder.database('shop.db', tablesOf(tables));
    const settings = { snapshotRows: 100, snapshotTables: 4 };
    const { result } = await started(await open({ adapter }), specOf(['*'], settings));
    expect(result.snapshotRows).toBe(600);
    expect(result.commits).toBeLessThan(12);
    expectEqual(Object.keys(tables));
  });

  test('are complete before a large one that stands first, unless one is to come after the other', async () => {
    const tables = { large: 1_000, ...small(6, 30) };
    folder.database('shop.db', tablesOf(tables));
    const largeWhenSmallOnesEnd = async (snapshotTables: number, warehouse: string): Promise<number> => {
      const pipeline = await open({ adapter });
      const { generation } = await setUp(pipeline, specOf(['large', 'small_*']));
      const { seen, onProgress } = watching();
      await replicate(pipeline, generation, { settings: { snapshotRows: 100, snapshotTables }, onProgress });
      const end = seen.find(({ progress }) =>
        progress.slice(1).every(({ state }) => state === 'replicating'),
      );
      expectEqual(Object.keys(tables));
      await pipeline.teardown();
      folder.database(
        warehouse,
        Object.keys(tables)
          .map((name) => `DROP TABLE ${name}`)
          .join(';'),
      );
      return end === undefined ? -1 : rowsOf(end, 'large');
    };
    expect(await largeWhenSmallOnesEnd(3, 'warehouse.db')).toBeLessThan(300);
    expect(await largeWhenSmallOnesEnd(1, 'warehouse.db')).toBe(1_000);
  });

  test('are no more at once than the settings allow, and a commit copies no more rows', async () => {
    const tables = { a: 70, b: 300, c: 10, d: 200, e: 40, f: 150 };
    folder.database('shop.db', tablesOf(tables));
    const pipeline = await open({ adapter });
    const { generation } = await setUp(pipeline, specOf(['*']));
    const { seen, onProgress } = watching();
    await replicate(pipeline, generation, { settings: { snapshotRows: 30, snapshotTables: 3 }, onProgress });
    expect(Math.max(...seen.map((now) => openOf(now).length))).toBe(3);
    const copied = seen.map(({ snapshotRows }) => snapshotRows);
    expect(Math.max(...copied.map((rows, index) => rows - (copied[index - 1] ?? 0)))).toBe(30);
    expectEqual(Object.keys(tables));
  });

  test('go on each where it was, whatever is written and wherever an attempt ends', async () => {
    const tables = { a: 120, b: 90, c: 60, d: 8 };
    const shop = folder.database('shop.db', tablesOf(tables));
    const { generation } = await setUp(await open({ adapter }), specOf(['*']));
    let copied = 0;
    for (let attempt = 1; attempt <= 8; attempt++) {
      write(shop, Object.keys(tables), attempt);
      const stop = new AbortController();
      const pipeline = await open({ adapter });
      const result = await replicate(pipeline, generation, {
        settings: { snapshotRows: 12, batchRows: 40 },
        signal: stop.signal,
        onProgress: (now) => {
          if (now.snapshotRows > 0) stop.abort();
        },
      });
      copied += result.snapshotRows;
      await pipeline.close();
    }
    expect(copied).toBeGreaterThan(80);
    const rest = await replicate(await open({ adapter }), generation, { settings: { snapshotRows: 12 } });
    expect(rest).toMatchObject({ caughtUp: true, snapshotting: 0 });
    // Nothing is copied again: what an attempt has committed is not read by the next one.
    expect(rest.snapshotRows + copied).toBeLessThan(278 + 40);
    expectEqual(Object.keys(tables));
  });

  test('stand aside alone where the target refuses them, and begin anew when it does not', async () => {
    const tables = { a: 60, bad: 60, c: 60 };
    folder.database('shop.db', tablesOf(tables));
    const warehouse = folder.database(
      'warehouse.db',
      `CREATE TABLE bad (id INTEGER PRIMARY KEY, v);
      CREATE TRIGGER strict BEFORE INSERT ON bad WHEN NEW.id = 20 BEGIN SELECT raise(ABORT, 'no'); END`,
    );
    const pipeline = await open({ adapter });
    const { generation } = await setUp(pipeline, specOf(['*']));
    const settings = { snapshotRows: 15 };
    const { progress } = await replicate(pipeline, generation, { settings });
    expect(progress).toMatchObject([
      { source: 'a', state: 'replicating', snapshotRows: 60 },
      { source: 'bad', state: 'parked' },
      { source: 'c', state: 'replicating', snapshotRows: 60 },
    ]);
    warehouse.exec('DROP TRIGGER strict');
    await pipeline.resumeTable({ chain: CHAIN, generation: generation + 1, table: 'bad' });
    await replicate(pipeline, generation + 1, { settings });
    expectEqual(Object.keys(tables));
  });

  test('keep their places while one of them is copied again from its start', async () => {
    const tables = { a: 80, b: 80, c: 80 };
    const shop = folder.database('shop.db', tablesOf(tables));
    const warehouse = folder.database('warehouse.db');
    const pipeline = await open({ adapter });
    const { generation } = await setUp(pipeline, specOf(['*']));
    const stop = new AbortController();
    const onProgress = (now: ReplicateResult): void => {
      if (rowsOf(now, 'c') >= 40) stop.abort();
    };
    const settings = { snapshotRows: 15 };
    await replicate(pipeline, generation, { settings, onProgress, signal: stop.signal });
    warehouse.exec(`INSERT INTO a VALUES (1000, 'stray'); UPDATE a SET v = 'other' WHERE id = 2`);
    write(shop, Object.keys(tables), 1);
    await pipeline.resync({ chain: CHAIN, generation: generation + 1, table: 'a' });
    const result = await replicate(pipeline, generation + 1, { settings });
    expect(result.tables.find(({ table }) => table === 'c')?.snapshotRows).toBeLessThan(60);
    expectEqual(Object.keys(tables));
  });
});

test('several tables under way go on exactly when the process that copies them is killed', async () => {
  const tables = { a: 3_000, b: 2_000, c: 1_000, d: 30, e: 30 };
  const shop = folder.database('shop.db', tablesOf(tables));
  const { generation } = await setUp(await open(), specOf(['*']));
  for (let kill = 1; kill <= 6; kill++) {
    const args = [folder.file('shop.db'), folder.file('warehouse.db'), String(generation)];
    const child = folder.closing(spawnChild('applier', args));
    await child.said(`commit ${String(kill)}`);
    write(shop, Object.keys(tables), kill);
    await child.kill();
  }
  const { caughtUp } = await replicate(await open(), generation, { settings: { snapshotRows: 100 } });
  expect(caughtUp).toBe(true);
  expectEqual(Object.keys(tables));
});

/** Inserts, updates and deletes before the ranges and behind them. */
function write(shop: Database.Database, tables: readonly string[], turn: number): void {
  for (const table of tables) {
    shop.exec(`UPDATE ${table} SET v = 'turn ${String(turn)}' WHERE id % 5 = ${String(turn % 5)};
      DELETE FROM ${table} WHERE id % 31 = ${String(turn)};
      INSERT INTO ${table} (v) VALUES ('new')`);
  }
}
