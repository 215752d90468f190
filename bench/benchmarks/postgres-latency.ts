/** From commit on a PostgreSQL source to visible on a PostgreSQL target. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { runningActivities, startHelper, startProduct, type Helper, type Product } from '../ground';
import { createPostgresItems, PG_ITEMS, startPostgres, untilItemVisible } from '../ground/postgres';
import { median, percentile } from '../measuring';
import type { BenchmarkReport } from '../reporting';
import type { Benchmark } from './benchmark';

const NAME = 'latency';
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

const FULL: Sizes = { perSecond: 100, seconds: 20, repetitions: 5, idleSamples: 10 };
const QUICK: Sizes = { perSecond: 100, seconds: 5, repetitions: 1, idleSamples: 1 };

const stamps = z.array(z.tuple([z.number(), z.number()]));

/** What measures: the application that writes and the reader that looks, in processes of their own. */
interface Instruments {
  readonly source: string;
  readonly target: string;
  readonly writer: Helper;
  readonly observer: Helper;
  /** The id that the next row gets. */
  next: number;
}

export const postgresLatency: Benchmark = {
  name: 'postgres-latency',
  title: 'from commit to visible, PostgreSQL to PostgreSQL',
  async run({ workspace, quick, say }) {
    const sizes = quick ? QUICK : FULL;
    const [here, there] = [await startPostgres(workspace), await startPostgres(workspace)];
    const [source, target] = [await here.createDatabase(NAME), await there.createDatabase(NAME)];
    await createPostgresItems(source, 1);
    const product = await startProduct(workspace, [
      { name: NAME, source, target, tables: [`public.${PG_ITEMS}`] },
    ]);
    await product.restartWorker();
    await product.start(NAME);
    await untilItemVisible(target, 1, TIMEOUT_MS);
    const instruments: Instruments = {
      source,
      target,
      writer: startHelper(workspace, 'postgres-writer'),
      observer: startHelper(workspace, 'postgres-observer'),
      next: 2,
    };
    say('warming up');
    await measure(instruments, sizes.perSecond * 3, 1000 / sizes.perSecond);
    const busy: (readonly number[])[] = [];
    for (let turn = 0; turn < sizes.repetitions; turn++) {
      say(`${sizes.perSecond} transactions/s, repetition ${turn + 1} of ${sizes.repetitions}`);
      busy.push(await measure(instruments, sizes.perSecond * sizes.seconds, 1000 / sizes.perSecond));
    }
    const idle: number[] = [];
    for (let turn = 0; turn < sizes.idleSamples; turn++) {
      say(`from idle, ${turn + 1} of ${sizes.idleSamples}`);
      await untilLongPoll(product);
      idle.push(...(await measure(instruments, 1, 0)));
    }
    return report(busy, idle, sizes);
  },
};

/** Milliseconds of `count` changes, in the order of their commits. */
async function measure(instruments: Instruments, count: number, everyMs: number): Promise<readonly number[]> {
  const { source, target, writer, observer, next } = instruments;
  instruments.next += count;
  const timeoutMs = count * everyMs + TIMEOUT_MS;
  const watching = observer.request({ url: target, after: next - 1, count, timeoutMs }, stamps);
  // The observer shall be looking before the first commit.
  await sleep(200);
  const committed = await writer.request({ url: source, first: next, count, everyMs }, stamps);
  const seen = new Map(await watching);
  return committed.map(([id, at]) => {
    const visible = seen.get(id);
    if (visible === undefined) throw new Error('A change did not reach the target in time');
    return Math.max(0, visible - at) / 1000;
  });
}

async function untilLongPoll({ temporal }: Product): Promise<void> {
  await sleep(IDLE_BEFORE_MS);
  for (;;) {
    const running = await runningActivities(temporal, NAME);
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
    name: postgresLatency.name,
    title: postgresLatency.title,
    method: [
      "Two servers of their own, dev server with its database file, worker process, default settings. A process commits rows on the source and notes when each commit returned; another one looks at the target about once a millisecond and notes when the row is there; both read the machine's monotonic clock.",
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
      bar(`p50 at ${rate}`, middle(0.5), 8),
      bar(`p99 at ${rate}`, middle(0.99), 50),
      bar('p50 from idle', median(idle), 40),
    ],
    samples: { milliseconds: { busy, idle } },
  };
}
