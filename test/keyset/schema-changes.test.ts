/** Columns of a table that is captured by one of them come, go, and are declared anew while the pipeline runs. */
import { describe, expect, test } from '@jest/globals';
import { isCdcError } from '../../engine';
import type { KeysetCapture, Pipeline, ReplicateResult, TableMapping } from '../../engine';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { captureByColumn } from '../../engine/capture/keyset';
import { routeTable } from '../../engine/capture/resolve-tables';
import {
  CHAIN,
  parkedBy,
  rejection,
  replicate,
  settingsOf,
  specOf,
  started,
  testPorts,
} from '../support/pipelines';
import { folderPerTest } from '../support/sqlite';
import { dumpTable } from '../support/sqlite-dump';
import { NOW, sceneIn, TIMESTAMP, type Scene } from './scene';

const folder = folderPerTest();

const CAPTURE: KeysetCapture = { ...TIMESTAMP, deleted: 'deleted_at', allowScan: true };
const COLUMNS = 'id INTEGER PRIMARY KEY, note TEXT, deleted_at TEXT, updated_at TEXT';
const SCHEMA = `CREATE TABLE a (${COLUMNS}); CREATE TABLE b (${COLUMNS});`;

interface Running extends Scene {
  readonly pipeline: Pipeline;
  readonly generation: number;
}

async function running(
  mappings: readonly (string | Partial<TableMapping>)[] = ['a', 'b'],
  capture = CAPTURE,
): Promise<Running> {
  const scene = sceneIn(folder, capture, SCHEMA);
  for (const table of ['a', 'b']) write(scene, table, 1);
  const pipeline = await scene.open();
  const spec = { ...specOf(mappings), capture };
  return { ...scene, spec, pipeline, generation: (await started(pipeline, spec)).generation };
}

function write({ source }: Scene, table: string, id: number): void {
  source.exec(`INSERT INTO ${table} (id, note, updated_at) VALUES (${String(id)}, 'n', ${NOW})`);
}

/** Changes the schema in the middle of an attempt, once it has applied what there was. */
async function during({ pipeline, generation }: Running, change: () => void): Promise<ReplicateResult> {
  let isChanged = false;
  return replicate(pipeline, generation, {
    lingerMs: 2_000,
    onProgress() {
      if (!isChanged) change();
      isChanged = true;
    },
  });
}

const ids = ({ target }: Scene, table: string): readonly unknown[] =>
  target.prepare(`SELECT id FROM ${table} ORDER BY id`).pluck().all();

describe.each([
  ['is added', 'ALTER TABLE a ADD COLUMN more TEXT'],
  ['is declared anew', 'ALTER TABLE a DROP COLUMN note; ALTER TABLE a ADD COLUMN note INTEGER'],
  ['is dropped', 'ALTER TABLE a DROP COLUMN note'],
  ['that marks deleted rows is dropped', 'ALTER TABLE a DROP COLUMN deleted_at'],
  ['by which changes are found is renamed', 'ALTER TABLE a RENAME COLUMN updated_at TO changed_at'],
])('a column %s', (_what, ddl) => {
  test('while an attempt reads: its table is parked by that attempt, and the other one goes on', async () => {
    const scene = await running();
    write(scene, 'a', 2);
    const attempt = during(scene, () => {
      scene.source.exec(ddl);
      write(scene, 'b', 2);
      const time = ddl.includes('changed_at') ? 'changed_at' : 'updated_at';
      scene.source.exec(`INSERT INTO a (id, ${time}) VALUES (3, ${NOW})`);
    });
    await parkedBy(attempt, 'a', 'SOURCE_SCHEMA_CHANGED');
    expect(ids(scene, 'a')).toEqual([1n, 2n]);
    expect(ids(scene, 'b')).toEqual([1n, 2n]);
  });

  test('between two attempts: looking for changes does not fail for it, and the next one parks its table', async () => {
    const scene = await running();
    const { pipeline, generation, spec } = scene;
    expect(await pipeline.fetchPending({ settings: spec.settings, waitMs: 0 })).toMatchObject({
      pending: false,
    });
    scene.source.exec(ddl);
    write(scene, 'b', 2);
    const found = await pipeline.fetchPending({ settings: spec.settings, waitMs: 5_000 });
    expect(found).toMatchObject({ pending: true });
    await parkedBy(replicate(pipeline, generation), 'a', 'SOURCE_SCHEMA_CHANGED');
    expect(ids(scene, 'b')).toEqual([1n, 2n]);
    // Whatever it lacks, another one can be copied again.
    expect(await pipeline.resync({ chain: CHAIN, generation: generation + 1, table: 'b' })).toEqual(['b']);
    expect(await replicate(pipeline, generation + 1)).toMatchObject({
      progress: [{ state: 'parked' }, { state: 'replicating' }],
    });
  });
});

