/** Cases: the checkpoint keeps every field, for several pipelines beside each other. */
import assert from 'node:assert/strict';
import { asCursor, asPosition } from '../model';
import type { Checkpoint, TableCheckpoint } from '../model';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { rejection } from './scene';
import { checkpointOf, prepareTarget } from './target-scene';
import { ITEMS } from './tables';

const PLAIN: TableCheckpoint = {
  source: 'shop.order "1"',
  sourceTable: { schema: 'shop', name: 'order "1"' },
  targetTable: { schema: null, name: "order's" },
  columns: null,
  where: null,
  rename: null,
  state: 'replicating',
  position: null,
  cause: null,
  cursor: null,
  replace: false,
  snapshotRows: 0,
  inserted: 0,
  updated: 0,
  deleted: 0,
};

const FULL: TableCheckpoint = {
  source: 'ünï',
  sourceTable: { schema: null, name: 'ünï' },
  targetTable: { schema: 'other', name: 'ünï' },
  columns: ['id', 'two words', 'quo"te', ','],
  where: `"two words" <> 'it''s' AND id > 0`,
  rename: { 'quo"te': 'quote', ',': "comma's" },
  state: 'parked',
  position: asPosition('{"v":1,"id":9}'),
  cause: 'CONSTRAINT_FAILED: refused',
  cursor: asCursor('[["t","ü"]]'),
  replace: true,
  snapshotRows: 5_000_000_000,
  inserted: 1,
  updated: 5_000_000_001,
  deleted: 3,
};

function bySource(tables: readonly TableCheckpoint[]): readonly TableCheckpoint[] {
  return [...tables].sort((a, b) => (a.source < b.source ? -1 : 1));
}

export function targetCheckpointCases(options: ContractOptions): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, name, body);
  return [
    define('a target that is missing is not made unless that was asked for', async (scene) => {
      const database = await scene.database();
      await database.dispose();
      const { url } = database;
      for (const readOnly of [false, true]) {
        await rejection(options.adapter.openTarget({ url, readOnly, create: false }), 'DATABASE_MISSING');
      }
    }),
    define('a target without our objects has no checkpoint, and looking makes none', async (scene) => {
      const database = await scene.database();
      await database.execute(...options.fixture.createTable(ITEMS));
      const before = await database.objects();
      const target = await scene.target(database);
      assert.equal(await target.checkpoint('anything'), null);
      assertEqual(await target.tableCheckpoints('anything'), []);
      assert.ok((await target.planObjects()).length > 0);
      assertEqual(await database.objects(), before);
    }),

    define('installing our objects twice changes nothing', async (scene) => {
      const { database, target } = await prepareTarget(options, scene, [ITEMS]);
      const before = await database.objects();
      assertEqual(await target.planObjects(), []);
      await target.installObjects();
      assertEqual(await database.objects(), before);
      assertEqual(
        (await target.tables()).map((table) => table.name.name),
        ['items'],
      );
    }),

    define('every field of a checkpoint comes back as it was saved', async (scene) => {
      const { database, target } = await prepareTarget(options, scene, []);
      const variants: readonly Checkpoint[] = [
        checkpointOf(),
        checkpointOf({ holder: null, goal: null, lastAppliedAt: null, chainEnded: true }),
        checkpointOf({ holder: { host: '', pid: 1, session: null }, sourceId: '', position: asPosition('') }),
      ];
      for (const checkpoint of variants) {
        await target.transaction(null, async (tx) => {
          await tx.lockCheckpoint(checkpoint.name);
          await tx.saveCheckpoint(checkpoint);
        });
        assertEqual(await target.checkpoint(checkpoint.name), checkpoint);
        const locked = await target.transaction(null, (tx) => tx.lockCheckpoint(checkpoint.name));
        assertEqual(locked, checkpoint);
      }
      const again = await scene.target(database);
      assertEqual(await again.checkpoint(checkpointOf().name), variants.at(-1));
    }),

    define('a saved checkpoint replaces the one of its name, also under another uuid', async (scene) => {
      const { target } = await prepareTarget(options, scene, []);
      for (const uuid of ['first', 'second']) {
        await target.transaction(null, (tx) => tx.saveCheckpoint(checkpointOf({ uuid })));
      }
      assert.equal((await target.checkpoint(checkpointOf().name))?.uuid, 'second');
    }),

    define('every field of a table checkpoint comes back as it was saved', async (scene) => {
      const { target } = await prepareTarget(options, scene, []);
      const { uuid } = checkpointOf();
      await target.transaction(null, async (tx) => {
        await tx.saveCheckpoint(checkpointOf());
        await tx.saveTables(uuid, [FULL, PLAIN]);
        assertEqual(bySource(await tx.tableCheckpoints(uuid)), bySource([FULL, PLAIN]));
      });
      assertEqual(bySource(await target.tableCheckpoints(uuid)), bySource([FULL, PLAIN]));
      const changed: TableCheckpoint = { ...PLAIN, state: 'snapshotting', columns: ['a'], inserted: 1 };
      await target.transaction(null, async (tx) => {
        await tx.saveTables(uuid, [changed]);
        await tx.removeTables(uuid, [FULL.source]);
      });
      assertEqual(await target.tableCheckpoints(uuid), [changed]);
    }),

    define('pipelines in one target do not touch each other', async (scene) => {
      const { database, target } = await prepareTarget(options, scene, []);
      const one = checkpointOf({ uuid: 'one', name: 'one' });
      const two = checkpointOf({ uuid: 'two', name: 'two' });
      await target.transaction(null, async (tx) => {
        for (const checkpoint of [one, two]) {
          await tx.saveCheckpoint(checkpoint);
          await tx.saveTables(checkpoint.uuid, [PLAIN]);
        }
        await tx.removeTables('one', [PLAIN.source]);
      });
      assertEqual(await target.tableCheckpoints('one'), []);
      assertEqual(await target.tableCheckpoints('two'), [PLAIN]);
      await target.uninstall('one');
      assert.equal(await target.checkpoint('one'), null);
      assertEqual(await target.checkpoint('two'), two);
      await target.uninstall('two');
      assertEqual(await database.objects(), []);
    }),

    define('uninstalling leaves nothing behind but the replicated tables', async (scene) => {
      const database = await scene.database();
      await database.execute(...options.fixture.createTable(ITEMS));
      const before = await database.objects();
      const target = await scene.target(database);
      await target.installObjects();
      const { uuid } = checkpointOf();
      await target.transaction(null, (tx) => tx.saveCheckpoint(checkpointOf()));
      await target.uninstall(uuid);
      await target.uninstall(uuid);
      assertEqual(await database.objects(), before);
    }),
  ];
}
