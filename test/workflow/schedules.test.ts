import { describe, expect, test } from '@jest/globals';
import type { ScheduleReport, ScheduleTiming } from '../../client';
import { scheduleIdOf } from '../../workflows/messages/schedules';
import { folderPerTest } from '../support/sqlite';
import { type SqliteScene, isEqual, keepWriting, sqliteScene } from '../support/sqlite-scene';
import { startWorkerProcess } from '../support/worker-process';
import { cleanup, until } from '../support/workflow-bench';

const LONG = process.env['CDC_LONG'] === '1';

const folder = folderPerTest();

function every(everyMs: number): ScheduleTiming {
  return { kind: 'every', everyMs, jitterMs: 0 };
}

/** Once a year: runs begin when they are asked for. */
const SELDOM = {
  kind: 'cron',
  cron: '0 3 1 1 *',
  timeZone: 'Europe/Berlin',
  jitterMs: 0,
} as const satisfies ScheduleTiming;

/** A batch pipeline of short rounds, whose schedule goes with the test. */
async function batchScene(): Promise<SqliteScene> {
  const here = await sqliteScene(folder);
  const { temporal, name, spec } = here;
  cleanup(() =>
    temporal.schedule
      .getHandle(scheduleIdOf(name))
      .delete()
      .catch(() => undefined),
  );
  return { ...here, spec: { ...spec, mode: 'batch', settings: { ...spec.settings, roundMs: 1_000 } } };
}

/** Waits until the last run has ended so, and that was not the run which began at `not`. */
async function untilRun(
  { client, name }: SqliteScene,
  outcome: string,
  not: number | null = null,
): Promise<ScheduleReport> {
  let found = await client.schedules.show(name);
  await until(
    `a run is ${outcome}`,
    async () => {
      found = await client.schedules.show(name);
      return found.lastRun?.outcome === outcome && found.lastRun.startedAt !== not;
    },
    20_000,
  );
  return found;
}

async function untilNoneIsOn({ client, name }: SqliteScene): Promise<void> {
  await until('no run is on', async () => {
    const { lastRun } = await client.schedules.show(name);
    return lastRun !== null && lastRun.endedAt !== null;
  });
}

/** Begin and end of all runs of the pipeline's own workflow, the first one first. */
async function runsOf({ temporal, name }: SqliteScene): Promise<(readonly [number, number])[]> {
  const runs: (readonly [number, number])[] = [];
  for await (const run of temporal.workflow.list({ query: `WorkflowId = 'cdc:${name}'` })) {
    runs.push([run.startTime.getTime(), run.closeTime?.getTime() ?? Number.POSITIVE_INFINITY]);
  }
  return runs.sort(([one], [other]) => one - other);
}

/** A run that is on, and stays so: it is caught before its goal, or at the latest at its end. */
async function pausedRun({ client, name }: SqliteScene): Promise<void> {
  await until('it is on', async () => (await client.status(name).catch(() => null)) !== null);
  await client.pause(name);
}

/** Id of the workflow that the schedule started last. */
async function lastScheduledRun({ temporal, name }: SqliteScene): Promise<string> {
  const { info } = await temporal.schedule.getHandle(scheduleIdOf(name)).describe();
  return info.recentActions.at(-1)?.action.workflow.workflowId ?? '';
}

async function replicatesUnderWrites(everyMs: number, forMs: number, least: number): Promise<void> {
  const here = await batchScene();
  const { client, name, taskQueue, connections, spec } = here;
  await startWorkerProcess(taskQueue, connections);
  const endWriting = keepWriting(here);
  const begun = Date.now();
  await client.schedules.set(spec, every(everyMs));
  await until(
    'runs have been',
    async () =>
      Date.now() - begun >= forMs && (await runsOf(here)).filter(([, end]) => end < Infinity).length >= least,
    forMs + 20_000,
  );
  endWriting();
  const { lastRun } = await client.schedules.show(name);
  await untilRun(here, 'completed', lastRun?.startedAt ?? null);
  await until('source and target are equal', () => isEqual(here), 2 * everyMs + 10_000);
  await client.schedules.pause(name, 'enough');
  await untilNoneIsOn(here);
  await until('its end is listed', async () => (await runsOf(here)).every(([, end]) => end < Infinity));
  const runs = await runsOf(here);
  runs.forEach(([begin], at) => {
    if (at > 0) expect(begin).toBeGreaterThanOrEqual(runs[at - 1]?.[1] ?? 0);
  });
  const report = await client.schedules.show(name);
  expect(report).toMatchObject({ paused: true, note: 'enough', nextRunAt: null, everyMs });
  expect(await client.status(name)).toMatchObject({ state: 'completed', schedule: { paused: true } });
}