test.each([
  ['deleted_at', 'TEXT'],
  ['updated_at', `TEXT DEFAULT '2026-01-01 00:00:00.000'`],
] as const)('a table that has lost %s goes on once it has it again', async (column, type) => {
  const scene = await running();
  const { pipeline, generation } = scene;
  scene.source.exec(`ALTER TABLE a DROP COLUMN ${column}`);
  const other = await scene.open();
  const cause = await parkedBy(replicate(other, generation), 'a', 'SOURCE_SCHEMA_CHANGED');
  expect(cause).toContain(column);
  const again = { chain: CHAIN, generation: generation + 1, table: 'a' };
  expect(await rejection(pipeline.resumeTable(again), 'COLUMN_UNKNOWN')).toMatchObject({
    table: 'a',
    column,
  });
  scene.source.exec(`ALTER TABLE a ADD COLUMN ${column} ${type}`);
  write(scene, 'a', 2);
  expect(await pipeline.resumeTable(again)).toEqual(['a']);
  expect(await replicate(pipeline, generation + 1)).toMatchObject({
    progress: [{ state: 'replicating' }, { state: 'replicating' }],
  });
  expect(ids(scene, 'a')).toEqual([1n, 2n]);
  expect(await pipeline.verify({})).toMatchObject({ equal: true });
});

describe('where each row counts its own changes, columns', () => {
  const PER_ROW: KeysetCapture = { ...CAPTURE, by: 'version', column: 'id', deleted: null, per: 'row' };

  test.each([
    ['that both sides got parks its table', `more TEXT DEFAULT 'source'`, `more TEXT DEFAULT 'target'`],
    ['that was dropped and added again parks its table', 'note INTEGER', ''],
  ])('one %s', async (_what, added, there) => {
    const scene = await running(['a', 'b'], { ...PER_ROW, sweepMs: 1_000 });
    const { pipeline, generation, spec } = scene;
    if (there === '') scene.source.exec('ALTER TABLE a DROP COLUMN note');
    else scene.target.exec(`ALTER TABLE a ADD COLUMN ${there}`);
    scene.source.exec(`ALTER TABLE a ADD COLUMN ${added}`);
    write(scene, 'b', 2);
    expect(await pipeline.fetchPending({ settings: spec.settings, waitMs: 0 })).toMatchObject({
      pending: true,
    });
    await pipeline.sweep({});
    await parkedBy(replicate(pipeline, generation), 'a', 'SOURCE_SCHEMA_CHANGED');
    expect(ids(scene, 'b')).toEqual([1n, 2n]);
    const again = generation + 1;
    expect(await pipeline.resumeTable({ chain: CHAIN, generation: again, table: 'a' })).toEqual(['a']);
    expect(await replicate(pipeline, again)).toMatchObject({
      progress: [{ state: 'replicating' }, { state: 'replicating' }],
    });
    expect(await pipeline.verify({})).toMatchObject({ equal: true });
  });

  test('that stay, or are not replicated, park nothing', async () => {
    const scene = await running([{ from: 'a', columns: ['id', 'updated_at'] }, 'b'], PER_ROW);
    const { pipeline, generation } = scene;
    scene.source.exec('ALTER TABLE a DROP COLUMN note');
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await replicate(pipeline, generation)).toMatchObject({
        progress: [{ state: 'replicating' }, { state: 'replicating' }],
      });
    }
  });
});

