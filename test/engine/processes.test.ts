import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, test } from '@jest/globals';
import { isCdcError } from '../../engine';
import { spawnChild } from '../support/child';
import type { Child } from '../support/child';
import { CHAIN, replicate, setUp, specOf } from '../support/pipelines';
import { randomNumbers } from '../support/random-numbers';
import { keyColumns, schemaArbitrary, tablesSql, triggersSql } from '../support/random-schema';
import { expectSameTables } from '../support/same-files';
import { SHOP, SHOP_TABLES } from '../support/shop';
import { dumpTable } from '../support/sqlite-dump';
import { folderPerTest } from '../support/sqlite';
import { pipelinesIn } from '../support/file-pipelines';

const long = process.env['CDC_LONG'] === '1';
/** The machine may have others to serve. */
const TIMEOUT_MS = long ? 60 * 60_000 : 3 * 60_000;

const folder = folderPerTest();
const { open, expectEqual } = pipelinesIn(folder);

function applier(generation: number): Child {
  const args = [folder.file('shop.db'), folder.file('warehouse.db'), String(generation)];
  return folder.closing(spawnChild('applier', args));
}

/** Kills appliers and the writer again and again, at moments that the seed says. */
async function killAtRandom(
  writer: () => Child,
  generation: number,
  kills: number,
  seed: number,
): Promise<void> {
  const random = randomNumbers(seed);
  let writing = writer();
  await writing.said('writing');
  for (let kill = 0; kill < kills; kill++) {
    const child = applier(generation);
    await child.said(random.below(2) === 0 ? 'applying' : 'commit');
    await sleep(random.below(250));
    await child.kill();
    if (random.below(3) === 0) {
      await writing.kill();
      writing = writer();
      await writing.said('writing');
    }
  }
  const last = applier(generation);
  await last.said('commit');
  await writing.stop();
  await last.stop();
}

describe('processes that are killed', () => {
  test(
    'a shop under a writer is equal in the end, however often applier and writer are killed',
    async () => {
      const shop = folder.database('shop.db', SHOP);
      shop.exec(`WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
      INSERT INTO orders SELECT i, 1, 'order ' || i, i FROM n`);
      const { generation } = await setUp(await open(), specOf(['*']));
      let seed = 1;
      const writer = (): Child =>
        folder.closing(spawnChild('shop-writer', [folder.file('shop.db'), String(seed++)]));
      await killAtRandom(writer, generation, long ? 60 : 5, 7);
      const pipeline = await open();
      expect(await replicate(pipeline, generation)).toMatchObject({ caughtUp: true });
      expectEqual();
      expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
    },
    TIMEOUT_MS,
  );

  test.each(long ? Array.from({ length: 30 }, (_, seed) => seed + 1) : [11, 12])(
    'random schema %i under a random writer is equal in the end',
    async (schemaSeed) => {
      const [schema] = fc.sample(schemaArbitrary, { seed: schemaSeed, numRuns: 1 });
      if (schema === undefined) throw new Error('no schema');
      const shop = folder.database('shop.db');
      for (const sql of [...tablesSql(schema), ...triggersSql(schema)]) shop.exec(sql);
      const { generation } = await setUp(await open(), specOf(schema.tables.map((table) => table.name)));
      let seed = 1;
      const writer = (): Child =>
        folder.closing(
          spawnChild('random-writer', [folder.file('shop.db'), String(schemaSeed), String(seed++)]),
        );
      await killAtRandom(writer, generation, 3, schemaSeed);
      const pipeline = await open();
      expect(await replicate(pipeline, generation)).toMatchObject({ caughtUp: true });
      expectSameTables(
        folder.file('shop.db'),
        folder.file('warehouse.db'),
        schema.tables.map((table) => ({
          source: table.name,
          columns: [...keyColumns(table), 'v0', 'v1', 'parent'],
        })),
      );
    },
    TIMEOUT_MS,
  );
});

describe('a process that is stopped while another takes over', () => {
  test('commits nothing when it is woken', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    const { generation } = await setUp(pipeline, specOf(['*']));
    const stopped = applier(generation);
    const writer = folder.closing(spawnChild('shop-writer', [folder.file('shop.db'), '3']));
    await stopped.said('commit 3');
    await takeOver(stopped, async () => {
      await pipeline.fence({ chain: CHAIN, generation: generation + 1 });
    });
    await sleep(200);
    await writer.stop();
    const here = await replicate(pipeline, generation + 1);
    expect(here).toMatchObject({ caughtUp: true });
    expect(here.changes).toBeGreaterThan(0);
    shop.exec(`UPDATE orders SET note = 'for nobody'`);
    const warehouse = new Database(folder.file('warehouse.db'), { readonly: true });
    folder.closing(warehouse);
    // Not `data_version`, which a checkpoint of the WAL changes too; nor what the source is known to have been told.
    const content = (): unknown => [
      ...[...SHOP_TABLES, '_cdc_table'].map((table) => dumpTable(warehouse, table)),
      dumpTable(warehouse, '_cdc_pipeline', ['uuid', 'generation', 'epoch', 'seq', 'position']),
    ];
    const before = content();
    const commits = stopped.lines.filter((line) => line.startsWith('commit')).length;
    stopped.signal('SIGCONT');
    expect(await stopped.said('error')).toMatch(/^error (EPOCH_LOST|FENCED)$/);
    await stopped.stop();
    expect(stopped.lines.filter((line) => line.startsWith('commit')).length).toBeLessThanOrEqual(commits + 1);
    expect(content()).toEqual(before);
    await replicate(pipeline, generation + 1);
    expectEqual();
  });
});

/** Stops a process at a moment at which it does not hold the target's write lock: SQLite has no way around that. */
async function takeOver(child: Child, work: () => Promise<void>): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt++) {
    child.signal('SIGSTOP');
    try {
      await work();
      return;
    } catch (error) {
      if (!isCdcError(error, 'DATABASE_LOCKED')) throw error;
      child.signal('SIGCONT');
      await sleep(50);
    }
  }
  throw new Error('the stopped process held the write lock each time');
}
