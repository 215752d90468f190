/** How fast a backlog goes from PostgreSQL to PostgreSQL: the whole product and the server's own logical replication. */
import { historySince, startProduct, type Product } from '../ground';
import {
  createPostgresItems,
  CREATE_PG_ITEMS,
  requireSameItems,
  execute,
  PG_ITEMS,
  settleServer,
  startNativeReplication,
  startPostgres,
  untilItemVisible,
  writePostgresBacklog,
  type BacklogPlan,
  type PostgresServer,
} from '../ground/postgres';
import { median, ratios, rotated, stopwatch } from '../measuring';
import type { BenchmarkReport } from '../reporting';
import type { Benchmark } from './benchmark';

const CONTESTANTS = ['product', 'native'] as const;
type Contestant = (typeof CONTESTANTS)[number];

const TIMEOUT_MS = 300_000;

interface Sizes {
  readonly rows: number;
  readonly changes: number;
  readonly repetitions: number;
}

const FULL: Sizes = { rows: 100_000, changes: 1_200_000, repetitions: 3 };
const QUICK: Sizes = { rows: 10_000, changes: 60_000, repetitions: 1 };

/** Milliseconds, one per repetition. */
interface Samples {
  readonly product: number[];
  /** From the start of the activity that applies. */
  readonly round: number[];
  readonly native: number[];
}

/** One database of the same name on each server. */
interface Ground {
  readonly here: PostgresServer;
  readonly there: PostgresServer;
  readonly name: string;
  /** For scripts. */
  readonly folder: string;
  readonly backlog: BacklogPlan;
}

export const postgresCatchUp: Benchmark = {
  name: 'postgres-catch-up',
  title: 'catching up with a backlog, PostgreSQL to PostgreSQL',
  async run({ workspace, quick, say }) {
    const sizes = quick ? QUICK : FULL;
    const here = await startPostgres(workspace);
    // Its own replication shall not wait before it starts.
    const there = await startPostgres(workspace, { wal_retrieve_retry_interval: '100ms' });
    const folder = workspace.folder('backlog');
    const pipelines = Array.from({ length: sizes.repetitions }, (_, turn) => `catch_up_${turn + 1}`);
    const product = await startProduct(
      workspace,
      pipelines.map((name) => ({
        name,
        source: here.url(name),
        target: there.url(name),
        tables: [`public.${PG_ITEMS}`],
      })),
    );
    await product.restartWorker();
    const samples: Samples = { product: [], round: [], native: [] };
    for (const [turn, name] of pipelines.entries()) {
      const ground = (database: string): Ground => ({
        here,
        there,
        name: database,
        folder,
        backlog: { ...sizes, seed: turn + 1 },
      });
      const steps: Record<Contestant, () => Promise<void>> = {
        product: async () => runProduct(product, ground(name), samples),
        native: async () => runNative(ground(`native_${turn + 1}`), samples),
      };
      for (const contestant of rotated(CONTESTANTS, turn)) {
        say(`repetition ${turn + 1} of ${sizes.repetitions}: ${contestant}`);
        await steps[contestant]();
      }
      for (const server of [here, there]) {
        await execute(
          server.url('postgres'),
          `DROP DATABASE ${name} WITH (FORCE)`,
          `DROP DATABASE native_${turn + 1}`,
        );
      }
    }
    return report(samples, sizes);
  },
};

async function createBoth({
  here,
  there,
  name,
  backlog: { rows },
}: Ground): Promise<{ readonly source: string; readonly target: string }> {
  const [source, target] = [await here.createDatabase(name), await there.createDatabase(name)];
  await createPostgresItems(source, rows);
  await execute(target, CREATE_PG_ITEMS);
  return { source, target };
}

async function runProduct(product: Product, ground: Ground, samples: Samples): Promise<void> {
  const { here, name, folder, backlog } = ground;
  const { source, target } = await createBoth(ground);
  await product.start(name);
  await untilItemVisible(target, backlog.rows, TIMEOUT_MS);
  await product.untilRunning(name);
  await product.pause(name);
  const last = await writePostgresBacklog(here, folder, name, backlog);
  await settleServer(source, target);
  const asked = Date.now();
  const elapsed = stopwatch();
  await product.resume(name);
  await untilItemVisible(target, last, TIMEOUT_MS);
  const whole = elapsed();
  // Ends the round: an activity's start is written into the history with its end.
  await product.stop(name);
  const events = await historySince(product.temporal, name, asked);
  const start = events.find(({ started }) => started === 'applyBatch');
  if (start === undefined) throw new Error('The history has no start of applyBatch');
  await requireSameItems(source, target);
  samples.product.push(whole);
  samples.round.push(whole - (start.at - asked));
}

async function runNative(ground: Ground, samples: Samples): Promise<void> {
  const { here, name, folder, backlog } = ground;
  const { source, target } = await createBoth(ground);
  const native = await startNativeReplication(source, target, TIMEOUT_MS);
  await native.pause();
  const last = await writePostgresBacklog(here, folder, name, backlog);
  await settleServer(source, target);
  const elapsed = stopwatch();
  await native.resume();
  await untilItemVisible(target, last, TIMEOUT_MS);
  samples.native.push(elapsed());
  await requireSameItems(source, target);
  await native.end();
}

function report(samples: Samples, { rows, changes, repetitions }: Sizes): BenchmarkReport {
  const quotient = (times: readonly number[]): number => median(ratios(samples.native, times));
  const row = (what: string, times: readonly number[]): readonly string[] => [
    what,
    median(times).toFixed(0),
    (changes / median(times)).toFixed(0),
    quotient(times).toFixed(2),
  ];
  return {
    name: postgresCatchUp.name,
    title: postgresCatchUp.title,
    method: [
      `${changes} changes (30 inserts, 60 updates, 10 deletes in a hundred, each a statement, five to a transaction, rows chosen evenly among the living ones, the oldest deleted) of a table of eight columns that began with ${rows} rows, between two servers of their own with synchronous_commit and fsync as they are by default.`,
      'The product: dev server, worker process, workflow, paused while the backlog is written; from the call that resumes the pipeline until its last change is visible on the target, and the part of it from the start of the activity.',
      "PostgreSQL's own: publication and subscription, disabled while the backlog is written; from the statement that enables it until the last change is visible. The slot is made for the run, so that it decodes nothing else.",
      `${repetitions} repetitions in turning order, each on new databases of the same two servers, after VACUUM and CHECKPOINT; medians, quotients per repetition. After each run, source and target are compared by md5.`,
    ],
    tables: [
      {
        title: `${changes} changes`,
        columns: ['', 'ms', 'thousand changes/s', 'times native'],
        rows: [
          row('temporal-cdc, whole', samples.product),
          row('temporal-cdc, inside the round', samples.round),
          row('logical replication', samples.native),
        ],
      },
    ],
    bars: [
      {
        what: 'rate of the whole product / rate of logical replication',
        measured: quotient(samples.product),
        limit: 2,
        sense: 'at least',
        unit: '',
      },
    ],
    samples: { milliseconds: samples },
  };
}
