import { describe, expect, test } from '@jest/globals';
import { spawnChild } from '../support/child';
import { rejection, replicate, setUp, specOf, started } from '../support/pipelines';
import { SHOP, SHOP_CHANGES } from '../support/shop';
import { folderPerTest } from '../support/sqlite';
import { pipelinesIn } from '../support/file-pipelines';

const folder = folderPerTest();
const { open, expectEqual } = pipelinesIn(folder);

describe('the first copy', () => {
  test('existing rows are copied, changes follow without a gap', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    const { generation } = await setUp(pipeline, specOf(['*']));
    shop.exec(SHOP_CHANGES);
    const copied = await replicate(pipeline, generation, { settings: { snapshotRows: 2, batchRows: 3 } });
    expect(copied).toMatchObject({ caughtUp: true, snapshotting: 0, backlog: 0, lagMs: 0 });
    expectEqual();
    shop.exec(`UPDATE customers SET credit = -0.0; DELETE FROM orders WHERE id = 9`);
    const followed = await replicate(pipeline, generation);
    expect(followed).toMatchObject({ snapshotRows: 0, updated: 3, deleted: 1, inserted: 0 });
    expectEqual();
  });

  test('a copy that was cut short goes on where it was', async () => {
    const shop = folder.database('shop.db', SHOP);
    shop.exec(`WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 599)
      INSERT INTO customers SELECT i, 'n' || i, i || '@example.org', i FROM n`);
    const { generation } = await setUp(await open(), specOf(['*']));
    let rows = 0;
    for (let attempt = 1; rows < 400; attempt++) {
      const stop = new AbortController();
      const pipeline = await open();
      const settings = { snapshotRows: 50 };
      const onProgress = (soFar: { readonly snapshotRows: number }): void => {
        if (soFar.snapshotRows >= 100) stop.abort();
      };
      const result = await replicate(pipeline, generation, { settings, onProgress, signal: stop.signal });
      rows += result.snapshotRows;
      shop.exec(
        `UPDATE customers SET credit = credit + ${attempt} WHERE id % 3 = 0; DELETE FROM customers WHERE id = ${100 + attempt * 60}`,
      );
      await pipeline.close();
      expect(attempt).toBeLessThan(10);
    }
    const rest = await replicate(await open(), generation, { settings: { snapshotRows: 50 } });
    expect(rest.caughtUp).toBe(true);
    expect(rest.snapshotRows).toBeLessThan(300);
    expectEqual();
  });

  test('a writer in another process is followed without a gap, from before the copy to after it', async () => {
    const shop = folder.database('shop.db', SHOP);
    shop.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
      INSERT INTO orders SELECT i, 1, 'order ' || i, i / 7.0 FROM n WHERE true ON CONFLICT DO NOTHING`);
    const writer = folder.closing(spawnChild('shop-writer', [folder.file('shop.db'), '1']));
    await writer.said('writing');
    const pipeline = await open();
    const { generation } = await setUp(pipeline, specOf(['*']));
    const settings = { snapshotRows: 500, batchRows: 200 };
    const running = replicate(pipeline, generation, { settings, lingerMs: 2_500 });
    const result = await running;
    expect(result.snapshotting).toBe(0);
    expect(result.changes).toBeGreaterThan(0);
    await writer.stop();
    await replicate(pipeline, generation, { settings });
    expectEqual();
    const comparison = await pipeline.verify({});
    expect(comparison).toMatchObject({ equal: true, exact: true });
  });

  test('existing: replace makes the target equal, rows that the source lacks are deleted', async () => {
    folder.database('shop.db', SHOP);
    const warehouse = folder.database('warehouse.db', SHOP);
    warehouse.exec(`
      UPDATE customers SET email = NULL;
      UPDATE customers SET email = 'cyd@example.org' WHERE id = 2;
      INSERT INTO customers VALUES (9, 'stray', 'ada@example.org', 0);
      INSERT INTO orders VALUES (0, NULL, 'stray', 0), (70, NULL, 'stray', 0);
      DELETE FROM orders WHERE id = 2;
      INSERT INTO tags VALUES (0, 'a', 0), (1, 'blur', 0), (99, 'z', 0);
    `);
    const pipeline = await open();
    await rejection(setUp(pipeline, specOf(['*'])), 'TARGET_NOT_EMPTY');
    await started(pipeline, specOf(['*'], { existing: 'replace', snapshotRows: 1 }));
    expectEqual();
  });

  test('snapshot: false leaves existing rows and applies what changes from then on', async () => {
    const shop = folder.database('shop.db', SHOP);
    const warehouse = folder.database('warehouse.db', SHOP);
    warehouse.exec(`UPDATE orders SET note = 'own' WHERE id = 2`);
    const pipeline = await open();
    const { result } = await started(pipeline, specOf(['*'], { snapshot: false }));
    expect(result).toMatchObject({ changes: 0, snapshotRows: 0, commits: 0 });
    shop.exec(`UPDATE orders SET total = 5 WHERE id = 1; DELETE FROM tags WHERE order_id = 2`);
    await replicate(pipeline, 1);
    expectEqual(['customers', 'tags']);
    const notes = warehouse.prepare('SELECT note, total FROM orders ORDER BY id').raw(true).all();
    expect(notes).toEqual([
      ['first', 5],
      ['own', 2],
      ['third', null],
    ]);
  });

  test('chosen columns are replicated, others stay as the target has them', async () => {
    const shop = folder.database('shop.db', SHOP);
    const warehouse = folder.database('warehouse.db');
    warehouse.exec(`CREATE TABLE people (id INTEGER PRIMARY KEY, note TEXT DEFAULT 'ours', name TEXT)`);
    const mapping = { from: 'customers', to: 'people', columns: ['name', 'id'] };
    const { generation } = await started(await open(), specOf([mapping]));
    warehouse.exec(`UPDATE people SET note = 'mine' WHERE id = 1`);
    shop.exec(
      `UPDATE customers SET name = 'Eve', email = 'x' WHERE id = 1; INSERT INTO customers (id, name) VALUES (8, 'Hal')`,
    );
    await replicate(await open(), generation);
    expectEqual([{ source: 'customers', target: 'people', columns: ['id', 'name'] }]);
    const notes = warehouse.prepare('SELECT note FROM people ORDER BY id').pluck().all();
    expect(notes).toEqual(['mine', 'ours', 'ours', 'ours']);
  });
});

describe('how much is committed at once', () => {
  test('maxChanges ends an attempt after about so many changes', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    shop.exec(SHOP_CHANGES);
    const seen: number[] = [];
    for (let round = 0; round < 40; round++) {
      const result = await replicate(pipeline, generation, { maxChanges: 2 });
      seen.push(result.changes);
      if (result.backlog === 0) break;
      expect(result.caughtUp).toBe(false);
    }
    expect(Math.max(...seen)).toBe(2);
    expectEqual();
  });

  test.each([{ maxChanges: null }, { maxChanges: 1 }])(
    'atomic: a source transaction is never seen in part (%j)',
    async ({ maxChanges }) => {
      const shop = folder.database('shop.db', SHOP);
      const warehouse = folder.database('warehouse.db');
      const pipeline = await open();
      const { generation } = await started(pipeline, specOf(['*']));
      shop.exec(`BEGIN; UPDATE customers SET credit = 1; UPDATE orders SET total = 1; COMMIT;
        BEGIN; UPDATE customers SET credit = 2; UPDATE orders SET total = 2; COMMIT`);
      const settings = { atomic: true, batchRows: 1 };
      const values = warehouse
        .prepare(
          'SELECT count(DISTINCT v) FROM (SELECT credit AS v FROM customers UNION ALL SELECT total FROM orders)',
        )
        .pluck();
      const seen: unknown[] = [];
      const onProgress = (): void => void seen.push(values.get());
      const result = await replicate(pipeline, generation, { settings, maxChanges, onProgress });
      expect(result.atomicCuts).toBe(0);
      expect(new Set(seen)).toEqual(new Set([1n]));
      expectEqual();
    },
  );

  test('atomic: a window beyond the limit is cut, and the result says so', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    shop.exec(`BEGIN; UPDATE customers SET credit = 1; UPDATE orders SET total = 1; COMMIT`);
    const result = await replicate(pipeline, generation, { settings: { atomic: true, atomicRows: 4 } });
    expect(result.atomicCuts).toBe(1);
    expectEqual();
  });
});
