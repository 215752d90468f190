/** Batch runs that capture by a column: a run has come to its end when what sweeps have found is applied, too. */
import { expect, test } from '@jest/globals';
import { CHAIN, replicate, started } from '../support/pipelines';
import { folderPerTest } from '../support/sqlite';
import { expectEqual, insert, sceneIn, TIMESTAMP } from './scene';

const folder = folderPerTest();

test('a run has not reached its goal while keys that a sweep has marked wait', async () => {
  const scene = sceneIn(folder, { ...TIMESTAMP, sweepMs: 1_000 });
  insert(scene, 1, 20);
  const pipeline = await scene.open();
  const { generation } = await started(pipeline, { ...scene.spec, mode: 'batch' });
  scene.source.exec('DELETE FROM orders WHERE id < 4');
  insert(scene, 21, 21);
  await pipeline.markGoal({ chain: CHAIN, generation, batch: true });
  expect(await pipeline.sweep({})).toEqual({ keys: 3 });
  // Cut short where its time is over: here after the one change.
  const cut = await replicate(pipeline, generation, { maxChanges: 1 });
  expect(cut).toMatchObject({ changes: 1, reachedGoal: false, caughtUp: false });
  expect(await replicate(pipeline, generation)).toMatchObject({ reachedGoal: true, caughtUp: true });
  expectEqual(scene);
});
