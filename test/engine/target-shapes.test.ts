/** Target tables that a person made, and what stands in them: nothing of it is lost without a word. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { parkedBy, rejection, replicate, setUp, specOf, started } from '../support/pipelines';
import { folderPerTest } from '../support/sqlite';
import { pipelinesIn } from '../support/file-pipelines';

const folder = folderPerTest();
const { open, expectEqual } = pipelinesIn(folder);

function rowsOf(table: string): unknown {
  const db = folder.database('warehouse.db');
  const rows = db.prepare(`SELECT * FROM ${table} ORDER BY 1`).raw().all();
  db.close();
  return rows;
}

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

/** What is held, and not what waits to be collected: how long that waits depends on the machine. */
function liveBytes(): number {
  if (typeof collect === 'function') Reflect.apply(collect, null, []);
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('a unique index that only the target has', () => {
  test('refuses a copy of rows that the source holds, instead of deleting one of them', async () => {
    folder.database(
      'shop.db',
      `CREATE TABLE u (id INTEGER PRIMARY KEY, email); INSERT INTO u VALUES (1, 'a'), (2, 'a'), (3, 'b')`,
    );
    folder.database('warehouse.db', 'CREATE TABLE u (id INTEGER PRIMARY KEY, email UNIQUE)');
    const pipeline = await open();
    const { generation, notices } = await setUp(pipeline, specOf(['u'], { existing: 'replace' }));
    expect(notices.map((notice) => notice.message).join()).toContain('unique index that the source does not');
    await parkedBy(replicate(pipeline, generation), 'u', 'CONSTRAINT_FAILED');
    expect(rowsOf('u')).toEqual([]);
  });

  test('refuses changes in the midst of a window, too', async () => {
    const shop = folder.database(
      'shop.db',
      `CREATE TABLE u (id INTEGER PRIMARY KEY, code UNIQUE, email); INSERT INTO u VALUES (1, 1, 'a')`,
    );
    folder.database('warehouse.db', 'CREATE TABLE u (id INTEGER PRIMARY KEY, code, email UNIQUE)');
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['u']));
    shop.exec(`INSERT INTO u VALUES (2, 2, 'a'); INSERT INTO u VALUES (3, 3, 'c')`);
    const attempt = replicate(pipeline, generation, { settings: { batchRows: 1 } });
    await parkedBy(attempt, 'u', 'CONSTRAINT_FAILED');
    expect(rowsOf('u')).toEqual([[1n, 1n, 'a']]);
  });

  test('does no harm where the source never breaks it', async () => {
    const shop = folder.database(
      'shop.db',
      `CREATE TABLE u (id INTEGER PRIMARY KEY, email); INSERT INTO u VALUES (1, 'a'), (2, 'b')`,
    );
    folder.database('warehouse.db', 'CREATE TABLE u (id INTEGER PRIMARY KEY, email UNIQUE)');
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['u']));
    shop.exec(`UPDATE u SET email = 'c' WHERE id = 1; UPDATE u SET email = 'a' WHERE id = 2`);
    shop.exec(`UPDATE u SET email = CASE email WHEN 'c' THEN 'a' ELSE 'c' END`);
    await replicate(pipeline, generation);
    expectEqual(['u']);
  });
});

