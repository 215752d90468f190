/** A newest value that is older than one seen before is told, and nothing is missed by it. */
import { expect, test } from '@jest/globals';
import { beginAt } from '../../engine/capture/keyset/beginning';
import { readChunk } from '../../engine/capture/keyset/chunk';
import { createMemory } from '../../engine/capture/keyset/memory';
import { decodeKeyset } from '../../engine/capture/keyset/position';
import { setBackNotices } from '../../engine/capture/keyset/set-back';
import type { WindowContext } from '../../engine/capture/keyset/window';
import { createFitting, encodeCursor } from '../../engine/model';
import type { KeysetColumn, KeysetReader, Pipeline, TableRoute } from '../../engine';
import { replicate, started } from '../support/pipelines';
import { folderPerTest } from '../support/sqlite';
import { insert, NOW, sceneIn, TIMESTAMP, VERSION } from './scene';
import { createWorld, pageOf, ROUTE, type StoredRow } from './world';

const folder = folderPerTest();

async function toldBy(pipeline: Pipeline, generation: number): Promise<readonly string[]> {
  const { noticed } = await replicate(pipeline, generation);
  return noticed.map(({ table, message }) => `${table ?? ''}: ${message}`);
}

test.each([
  [
    'timestamp',
    TIMESTAMP,
    /^orders: The newest value of updated_at is older .* rows were deleted or given other times, the clock stepped back/,
  ],
  [
    'version',
    VERSION,
    /^orders: The newest value of row_version is older .* rows were deleted or given other versions, what versions/,
  ],
])(
  'rows that were deleted are told as what they may be, in a report and by health, by a %s',
  async (_by, capture, said) => {
    const scene = sceneIn(folder, capture);
    insert(scene, 1, 20);
    const pipeline = await scene.open();
    const { generation } = await started(pipeline, scene.spec);
    scene.source.exec(
      `UPDATE orders SET updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 day') WHERE id <= 15`,
    );
    insert(scene, 21, 21);
    expect(await toldBy(pipeline, generation)).toEqual([]);
    scene.source.exec('DELETE FROM orders WHERE id > 15');
    expect(await toldBy(pipeline, generation)).toEqual([expect.stringMatching(said)]);
    // It is not told as what it was not: the clock of the database did not go back.
    expect((await toldBy(pipeline, generation)).join()).not.toMatch(/clock of the database/);
    insert(scene, 30, 31);
    const again = await scene.open();
    expect(await toldBy(again, generation)).toEqual([expect.stringMatching(said)]);
    const { healthy, checks } = await again.healthReport();
    expect(healthy).toBe(true);
    expect(checks.find(({ name }) => name === 'capture')).toMatchObject({
      state: 'warning',
      message: expect.stringContaining('older than one seen before'),
      hint: expect.stringContaining('cdc verify'),
    });
  },
);

test('a table that is emptied is told, and one whose newest row changes again is not', async () => {
  const scene = sceneIn(folder, TIMESTAMP);
  insert(scene, 1, 3);
  const pipeline = await scene.open();
  const { generation } = await started(pipeline, scene.spec);
  scene.source.exec(`UPDATE orders SET note = 'x', updated_at = ${NOW} WHERE id = 3`);
  expect(await toldBy(pipeline, generation)).toEqual([]);
  scene.source.exec('DELETE FROM orders');
  expect(await toldBy(pipeline, generation)).toHaveLength(1);
});

test('where deletes are compared, a newest row that is deleted is nothing to tell', async () => {
  const scene = sceneIn(folder, { ...TIMESTAMP, sweepMs: 3_600_000 });
  insert(scene, 1, 3);
  const pipeline = await scene.open();
  const { generation } = await started(pipeline, scene.spec);
  scene.source.exec(`UPDATE orders SET note = 'x', updated_at = ${NOW} WHERE id = 3`);
  expect(await toldBy(pipeline, generation)).toEqual([]);
  scene.source.exec('DELETE FROM orders');
  expect(await toldBy(pipeline, generation)).toEqual([]);
  const { checks } = await pipeline.healthReport();
  expect(checks.find(({ name }) => name === 'capture')).toMatchObject({ state: 'ok' });
});

