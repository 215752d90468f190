/** How fast a backlog is applied, by the whole product and by a plain loop. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { LoopReading, LoopRun } from '../baselines';
import {
  betweenFiles,
  copyDatabase,
  createItems,
  fillItems,
  historySince,
  ITEM_COLUMNS,
  ITEMS,
  openDatabase,
  requireEqual,
  startHelper,
  startProduct,
  untilRowVisible,
  writeBacklog,
  type PipelineFiles,
  type Product,
} from '../ground';
import { median, ratios, rotated, stopwatch } from '../measuring';
import type { BenchmarkReport } from '../reporting';
import type { Benchmark, BenchmarkOptions } from './benchmark';

const CONTESTANTS = ['temporal-cdc', 'objects', 'arrays'] as const;
type Contestant = (typeof CONTESTANTS)[number];

/** Replicated before the backlog is written. */
const FIRST_ROWS = 1_000;
const LOOP_BATCH = 50_000;
const TIMEOUT_MS = 120_000;

interface Sizes {
  readonly changes: number;
  readonly repetitions: number;
}

/** Milliseconds, one per repetition. */
interface Samples {
  readonly product: number[];
  /** From the start of the activity that applies. */
  readonly round: number[];
  readonly objects: number[];
  readonly arrays: number[];
}

export const catchUp: Benchmark = {
  name: 'catch-up',
  title: 'catching up with a backlog, SQLite to SQLite',
  async run(options) {
    const sizes: Sizes = options.quick
      ? { changes: 60_000, repetitions: 1 }
      : { changes: 600_000, repetitions: 5 };
    const folder = options.workspace.folder('catch-up');
    const pipelines = Array.from({ length: sizes.repetitions }, (_, turn) => ({
      name: `catch-up-${turn + 1}`,
      source: join(folder, `source-${turn + 1}.db`),
      target: join(folder, `target-${turn + 1}.db`),
    }));
    const product = await startProduct(options.workspace, pipelines.map(betweenFiles));
    await product.restartWorker();
    const samples: Samples = { product: [], round: [], objects: [], arrays: [] };
    for (const [turn, pipeline] of pipelines.entries()) {
      options.say(`repetition ${turn + 1} of ${sizes.repetitions}`);
      await repetition(options, product, pipeline, sizes.changes, turn, samples);
    }
    return report(samples, sizes);
  },
};

async function repetition(
  { workspace }: BenchmarkOptions,
  product: Product,
  pipeline: PipelineFiles,
  changes: number,
  turn: number,
  samples: Samples,
): Promise<void> {
  const { after, last } = await pausedWithBacklog(product, pipeline, changes, turn);
  const copies = { objects: copyOf(pipeline, 'objects'), arrays: copyOf(pipeline, 'arrays') };
  copyDatabase(pipeline.source, [copies.objects.source, copies.arrays.source]);
  copyDatabase(pipeline.target, [copies.objects.target, copies.arrays.target]);

  const runLoop = async (reading: LoopReading): Promise<number> => {
    const loop = startHelper(workspace, 'javascript-loop');
    const run: LoopRun = {
      ...copies[reading],
      changeTable: `cdc_changes_${ITEMS}`,
      table: ITEMS,
      columns: ITEM_COLUMNS,
      after,
      batch: LOOP_BATCH,
      reading,
    };
    const result = await loop.request(run, z.object({ changes: z.number(), milliseconds: z.number() }));
    await loop.end();
    if (result.changes !== changes) throw new Error(`The loop saw ${result.changes} of ${changes} changes`);
    requireEqual(copies[reading].source, copies[reading].target);
    return result.milliseconds;
  };
  const steps: Record<Contestant, () => Promise<void>> = {
    'temporal-cdc': async () => {
      const times = await runProduct(product, pipeline, last);
      samples.product.push(times.whole);
      samples.round.push(times.round);
    },
    objects: async () => void samples.objects.push(await runLoop('objects')),
    arrays: async () => void samples.arrays.push(await runLoop('arrays')),
  };
  for (const contestant of rotated(CONTESTANTS, turn)) await steps[contestant]();
  for (const files of [pipeline, copies.objects, copies.arrays]) {
    for (const file of [files.source, files.target]) {
      for (const part of ['', '-wal', '-shm']) rmSync(file + part, { force: true });
    }
  }
}

