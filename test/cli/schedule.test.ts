import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cliFolder } from '../support/cli-folder';
import { until } from '../support/workflow-bench';

const folder = cliFolder('schedule');
const { cdc, json } = folder;
const NIGHTLY = `nightly-${folder.mark}`;
const OFTEN = `often-${folder.mark}`;
const STEADY = `steady-${folder.mark}`;

beforeAll(async () => {
  folder.configure(
    ['shop', 'warehouse', 'copy'],
    [
      `${NIGHTLY}: { source: shop, target: warehouse, tables: [notes], mode: batch, schedule: { cron: "0 3 1 1 *", timezone: Europe/Berlin } }`,
      `${OFTEN}: { source: shop, target: copy, tables: [notes], mode: batch, schedule: 2s, round: 1s }`,
      `${STEADY}: { source: shop, target: warehouse, tables: [notes] }`,
    ],
  );
  folder.write(
    'shop',
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO notes VALUES (1, 'a'), (2, 'b')",
  );
  await folder.startWorker();
});

afterAll(async () => {
  await Promise.all([cdc('schedule', NIGHTLY, '--remove'), cdc('schedule', OFTEN, '--remove')]);
  await folder.close();
});

describe('cdc schedule', () => {
  test('pauses nothing that is not there, and names what it knows', async () => {
    const [none, misspelt, continuous] = await Promise.all([
      cdc('schedule', NIGHTLY, '--pause'),
      cdc('schedule', `nihgtly-${folder.mark}`),
      cdc('schedule', STEADY),
    ]);
    expect(none).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('has no schedule') });
    expect(misspelt).toMatchObject({ code: 2, stderr: expect.stringContaining(`did you mean "${NIGHTLY}"`) });
    expect(continuous).toMatchObject({ code: 2, stderr: expect.stringContaining('mode: batch') });
  });

  test('makes the schedule of cdc.yaml, and shows it', async () => {
    expect(await json('schedule', NIGHTLY)).toMatchObject({
      version: 1,
      pipeline: NIGHTLY,
      cron: '0 3 1 1 *',
      timeZone: 'Europe/Berlin',
      paused: false,
      lastRun: null,
    });
    const shown = await cdc('schedule', NIGHTLY);
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining('0 3 1 1 * Europe/Berlin') });
    const status = await cdc('status', NIGHTLY);
    expect(status).toMatchObject({ code: 1, stderr: expect.stringContaining('has not run yet') });
  });

  test('refuses times that are none', async () => {
    const { code, stderr } = await cdc('schedule', NIGHTLY, '--cron', '61 * * * *');
    expect(stderr).toContain('61 * * * *');
    expect(code).toBe(2);
  });

  test('runs now, and status tells how that went and when the next run is due', async () => {
    expect(await cdc('schedule', NIGHTLY, '--pause', '--note', 'audit')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('audit'),
    });
    expect(await cdc('schedule', NIGHTLY, '--now')).toMatchObject({ code: 0, stdout: '' });
    await until('the run has ended', async () =>
      JSON.stringify(await json('schedule', NIGHTLY)).includes('"outcome":"completed"'),
    );
    expect(await json('status', NIGHTLY)).toMatchObject({
      state: 'completed',
      mode: 'batch',
      schedule: { paused: true, note: 'audit', lastRun: { outcome: 'completed', copied: 2 } },
    });
    expect((await cdc('status', NIGHTLY)).stdout).toMatch(/last run +completed/);
    const health = await cdc('health', NIGHTLY);
    expect(health.stdout).toContain('Its schedule is paused');
    expect((await cdc('schedule', NIGHTLY, '--resume')).stdout).toMatch(/next run +\d{4}-01-01 02:00/);
  });

  test('list shows all schedules', async () => {
    expect((await cdc('schedule', 'list')).stdout).toContain(NIGHTLY);
    expect(await json('schedule', 'list')).toMatchObject({
      version: 1,
      schedules: expect.arrayContaining([expect.objectContaining({ pipeline: NIGHTLY })]),
    });
  });

  test('a pipeline on a schedule is not torn down, one that was taken off it is', async () => {
    const refused = await cdc('teardown', NIGHTLY, '--yes');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--remove') });
    expect(await cdc('schedule', NIGHTLY, '--remove')).toMatchObject({ code: 0 });
    expect(await cdc('teardown', NIGHTLY, '--yes')).toMatchObject({ code: 0 });
  });

  test('wait waits for the first run, and for the next one', async () => {
    await cdc('schedule', OFTEN);
    expect(await cdc('wait', OFTEN, 'caught-up', '--timeout', '30s')).toMatchObject({ code: 0 });
    folder.write('shop', "INSERT INTO notes VALUES (3, 'c')");
    expect(await cdc('wait', OFTEN, 'caught-up', '--timeout', '30s')).toMatchObject({ code: 0 });
    expect(folder.rows('copy', 'SELECT 1 FROM notes')).toHaveLength(3);
    await cdc('schedule', OFTEN, '--pause');
    expect((await cdc('status', OFTEN)).stdout).toContain(`cdc schedule ${OFTEN} --resume`);
  });

  test('says when no server answers', async () => {
    const { code, stderr } = await cdc('schedule', NIGHTLY, '--pause', '--address', '127.0.0.1:1');
    expect(stderr).toContain('No Temporal server answers at 127.0.0.1:1');
    expect(code).toBe(1);
  });
});

/** The run that was asked for begins a moment later. */
