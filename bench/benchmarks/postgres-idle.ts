/** What a pipeline costs while nothing, or nothing of its own, is written on its PostgreSQL source. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { startHelper, startProduct, type PipelinePlan, type Product } from '../ground';
import {
  createPostgresItems,
  execute,
  measureLoad,
  PG_ITEMS,
  runPgbench,
  startPostgres,
  totalLoad,
  untilItemVisible,
  type Load,
  type PostgresServer,
} from '../ground/postgres';
import { median, percentile } from '../measuring';
import type { BenchmarkReport } from '../reporting';
import type { Benchmark, BenchmarkOptions } from './benchmark';

const TABLES = [1, 50, 1000] as const;
/** Beside the tables of this pipeline another one is written. */
const BUSY_TABLES = 50;
const OTHER_RATE = 1000;
const OWN_RATE = 20;
/** More than a round: what setup has set in motion has come to rest. */
const SETTLE_MS = 15_000;
const TIMEOUT_MS = 300_000;

interface Sizes {
  readonly seconds: number;
  readonly repetitions: number;
}

const FULL: Sizes = { seconds: 20, repetitions: 3 };
const QUICK: Sizes = { seconds: 3, repetitions: 1 };

const stamps = z.array(z.tuple([z.number(), z.number()]));

interface Samples {
  readonly idle: Record<(typeof TABLES)[number], Load[]>;
  /** While the other table is written. */
  readonly busy: Load[];
  /** Milliseconds of changes of the pipeline's own meanwhile. */
  readonly latency: (readonly number[])[];
}

export const postgresIdle: Benchmark = {
  name: 'postgres-idle',
  title: 'a PostgreSQL source on which nothing of the pipeline is written',
  async run(options) {
    const { workspace, quick, say } = options;
    const sizes = quick ? QUICK : FULL;
    const [here, there] = [await startPostgres(workspace), await startPostgres(workspace)];
    const plans = TABLES.map((count): PipelinePlan => ({
      name: `idle_${count}`,
      source: here.url(`idle_${count}`),
      target: there.url(`idle_${count}`),
      tables: [`public.${PG_ITEMS}`, ...(count > 1 ? ['public.t_*'] : [])],
    }));
    const product = await startProduct(workspace, plans);
    const worker = await product.restartWorker();
    const samples: Samples = { idle: { 1: [], 50: [], 1000: [] }, busy: [], latency: [] };
    for (const [index, count] of TABLES.entries()) {
      const plan = plans[index];
      if (plan === undefined) continue;
      say(`${count} table(s): setup`);
      await prepare(here, there, product, plan, count);
      await sleep(quick ? 3_000 : SETTLE_MS);
      for (let turn = 0; turn < sizes.repetitions; turn++) {
        say(`${count} table(s), repetition ${turn + 1} of ${sizes.repetitions}`);
        samples.idle[count].push(await measureLoad(worker, plan.source, plan.target, sizes.seconds));
      }
      if (count === BUSY_TABLES) await measureBusy(options, here, plan, worker, sizes, samples);
      await product.stop(plan.name);
    }
    return report(samples, sizes);
  },
};

async function prepare(
  here: PostgresServer,
  there: PostgresServer,
  product: Product,
  { name, source, target }: PipelinePlan,
  count: number,
): Promise<void> {
  await here.createDatabase(name);
  await there.createDatabase(name);
  await createPostgresItems(source, 1);
  await execute(source, 'CREATE TABLE others (id bigserial PRIMARY KEY, at timestamptz DEFAULT now())');
  const more = Array.from(
    { length: count - 1 },
    (_, index) => `CREATE TABLE t_${index + 1} (id bigint PRIMARY KEY, name text, quantity integer)`,
  );
  await execute(source, ...more);
  await product.start(name);
  await untilItemVisible(target, 1, TIMEOUT_MS);
  await product.untilRunning(name);
}