describe('a batch pipeline on a schedule', () => {
  test('runs each second while others write: no two runs at once, and equal at the end', async () => {
    await replicatesUnderWrites(1_000, 3_000, 3);
  });

  (LONG ? test : test.skip)('runs every ten seconds for two minutes', async () => {
    await replicatesUnderWrites(10_000, 120_000, 10);
  });

  test('begins no run while it is paused but those that are asked for, and goes on when it is resumed', async () => {
    const here = await batchScene();
    const { client, name, taskQueue, connections, spec, source } = here;
    await startWorkerProcess(taskQueue, connections);
    await expect(client.schedules.set(spec, SELDOM)).resolves.toMatchObject({
      pipeline: name,
      cron: SELDOM.cron,
      everyMs: null,
      timeZone: 'Europe/Berlin',
      paused: false,
      lastRun: null,
      runs: 0,
      nextRunAt: expect.any(Number),
    });
    await client.schedules.pause(name, 'until the audit is over');
    source.exec("INSERT INTO tags VALUES (1, 'one'), (2, 'two')");
    await client.schedules.trigger(name);
    const { lastRun } = await untilRun(here, 'completed');
    expect(lastRun).toMatchObject({ copied: 2, changes: 0, error: null });
    expect(isEqual(here)).toBe(true);

    source.exec("INSERT INTO tags VALUES (3, 'three'); DELETE FROM tags WHERE order_id = 1");
    await client.schedules.set(spec, every(1_000));
    expect(await client.schedules.show(name)).toMatchObject({ paused: true, everyMs: 1_000, cron: null });
    await client.schedules.resume(name);
    const next = await untilRun(here, 'completed', lastRun?.startedAt);
    expect(next).toMatchObject({ paused: false, lastRun: { changes: 2, copied: 0 } });
    expect(isEqual(here)).toBe(true);
    await client.schedules.remove(name);
    await expect(client.schedules.show(name)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await until('it has ended', async () => (await client.status(name)).state === 'completed');
    expect((await client.status(name)).schedule).toBeNull();
  });

  test('refuses a start by hand while a run is on, and leaves out a run while one by hand is on', async () => {
    const here = await batchScene();
    const { client, name, taskQueue, connections, spec, source } = here;
    await startWorkerProcess(taskQueue, connections);
    await client.schedules.set(spec, SELDOM);
    await client.start({ ...spec, mode: 'continuous' });
    await client.pause(name);
    await expect(client.schedules.trigger(name)).rejects.toMatchObject({ code: 'ALREADY_RUNNING' });
    await client.schedules.set(spec, every(1_000));
    await untilRun(here, 'skipped');
    await client.schedules.set(spec, SELDOM);
    await client.stop(name);

    source.exec("INSERT INTO tags VALUES (1, 'one')");
    await client.schedules.trigger(name);
    await until('it is on', async () => (await client.status(name)).state !== 'stopped');
    const paused = client.pause(name);
    await expect(client.start(spec)).rejects.toMatchObject({ code: 'ALREADY_RUNNING' });
    // Whichever came first: the pause or the end of so short a run.
    await paused.then(
      () => client.stop(name),
      () => undefined,
    );
    await untilNoneIsOn(here);
  });

  test('goes on after its run was terminated: what it held is given back', async () => {
    const here = await batchScene();
    const { client, temporal, name, taskQueue, connections, spec, source } = here;
    await startWorkerProcess(taskQueue, connections);
    await client.schedules.set(spec, SELDOM);
    source.exec("INSERT INTO tags VALUES (1, 'one')");
    await client.schedules.trigger(name);
    await pausedRun(here);
    await temporal.workflow.getHandle(`cdc:${name}`).terminate();
    const { lastRun } = await untilRun(here, 'failed');
    expect(lastRun?.error).toMatchObject({ code: 'FAILED', message: expect.stringContaining('terminated') });
    await client.schedules.trigger(name);
    await untilRun(here, 'completed');
    expect(isEqual(here)).toBe(true);
  });

  test('says whose the pipeline is when nobody could give it back, and goes on once it was taken over', async () => {
    const here = await batchScene();
    const { client, temporal, name, taskQueue, connections, spec, source } = here;
    const worker = await startWorkerProcess(taskQueue, connections);
    await client.schedules.set(spec, SELDOM);
    await client.schedules.trigger(name);
    await pausedRun(here);
    worker.signal('SIGKILL');
    await worker.exited;
    const run = await lastScheduledRun(here);
    await Promise.all([
      temporal.workflow.getHandle(run).terminate(),
      temporal.workflow.getHandle(`cdc:${name}`).terminate(),
    ]);
    await startWorkerProcess(taskQueue, connections);
    await client.schedules.trigger(name);
    await until(
      'it says so',
      async () => (await client.schedules.show(name)).lastRun?.error?.code === 'PIPELINE_TAKEN',
      20_000,
    );
    expect((await client.schedules.show(name)).lastRun?.error?.hint).toContain('--take-over');
    source.exec("INSERT INTO tags VALUES (1, 'one')");
    await client.start(spec, { takeOver: true });
    await client.result(name);
    source.exec("INSERT INTO tags VALUES (2, 'two')");
    await client.schedules.trigger(name);
    await untilRun(here, 'completed');
    expect(isEqual(here)).toBe(true);
  });

  test('goes on with a run whose worker was killed, and begins no other meanwhile', async () => {
    const here = await batchScene();
    const { client, name, taskQueue, connections, spec } = here;
    const worker = await startWorkerProcess(taskQueue, connections);
    const endWriting = keepWriting(here);
    await client.schedules.set(spec, every(1_000));
    await untilRun(here, 'completed');
    await until(
      'a run is on',
      async () => (await client.schedules.show(name)).lastRun?.outcome === 'running',
    );
    worker.signal('SIGKILL');
    await worker.exited;
    const killed = await client.schedules.show(name);
    await until('runs are left out', async () => {
      const { skipped } = await client.schedules.show(name);
      return skipped > killed.skipped;
    });
    await startWorkerProcess(taskQueue, connections);
    endWriting();
    await untilRun(here, 'completed', killed.lastRun?.startedAt);
    await until('source and target are equal', () => isEqual(here), 20_000);
  });

  test('makes up for runs of a time that is over', async () => {
    const here = await batchScene();
    const { client, name, taskQueue, connections, spec } = here;
    await startWorkerProcess(taskQueue, connections);
    await client.schedules.set(spec, { ...SELDOM, cron: '0 * * * *', timeZone: 'UTC' });
    const to = new Date();
    const from = new Date(to.getTime() - 2 * 3_600_000);
    await expect(client.schedules.backfill(name, { from: to, to: from })).rejects.toMatchObject({
      code: 'REFUSED',
    });
    await client.schedules.backfill(name, { from, to });
    await until('two runs have been', async () => (await client.schedules.show(name)).runs === 2, 20_000);
    await untilRun(here, 'completed');
  });

  test('is refused where it makes no sense', async () => {
    const here = await batchScene();
    const { client, name, spec } = here;
    const { schedules } = client;
    await expect(schedules.set({ ...spec, mode: 'continuous' }, every(1_000))).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('continuous'),
      hint: expect.stringContaining('mode: batch'),
    });
    const cron = { kind: 'cron', cron: '61 * * * *', timeZone: 'UTC', jitterMs: 0 } as const;
    await expect(schedules.set(spec, cron)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('61 * * * *'),
    });
    await expect(
      schedules.set(spec, { ...cron, cron: '1 * * * *', timeZone: 'Mars/Dome' }),
    ).rejects.toMatchObject({ code: 'REFUSED', message: expect.stringContaining('Mars/Dome') });
    for (const asked of [schedules.show(name), schedules.pause(name), schedules.resume(name)]) {
      await expect(asked).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringContaining(name),
      });
    }
    await expect(schedules.trigger(name)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(schedules.remove(name)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('is listed with the others', async () => {
    const here = await batchScene();
    const { client, name, spec } = here;
    await client.schedules.set(spec, every(3_600_000));
    await until('it is listed', async () =>
      (await client.schedules.list()).some(({ pipeline }) => pipeline === name),
    );
  });
});
