/** A run that an earlier version began has settings and a status of before: what came later has its defaults. */
import { expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS } from '../../engine';
import { MEMO_KEY, REPLICATION_WORKFLOW, workflowIdOf } from '../../workflows/messages';
import { initialStatus } from '../../workflows/messages/status';
import { folderPerTest } from '../support/sqlite';
import { isEqual, sqliteScene } from '../support/sqlite-scene';
import { startWorkerProcess } from '../support/worker-process';
import { until } from '../support/workflow-bench';

const folder = folderPerTest();

test('a run without onDelete, createTables and snapshotTables makes tables, also by a resync, and deletes rows', async () => {
  const here = await sqliteScene(folder);
  const { client, name, taskQueue, connections, temporal, spec, source, target } = here;
  const {
    onDelete: _,
    createTables: __,
    snapshotTables: ___,
    ...settings
  } = { ...spec.settings, roundMs: 1_000 };
  source.exec(`INSERT INTO tags VALUES (1, 'one'), (2, 'two')`);
  await startWorkerProcess(taskQueue, connections);
  await temporal.workflow.start(REPLICATION_WORKFLOW, {
    workflowId: workflowIdOf(name),
    taskQueue,
    args: [{ spec: { ...spec, settings }, takeOver: false, roundsPerRun: null, carried: null }],
    memo: { [MEMO_KEY]: {} },
  });
  const there = (): boolean =>
    target.prepare(`SELECT 1 FROM sqlite_schema WHERE name IN ('tags', 'orders')`).all().length === 2;
  await until('rows are there', () => there() && isEqual(here), 30_000);
  source.exec('DELETE FROM tags WHERE order_id = 1');
  await until('a row is gone', () => isEqual(here), 20_000);
  expect((await client.spec(name)).settings).toEqual({ ...DEFAULT_SETTINGS, roundMs: 1_000 });

  await client.pause(name);
  target.exec('DROP TABLE tags');
  await expect(client.resync(name, 'tags')).resolves.toMatchObject({ tables: ['tags'] });
  await client.resume(name);
  await until('it is made again', () => there() && isEqual(here), 20_000);
  await client.stop(name);
});

test('a status that lacks figures of later versions is told whole, with a worker and without', async () => {
  const { client, name, taskQueue, connections, temporal, spec } = await sqliteScene(folder);
  const { noticed: _, copy: __, ...earlier } = initialStatus(spec, Date.now());
  const carried = {
    status: { ...earlier, state: 'paused', rounds: 7 },
    generation: 3,
    setUp: true,
    goalMarked: false,
    holdFor: 'pause',
    syncError: null,
  };
  await temporal.workflow.start(REPLICATION_WORKFLOW, {
    workflowId: workflowIdOf(name),
    taskQueue,
    args: [{ spec, takeOver: false, roundsPerRun: null, carried }],
    memo: { [MEMO_KEY]: {} },
  });
  const whole = { rounds: 7, noticed: [], copy: null };
  expect(await client.status(name)).toMatchObject({ ...whole, answeredBy: 'temporal' });
  await startWorkerProcess(taskQueue, connections);
  await until('the worker answers', async () => (await client.status(name)).answeredBy === 'worker', 30_000);
  expect(await client.status(name)).toMatchObject({ ...whole, state: 'paused' });
});
