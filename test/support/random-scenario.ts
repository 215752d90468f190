/** Random histories of a pipeline: what is written to its source, and where its replication stops. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { isCdcError } from '../../engine';
import type { Adapter, Pipeline } from '../../engine';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { CHAIN, engineOver, REF, replicate, setUp, specOf } from './pipelines';
import { keyColumns, lateTriggerSql, schemaArbitrary, tablesSql, triggersSql } from './random-schema';
import type { RandomSchema } from './random-schema';
import { runTransaction, transactionArbitrary } from './random-writes';
import type { RandomTransaction } from './random-writes';
import { differences } from './same-files';

type Step =
  | { readonly kind: 'write'; readonly transaction: RandomTransaction }
  | {
      readonly kind: 'replicate';
      readonly batchRows: number;
      readonly snapshotRows: number;
      readonly maxChanges: number | null;
      readonly atomic: boolean;
    }
  /** Replicates and loses its connections after so many commits, then everything is opened anew. */
  | {
      readonly kind: 'crash';
      readonly commits: number;
      readonly batchRows: number;
      readonly snapshotRows: number;
    }
  | { readonly kind: 'purge' }
  | { readonly kind: 'resync'; readonly table: number | null }
  | { readonly kind: 'vacuum' }
  /** The application makes a trigger that writes the same row, after those of capture. */
  | { readonly kind: 'trigger'; readonly table: number };

/** A few at a time, so that chunks end everywhere. */
const small = fc.integer({ min: 1, max: 4 });

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: transactionArbitrary.map((transaction) => ({ kind: 'write' as const, transaction })),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('replicate' as const),
      batchRows: small,
      snapshotRows: small,
      maxChanges: fc.option(small),
      atomic: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('crash' as const),
      commits: fc.nat(3),
      batchRows: small,
      snapshotRows: small,
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'purge' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('resync' as const), table: fc.option(fc.nat(2)) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'vacuum' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('trigger' as const), table: fc.nat(2) }) },
);

export interface Scenario {
  readonly schema: RandomSchema;
  /** What stands there before the pipeline. */
  readonly before: readonly RandomTransaction[];
  readonly steps: readonly Step[];
  /** The target's tables are made like the source's, unique indexes and references included; else by setup. */
  readonly alike: boolean;
  readonly journal: 'wal' | 'delete';
  /** Whether rows go straight from file to file or through this process. */
  readonly transport: 'attach' | 'rows';
}

export const scenarioArbitrary: fc.Arbitrary<Scenario> = fc.record({
  schema: schemaArbitrary,
  before: fc.array(transactionArbitrary, { maxLength: 4, size: 'max' }),
  steps: fc.array(stepArbitrary, { minLength: 4, maxLength: 16, size: 'max' }),
  alike: fc.boolean(),
  journal: fc.constantFrom<'wal' | 'delete'>('wal', 'delete'),
  transport: fc.constantFrom<'attach' | 'rows'>('attach', 'attach', 'rows'),
});

/** Plays a scenario in an empty folder and asserts that both sides are equal in the end. */
export async function playScenario(folder: string, scenario: Scenario): Promise<void> {
  const files = { source: join(folder, 'shop.db'), target: join(folder, 'warehouse.db') };
  const shop = new Database(files.source);
  shop.pragma(`journal_mode = ${scenario.journal}`);
  shop.pragma('foreign_keys = ON');
  for (const sql of [...tablesSql(scenario.schema), ...triggersSql(scenario.schema)]) shop.exec(sql);
  for (const transaction of scenario.before) runTransaction(shop, scenario.schema, transaction);
  if (scenario.alike) {
    const warehouse = new Database(files.target);
    for (const sql of tablesSql(scenario.schema)) warehouse.exec(sql);
    warehouse.close();
  }
  const urls = [`sqlite:${files.source}`, `sqlite:${files.target}`] as const;
  const change = scenario.transport === 'rows' ? { adapter: byRowsOnly(sqliteAdapter) } : {};
  let engine = engineOver(...urls, change);
  try {
    const names = scenario.schema.tables.map((table) => table.name);
    let { generation } = await setUp(await engine.pipeline(REF), specOf(names));
    let late = false;
    /** Some triggers can only be followed by a capture that knows them: then it must say so. */
    const orResync = async <T>(pipeline: Pipeline, work: () => Promise<T>): Promise<T> => {
      try {
        return await work();
      } catch (error) {
        if (!late || !isCdcError(error, 'CAPTURE_MISSING')) throw error;
        late = false;
        generation += 1;
        await pipeline.resync({ chain: CHAIN, generation, table: null });
        return work();
      }
    };
    for (const step of scenario.steps) {
      const pipeline = await engine.pipeline(REF);
      switch (step.kind) {
        case 'write':
          runTransaction(shop, scenario.schema, step.transaction);
          break;
        case 'replicate': {
          const { maxChanges, ...settings } = step;
          await orResync(pipeline, () => replicate(pipeline, generation, { settings, maxChanges }));
          break;
        }
        case 'crash':
          await orResync(pipeline, () => crash(pipeline, generation, step));
          await engine.close();
          engine = engineOver(...urls, change);
          break;
        case 'purge':
          await pipeline.markSynced({ retainMs: -60_000 });
          break;
        case 'resync': {
          const table = step.table === null ? null : (names[step.table % names.length] ?? null);
          generation += 1;
          await pipeline.resync({ chain: CHAIN, generation, table });
          break;
        }
        case 'vacuum':
          shop.exec('VACUUM');
          break;
        case 'trigger':
          shop.exec(lateTriggerSql(scenario.schema, step.table));
          late = true;
          break;
      }
    }
    const pipeline = await engine.pipeline(REF);
    const last = await orResync(pipeline, () =>
      replicate(pipeline, generation, { settings: { batchRows: 3, snapshotRows: 2 } }),
    );
    assert.deepEqual([last.caughtUp, last.backlog, last.snapshotting], [true, 0, 0]);
    const compared = scenario.schema.tables.map((table) => ({
      source: table.name,
      columns: [
        ...keyColumns(table),
        ...['v0', 'v1', 'parent'],
        ...(scenario.alike && table.generated !== 'none' ? ['made'] : []),
      ],
    }));
    assert.equal(differences(files.source, files.target, compared).join('\n'), '');
    const { equal, exact } = await pipeline.verify({});
    assert.deepEqual([equal, exact], [true, true], 'verify says the same');
    assert.ok(await pipeline.waitCaughtUp({ timeoutMs: 0 }), 'waiting for nothing ends at once');
  } finally {
    await engine.close();
    shop.close();
  }
}

/** The same adapter without a direct way from source to target. */
function byRowsOnly(adapter: Adapter): Adapter {
  return {
    ...adapter,
    async openTarget(options) {
      const target = await adapter.openTarget(options);
      return { ...target, direct: () => Promise.resolve(null) };
    },
  };
}

/** An attempt whose connections are closed under it. */
async function crash(
  pipeline: Pipeline,
  generation: number,
  { commits, batchRows, snapshotRows }: Extract<Step, { kind: 'crash' }>,
): Promise<void> {
  let left = commits;
  const lose = (): void => {
    if (left-- === 0) void pipeline.close();
  };
  const running = replicate(pipeline, generation, {
    settings: { batchRows, snapshotRows },
    onProgress: lose,
  });
  lose();
  await running.catch((error: unknown) => {
    if (!isCdcError(error, 'CONNECTION_LOST')) throw error;
  });
}