function copyOf({ source, target }: PipelineFiles, name: string): { source: string; target: string } {
  return { source: `${source}-${name}`, target: `${target}-${name}` };
}

/** A pipeline that has run and is paused, with a backlog behind it. */
async function pausedWithBacklog(
  product: Product,
  { name, source, target }: PipelineFiles,
  changes: number,
  seed: number,
): Promise<{ readonly after: number; readonly last: number }> {
  const db = openDatabase(source);
  try {
    createItems(db);
    db.transaction(() => fillItems(db, 1, FIRST_ROWS))();
    await product.start(name);
    await untilRowVisible(target, FIRST_ROWS, TIMEOUT_MS);
    await product.pause(name);
    const newest = db.prepare<[], number>(`SELECT coalesce(max(id), 0) FROM cdc_changes_${ITEMS}`).pluck();
    const after = newest.get() ?? 0;
    return { after, last: writeBacklog(db, changes, seed) };
  } finally {
    db.close();
  }
}

async function runProduct(
  product: Product,
  { name, source, target }: PipelineFiles,
  last: number,
): Promise<{ readonly whole: number; readonly round: number }> {
  const asked = Date.now();
  const elapsed = stopwatch();
  await product.resume(name);
  await untilRowVisible(target, last, TIMEOUT_MS);
  const whole = elapsed();
  // Ends the round: an activity's start is written into the history with its end.
  await product.stop(name);
  const events = await historySince(product.temporal, name, asked);
  const start = events.find(({ started }) => started === 'applyBatch');
  if (start === undefined) throw new Error('The history has no start of applyBatch');
  requireEqual(source, target);
  return { whole, round: whole - (start.at - asked) };
}

function report(samples: Samples, { changes, repetitions }: Sizes): BenchmarkReport {
  const quotient = (times: readonly number[], loop: readonly number[]): number => median(ratios(loop, times));
  const row = (what: string, times: readonly number[]): readonly string[] => [
    what,
    median(times).toFixed(0),
    (changes / median(times)).toFixed(0),
    quotient(times, samples.objects).toFixed(2),
    quotient(times, samples.arrays).toFixed(2),
  ];
  return {
    name: catchUp.name,
    title: catchUp.title,
    method: [
      `${changes} captured changes (30 inserts, 60 updates, 10 deletes in a hundred, rows chosen evenly, 1,000 changes a transaction) of a table of five columns wait behind a paused pipeline.`,
      'The product: dev server, worker process, workflow; from the call that resumes the pipeline until its last change is visible on the target, and the part of it from the start of the activity.',
      'The loops: same driver, a process of their own, copies of the same two databases, net per 50,000 changes in a Map, prepared upserts and deletes by key, one transaction per 50,000; WAL, synchronous NORMAL, foreign_keys OFF as the product; only the loop itself is timed. The first reads rows as objects (SELECT *), the second only needed columns as arrays.',
      `${repetitions} repetitions in turning order, each on new databases; medians, quotients per repetition. After each run, source and target are compared.`,
    ],
    tables: [
      {
        title: `${changes} changes`,
        columns: ['', 'ms', 'thousand changes/s', 'times the loop', 'times the tuned loop'],
        rows: [
          row('temporal-cdc, whole', samples.product),
          row('temporal-cdc, inside the round', samples.round),
          row('JavaScript loop', samples.objects),
          row('JavaScript loop, tuned (arrays)', samples.arrays),
        ],
      },
    ],
    bars: [
      {
        what: 'rate of the whole product / rate of the JavaScript loop',
        measured: quotient(samples.product, samples.objects),
        limit: 1.5,
        sense: 'at least',
        unit: '',
      },
      {
        what: 'rate of the whole product',
        measured: changes / median(samples.product),
        limit: 200,
        sense: 'at least',
        unit: 'thousand changes/s',
      },
    ],
    samples: { milliseconds: samples },
  };
}
