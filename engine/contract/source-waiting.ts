/** Cases: a wait ends with the first change, with its time, or with its signal. */
import assert from 'node:assert/strict';
import { NEVER_ABORTS } from '../apply';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { ITEMS, WORDS } from './tables';

const ONE = `INSERT INTO items (id, name, amount) VALUES (1, 'one', 10)`;

/** Far more than any wait of these cases should need. */
const LONG_MS = 20_000;

/** How late an ending may be noticed on a busy machine. */
const SLACK_MS = 5_000;

function later(ms: number, work: () => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    setTimeout(() => {
      Promise.resolve(work()).then(() => resolve(), reject);
    }, ms);
  });
}

export function sourceWaitingCases(options: ContractOptions): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, name, body);
  return [
    define('a wait for a change that is there ends at once', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS]);
      await database.execute(ONE);
      const began = Date.now();
      assert.equal(await source.waitForChange(start, routes, LONG_MS, NEVER_ABORTS), true);
      assert.ok(Date.now() - began < SLACK_MS);
    }),

    define('a wait is woken by a commit', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS]);
      const began = Date.now();
      const waiting = source.waitForChange(start, routes, LONG_MS, NEVER_ABORTS);
      await later(100, () => database.execute(ONE));
      assert.equal(await waiting, true);
      assert.ok(Date.now() - began < SLACK_MS);
    }),

    define('a wait is woken by the commit, not by the statement before it', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS]);
      const connection = await scene.connect(database);
      await connection.execute('BEGIN');
      await connection.execute(ONE);
      let committed = false;
      const waiting = source
        .waitForChange(start, routes, LONG_MS, NEVER_ABORTS)
        .then((found) => [found, committed]);
      await later(300, async () => {
        committed = true;
        await connection.execute('COMMIT');
      });
      assertEqual(await waiting, [true, true]);
    }),

    define('a wait without a change ends with its time', async (scene) => {
      const { source, routes, start } = await scene.captured([ITEMS]);
      const began = Date.now();
      assert.equal(await source.waitForChange(start, routes, 300, NEVER_ABORTS), false);
      const took = Date.now() - began;
      assert.ok(took >= 250 && took < 300 + SLACK_MS, `it took ${took} ms`);
    }),

    define('changes of tables that were not asked for end no wait', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS, WORDS]);
      const waiting = source.waitForChange(start, routes.slice(1), 600, NEVER_ABORTS);
      await later(100, () => database.execute(ONE));
      assert.equal(await waiting, false);
    }),

    define('a wait ends when its signal aborts', async (scene) => {
      const { source, routes, start } = await scene.captured([ITEMS]);
      const controller = new AbortController();
      const began = Date.now();
      const waiting = source.waitForChange(start, routes, LONG_MS, controller.signal);
      await later(100, () => controller.abort());
      assert.equal(await waiting, false);
      assert.equal(await source.waitForChange(start, routes, LONG_MS, controller.signal), false);
      assert.ok(Date.now() - began < SLACK_MS);
    }),

    define('a waiting source answers other questions meanwhile', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS]);
      const waiting = source.waitForChange(start, routes, LONG_MS, NEVER_ABORTS);
      const began = Date.now();
      assert.equal((await source.pending(start, routes, 10)).count, 0);
      const other = source.waitForChange(start, routes, 100, NEVER_ABORTS);
      assert.equal(await other, false);
      assert.ok(Date.now() - began < SLACK_MS);
      await database.execute(ONE);
      assert.equal(await waiting, true);
    }),
  ];
}
