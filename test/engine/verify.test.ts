/** A comparison of two SQLite files while writes go on, and the repair of what it found. */
import { describe, expect, test } from '@jest/globals';
import { pipelinesIn } from '../support/file-pipelines';
import { replicate, specOf, started } from '../support/pipelines';
import { folderPerTest } from '../support/sqlite';
import { verifyCases } from '../support/verify-cases';
import { patiently } from '../support/verify-scene';

const folder = folderPerTest();
const { open } = pipelinesIn(folder);

const ITEMS =
  'CREATE TABLE items (id INTEGER PRIMARY KEY, note TEXT, amount TEXT, at TEXT, raw BLOB, n INTEGER)';

const ROWS = `INSERT INTO items
WITH RECURSIVE i (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM i WHERE id < @rows)
SELECT id, iif(id = 4, '', 'note ' || id), '1234567.8901', '2026-01-02 03:04:05.678901', CAST('bytes ' || id AS BLOB), 0
FROM i`;

describe('verify between SQLite files', () => {
  verifyCases(async (rows) => {
    const shop = folder.database('shop.db', ITEMS);
    shop.prepare(ROWS).run({ rows });
    const warehouse = folder.database('warehouse.db');
    const worker = await open();
    const { generation } = await started(worker, specOf(['items']));
    const reader = await open();
    return {
      scene: {
        worker,
        reader,
        generation,
        table: 'items',
        rows,
        onSource: (sql) => patiently(shop, sql),
        onTarget: (sql) => patiently(warehouse, sql),
      },
      raw: `CAST('bytes 4' AS BLOB)`,
      at: `'2026-01-02 03:04:05.678902'`,
    };
  });

  test('a row that the target refuses is told by the repair, and its table goes on', async () => {
    const shop = folder.database(
      'shop.db',
      `CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 1), (2, 2)`,
    );
    const warehouse = folder.database('warehouse.db');
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['t']));
    warehouse.exec(`DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, v CHECK (v <> 1))`);
    const { differences } = await pipeline.verify({});
    await pipeline.repair(differences);
    const result = await replicate(pipeline, generation);
    expect(result.progress).toMatchObject([{ state: 'replicating', deadLetters: 0 }]);
    expect(await pipeline.waitRepaired({ timeoutMs: 0 })).toEqual({
      done: true,
      refused: [{ table: 't', key: { id: 1n }, code: 'CONSTRAINT_FAILED', column: null }],
    });
    expect(await pipeline.verify({})).toMatchObject({
      equal: false,
      exact: true,
      differences: [{ kind: 'missing', key: { id: 1n } }],
    });
    // Asked for again, it is tried again.
    shop.exec('UPDATE t SET v = 3 WHERE id = 1');
    await pipeline.repair([{ table: 't', key: { id: 1n } }]);
    await replicate(pipeline, generation);
    expect(await pipeline.waitRepaired({ timeoutMs: 0 })).toEqual({ done: true, refused: [] });
    expect(await pipeline.verify({})).toMatchObject({ equal: true });
  });

  test('text that is no valid UTF-8 is found by its key, and mended', async () => {
    const shop = folder.database(
      'shop.db',
      `CREATE TABLE t (k TEXT NOT NULL PRIMARY KEY, v); INSERT INTO t VALUES ('a', 1), (CAST(x'61FF' AS TEXT), 2)`,
    );
    const warehouse = folder.database('warehouse.db');
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['t']));
    warehouse.exec(`UPDATE t SET v = 9 WHERE k = CAST(x'61FF' AS TEXT)`);
    const { differences } = await pipeline.verify({});
    expect(differences).toMatchObject([{ kind: 'different', columns: ['v'], source: { v: 2n } }]);
    await pipeline.repair(differences);
    await replicate(pipeline, generation);
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
    expect(shop.prepare('SELECT count(*) FROM t').pluck().get()).toBe(2n);
  });

  test('objects of a former version are brought up to date by who marks keys, and read as they are before', async () => {
    folder.database('shop.db', 'CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)');
    const warehouse = folder.database('warehouse.db');
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['t']));
    warehouse.exec(
      `DROP TABLE _cdc_repair; UPDATE _cdc_meta SET value = 1 WHERE key = 'target_version'; DELETE FROM t`,
    );
    await replicate(pipeline, generation);
    const { differences } = await pipeline.verify({});
    await pipeline.repair(differences);
    await replicate(pipeline, generation);
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
  });

  test('a table that is parked is compared, and the others are settled all the same', async () => {
    const shop = folder.database(
      'shop.db',
      `CREATE TABLE good (id INTEGER PRIMARY KEY, v); CREATE TABLE bad (id INTEGER PRIMARY KEY, v);
INSERT INTO good VALUES (1, 1); INSERT INTO bad VALUES (1, 1)`,
    );
    const warehouse = folder.database(
      'warehouse.db',
      'CREATE TABLE bad (id INTEGER PRIMARY KEY, v CHECK (v <> 2))',
    );
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    shop.exec('UPDATE bad SET v = 2');
    await replicate(pipeline, generation);
    warehouse.exec('DELETE FROM good');
    const comparison = await pipeline.verify({});
    expect(comparison).toMatchObject({ equal: false, exact: false, inexactBecause: 'table bad is parked' });
    expect(comparison.tables).toMatchObject([
      { source: 'bad', different: 1, settled: false },
      { source: 'good', missing: 1, settled: true },
    ]);
  });
});
