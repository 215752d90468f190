/** Sweeps of several tables, of which one leaves while it is being compared; and what is said of deleted rows. */
import { describe, expect, test } from '@jest/globals';
import { CdcError } from '../../engine';
import type { Adapter, KeysetCapture, Source } from '../../engine';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { engineOver, REF, replicate, settingsOf, setUp, specOf, started } from '../support/pipelines';
import { folderPerTest } from '../support/sqlite';
import { NOW, sceneIn, TIMESTAMP } from './scene';

const folder = folderPerTest();

const CAPTURE: KeysetCapture = { ...TIMESTAMP, allowScan: true, sweepMs: 3_600_000 };
const COLUMNS = 'id INTEGER PRIMARY KEY, note TEXT, deleted_at TEXT, updated_at TEXT NOT NULL';
const SCHEMA = `CREATE TABLE a (${COLUMNS}); CREATE TABLE b (${COLUMNS});`;

/** Its sources call `before` when a table is about to be compared. */
function watched(before: (table: string) => Promise<void>): Adapter {
  return {
    ...sqliteAdapter,
    async openSource(options): Promise<Source> {
      const source = await sqliteAdapter.openSource(options);
      return {
        ...source,
        async scan(request) {
          await before(request.table.name);
          return source.scan(request);
        },
        async digest(request) {
          await before(request.table.name);
          if (source.digest === undefined) throw new Error('SQLite computes digests');
          return source.digest(request);
        },
      };
    },
  };
}

/** Its sources count the looks at what is newest and what is open. */
function counting(looks: { count: number }): Adapter {
  return {
    ...sqliteAdapter,
    async openSource(options): Promise<Source> {
      const source = await sqliteAdapter.openSource(options);
      const { keyset } = source;
      if (keyset === undefined) throw new Error('SQLite is read by columns');
      return {
        ...source,
        keyset: {
          ...keyset,
          token: () => Promise.resolve(null),
          look(columns) {
            looks.count += 1;
            return keyset.look(columns);
          },
        },
      };
    },
  };
}

test('where each row counts its own changes, waiting for the next comparison asks the source nothing', async () => {
  const capture: KeysetCapture = { ...CAPTURE, by: 'version', column: 'id', per: 'row' };
  const scene = sceneIn(folder, capture, SCHEMA);
  const looks = { count: 0 };
  const engine = folder.closing(
    engineOver(folder.url('shop.db'), folder.url('warehouse.db'), { adapter: counting(looks) }),
  );
  const pipeline = await engine.pipeline({ ...REF, capture });
  await started(pipeline, { ...specOf(['a']), capture });
  expect(scene.target.prepare('SELECT count(*) FROM a').pluck().get()).toBe(0n);
  looks.count = 0;
  const waited = await pipeline.fetchPending({ settings: settingsOf(), waitMs: 1_000 });
  expect(waited).toMatchObject({ pending: false });
  expect(looks.count).toBe(0);
});

test.each([
  ['leaves the pipeline', 'SELECT 1'],
  ['leaves the pipeline and is dropped', 'DROP TABLE a'],
])('a table that %s is passed over, and the others are compared', async (_what, ddl) => {
  const scene = sceneIn(folder, CAPTURE, SCHEMA);
  for (const table of ['a', 'b']) {
    scene.source.exec(`INSERT INTO ${table} (id, updated_at) VALUES (1, ${NOW}), (2, ${NOW})`);
  }
  const spec = { ...specOf(['a', 'b']), capture: CAPTURE };
  const other = await scene.open();
  await started(other, spec);
  scene.source.exec('DELETE FROM a WHERE id = 1; DELETE FROM b WHERE id = 1');
  let left = false;
  const leave = async (table: string): Promise<void> => {
    if (left || table !== 'a') return;
    left = true;
    await setUp(other, { ...spec, tables: specOf(['b']).tables });
    scene.source.exec(ddl);
  };
  const engine = folder.closing(
    engineOver(folder.url('shop.db'), folder.url('warehouse.db'), { adapter: watched(leave) }),
  );
  const pipeline = await engine.pipeline({ ...REF, capture: CAPTURE });
  await pipeline.sweep({});
  expect(left).toBe(true);
  const { generation } = await setUp(other, { ...spec, tables: specOf(['b']).tables });
  await replicate(other, generation);
  expect(scene.target.prepare('SELECT id FROM b').pluck().all()).toEqual([2n]);
  expect(scene.target.prepare('SELECT id FROM a').pluck().all()).toEqual([1n, 2n]);
  expect(scene.target.prepare('SELECT count(*) FROM _cdc_repair').pluck().get()).toBe(0n);
});

test('a table whose schema moves while it is compared is compared again at once', async () => {
  const scene = sceneIn(folder, CAPTURE, SCHEMA);
  scene.source.exec(`INSERT INTO a (id, updated_at) VALUES (1, ${NOW}), (2, ${NOW})`);
  const spec = { ...specOf([{ from: 'a', columns: ['id', 'updated_at'] }]), capture: CAPTURE };
  let looks = 0;
  const move = (table: string): Promise<void> => {
    looks += 1;
    if (looks > 1) return Promise.resolve();
    return Promise.reject(new CdcError('SCHEMA_MOVED', `Table ${table} has other columns`, { table }));
  };
  const other = await scene.open();
  const { generation } = await started(other, spec);
  scene.source.exec('DELETE FROM a WHERE id = 1');
  const engine = folder.closing(
    engineOver(folder.url('shop.db'), folder.url('warehouse.db'), { adapter: watched(move) }),
  );
  const pipeline = await engine.pipeline({ ...REF, capture: CAPTURE });
  expect(await pipeline.sweep({})).toEqual({ keys: 1 });
  await replicate(other, generation);
  expect(scene.target.prepare('SELECT id FROM a').pluck().all()).toEqual([2n]);
});

describe('what is said of rows that are deleted', () => {
  const said = async (capture: KeysetCapture): Promise<string> => {
    const scene = sceneIn(folder, capture, SCHEMA);
    const pipeline = await scene.open();
    const { notices } = await pipeline.plan({ ...specOf(['a']), capture });
    return notices.map(({ message }) => message).join('\n');
  };

  test('names the column that marks them', async () => {
    const text = await said({ ...CAPTURE, deleted: 'deleted_at', sweepMs: null });
    expect(text).toContain(
      'Rows that are deleted on the source, apart from those that deleted_at marks, stay',
    );
  });

  test.each([
    [3_600_000, 'every 1 h, and once in each run of a batch pipeline.'],
    [300_000, 'every 5 min, and'],
  ])(
    'says how often keys are compared as people say it, and what a batch run does',
    async (sweepMs, words) => {
      expect(await said({ ...CAPTURE, sweepMs })).toContain(words);
    },
  );
});