test('many tables whose values went back are one notice, which names some of them and counts the others', async () => {
  const names = Array.from({ length: 25 }, (_, index) => `t${String(index)}`);
  const scene = sceneIn(
    folder,
    { ...TIMESTAMP, allowScan: true },
    names.map((name) => `CREATE TABLE ${name} (id INTEGER PRIMARY KEY, updated_at TEXT);`).join(''),
    names,
  );
  const each = (sql: (name: string) => string): void => void scene.source.exec(names.map(sql).join(';'));
  each((name) => `INSERT INTO ${name} VALUES (1, ${NOW})`);
  const pipeline = await scene.open();
  const { generation } = await started(pipeline, scene.spec);
  each((name) => `UPDATE ${name} SET updated_at = ${NOW}`);
  expect(await toldBy(pipeline, generation)).toEqual([]);
  each((name) => `DELETE FROM ${name}`);
  const told = await toldBy(pipeline, generation);
  expect(told).toEqual([expect.stringMatching(/^: In t0, (t\d+, ){18}t\d+ and 5 more: The newest value/)]);
});

test('what is looked back anyway is not told', async () => {
  const scene = sceneIn(folder, { ...TIMESTAMP, lookbackMs: 300_000 });
  insert(scene, 1, 20);
  const pipeline = await scene.open();
  const { generation } = await started(pipeline, scene.spec);
  insert(scene, 21, 21);
  await replicate(pipeline, generation);
  scene.source.exec('DELETE FROM orders WHERE id = 21');
  expect(await toldBy(pipeline, generation)).toEqual([]);
});

test('a clock that steps back is told with how far, and rows that are written then arrive', async () => {
  const HOUR = 3_600_000;
  let clock = 1_700_000_000_000;
  const rows: (readonly [number, StoredRow])[] = [];
  const write = (id: number): void => void rows.push([id, { value: clock, body: 0 }]);
  const world = createWorld({ seed: 1, by: 'timestamp', resolution: 1, sight: 'since' });
  const reader: KeysetReader = {
    ...world.reader,
    look: (columns) => {
      const past = rows.map(([, { value }]) => value).filter((value) => value <= clock);
      const newest =
        past.length === 0 ? null : { value: encodeCursor([BigInt(Math.max(...past))]), over: false };
      return Promise.resolve({ newest: columns.map(() => newest), at: clock, open: [] });
    },
    read: (ranges) => {
      const sorted = rows.toSorted(([, one], [, other]) => one.value - other.value);
      return Promise.resolve(ranges.map((range) => pageOf(sorted, range, 100, 'timestamp')));
    },
  };
  const columnOf = (route: TableRoute): KeysetColumn => ({ route, column: 'changed', by: 'timestamp' });
  // The worker's own clock goes on.
  let worker = 0;
  const now = (): number => (worker += 1_000);
  const context: WindowContext = {
    reader,
    memory: createMemory(now),
    columnOf,
    lookbackMs: null,
    pages: createFitting(),
    ranges: createFitting(),
    now,
  };
  write(1);
  clock += 10_000;
  let from = await beginAt(context, [ROUTE]);
  const read = async () => {
    const request = { from, routes: [ROUTE], limit: 100, schemaToken: '', snapshot: null };
    const chunk = await readChunk(context, request, [ROUTE]);
    from = chunk.to;
    const notices = setBackNotices(decodeKeyset(from), ['t'], {
      by: 'timestamp',
      column: 'changed',
      sweepMs: 1_000,
    });
    const keys = chunk.tables.flatMap(({ changes }) =>
      changes.flatMap((change) => (change.kind === 'upsert' ? [change.row[0]] : [])),
    );
    return { keys, said: notices.map(({ message }) => message).join() };
  };
  write(2);
  expect(await read()).toMatchObject({ said: '' });
  clock -= HOUR;
  write(3);
  const first = await read();
  const arrived = new Set<unknown>(first.keys);
  expect(first.said).toContain('The clock of the database went back by 1 h between two looks.');
  // At the latest when all is read again from where rows may turn up.
  for (let window = 0; window < 20; window++) for (const key of (await read()).keys) arrived.add(key);
  expect([...arrived]).toContain(3n);
  clock += 25 * HOUR;
  write(4);
  await read();
  expect(await read()).toMatchObject({ said: '' });
});
