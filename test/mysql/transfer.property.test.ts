/** Whatever tables an application has and whatever it does to them: the target ends equal, and the source is what it would be without us. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mysqlAdapter } from '../../engine/adapters/mysql';
import { createScratchDatabase, describeEitherServer } from '../support/mysql';
import {
  dump,
  runTransaction,
  schemaArbitrary,
  tablesSql,
  transactionArbitrary,
  type RandomTable,
  type RandomTransaction,
} from '../support/mysql-random';
import { CHAIN, engineOver, REF, replicate, setUp, specOf } from '../support/pipelines';

const LONG = process.env['CDC_LONG'] === '1';
const TIME_MS = LONG ? 120_000 : 6_000;

type Step =
  | { readonly kind: 'write'; readonly transaction: RandomTransaction }
  | { readonly kind: 'replicate'; readonly batchRows: number; readonly snapshotRows: number }
  | { readonly kind: 'purge' }
  | { readonly kind: 'resync'; readonly table: number | null };

const small = fc.integer({ min: 1, max: 4 });

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 14,
    arbitrary: transactionArbitrary.map((transaction) => ({ kind: 'write' as const, transaction })),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('replicate' as const), batchRows: small, snapshotRows: small }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'purge' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('resync' as const), table: fc.option(fc.nat(2)) }) },
);

interface Scenario {
  readonly tables: readonly RandomTable[];
  readonly before: readonly RandomTransaction[];
  readonly steps: readonly Step[];
  /** The target's tables are made like the source's, unique indexes and foreign keys included; else by setup. */
  readonly alike: boolean;
}

describeEitherServer('Random tables and writes', (server, flavour) => {
  const play = async ({ tables, before, steps, alike }: Scenario): Promise<void> => {
    const open = () => createScratchDatabase(server());
    const [here, there, twin] = [await open(), await open(), await open()];
    const engine = engineOver(here.url, there.url, { adapter: mysqlAdapter });
    try {
      const [app, client, other] = [await here.connect(), await there.connect(), await twin.connect()];
      for (const sql of tablesSql(tables)) {
        await app.query(sql);
        await other.query(sql);
        if (alike) await client.query(sql);
      }
      /** The same on a database without capture, which must take and refuse the same statements. */
      const write = async (transaction: RandomTransaction): Promise<void> => {
        const outcomes = await runTransaction(app, tables, transaction);
        expect(outcomes).toEqual(await runTransaction(other, tables, transaction));
      };
      for (const transaction of before) await write(transaction);
      const names = tables.map(({ name }) => name);
      const pipeline = await engine.pipeline(REF);
      let { generation } = await setUp(pipeline, specOf(names));
      for (const step of steps) {
        switch (step.kind) {
          case 'write':
            await write(step.transaction);
            break;
          case 'replicate': {
            const { batchRows, snapshotRows } = step;
            await replicate(pipeline, generation, { settings: { batchRows, snapshotRows } });
            break;
          }
          case 'purge':
            await pipeline.markSynced({ retainMs: -60_000 });
            break;
          case 'resync': {
            const table = step.table === null ? null : (names[step.table] ?? null);
            generation += 1;
            await pipeline.resync({ chain: CHAIN, generation, table });
            break;
          }
        }
      }
      const last = await replicate(pipeline, generation, { settings: { batchRows: 3, snapshotRows: 2 } });
      expect(last.progress.map(({ cause }) => cause)).toEqual(names.map(() => null));
      expect([last.caughtUp, last.backlog]).toEqual([true, 0]);
      for (const table of tables) {
        const rows = await dump(app, table);
        expect(rows).toEqual(await dump(other, table));
        expect(await dump(client, table)).toEqual(rows);
      }
      const { equal, exact } = await pipeline.verify({});
      expect([equal, exact]).toEqual([true, true]);
    } finally {
      await engine.close();
      await Promise.all([here.drop(), there.drop(), twin.drop()]);
    }
  };

  test(
    'end equal on the target, and on the source as without capture',
    async () => {
      const scenario: fc.Arbitrary<Scenario> = fc.record({
        tables: schemaArbitrary(flavour),
        before: fc.array(transactionArbitrary, { maxLength: 3, size: 'max' }),
        steps: fc.array(stepArbitrary, { minLength: 4, maxLength: 14, size: 'max' }),
        alike: fc.boolean(),
      });
      // No run is cut short, since it would leave its databases behind; a failing one is shrunk for as long as it takes.
      const stopAt = Date.now() + TIME_MS;
      let failed = false;
      const property = fc.asyncProperty(scenario, async (one) => {
        if (Date.now() > stopAt && !failed) return;
        await play(one).catch((error: unknown) => {
          failed = true;
          throw error;
        });
      });
      await fc.assert(property, { numRuns: LONG ? 2_000 : 100, endOnFailure: !LONG });
    },
    TIME_MS + 600_000,
  );
});
