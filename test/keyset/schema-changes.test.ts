/** Columns of a table that is captured by one of them come, go, and are declared anew while the pipeline runs. */
import { describe, expect, test } from '@jest/globals';
import type { KeysetCapture, Pipeline, ReplicateResult, TableMapping } from '../../engine';
import { CHAIN, parkedBy, rejection, replicate, settingsOf, specOf, started } from '../support/pipelines';
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

test('a row that can not be read parks its table alone, and looking for changes does not fail for it', async () => {
  const scene = await running();
  const { pipeline, generation } = scene;
  scene.source.exec(`INSERT INTO a (id, note, updated_at) VALUES (2, CAST(x'ff' AS TEXT), ${NOW})`);
  write(scene, 'b', 2);
  const found = await pipeline.fetchPending({ settings: settingsOf(), waitMs: 5_000 });
  expect(found).toMatchObject({ pending: true });
  await parkedBy(replicate(pipeline, generation), 'a', 'TYPE_MISMATCH');
  expect(ids(scene, 'b')).toEqual([1n, 2n]);
  expect(dumpTable(scene.target, 'a')).toHaveLength(1);
});
