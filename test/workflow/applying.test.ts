import { describe, expect, test } from '@jest/globals';
import type { PipelineSpec, TableMapping } from '../../engine';
import { folderPerTest } from '../support/sqlite';
import { dumpTable } from '../support/sqlite-dump';
import { type SqliteScene, keepWriting, sqliteScene, untilRowsArrive } from '../support/sqlite-scene';
import { startWorkerProcess } from '../support/worker-process';
import { until } from '../support/workflow-bench';

const folder = folderPerTest();

function mapped(...tables: readonly (string | Partial<TableMapping>)[]): readonly TableMapping[] {
  return tables.map((table) => ({
    from: '',
    to: null,
    columns: null,
    ...(typeof table === 'string' ? { from: table } : table),
  }));
}

function sameRows({ source, target }: SqliteScene, from: string, to = from): boolean {
  const sorted = (database: SqliteScene['source'], table: string): string =>
    dumpTable(database, table).sort().join('\n');
  const there = target.prepare('SELECT 1 FROM sqlite_master WHERE name = ?').get(to) !== undefined;
  return there && sorted(source, from).replaceAll(from, to) === sorted(target, to);
}

/** Names of what we have made on the source for one table. */
function captureOf({ source }: SqliteScene, table: string): readonly unknown[] {
  return source
    .prepare("SELECT name FROM sqlite_master WHERE name LIKE '%cdc%' AND (name LIKE ? OR tbl_name = ?)")
    .pluck()
    .all(`%${table}%`, table);
}

/** A pipeline of `orders` alone that runs, on short rounds. */
async function runningScene(): Promise<SqliteScene> {
  const here = await sqliteScene(folder);
  const spec: PipelineSpec = {
    ...here.spec,
    tables: mapped('orders'),
    settings: { ...here.spec.settings, roundMs: 1_000 },
  };
  here.source.exec(`
    CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO notes SELECT i, 'note ' || i FROM n;
    INSERT INTO tags VALUES (1, 'one'), (2, 'two');
  `);
  await startWorkerProcess(here.taskQueue, here.connections);
  await here.client.start(spec);
  return { ...here, spec };
}

