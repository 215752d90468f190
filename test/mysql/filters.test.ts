/** `where` and `rename` on MySQL and MariaDB: what the server takes for a condition, and what becomes of one later. */
import { afterEach, expect, test } from '@jest/globals';
import type { Connection } from 'mysql2/promise';
import type { Pipeline } from '../../engine';
import { mysqlAdapter } from '../../engine/adapters/mysql';
import { createScratchDatabase, describeEitherServer, select } from '../support/mysql';
import { engineOver, parkedBy, REF, rejection, replicate, specOf, started } from '../support/pipelines';

const steps: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const step of steps.splice(0).reverse()) await step();
});

const ITEMS = [
  `CREATE TABLE items (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) COLLATE utf8mb4_general_ci,
  code CHAR(4) CHARACTER SET latin1, state ENUM('sad', 'glad'), at TIMESTAMP NULL, doc JSON, n INT,
  twice INT AS (n * 2) STORED) ENGINE = InnoDB`,
  `INSERT INTO items (name, code, state, at, doc, n) VALUES ('a', 'x', 'sad', '2026-01-01 00:00:00', '{"v": 1}', 1),
  ('A', 'y', 'glad', '2026-02-01 00:00:00', NULL, 2), ('b?', 'x', 'glad', NULL, '{"v": 3}', 3)`,
];

describeEitherServer('where', (server) => {
  async function open(): Promise<{ app: Connection; there: Connection; pipeline: Pipeline }> {
    const [source, target] = [await createScratchDatabase(server()), await createScratchDatabase(server())];
    steps.push(
      () => source.drop(),
      () => target.drop(),
    );
    const app = await source.connect();
    for (const sql of ITEMS) await app.query(sql);
    const engine = engineOver(source.url, target.url, { adapter: mysqlAdapter });
    steps.push(() => engine.close());
    return { app, there: await target.connect(), pipeline: await engine.pipeline(REF) };
  }

  test.each([
    [`name = 'a'`, ['1', '2']],
    [`name = "b?" AND \`n\` > 2`, ['3']],
    [`name IN ('?', 'b?')`, ['3']],
    [`state = 'glad' AND at >= '2026-02-01'`, ['2']],
    [`twice > 3`, ['2', '3']],
    [`code = 'x' AND name <> 'it''s "a"'`, ['1', '3']],
    [`JSON_EXTRACT(doc, '$.v') = 3`, ['3']],
    [`n`, ['1', '2', '3']],
  ])('%s', async (where, expected) => {
    const { app, there, pipeline } = await open();
    const mapping = { from: 'items', columns: ['id', 'code'], where, rename: { id: 'no' } };
    const { generation } = await started(pipeline, specOf([mapping], { snapshotRows: 1 }));
    const numbers = async (): Promise<readonly unknown[]> =>
      (await select(there, 'SELECT no FROM items ORDER BY no')).map(([no]) => no);
    expect(await numbers()).toEqual(expected);
    await app.query(`UPDATE items SET id = id + 10 ORDER BY id DESC`);
    await replicate(pipeline, generation, { settings: { batchRows: 2 } });
    expect(await numbers()).toEqual(expected.map((id) => String(Number(id) + 10)));
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
    await app.query('DELETE FROM items');
    await replicate(pipeline, generation);
    expect(await numbers()).toEqual([]);
  });

  test.each([
    ['nn > 1', /nn/],
    ['n > RAND()', /rand/i],
    ['at > NOW()', /now|curr|function/i],
    ['n > (SELECT 1)', /./],
    ['n > @least', /./],
    ['n > ?', /./],
    ['MAX(n) > 1', /group|max/i],
    ['n > 1 # more', /comment/],
    ['items.n > 1', /items/],
    [`name = 'it\\'s'`, /backslash/],
  ])('refuses %s', async (where, says) => {
    const { app, pipeline } = await open();
    const error = await rejection(pipeline.plan(specOf([{ from: 'items', where }])), 'FILTER_INVALID');
    expect(error.message).toMatch(says);
    expect(error.table).toBe('items');
    expect(await select(app, 'SHOW TABLES')).toEqual([['items']]);
  });

  test('a counting column counts under its new name, whatever is called as it was', async () => {
    const { there, pipeline } = await open();
    const rename = { id: 'no', n: 'id' };
    await started(pipeline, specOf([{ from: 'items', columns: ['id', 'n', 'name'], rename }]));
    await there.query(`INSERT INTO items (id, name) VALUES (7, 'own')`);
    expect(await select(there, 'SELECT no, id, name FROM items ORDER BY no')).toEqual([
      ['1', '1', 'a'],
      ['2', '2', 'A'],
      ['3', '3', 'b?'],
      ['4', '7', 'own'],
    ]);
  });

  test('a column that it names and that is dropped parks the table, though it is not replicated', async () => {
    const { app, pipeline } = await open();
    const mapping = { from: 'items', columns: ['id', 'n'], where: `name <> 'z'` };
    const { generation } = await started(pipeline, specOf([mapping]));
    await app.query('ALTER TABLE items DROP COLUMN name');
    await app.query('UPDATE items SET n = 0');
    const cause = await parkedBy(replicate(pipeline, generation), 'items', 'SOURCE_SCHEMA_CHANGED');
    expect(cause).toMatch(/name/);
  });
});
