/** Cases: rows and checkpoint commit together or not at all, and one session at a time holds the checkpoint. */
import assert from 'node:assert/strict';
import { isCdcError } from '../errors';
import type { TargetTransaction } from '../model';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { first } from './scene';
import { checkpointOf, merge, prepareTarget, rowSet, rowsIn, stage } from './target-scene';
import { ITEMS } from './tables';

const { name } = checkpointOf();

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function targetTransactionCases(options: ContractOptions): readonly ContractCase[] {
  const define = (title: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, title, body);
  return [
    define('rows and checkpoint commit together', async (scene) => {
      const { database, target, routes } = await prepareTarget(options, scene, [ITEMS]);
      const chunk = await stage(target, [rowSet(first(routes), { upserts: [[1n, 'one', 1n]] })]);
      assertEqual(await database.dump('items'), [], 'staging changes no table');
      const answer = await target.transaction(chunk, async (tx) => {
        await tx.saveCheckpoint(checkpointOf());
        await tx.merge(chunk);
        return 'answer';
      });
      assert.equal(answer, 'answer');
      assertEqual(await rowsIn(target, first(routes)), [[1n, 'one', 1n]]);
      assert.equal((await database.dump('items')).length, 1);
      assert.notEqual(await target.checkpoint(name), null);
      await target.flush();
    }),

    define('a transaction whose work throws leaves nothing, and the error comes through', async (scene) => {
      const { database, target, routes } = await prepareTarget(options, scene, [ITEMS]);
      const chunk = await stage(target, [rowSet(first(routes), { upserts: [[1n, 'one', 1n]] })]);
      const failure = new Error('on purpose');
      const outcome = await target
        .transaction(chunk, async (tx) => {
          await tx.saveCheckpoint(checkpointOf());
          await tx.merge(chunk);
          throw failure;
        })
        .catch((error: unknown) => error);
      assert.equal(outcome, failure);
      assertEqual(await database.dump('items'), []);
      assert.equal(await target.checkpoint(name), null);
      await merge(target, rowSet(first(routes), { upserts: [[2n, 'two', 2n]] }));
      assertEqual(await rowsIn(target, first(routes)), [[2n, 'two', 2n]]);
    }),

    define(
      'a chunk whose transaction was rolled back is spent, and staged again it is merged',
      async (scene) => {
        const { target, routes } = await prepareTarget(options, scene, [ITEMS]);
        const set = rowSet(first(routes), { upserts: [[1n, 'one', 1n]] });
        const chunk = await stage(target, [set]);
        await target
          .transaction(chunk, async (tx) => {
            await tx.merge(chunk);
            throw new Error('on purpose');
          })
          .catch(() => undefined);
        await target.discardRows(chunk.token);
        assertEqual(await rowsIn(target, first(routes)), []);
        await merge(target, set);
        assertEqual(await rowsIn(target, first(routes)), [[1n, 'one', 1n]]);
      },
    ),

    define('a chunk staged while a transaction runs survives its rollback', async (scene) => {
      const { target, routes } = await prepareTarget(options, scene, [ITEMS]);
      const route = first(routes);
      const one = await stage(target, [rowSet(route, { upserts: [[1n, 'one', 1n]] })]);
      const ahead: Promise<typeof one>[] = [];
      await target
        .transaction(one, async (tx) => {
          ahead.push(stage(target, [rowSet(route, { upserts: [[2n, 'two', 2n]] })]));
          await tx.merge(one);
          await sleep(20);
          throw new Error('on purpose');
        })
        .catch(() => undefined);
      const two = await first(ahead);
      await target.transaction(two, (tx) => tx.merge(two));
      assertEqual(await rowsIn(target, route), [[2n, 'two', 2n]]);
      await target.discardRows(one.token);
    }),

    define('chunks staged one ahead of the other are merged in their own order', async (scene) => {
      const { target, routes } = await prepareTarget(options, scene, [ITEMS]);
      const route = first(routes);
      const one = await stage(target, [rowSet(route, { upserts: [[1n, 'one', 1n]] })]);
      const two = await stage(target, [rowSet(route, { upserts: [[1n, 'two', 2n]] })]);
      const unused = await stage(target, [rowSet(route, { deletes: [[1n]] })]);
      await target.discardRows(unused.token);
      await target.transaction(one, (tx) => tx.merge(one));
      await target.transaction(two, (tx) => tx.merge(two));
      assertEqual(await rowsIn(target, route), [[1n, 'two', 2n]]);
    }),

    define('what a transaction wrote is not seen outside before it has committed', async (scene) => {
      const { database, target, routes } = await prepareTarget(options, scene, [ITEMS]);
      const other = await scene.target(database);
      const chunk = await stage(target, [rowSet(first(routes), { upserts: [[1n, 'one', 1n]] })]);
      await target.transaction(chunk, async (tx) => {
        await tx.saveCheckpoint(checkpointOf());
        await tx.merge(chunk);
        assert.equal(await other.checkpoint(name), null);
        assertEqual(await database.dump('items'), []);
      });
      assert.notEqual(await other.checkpoint(name), null);
    }),

    define('transactions of one target run one after the other', async (scene) => {
      const { target } = await prepareTarget(options, scene, []);
      await target.transaction(null, (tx) => tx.saveCheckpoint(checkpointOf({ seq: 0 })));
      await Promise.all([1, 2, 3, 4, 5].map(() => target.transaction(null, (tx) => countUp(tx))));
      assert.equal((await target.checkpoint(name))?.seq, 5);
    }),

    define('a locked checkpoint keeps every other session out until the end', async (scene) => {
      const { database, target } = await prepareTarget(options, scene, []);
      await target.transaction(null, (tx) => tx.saveCheckpoint(checkpointOf({ seq: 0 })));
      const other = await scene.target(database);
      let open = false;
      const waiting: Promise<unknown>[] = [];
      await target.transaction(null, async (tx) => {
        await tx.lockCheckpoint(name);
        open = true;
        waiting.push(
          other
            .transaction(null, async (theirs) => {
              const locked = await theirs.lockCheckpoint(name);
              assert.equal(open, false, 'the other session got the row while it was locked');
              return locked?.seq;
            })
            .catch((error: unknown) => error),
        );
        await sleep(200);
        await tx.saveCheckpoint(checkpointOf({ seq: 1 }));
        await sleep(10);
        open = false;
      });
      const outcome = await first(waiting);
      assert.ok(outcome === 1 || isCdcError(outcome, 'DATABASE_LOCKED'), String(outcome));
    }),

    define('no count is lost between sessions that count up the checkpoint', async (scene) => {
      const { database, target } = await prepareTarget(options, scene, []);
      await target.transaction(null, (tx) => tx.saveCheckpoint(checkpointOf({ seq: 0 })));
      const sessions = [target, await scene.target(database), await scene.target(database)];
      await Promise.all(
        sessions.map(async (session) => {
          for (let n = 0; n < 10; n++) await session.transaction(null, (tx) => countUp(tx));
        }),
      );
      assert.equal((await target.checkpoint(name))?.seq, 30);
    }),
  ];
}

async function countUp(tx: TargetTransaction): Promise<void> {
  const locked = await tx.lockCheckpoint(name);
  assert.ok(locked);
  await sleep(1);
  await tx.saveCheckpoint({ ...locked, seq: locked.seq + 1 });
}
