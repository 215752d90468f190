/** How much more memory a worker takes for a long backlog than for a short one. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  betweenFiles,
  createItems,
  fillItems,
  openDatabase,
  startProduct,
  untilRowVisible,
  writeBacklog,
  type PipelineFiles,
  type Product,
} from '../ground';
import { median, residentBytes, samplePeak } from '../measuring';
import type { BenchmarkReport } from '../reporting';
import type { Benchmark } from './benchmark';

const MEBIBYTE = 1024 * 1024;
const FIRST_ROWS = 1_000;
const TIMEOUT_MS = 300_000;

interface Sizes {
  readonly short: number;
  readonly long: number;
  readonly repetitions: number;
}

const FULL: Sizes = { short: 10_000, long: 2_000_000, repetitions: 3 };
const QUICK: Sizes = { short: 10_000, long: 200_000, repetitions: 1 };

/** MiB of resident memory of a worker: at rest, and the most while it caught up. */
interface Figure {
  readonly atRest: number;
  readonly peak: number;
}

interface Samples {
  readonly short: Figure[];
  readonly long: Figure[];
}

export const memory: Benchmark = {
  name: 'memory',
  title: "the worker's memory over a backlog",
  async run({ workspace, quick, say }) {
    const sizes = quick ? QUICK : FULL;
    const folder = workspace.folder('memory');
    const runs = Array.from({ length: sizes.repetitions }, (_, turn) =>
      (['short', 'long'] as const).map((length) => ({
        length,
        turn,
        name: `memory-${length}-${turn + 1}`,
        source: join(folder, `source-${length}-${turn + 1}.db`),
        target: join(folder, `target-${length}-${turn + 1}.db`),
      })),
    ).flat();
    const product = await startProduct(workspace, runs.map(betweenFiles));
    const samples: Samples = { short: [], long: [] };
    for (const run of runs) {
      say(`${sizes[run.length]} changes, repetition ${run.turn + 1} of ${sizes.repetitions}`);
      samples[run.length].push(await measure(product, run, sizes[run.length]));
    }
    return report(samples, sizes);
  },
};

async function measure(
  product: Product,
  { name, source, target }: PipelineFiles,
  changes: number,
): Promise<Figure> {
  const db = openDatabase(source);
  createItems(db);
  db.transaction(() => fillItems(db, 1, FIRST_ROWS))();
  await product.restartWorker();
  await product.start(name);
  await untilRowVisible(target, FIRST_ROWS, TIMEOUT_MS);
  await product.pause(name);
  const last = writeBacklog(db, changes, changes);
  db.close();

  // A worker that has done nothing yet, given the time to come to rest after its start.
  const pid = await product.restartWorker();
  await sleep(2_000);
  const atRest = residentBytes(pid) / MEBIBYTE;
  const sampler = samplePeak(pid);
  await product.resume(name);
  await untilRowVisible(target, last, TIMEOUT_MS);
  // The source is told beside the next round.
  await sleep(1_000);
  const peak = sampler.stop() / MEBIBYTE;
  await product.stop(name);
  return { atRest, peak };
}

function report(samples: Samples, sizes: Sizes): BenchmarkReport {
  const growth = samples.long.map(({ peak }, index) => peak - (samples.short[index]?.peak ?? Number.NaN));
  const row = (changes: number, figures: readonly Figure[]): readonly string[] => [
    `${changes} changes`,
    median(figures.map(({ atRest }) => atRest)).toFixed(0),
    median(figures.map(({ peak }) => peak)).toFixed(0),
  ];
  return {
    name: memory.name,
    title: memory.title,
    method: [
      'A new worker process for each figure; the pipeline waits paused behind its backlog, is resumed and catches up. The resident memory of the worker is read every 20 ms, until a second after it has caught up.',
      `${sizes.repetitions} repetitions, short and long in turn; the growth is the difference of the peaks of a repetition; medians.`,
    ],
    tables: [
      {
        title: 'resident memory of the worker, MiB',
        columns: ['backlog', 'at rest', 'peak'],
        rows: [row(sizes.short, samples.short), row(sizes.long, samples.long)],
      },
    ],
    bars: [
      {
        what: `growth from ${sizes.short} to ${sizes.long} changes`,
        measured: (median(growth) * MEBIBYTE) / 1e6,
        limit: 100,
        sense: 'at most',
        unit: 'MB',
      },
    ],
    samples: { mebibytes: samples },
  };
}
