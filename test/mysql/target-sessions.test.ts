import { afterEach, expect, test } from '@jest/globals';
import type { Target } from '../../engine';
import { isCdcError } from '../../engine/errors';
import { asCursor } from '../../engine/model';
import { openTarget } from '../../engine/adapters/mysql/target/target';
import { describeEitherServer, connectTo, select } from '../support/mysql';
import { dynamicRoute, openMergeScene, type MergeScene } from '../support/mysql-merge';
import { checkpointOf, rowSet, stage } from '../support/target-cases';

const { name } = checkpointOf();
const T = dynamicRoute('t', { id: 'INTEGER', v: 'TEXT' });
const TABLE = 'CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))';

/** Something that one part of a test waits for and another part gives. */
function signal(): { readonly given: Promise<void>; readonly give: () => void } {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give: () => give() };
}

describeEitherServer('A target', (server, flavour) => {
  const clearing: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const clear of clearing.splice(0).reverse()) await clear();
  });

  async function prepared(): Promise<MergeScene> {
    const scene = await openMergeScene(server(), flavour, TABLE);
    clearing.push(() => scene.close());
    await scene.target.transaction(null, (tx) => tx.saveCheckpoint(checkpointOf()));
    return scene;
  }

  async function another(url: string): Promise<Target> {
    const target = await openTarget({ url, readOnly: false, create: false });
    clearing.push(() => target.close());
    return target;
  }

  test('a worker that is stopped inside its commit is ended by whoever claims the pipeline', async () => {
    const { database, target, rows } = await prepared();
    const stopped = await another(database.url);
    const chunk = await stage(stopped, [rowSet(T, { upserts: [[1n, 'lost']] })]);
    const [holding, asleep] = [signal(), signal()];
    const commit = stopped
      .transaction(chunk, async (tx) => {
        await tx.lockCheckpoint(name);
        await tx.merge(chunk);
        holding.give();
        await asleep.given;
      })
      .catch((error: unknown) => error);
    await holding.given;
    const started = Date.now();
    await target.transaction(null, async (tx) => {
      const locked = await tx.lockCheckpoint(name);
      if (locked !== null) await tx.saveCheckpoint({ ...locked, epoch: locked.epoch + 1 });
    });
    expect(Date.now() - started).toBeLessThan(14_000);
    asleep.give();
    expect(await commit).toMatchObject({ code: 'CONNECTION_LOST' });
    expect(await rows('t')).toEqual([]);
    // The one that was ended comes back by itself.
    const again = await stage(stopped, [rowSet(T, { upserts: [[1n, 'again']] })]);
    await stopped.transaction(again, (tx) => tx.merge(again));
    expect(await rows('t')).toEqual(['["1","again"]']);
  }, 30_000);

  test('a commit that is at work is waited for, not ended', async () => {
    const { database, target, rows } = await prepared();
    const working = await another(database.url);
    const chunk = await stage(working, [rowSet(T, { upserts: [[1n, 'kept']] })]);
    const holding = signal();
    const commit = working.transaction(chunk, async (tx) => {
      await tx.lockCheckpoint(name);
      holding.give();
      await tx.merge(chunk);
      // Longer than it takes to look for the holder.
      for (let turn = 0; turn < 4; turn++) {
        await new Promise((resolve) => setTimeout(resolve, 700));
        await tx.tableCheckpoints('none');
      }
    });
    await holding.given;
    await target.transaction(null, (tx) => tx.lockCheckpoint(name));
    await commit;
    expect(await rows('t')).toEqual(['["1","kept"]']);
  }, 30_000);

  test('two processes that set up the same pipeline at once come one after the other', async () => {
    const { database, target } = await prepared();
    const other = await another(database.url);
    const fresh = 'another pipeline';
    const setUp = (by: Target, uuid: string): Promise<string> =>
      by.transaction(null, async (tx) => {
        const found = await tx.lockCheckpoint(fresh);
        if (found !== null) return found.uuid;
        await tx.saveCheckpoint(checkpointOf({ uuid, name: fresh }));
        return uuid;
      });
    const [one, two] = await Promise.all([setUp(target, 'one'), setUp(other, 'two')]);
    expect(one).toBe(two);
  });

  test('connections that were lost come back at the next attempt', async () => {
    const { database, target } = await prepared();
    const chunk = await stage(target, [rowSet(T, { upserts: [[1n, 'one']] })]);
    const first = await stage(target, [rowSet(T, { upserts: [[2n, 'two']] })]);
    await target.transaction(first, (tx) => tx.merge(first));
    const admin = await connectTo(server());
    const mine = new URL(database.url).pathname.slice(1);
    for (const [id, , , on] of await select(admin, 'SHOW PROCESSLIST')) {
      if (on === mine) await admin.query(`KILL ${String(id)}`).catch(() => undefined);
    }
    await admin.end();
    // Whoever was told of it already has a new one.
    const outcome = await target
      .transaction(chunk, (tx) => tx.merge(chunk))
      .catch((error: unknown) => (isCdcError(error) ? error.code : error));
    expect([[], 'CONNECTION_LOST']).toContainEqual(outcome);
    const again = await stage(target, [rowSet(T, { upserts: [[1n, 'one']] })]);
    await target.transaction(again, (tx) => tx.merge(again));
    await target.flush();
    const check = await connectTo(database.url);
    expect(await select(check, 'SELECT id FROM t ORDER BY id')).toEqual([['1'], ['2']]);
    await check.end();
  });

  test('no statement of a merge commits it: rows, keys to sweep and checkpoint go back together', async () => {
    const { database, target, rows } = await prepared();
    await database.execute(`INSERT INTO t VALUES (5, 'old')`);
    const words = dynamicRoute('w', { id: 'TEXT', v: 'TEXT' });
    const step = await target.planTable(words, 'sqlite');
    if (step !== null) await target.createTables([step]);
    await database.execute(`INSERT INTO w VALUES ('stray', 'old')`);
    const upTo = asCursor('[["t","m"]]');
    const range = { table: 'w', rows: [['a', 'new']], after: null, upTo, replace: true };
    const chunk = await stage(target, [rowSet(T, { deletes: [[5n]] }), rowSet(words, { range })]);
    const cut = target.transaction(chunk, async (tx) => {
      await tx.merge(chunk);
      await tx.saveCheckpoint(checkpointOf({ epoch: 1 }));
      throw new Error('cut short');
    });
    await expect(cut).rejects.toThrow('cut short');
    expect(await rows('t')).toEqual(['["5","old"]']);
    expect(await rows('w')).toEqual(['["stray","old"]']);
    expect((await target.checkpoint(name))?.epoch).toBe(checkpointOf().epoch);
  });
});