describe('apply', () => {
  test('adds tables, which are copied while the others go on, and changes settings', async () => {
    const here = await runningScene();
    const { client, name, spec, target } = here;
    const endWriting = keepWriting(here);
    await untilRowsArrive(here);
    const asked = { ...spec, tables: mapped('orders', 'tags', { from: 'notes', to: 'remarks' }) };
    const settings = { ...spec.settings, batchRows: 777, snapshotRows: 10 };
    const { copying, removed } = await client.apply({ ...asked, settings });
    expect(copying).toEqual(expect.arrayContaining(['tags', 'notes']));
    expect(removed).toEqual([]);
    const most = (): unknown => target.prepare('SELECT max(id) FROM orders').pluck().get();
    const then = most();
    await until('orders go on', () => most() !== then);
    await until('tags are there', () => sameRows(here, 'tags'));
    endWriting();
    await until('all is equal', () => sameRows(here, 'orders') && sameRows(here, 'notes', 'remarks'), 20_000);
    here.source.exec("INSERT INTO notes VALUES (1000, 'later'); DELETE FROM tags WHERE order_id = 1");
    await until('it follows', () => sameRows(here, 'tags') && sameRows(here, 'notes', 'remarks'));
    expect(await client.status(name)).toMatchObject({
      lastError: null,
      settings: { batchRows: 777 },
      tables: expect.arrayContaining([expect.objectContaining({ source: 'notes', target: 'remarks' })]),
    });
    expect(await client.spec(name)).toEqual({ ...asked, settings });
  });

  test('removes tables: their capture and progress go, their rows stay, the others go on', async () => {
    const here = await runningScene();
    const { client, name, spec, source, target } = here;
    target.exec(`CREATE TABLE tags (order_id INTEGER NOT NULL, tag TEXT NOT NULL CHECK (tag <> 'bad'),
      PRIMARY KEY (order_id, tag)) WITHOUT ROWID`);
    const settings = { ...spec.settings, onError: { action: 'deadLetter', perHour: 10 } } as const;
    await client.apply({ ...spec, settings, tables: mapped('orders', 'tags') });
    await until('tags are there', () => sameRows(here, 'tags'));
    source.exec("INSERT INTO tags VALUES (8, 'bad')");
    const letters = (): unknown => target.prepare('SELECT count(*) FROM _cdc_dead_letter').pluck().get();
    const kept = (): unknown =>
      target
        .prepare(
          `SELECT (SELECT count(*) FROM _cdc_table WHERE source = 'tags') AS progress,
            (SELECT count(*) FROM _cdc_dead_letter) AS letters`,
        )
        .get();
    await until('it is set aside', () => letters() === 1n);
    expect(kept()).toEqual({ progress: 1n, letters: 1n });
    expect(captureOf(here, 'tags')).not.toEqual([]);

    await expect(client.apply({ ...spec, tables: mapped('orders') })).rejects.toMatchObject({
      code: 'TABLE_LEFT_OUT',
      message: expect.stringContaining('tags'),
    });
    source.exec("INSERT INTO tags VALUES (3, 'three')");
    const followed = (): unknown => target.prepare('SELECT 1 FROM tags WHERE order_id = 3').get();
    await until('tags are still followed', () => followed() !== undefined);

    await expect(
      client.apply({ ...spec, tables: mapped('orders') }, { removes: ['tags'] }),
    ).resolves.toMatchObject({ removed: ['tags'], copying: [] });
    expect(kept()).toEqual({ progress: 0n, letters: 0n });
    expect(captureOf(here, 'tags')).toEqual([]);
    expect((await client.status(name)).tables.map((table) => table.source)).toEqual(['orders']);
    source.exec("INSERT INTO tags VALUES (4, 'four'); INSERT INTO orders VALUES (1, 'Ada', 1, NULL)");
    await until('orders go on', () => sameRows(here, 'orders'));
    expect(target.prepare('SELECT count(*) FROM tags').pluck().get()).toBe(3n);
  });

  test('leads a table elsewhere, with other columns', async () => {
    const here = await runningScene();
    const { client, spec, source, target } = here;
    source.exec("INSERT INTO orders VALUES (1, 'Ada', 1, NULL)");
    await until('orders are there', () => sameRows(here, 'orders'));
    const tables = mapped({ from: 'orders', to: 'sales', columns: ['id', 'total'] });
    expect(await client.apply({ ...spec, tables })).toMatchObject({ copying: ['orders'], removed: [] });
    source.exec('UPDATE orders SET total = 2');
    const total = (): unknown => target.prepare('SELECT total FROM sales').pluck().get();
    await until('sales are there', () => total() === 2);
    expect(target.prepare('SELECT * FROM sales').all()).toEqual([{ id: 1n, total: 2 }]);
    expect(target.prepare('SELECT total FROM orders').pluck().get()).toBe(1);
  });

  test('that is refused changes nothing, and the pipeline goes on', async () => {
    const here = await runningScene();
    const { client, name, spec, source, target } = here;
    target.exec(
      "CREATE TABLE tags (order_id INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (order_id, tag)); INSERT INTO tags VALUES (9, 'mine')",
    );
    const both = mapped('orders', 'tags');
    await expect(client.apply({ ...spec, tables: both })).rejects.toMatchObject({ code: 'TARGET_NOT_EMPTY' });
    await expect(client.apply({ ...spec, tables: mapped('orders', 'tag') })).rejects.toMatchObject({
      code: 'TABLE_UNKNOWN',
    });
    for (const change of [{ source: 'warehouse' }, { target: 'shop' }, { mode: 'batch' as const }]) {
      await expect(client.apply({ ...spec, ...change })).rejects.toMatchObject({ code: 'REFUSED' });
    }
    await expect(
      client.apply({ ...spec, settings: { ...spec.settings, batchRows: 0 } }),
    ).rejects.toMatchObject({ code: 'REFUSED', message: expect.stringContaining('batchRows') });
    source.exec("INSERT INTO orders VALUES (1, 'Ada', 1, NULL)");
    await until('orders go on', () => sameRows(here, 'orders'));
    expect(await client.spec(name)).toEqual(spec);
    await client.apply({ ...spec, tables: both, settings: { ...spec.settings, existing: 'replace' } });
    await until('tags are equal', () => sameRows(here, 'tags'));
  });

  test.each(['running', 'paused'])('that fails halfway is taken back, of a %s pipeline', async (state) => {
    const here = await runningScene();
    const { client, name, spec, source, target } = here;
    if (state === 'paused') await client.pause(name);
    // Capture is changed on the source by then, the checkpoint is not.
    target.exec(`CREATE TRIGGER no_tags BEFORE INSERT ON _cdc_table WHEN NEW.source = 'tags'
      BEGIN SELECT RAISE(ABORT, 'no tags'); END`);
    const tables = mapped('orders', 'notes', 'tags');
    await expect(client.apply({ ...spec, tables })).rejects.toMatchObject({ code: 'CONSTRAINT_FAILED' });
    if (state === 'paused') await client.resume(name);
    source.exec("INSERT INTO orders VALUES (1, 'Ada', 1, NULL)");
    await until('orders go on', () => sameRows(here, 'orders'), 20_000);
    expect(await client.spec(name)).toEqual(spec);
    expect(captureOf(here, 'notes')).toEqual([]);
    expect((await client.status(name)).tables).toMatchObject([{ source: 'orders', state: 'replicating' }]);

    target.exec('DROP TRIGGER no_tags');
    await client.apply({ ...spec, tables });
    await until('the others are there', () => sameRows(here, 'notes') && sameRows(here, 'tags'));
  });

  test('of a paused pipeline waits for its resume, and outlasts that its worker is killed', async () => {
    const here = await sqliteScene(folder);
    const { client, name, taskQueue, connections, source } = here;
    const worker = await startWorkerProcess(taskQueue, connections);
    const spec: PipelineSpec = { ...here.spec, tables: mapped('orders') };
    await client.start(spec);
    await client.pause(name);
    source.exec("INSERT INTO tags VALUES (1, 'one')");
    expect(await client.apply({ ...spec, tables: mapped('orders', 'tags') })).toMatchObject({
      state: 'paused',
      copying: ['tags'],
    });
    worker.signal('SIGKILL');
    await worker.exited;
    await startWorkerProcess(taskQueue, connections);
    expect(sameRows(here, 'tags')).toBe(false);
    await client.resume(name);
    await until('tags are there', () => sameRows(here, 'tags'), 20_000);
    expect((await client.spec(name)).tables).toHaveLength(2);
  });
});
