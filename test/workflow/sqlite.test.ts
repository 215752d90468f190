import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS } from '../../engine';
import { textsOf } from '../support/history-json';
import { folderPerTest } from '../support/sqlite';
import { isEqual, keepWriting, sqliteScene, untilRowsArrive } from '../support/sqlite-scene';
import { startWorkerProcess } from '../support/worker-process';
import { until } from '../support/workflow-bench';

const folder = folderPerTest();

describe('a pipeline between SQLite files', () => {
  test('survives that its worker is killed in a round', async () => {
    const here = await sqliteScene(folder);
    const { client, name, taskQueue, connections, spec } = here;
    const first = await startWorkerProcess(taskQueue, connections);
    await client.start(spec);
    const endWriting = keepWriting(here);
    await untilRowsArrive(here);
    await sleep(500);
    first.signal('SIGKILL');
    const killed = performance.now();
    await first.exited;
    const status = await client.status(name);
    expect(status).toMatchObject({ answeredBy: 'temporal', transport: 'attach' });
    expect(status.tables).toHaveLength(2);
    await startWorkerProcess(taskQueue, connections);
    await sleep(300);
    endWriting();
    await until('source and target are equal', () => isEqual(here), 30_000);
    console.log(`equal ${((performance.now() - killed) / 1000).toFixed(1)} s after the kill`);
    await until('the status is well', async () => (await client.status(name)).state === 'running');
    await client.stop(name);
  });

  test('leaves no row value, key, URL or position in its history', async () => {
    const here = await sqliteScene(folder);
    const { client, temporal, name, taskQueue, connections, spec, source } = here;
    const secret = (): string => randomBytes(9).toString('hex');
    const secrets = {
      customer: secret(),
      note: secret(),
      tag: secret(),
      raised: secret(),
      folder: folder.path,
    };
    source.prepare('INSERT INTO orders VALUES (1, ?, 7, ?)').run(secrets.customer, secrets.note);
    await startWorkerProcess(taskQueue, connections);
    await client.start({ ...spec, settings: { ...DEFAULT_SETTINGS, roundMs: 1_000 } });
    source.prepare('INSERT INTO tags VALUES (1, ?)').run(secrets.tag);
    source.prepare('UPDATE orders SET note = ? WHERE id = 1').run(secrets.customer);
    await until('source and target are equal', () => isEqual(here));
    // A failure whose text, as the driver tells it, is one of ours.
    const { target } = here;
    target.exec(
      `CREATE TRIGGER no BEFORE DELETE ON orders BEGIN SELECT RAISE(ABORT, '${secrets.raised}'); END`,
    );
    source.exec('DELETE FROM orders');
    await until('it says what is wrong', async () =>
      (await client.status(name)).tables.some(({ state, cause }) => state === 'parked' && cause !== null),
    );
    await client.pause(name);
    await client.stop(name);

    const handle = temporal.workflow.getHandle(`cdc:${name}`);
    const texts = textsOf(await handle.fetchHistory());
    const all = [...texts, JSON.stringify(await client.list())].join('\n');
    expect(all).toContain('"orders"');
    for (const planted of Object.values(secrets)) expect(all).not.toContain(planted);
    expect(all).not.toMatch(/"position"|\\"at\\"|sqlite:/);
  });
});
