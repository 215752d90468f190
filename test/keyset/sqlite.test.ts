/** Timestamp and version capture from a SQLite file, through the engine. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { KeysetCapture, PipelineSpec } from '../../engine';
import { CHAIN, rejection, replicate, setUp, started } from '../support/pipelines';
import { folderPerTest } from '../support/sqlite';
import { expectEqual, insert, NEXT, NOW, SCHEMA, sceneIn, TABLE, TIMESTAMP, VERSION } from './scene';
import type { Scene } from './scene';

const folder = folderPerTest();

function sceneOf(capture: KeysetCapture, schema?: string): Scene {
  return sceneIn(folder, capture, schema);
}

describe.each([TIMESTAMP, VERSION])('by a $by', (capture) => {
  test('rows are copied and what changes follows, with no object on the source', async () => {
    const scene = sceneOf(capture);
    insert(scene, 1, 500);
    const pipeline = await scene.open();
    const { generation } = await started(pipeline, scene.spec);
    expectEqual(scene);
    scene.source.exec(
      `UPDATE orders SET note = 'changed', updated_at = ${NOW}, row_version = ${NEXT} WHERE id % 7 = 0`,
    );
    insert(scene, 501, 510);
    const followed = await replicate(pipeline, generation);
    expect(followed).toMatchObject({ caughtUp: true, backlog: 0 });
    expectEqual(scene);
    const objects = scene.source.prepare(
      `SELECT name FROM sqlite_schema WHERE name LIKE '\\_cdc%' ESCAPE '\\'`,
    );
    expect(objects.all()).toEqual([]);
  });

  test('many rows of one value are cut into chunks, and nothing is applied twice at rest', async () => {
    const scene = sceneOf(capture);
    const pipeline = await scene.open();
    const { generation } = await started(pipeline, scene.spec);
    scene.source.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
      INSERT INTO orders SELECT i, 'same', ${NOW}, 7 FROM n`);
    const applied = await replicate(pipeline, generation, { settings: { batchRows: 400 } });
    expect(applied).toMatchObject({ caughtUp: true, changes: 2500 });
    expectEqual(scene);
    expect(await replicate(pipeline, generation)).toMatchObject({ caughtUp: true, changes: 0 });
    // A process that remembers nothing finds nothing either.
    expect(await replicate(await scene.open(), generation)).toMatchObject({ caughtUp: true, changes: 0 });
  });

  test('a wait is woken by a change, and catching up is told by what another process has committed', async () => {
    const scene = sceneOf(capture);
    const pipeline = await scene.open();
    const { generation } = await started(pipeline, scene.spec);
    const watching = await scene.open();
    expect(await watching.waitCaughtUp({ timeoutMs: 10_000 })).toBe(true);
    const fetched = pipeline.fetchPending({ settings: scene.spec.settings, waitMs: 20_000 });
    insert(scene, 1, 3);
    expect(await fetched).toMatchObject({ pending: true, backlog: 3 });
    expect(await watching.waitCaughtUp({ timeoutMs: 50 })).toBe(false);
    await replicate(pipeline, generation);
    expect(await watching.waitCaughtUp({ timeoutMs: 10_000 })).toBe(true);
    expect(await watching.verify({ timeoutMs: 10_000 })).toMatchObject({ equal: true, exact: true });
  });

  test('rows of before setup follow where they are not copied', async () => {
    const scene = sceneOf(capture);
    insert(scene, 1, 5);
    const pipeline = await scene.open();
    const spec = { ...scene.spec, settings: { ...scene.spec.settings, snapshot: false } };
    const { generation } = await setUp(pipeline, spec);
    insert(scene, 6, 9);
    await replicate(pipeline, generation, { settings: spec.settings });
    const ids = scene.target.prepare('SELECT id FROM orders WHERE id >= 6 ORDER BY id').pluck().all();
    expect(ids).toEqual([6n, 7n, 8n, 9n]);
  });

  test('a column that is added parks the table, and copied again it ends equal', async () => {
    const scene = sceneOf(capture);
    insert(scene, 1, 20);
    const pipeline = await scene.open();
    const { generation } = await started(pipeline, scene.spec);
    scene.source.exec(`ALTER TABLE orders ADD COLUMN extra TEXT DEFAULT 'x'`);
    const parked = await replicate(pipeline, generation);
    expect(parked.progress).toMatchObject([{ state: 'parked' }]);
    scene.target.exec('ALTER TABLE orders ADD COLUMN extra TEXT');
    const resumed = await pipeline.resumeTable({
      table: 'orders',
      chain: CHAIN,
      generation: generation + 1,
    });
    expect(resumed).toBeDefined();
    await replicate(pipeline, generation + 1);
    expectEqual(scene);
  });
});

test('a row that turns up late arrives in the attempt that waits for it', async () => {
  const scene = sceneOf(TIMESTAMP);
  insert(scene, 1, 5_000);
  const pipeline = await scene.open();
  const { generation } = await started(pipeline, scene.spec);
  const early = scene.source.prepare(`SELECT ${NOW}`).pluck().get();
  await sleep(300);
  insert(scene, 5_001, 5_001);
  const attempt = replicate(pipeline, generation, { lingerMs: 6_000 });
  await sleep(500);
  scene.source.prepare('INSERT INTO orders VALUES (9999, ?, ?, 9999)').run('late', early);
  const found = () => scene.target.prepare('SELECT 1 FROM orders WHERE id = 9999').get() !== undefined;
  for (let look = 0; look < 40 && !found(); look++) await sleep(100);
  expect(found()).toBe(true);
  await attempt;
});

test('a replica that was damaged is copied again, and follows from there', async () => {
  const scene = sceneOf(TIMESTAMP);
  insert(scene, 1, 200);
  const pipeline = await scene.open();
  const { generation } = await started(pipeline, scene.spec);
  scene.target.exec('DELETE FROM orders WHERE id > 100; UPDATE orders SET note = NULL WHERE id < 10');
  const again = { chain: CHAIN, generation: generation + 1, table: null };
  expect(await pipeline.resync(again)).toEqual(['orders']);
  insert(scene, 201, 210);
  await replicate(pipeline, generation + 1);
  expectEqual(scene);
  insert(scene, 211, 220);
  await replicate(pipeline, generation + 1);
  expectEqual(scene);
});

describe('a column that will not do', () => {
  test.each([
    ['is missing', TABLE.replace('updated_at', 'changed_at'), 'COLUMN_UNKNOWN', /triggers/],
    ['has no index', TABLE, 'COLUMN_UNSUITABLE', /CREATE INDEX "orders_updated_at"/],
    [
      'holds texts beside numbers',
      `${SCHEMA.replace('updated_at TEXT', 'updated_at')}
       INSERT INTO orders VALUES (1, '', 5, 1), (2, '', '2026-01-01', 2)`,
      'COLUMN_UNSUITABLE',
      /alike/,
    ],
    [
      'holds days alone',
      `${SCHEMA} INSERT INTO orders VALUES (1, '', '2026-01-01', 1)`,
      'COLUMN_UNSUITABLE',
      /ISO/,
    ],
    [
      'holds no times',
      `${SCHEMA} INSERT INTO orders VALUES (1, '', 'yesterday', 1)`,
      'COLUMN_UNSUITABLE',
      /ISO/,
    ],
  ] as const)('is refused when it %s', async (_, schema, code, hint) => {
    const scene = sceneOf(TIMESTAMP, schema);
    const refused = await rejection(
      scene.open().then((pipeline) => pipeline.plan(scene.spec)),
      code,
    );
    expect(refused).toMatchObject({ table: 'orders', column: 'updated_at' });
    expect(refused.hint).toMatch(hint);
  });

  test.each([
    ['atomic', { atomic: true }],
    ['maxBacklog', { maxBacklog: { changes: 10, action: 'warn' } }],
    ['onDelete', { onDelete: 'keep' }],
  ] as const)('is refused together with %s, which needs what it does not tell', async (name, change) => {
    const scene = sceneOf({ ...TIMESTAMP, sweepMs: 60_000 });
    const spec = { ...scene.spec, settings: { ...scene.spec.settings, ...change } };
    const pipeline = await scene.open();
    expect((await rejection(pipeline.plan(spec), 'CONFIG_INVALID')).message).toContain(name);
    expect((await rejection(setUp(pipeline, spec), 'CONFIG_INVALID')).hint).toContain(name);
  });

  test('is taken without an index by name only', async () => {
    const scene = sceneOf({ ...TIMESTAMP, allowScan: true }, TABLE);
    insert(scene, 1, 5);
    await started(await scene.open(), scene.spec);
    expectEqual(scene);
  });
});

test.each([
  ['unix seconds', (shift: string) => `unixepoch('now'${shift})`],
  ['unix seconds with a fraction', (shift: string) => `unixepoch('now'${shift}, 'subsec')`],
  ['unix milliseconds', (shift: string) => `CAST(unixepoch('now'${shift}, 'subsec') * 1000 AS INTEGER)`],
  ['julian days', (shift: string) => `julianday('now'${shift})`],
  ['ISO text', (shift: string) => `strftime('%Y-%m-%dT%H:%M:%fZ', 'now'${shift})`],
] as const)('times are followed as %s, and one that lies ahead holds up nobody', async (_, time) => {
  const scene = sceneOf(TIMESTAMP, SCHEMA.replace('updated_at TEXT', 'updated_at'));
  const [now, tomorrow] = [time(''), time(`, '+1 day'`)];
  scene.source.exec(`INSERT INTO orders VALUES (1, 'a', ${now}, 1)`);
  const pipeline = await scene.open();
  const { generation } = await started(pipeline, scene.spec);
  scene.source.exec(`INSERT INTO orders VALUES (2, 'ahead', ${tomorrow}, 2)`);
  await replicate(pipeline, generation);
  expectEqual(scene);
  scene.source.exec(
    `INSERT INTO orders VALUES (3, 'b', ${now}, 3); UPDATE orders SET note = 'c', updated_at = ${now} WHERE id = 1`,
  );
  expect(await replicate(pipeline, generation)).toMatchObject({ caughtUp: true });
  expectEqual(scene);
});

test('a version that each row counts is told from one of the table, unless it is named', async () => {
  const capture: KeysetCapture = { ...VERSION, per: null };
  const scene = sceneOf(capture);
  scene.source.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
    INSERT INTO orders SELECT i, 'n', '', i % 4 FROM n`);
  const refused = await rejection(
    scene.open().then((pipeline) => pipeline.plan(scene.spec)),
    'COLUMN_UNSUITABLE',
  );
  expect(refused.hint).toMatch(/per: row/);
  const named = sceneOf({ ...capture, per: 'table' }, 'SELECT 1');
  expect((await named.open().then((pipeline) => pipeline.plan(named.spec))).tables).toHaveLength(1);
});

describe('what a column does not show', () => {
  test('rows that were deleted are deleted by a sweep, and none that was inserted meanwhile', async () => {
    const scene = sceneOf({ ...TIMESTAMP, sweepMs: 1_000 });
    insert(scene, 1, 300);
    const pipeline = await scene.open();
    const { generation } = await started(pipeline, scene.spec);
    scene.source.exec('DELETE FROM orders WHERE id % 3 = 0');
    // On the target before it is on the source, as far as the sweep can see: the row itself decides.
    scene.target.exec(`INSERT INTO orders VALUES (9999, 'early', '2026-01-01', 1)`);
    const sweeping = pipeline.sweep({});
    scene.source.exec(`INSERT INTO orders VALUES (9999, 'late', ${NOW}, ${NEXT})`);
    expect((await sweeping).keys).toBeGreaterThanOrEqual(100);
    await replicate(pipeline, generation);
    expectEqual(scene);
    expect(await pipeline.sweep({})).toEqual({ keys: 0 });
  });

  test('versions that each row counts are compared: inserts, updates and deletes are found', async () => {
    const scene = sceneOf({ ...VERSION, per: 'row', sweepMs: 1_000, allowScan: true });
    scene.source.exec(`INSERT INTO orders VALUES (1, 'a', '', 0), (2, 'b', '', 0), (3, 'c', '', 4)`);
    const pipeline = await scene.open();
    const { generation } = await started(pipeline, scene.spec);
    scene.source.exec(`UPDATE orders SET note = 'changed', row_version = row_version + 1 WHERE id = 2;
      DELETE FROM orders WHERE id = 3; INSERT INTO orders VALUES (4, 'd', '', 0)`);
    expect(await replicate(pipeline, generation)).toMatchObject({ caughtUp: true, changes: 0 });
    expect(await pipeline.sweep({})).toEqual({ keys: 3 });
    await replicate(pipeline, generation);
    expectEqual(scene);
  });

  test('rows that a column marks as deleted are not on the target, and come back', async () => {
    const scene = sceneOf(
      { ...TIMESTAMP, deleted: 'deleted_at' },
      SCHEMA.replace('row_version', 'deleted_at TEXT, row_version'),
    );
    const add = (id: number, deleted: string): string =>
      `INSERT INTO orders VALUES (${id}, 'n', ${NOW}, ${deleted}, ${id})`;
    scene.source.exec(`${add(1, 'NULL')}; ${add(2, NOW)}; ${add(3, 'NULL')}`);
    const pipeline = await scene.open();
    const { generation } = await started(pipeline, scene.spec);
    const ids = () => scene.target.prepare('SELECT id FROM orders ORDER BY id').pluck().all();
    expect(ids()).toEqual([1n, 3n]);
    scene.source.exec(`UPDATE orders SET deleted_at = ${NOW}, updated_at = ${NOW} WHERE id = 1`);
    scene.source.exec(`UPDATE orders SET deleted_at = NULL, updated_at = ${NOW} WHERE id = 2`);
    expect(await replicate(pipeline, generation)).toMatchObject({ deleted: 1, updated: 1 });
    expect(ids()).toEqual([2n, 3n]);
    expect(await pipeline.verify({})).toMatchObject({ equal: true });
  });

  test('rows without a time are copied, and followed by sweeps', async () => {
    const scene = sceneOf(
      { ...TIMESTAMP, sweepMs: 1_000 },
      SCHEMA.replace('updated_at TEXT NOT NULL', 'updated_at TEXT'),
    );
    scene.source.exec(`INSERT INTO orders VALUES (1, 'a', NULL, 1), (2, 'b', ${NOW}, 2)`);
    const pipeline = await scene.open();
    const { generation } = await started(pipeline, scene.spec);
    expectEqual(scene);
    scene.source.exec(`UPDATE orders SET note = 'changed' WHERE id = 1;
      INSERT INTO orders VALUES (3, 'c', NULL, 3)`);
    expect(await pipeline.sweep({})).toEqual({ keys: 2 });
    await replicate(pipeline, generation);
    expectEqual(scene);
    expect(await pipeline.sweep({})).toEqual({ keys: 0 });
  });

  test('rows are chosen by a condition, and those that leave it are deleted', async () => {
    const scene = sceneOf(TIMESTAMP);
    insert(scene, 1, 10);
    const pipeline = await scene.open();
    const spec: PipelineSpec = {
      ...scene.spec,
      tables: [{ from: 'orders', to: null, columns: ['id', 'updated_at'], where: `note <> 'hidden'` }],
    };
    const { generation } = await started(pipeline, spec);
    scene.source.exec(`UPDATE orders SET note = 'hidden', updated_at = ${NOW} WHERE id < 4`);
    expect(await replicate(pipeline, generation)).toMatchObject({ deleted: 3 });
    expect(scene.target.prepare('SELECT min(id), count(*) FROM orders').raw().get()).toEqual([4n, 7n]);
  });

  test('a row that a sweep has found and the target refuses parks its table', async () => {
    const scene = sceneOf({ ...VERSION, per: 'row', sweepMs: 1_000, allowScan: true });
    const pipeline = await scene.open();
    scene.target.exec(`CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT CHECK (note <> 'bad'),
      updated_at TEXT NOT NULL, row_version INTEGER NOT NULL)`);
    const { generation } = await started(pipeline, scene.spec);
    scene.source.exec(`INSERT INTO orders VALUES (1, 'good', '', 0), (2, 'bad', '', 0)`);
    expect(await pipeline.sweep({})).toEqual({ keys: 2 });
    const { progress } = await replicate(pipeline, generation);
    expect(progress).toMatchObject([
      { state: 'parked', cause: expect.stringContaining('CONSTRAINT_FAILED') },
    ]);
  });

  test('a row that is set aside keeps its dead letter at each comparison', async () => {
    const scene = sceneOf({ ...VERSION, per: 'row', sweepMs: 1_000, allowScan: true });
    const pipeline = await scene.open();
    scene.target.exec(`CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT CHECK (note <> 'bad'),
      updated_at TEXT NOT NULL, row_version INTEGER NOT NULL)`);
    const { generation } = await started(pipeline, scene.spec);
    scene.source.exec(`INSERT INTO orders VALUES (1, 'bad', '', 0), (2, 'bad', '', 0)`);
    const settings = { onError: { action: 'deadLetter', perHour: 2 } } as const;
    const compare = async () => {
      await pipeline.sweep({});
      await replicate(pipeline, generation, { settings });
      return pipeline.deadLetters({ table: null, ids: null, values: false });
    };
    const first = await compare();
    expect(first).toHaveLength(2);
    const second = await compare();
    expect(second.map(({ id, setAsideAt }) => [id, setAsideAt])).toEqual(
      first.map(({ id, setAsideAt }) => [id, setAsideAt]),
    );
    expect(second.map(({ attempts }) => attempts)).toEqual([2, 2]);
  });

  test('versions that are not replicated are refused, since they could not be compared', async () => {
    const scene = sceneOf({ ...VERSION, per: 'row', sweepMs: 1_000 });
    const tables = [{ from: 'orders', to: null, columns: ['id', 'note'] }];
    const refused = await rejection(
      scene.open().then((pipeline) => pipeline.plan({ ...scene.spec, tables })),
      'COLUMN_REQUIRED',
    );
    expect(refused).toMatchObject({ table: 'orders', column: 'row_version' });
  });

  test('rows without a version are followed, too', async () => {
    const scene = sceneOf(
      { ...VERSION, per: 'row', sweepMs: 1_000 },
      SCHEMA.replace('row_version INTEGER NOT NULL', 'row_version INTEGER'),
    );
    scene.source.exec(`INSERT INTO orders VALUES (1, 'a', '', NULL)`);
    const pipeline = await scene.open();
    const { generation } = await started(pipeline, scene.spec);
    scene.source.exec(`UPDATE orders SET note = 'b'`);
    expect(await pipeline.sweep({})).toEqual({ keys: 1 });
    await replicate(pipeline, generation);
    expectEqual(scene);
  });
});
