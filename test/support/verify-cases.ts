/** What `verify` and a repair promise, as tests of a pair of databases. */
import { describe, expect, test } from '@jest/globals';
import { replicate, settingsOf } from './pipelines';
import {
  DAMAGED,
  damage,
  described,
  PATIENT,
  repairAll,
  runningPipeline,
  runningWriter,
  writeOnce,
} from './verify-scene';
import type { Running, VerifyScene } from './verify-scene';

const LONG = process.env['CDC_LONG'] === '1';

/** A pair of databases, one equal to the other, with so many rows in `items`. */
export interface PreparedPair {
  readonly scene: VerifyScene;
  /** SQL of the pair: one byte of `raw` more, one microsecond of `at` more. */
  readonly raw: string;
  readonly at: string;
}

export function verifyCases(prepare: (rows: number) => Promise<PreparedPair>): void {
  test('changes on their way are no differences, and what is one is found, once the pipeline goes on', async () => {
    const { scene, raw, at } = await prepare(3_000);
    await damage(scene, raw, at);
    for (let turn = 1; turn <= 60; turn++) await writeOnce(scene, turn);
    // The control: nobody applies, so nothing is settled by waiting, and what is on its way is reported with the rest.
    const control = await scene.reader.verify({ timeoutMs: 0, limit: 1_000 });
    expect(control).toMatchObject({ equal: false, exact: false, tables: [{ settled: false }] });
    expect(control.inexactBecause).toMatch(/waiting to be applied/);
    expect(control.differences.length).toBeGreaterThan(60);

    const pipelines: Running[] = [];
    try {
      const comparison = await scene.reader.verify({
        ...PATIENT,
        onWait: () => void pipelines.push(runningPipeline(scene)),
      });
      expect(described(comparison.differences)).toEqual(DAMAGED);
      expect(comparison).toMatchObject({ equal: false, exact: true, inexactBecause: null });
      expect(comparison.tables).toMatchObject([{ missing: 1, extra: 1, different: 5, unsettled: 0 }]);
    } finally {
      for (const pipeline of pipelines) await pipeline.stop();
    }
  });

  findsAndMends(prepare);

  describe('a repair', () => {
    test('never writes an older row over a newer change of its key', async () => {
      const { scene } = await prepare(300);
      const pipeline = runningPipeline(scene);
      const keys = Array.from({ length: 20 }, (_, n) => ({ table: scene.table, key: { id: BigInt(n + 1) } }));
      let turn = 0;
      try {
        for (let round = 0; round < 5; round++) {
          const writing = (async () => {
            for (let n = 0; n < 20; n++) {
              turn += 1;
              await scene.onSource(`UPDATE items SET n = ${String(turn)} WHERE id = ${String(n + 1)}`);
            }
          })();
          await scene.reader.repair(keys);
          await writing;
          expect(await scene.reader.waitRepaired(PATIENT)).toEqual({ done: true, refused: [] });
        }
        expect(await scene.reader.verify(PATIENT)).toMatchObject({ equal: true, exact: true });
      } finally {
        await pipeline.stop();
      }
    });

    test('waits for a pipeline that does not run, and is done by its next attempt', async () => {
      const { scene } = await prepare(300);
      await scene.onTarget('DELETE FROM items WHERE id IN (2, 3)');
      await scene.onSource('DELETE FROM items WHERE id = 3');
      const comparison = await scene.reader.verify({});
      await scene.reader.repair([
        ...comparison.differences,
        { table: scene.table, key: { id: 2n } },
        { table: scene.table, key: { id: 9_999n } },
      ]);
      expect(await scene.reader.waitRepaired({ timeoutMs: 0 })).toMatchObject({ done: false });
      const settings = settingsOf();
      expect(await scene.reader.fetchPending({ waitMs: 0, settings })).toMatchObject({ pending: true });
      await replicate(scene.worker, scene.generation);
      expect(await scene.reader.waitRepaired({ timeoutMs: 0 })).toEqual({ done: true, refused: [] });
      expect(await scene.reader.verify({})).toMatchObject({ equal: true, exact: true });
      expect(await scene.reader.fetchPending({ waitMs: 0, settings })).toMatchObject({ pending: false });
    });
  });
}

/** The one that each kind of pair has to pass. */
export function findsAndMends(prepare: (rows: number) => Promise<PreparedPair>): void {
  test(
    'finds exactly what was changed by hand while a writer writes all the time, and mends it',
    async () => {
      const { scene, raw, at } = await prepare(LONG ? 200_000 : 3_000);
      const pipeline = runningPipeline(scene);
      // Each turn is about three transactions.
      const writer = runningWriter(scene, LONG ? 10 : 5);
      try {
        expect(await scene.reader.verify(PATIENT)).toMatchObject({ equal: true, exact: true });
        await damage(scene, raw, at);
        const comparison = await scene.reader.verify(PATIENT);
        expect(described(comparison.differences)).toEqual(DAMAGED);
        expect(comparison).toMatchObject({ equal: false, exact: true, differencesOmitted: 0 });

        const again = await repairAll(scene, comparison);
        expect(again).toMatchObject({ equal: true, exact: true, differences: [] });
        expect(await scene.reader.verify(PATIENT)).toMatchObject({ equal: true, exact: true });
      } finally {
        await writer.stop();
        await pipeline.stop();
      }
      await replicate(scene.worker, scene.generation);
      expect(await scene.reader.verify({})).toMatchObject({ equal: true, exact: true, differences: [] });
    },
    LONG ? 600_000 : 60_000,
  );
}