describe('a target key that is another key', () => {
  const refused = [
    [
      'one whose index collates otherwise',
      'CREATE TABLE u (k TEXT NOT NULL, v); CREATE UNIQUE INDEX i ON u (k COLLATE NOCASE)',
      /no unique key/,
    ],
    [
      'one whose index holds an expression besides',
      'CREATE TABLE u (k TEXT NOT NULL, v); CREATE UNIQUE INDEX i ON u (k, lower(v))',
      /no unique key/,
    ],
    ['one whose type converts', 'CREATE TABLE u (k NUMERIC PRIMARY KEY NOT NULL, v)', /key column k/],
  ] as const;

  test.each(refused)('%s is refused before anything is written', async (_title, sql, says) => {
    folder.database(
      'shop.db',
      `CREATE TABLE u (k TEXT PRIMARY KEY NOT NULL, v); INSERT INTO u VALUES ('10', 1), ('9', 2), ('a', 3), ('A', 4)`,
    );
    folder.database('warehouse.db', sql);
    const pipeline = await open();
    for (const attempt of [
      () => pipeline.plan(specOf(['u'])),
      () => setUp(pipeline, specOf(['u'], { existing: 'replace' })),
    ]) {
      const error = await rejection(attempt(), 'TARGET_TABLE_MISMATCH');
      expect(error.message).toMatch(says);
    }
  });
});

describe('rows that are none of ours', () => {
  test('stay where a known table is led to another target table', async () => {
    folder.database('shop.db', `CREATE TABLE u (id INTEGER PRIMARY KEY, v); INSERT INTO u VALUES (1, 'x')`);
    folder.database(
      'warehouse.db',
      `CREATE TABLE archive (id INTEGER PRIMARY KEY, v); INSERT INTO archive VALUES (7, 'old'), (8, 'old')`,
    );
    const pipeline = await open();
    await started(pipeline, specOf(['u']));
    const moved = [{ from: 'u', to: 'archive' }];
    const error = await rejection(setUp(pipeline, specOf(moved)), 'TARGET_NOT_EMPTY');
    expect(error.hint).toContain('existing: replace');
    expect(rowsOf('archive')).toEqual([
      [7n, 'old'],
      [8n, 'old'],
    ]);
    await started(pipeline, specOf(moved, { existing: 'replace' }));
    expect(rowsOf('archive')).toEqual([[1n, 'x']]);
  });

  test('stay where a table joins a pipeline that copies nothing', async () => {
    const shop = folder.database('shop.db', 'CREATE TABLE u (id INTEGER PRIMARY KEY, v)');
    shop.exec(`CREATE TABLE w (id INTEGER PRIMARY KEY, v); INSERT INTO w VALUES (1, 'x')`);
    folder.database(
      'warehouse.db',
      `CREATE TABLE w (id INTEGER PRIMARY KEY, v); INSERT INTO w VALUES (1, 'x'), (9, 'archived')`,
    );
    const pipeline = await open();
    await started(pipeline, specOf(['u'], { snapshot: false }));
    const joined = specOf(['u', 'w'], { snapshot: false });
    await rejection(setUp(pipeline, joined), 'TARGET_NOT_EMPTY');
    expect(rowsOf('w')).toEqual([
      [1n, 'x'],
      [9n, 'archived'],
    ]);
  });
});

describe('verify', () => {
  test('counts any number of rows that only the target has, in memory that stays', async () => {
    folder.database('shop.db', `CREATE TABLE u (id INTEGER PRIMARY KEY, v); INSERT INTO u VALUES (5, 'x')`);
    const pipeline = await open();
    await started(pipeline, specOf(['u']));
    const warehouse = folder.database('warehouse.db');
    warehouse.exec(`WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 200009)
      INSERT INTO u SELECT i, hex(zeroblob(100)) FROM n; UPDATE u SET v = 'y' WHERE id = 5`);
    const before = liveBytes();
    let most = 0;
    const onProgress = (): void => {
      most = Math.max(most, liveBytes() - before);
    };
    const { equal, tables } = await pipeline.verify({ onProgress });
    expect(equal).toBe(false);
    expect(tables).toEqual([
      {
        source: 'u',
        target: 'u',
        sourceRows: 1,
        targetRows: 200_001,
        missing: 0,
        extra: 200_000,
        different: 1,
        deadLetters: 0,
        settled: true,
        unsettled: 0,
        kept: 0,
      },
    ]);
    // All of them at once take more than 60 MB.
    expect(most).toBeLessThan(30 * 2 ** 20);
  });
});