describe.each([
  ['by a time', CAPTURE],
  ['by versions of each row', { ...CAPTURE, by: 'version', column: 'id', per: 'row' }],
] as const)('from setup on, captured %s', (_by, capture) => {
  const checked = async (ddl: string, columns: readonly string[] | null): Promise<string> => {
    const scene = sceneIn(folder, capture, SCHEMA);
    const reader = await sqliteAdapter.openSource({ url: folder.url('shop.db'), readOnly: true });
    const source = folder.closing(captureByColumn(reader, capture, testPorts()));
    const table = async () => {
      const found = (await source.tables()).find(({ name }) => name.name === 'a');
      if (found === undefined) throw new Error('a is there');
      return found;
    };
    const consumer = { uuid: 'u', name: 'n', now: 0, reset: false };
    const { position } = await source.install([await table()], consumer);
    scene.source.exec(ddl);
    const route = routeTable(await table(), { to: null, columns }, true);
    const told = source.check(position, [route]);
    return told.then(
      () => 'as before',
      (error: unknown) => (isCdcError(error) ? error.code : String(error)),
    );
  };

  test.each([
    ['nothing', 'SELECT 1', null, 'as before'],
    ['a column that is added', 'ALTER TABLE a ADD COLUMN more TEXT', null, 'SOURCE_SCHEMA_CHANGED'],
    ['a column that is dropped', 'ALTER TABLE a DROP COLUMN note', null, 'SOURCE_SCHEMA_CHANGED'],
    ['one that is not replicated', 'ALTER TABLE a DROP COLUMN note', ['id', 'updated_at'], 'as before'],
    [
      'one that is declared anew',
      'ALTER TABLE a DROP COLUMN note; ALTER TABLE a ADD COLUMN note INTEGER',
      ['id', 'note', 'updated_at'],
      'SOURCE_SCHEMA_CHANGED',
    ],
  ] as const)('%s is told as what it is before anything was read', async (_what, ddl, columns, told) => {
    expect(await checked(ddl, columns)).toBe(told);
  });
});

test('a mark of deleted rows that is not replicated parks its table when it is dropped', async () => {
  const scene = await running([{ from: 'a', columns: ['id', 'updated_at'] }, 'b']);
  write(scene, 'a', 2);
  const attempt = during(scene, () => {
    scene.source.exec('ALTER TABLE a DROP COLUMN deleted_at');
    write(scene, 'b', 2);
  });
  await parkedBy(attempt, 'a', 'SOURCE_SCHEMA_CHANGED');
  expect(ids(scene, 'b')).toEqual([1n, 2n]);
});

test('columns that are not replicated may come and go', async () => {
  const scene = await running([{ from: 'a', columns: ['id', 'updated_at'] }, 'b']);
  write(scene, 'a', 2);
  await during(scene, () => {
    scene.source.exec('ALTER TABLE a ADD COLUMN more TEXT; ALTER TABLE a DROP COLUMN note');
    scene.source.exec(`INSERT INTO a (id, updated_at) VALUES (3, ${NOW})`);
  });
  expect(ids(scene, 'a')).toEqual([1n, 2n, 3n]);
});

test('a column that a condition names parks its table alone', async () => {
  const scene = await running([{ from: 'a', columns: ['id', 'updated_at'], where: `note <> 'x'` }, 'b']);
  const { pipeline, generation, spec } = scene;
  await pipeline.fetchPending({ settings: spec.settings, waitMs: 0 });
  scene.source.exec('ALTER TABLE a DROP COLUMN note');
  write(scene, 'b', 2);
  expect(await pipeline.fetchPending({ settings: spec.settings, waitMs: 5_000 })).toMatchObject({
    pending: true,
  });
  await parkedBy(replicate(pipeline, generation), 'a', 'SOURCE_SCHEMA_CHANGED');
  expect(ids(scene, 'b')).toEqual([1n, 2n]);
});

test('a row that is refused parks its table alone, and looking for changes does not fail for it', async () => {
  const scene = await running();
  const { pipeline, generation } = scene;
  scene.target.exec('CREATE UNIQUE INDEX one_note ON a (note)');
  scene.source.exec(`INSERT INTO a (id, note, updated_at) VALUES (2, 'twice', ${NOW}), (3, 'twice', ${NOW})`);
  write(scene, 'b', 2);
  const found = await pipeline.fetchPending({ settings: settingsOf(), waitMs: 5_000 });
  expect(found).toMatchObject({ pending: true });
  await parkedBy(replicate(pipeline, generation), 'a', 'CONSTRAINT_FAILED');
  expect(ids(scene, 'b')).toEqual([1n, 2n]);
  expect(dumpTable(scene.target, 'a')).toHaveLength(1);
});