async function measureBusy(
  { workspace, say }: BenchmarkOptions,
  here: PostgresServer,
  { name, source, target }: PipelinePlan,
  worker: number,
  { seconds, repetitions }: Sizes,
  samples: Samples,
): Promise<void> {
  const folder = workspace.folder('pgbench');
  const writer = startHelper(workspace, 'postgres-writer');
  const observer = startHelper(workspace, 'postgres-observer');
  const script = { name: 'others', weight: 1, text: 'INSERT INTO others DEFAULT VALUES;\n' };
  const during = async <T>(work: () => Promise<T>): Promise<T> => {
    const run = { database: name, clients: 4, limit: { seconds: seconds + 2 }, seed: 1, rate: OTHER_RATE };
    const writing = runPgbench(here, folder, [script], run);
    await sleep(1_000);
    const result = await work();
    await writing;
    return result;
  };
  for (let turn = 0; turn < repetitions; turn++) {
    say(`another table is written, repetition ${turn + 1} of ${repetitions}`);
    samples.busy.push(await during(() => measureLoad(worker, source, target, seconds)));
    const [first, count] = [2 + turn * OWN_RATE * seconds, OWN_RATE * seconds];
    samples.latency.push(
      await during(async () => {
        const look = { url: target, after: first - 1, count, timeoutMs: TIMEOUT_MS };
        const watching = observer.request(look, stamps);
        const write = { url: source, first, count, everyMs: 1000 / OWN_RATE };
        const committed = await writer.request(write, stamps);
        const seen = new Map(await watching);
        return committed.map(([id, at]) => ((seen.get(id) ?? Infinity) - at) / 1000);
      }),
    );
  }
  await Promise.all([writer.end(), observer.end()]);
}

function report(samples: Samples, { seconds, repetitions }: Sizes): BenchmarkReport {
  const middle = (loads: readonly Load[], of: (load: Load) => number): number => median(loads.map(of));
  const row = (what: string, loads: readonly Load[]): readonly string[] => [
    what,
    ...[
      totalLoad,
      ...(['worker', 'source', 'target'] as const).map((side) => (load: Load) => load[side]),
    ].map((of) => middle(loads, of).toFixed(2)),
  ];
  const shares = [0.5, 0.99] as const;
  const latency = (share: number): number => median(samples.latency.map((run) => percentile(run, share)));
  return {
    name: postgresIdle.name,
    title: postgresIdle.title,
    method: [
      `One pipeline at a time between two servers of their own, with 1, 50 and 1,000 captured tables; ${seconds} s, ${repetitions} times, after it has come to rest. Processor time of the worker process and of the servers' processes that serve it, from /proc; medians.`,
      `Another table: one that is not captured is written at ${OTHER_RATE} transactions/s in the database of the pipeline with ${BUSY_TABLES} tables; then again, with ${OWN_RATE} changes a second to a captured one, for the time from commit to visible.`,
    ],
    tables: [
      {
        title: 'percent of one core',
        columns: ['', 'together', 'worker', 'source', 'target'],
        rows: [
          ...TABLES.map((count) => row(`idle, ${count} table(s)`, samples.idle[count])),
          row(`another table at ${OTHER_RATE} transactions/s, ${BUSY_TABLES} tables`, samples.busy),
        ],
      },
      {
        title: `milliseconds from commit to visible while another table is written at ${OTHER_RATE} transactions/s`,
        columns: ['', 'p50', 'p99'],
        rows: [[`${OWN_RATE} changes/s`, ...shares.map((share) => latency(share).toFixed(1))]],
      },
    ],
    bars: [
      ...TABLES.map((count) => ({
        what: `idle, ${count} table(s)`,
        measured: middle(samples.idle[count], totalLoad),
        limit: 1,
        sense: 'at most' as const,
        unit: '% of a core',
      })),
      {
        what: 'another table is written',
        measured: middle(samples.busy, totalLoad),
        limit: 5,
        sense: 'at most',
        unit: '% of a core',
      },
      {
        what: 'p50 of changes meanwhile',
        measured: latency(0.5),
        limit: 50,
        sense: 'at most',
        unit: 'ms',
      },
    ],
    samples: { samples },
  };
}
