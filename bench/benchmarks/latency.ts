/** From commit on the source to visible on the target. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import {
  betweenFiles,
  createItems,
  fillItems,
  openDatabase,
  runningActivities,
  startHelper,
  startProduct,
  untilRowVisible,
  type Helper,
  type PipelineFiles,
  type Product,
} from '../ground';
import { median, percentile } from '../measuring';
import type { BenchmarkReport } from '../reporting';
import type { Benchmark } from './benchmark';

/** A round lingers ten seconds: after this long without a change the long poll has it. */
const IDLE_BEFORE_MS = 12_000;
const LONG_POLL = 'fetchPending';
const TIMEOUT_MS = 60_000;

interface Sizes {
  readonly perSecond: number;
  readonly seconds: number;
  readonly repetitions: number;
  readonly idleSamples: number;
}

const FULL: Sizes = { perSecond: 100, seconds: 20, repetitions: 5, idleSamples: 12 };
const QUICK: Sizes = { perSecond: 100, seconds: 5, repetitions: 1, idleSamples: 2 };

const stamps = z.array(z.tuple([z.number(), z.number()]));

/** What measures: the application that writes and the reader that looks, in processes of their own. */
interface Instruments {
  readonly pipeline: PipelineFiles;
  readonly writer: Helper;
  readonly observer: Helper;
  /** The id that the next row gets. */
  next: number;
}

export const latency: Benchmark = {
  name: 'latency',
  title: 'from commit on the source to visible on the target',
  async run({ workspace, quick, say }) {
    const sizes = quick ? QUICK : FULL;
    const folder = workspace.folder('latency');
    const pipeline = {
      name: 'latency',
      source: join(folder, 'source.db'),
      target: join(folder, 'target.db'),
    };
    const db = openDatabase(pipeline.source);
    createItems(db);
    fillItems(db, 1, 1);
    const product = await startProduct(workspace, [betweenFiles(pipeline)]);
    await product.restartWorker();
    await product.start(pipeline.name);
    await untilRowVisible(pipeline.target, 1, TIMEOUT_MS);
    db.close();
    const instruments: Instruments = {
      pipeline,
      writer: startHelper(workspace, 'writer'),
      observer: startHelper(workspace, 'observer'),
      next: 2,
    };
    say('warming up');
    await measure(instruments, sizes.perSecond * 2, 1000 / sizes.perSecond);
    const busy: (readonly number[])[] = [];
    for (let turn = 0; turn < sizes.repetitions; turn++) {
      say(`${sizes.perSecond} transactions/s, repetition ${turn + 1} of ${sizes.repetitions}`);
      busy.push(await measure(instruments, sizes.perSecond * sizes.seconds, 1000 / sizes.perSecond));
    }
    const idle: number[] = [];
    for (let turn = 0; turn < sizes.idleSamples; turn++) {
      say(`from idle, ${turn + 1} of ${sizes.idleSamples}`);
      await untilLongPoll(product, pipeline.name);
      idle.push(...(await measure(instruments, 1, 0)));
    }
    return report(busy, idle, sizes);
  },
};

/** Milliseconds of `count` changes, in the order of their commits. */
async function measure(instruments: Instruments, count: number, everyMs: number): Promise<readonly number[]> {
  const { pipeline, writer, observer, next } = instruments;
  instruments.next += count;
  const timeoutMs = count * everyMs + TIMEOUT_MS;
  const watching = observer.request({ file: pipeline.target, after: next - 1, count, timeoutMs }, stamps);
  // The observer shall be looking before the first commit.
  await sleep(200);
  const committed = await writer.request({ file: pipeline.source, first: next, count, everyMs }, stamps);
  const seen = new Map(await watching);
  return committed.map(([id, at]) => {
    const visible = seen.get(id);
    if (visible === undefined) throw new Error('A change did not reach the target in time');
    return Math.max(0, visible - at) / 1000;
  });
}

async function untilLongPoll({ temporal }: Product, pipeline: string): Promise<void> {
  await sleep(IDLE_BEFORE_MS);
  for (;;) {
    const running = await runningActivities(temporal, pipeline);
    if (running.length === 1 && running[0] === LONG_POLL) break;
    await sleep(200);
  }
  // Asking the server is work for it: let it come to rest.
  await sleep(1_000);
}

function report(
  busy: readonly (readonly number[])[],
  idle: readonly number[],
  sizes: Sizes,
): BenchmarkReport {
  const middle = (share: number): number => median(busy.map((run) => percentile(run, share)));
  const rate = `${sizes.perSecond} transactions/s`;
  const shares = [0.5, 0.9, 0.99, 1];
  const bar = (what: string, measured: number, limit: number): BenchmarkReport['bars'][number] => ({
    what,
    measured,
    limit,
    sense: 'at most',
    unit: 'ms',
  });
  return {
    name: latency.name,
    title: latency.title,
    method: [
      "A process commits rows on the source and notes when each commit returned; another one looks at the target four times a millisecond and notes when the row is there; both read the machine's monotonic clock. Dev server with its database file, worker process, default settings.",
      `${rate} for ${sizes.seconds} s, ${sizes.repetitions} times; each percentile is the median of the repetitions'.`,
      `From idle: ${sizes.idleSamples} single changes, each at least ${IDLE_BEFORE_MS / 1000} s after the one before and while the long poll alone is running.`,
    ],
    tables: [
      {
        title: 'milliseconds',
        columns: ['', 'p50', 'p90', 'p99', 'highest'],
        rows: [
          [rate, ...shares.map((share) => middle(share).toFixed(1))],
          ['from idle', ...shares.map((share) => percentile(idle, share).toFixed(1))],
        ],
      },
    ],
    bars: [
      bar(`p50 at ${rate}`, middle(0.5), 10),
      bar(`p99 at ${rate}`, middle(0.99), 60),
      bar('p50 from idle', median(idle), 40),
    ],
    samples: { milliseconds: { busy, idle } },
  };
}
