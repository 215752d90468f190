import { expect, test } from '@jest/globals';
import { SETUP_STEPS, type SetupProgress } from '../../engine';
import { CHAIN, specOf } from '../support/pipelines';
import { postgresPerTest } from '../support/postgres-scratch';

const { pipelineOf, scratch } = postgresPerTest();

test('a setup tells how far it is, table by table', async () => {
  const tables = Array.from({ length: 5 }, (_, n) => `CREATE TABLE t${n} (id int PRIMARY KEY)`);
  const [source, target] = [await scratch(...tables), await scratch()];
  const pipeline = await pipelineOf(source, target);
  const setUpOnce = async (): Promise<readonly SetupProgress[]> => {
    const told: SetupProgress[] = [];
    const onProgress = (progress: SetupProgress): void => void told.push(progress);
    await pipeline.setup({ spec: specOf(['public.*']), chain: CHAIN, takeOver: false, onProgress });
    return told;
  };
  const told = await setUpOnce();
  const places = told.map(({ step, done }) => SETUP_STEPS.indexOf(step) * 10 + done);
  expect(places).toEqual([0, 1, 2, 3, 4, 10, 20, 21, 22, 23, 24, 25]);
  expect(told.every(({ of }) => of === 5)).toBe(true);
  // What is in place needs no table to be touched.
  expect((await setUpOnce()).at(-1)).toEqual({ step: 'capture', done: 0, of: 5 });
});
