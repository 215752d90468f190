/** How fast a backlog goes from each database to each, through the whole product, and what the target can do at all. */
import { startProduct, type Product } from '../ground';
import {
  createItemsWith,
  openPairs,
  replicateMariadb,
  requireSameSums,
  timePlainUpserts,
  untilItemThere,
  withAnyClient,
  writePairBacklog,
  type Family,
  type Pair,
  type PairBacklog,
  type PairSides,
} from '../ground/pairs';
import { stopwatch } from '../measuring';
import type { BenchmarkReport } from '../reporting';
import type { Benchmark } from './benchmark';

const TIMEOUT_MS = 300_000;
/** Changes a second that every pair shall do, unless its target can do less. */
const LEAST_RATE = 40_000;
const SHARE_OF_BOUND = 0.8;

interface Sizes {
  readonly rows: number;
  readonly changes: number;
}

const FULL: Sizes = { rows: 50_000, changes: 300_000 };
const QUICK: Sizes = { rows: 5_000, changes: 30_000 };

/** Changes (or rows) a second. */
interface Rates {
  readonly pairs: readonly { readonly pair: Pair; readonly rate: number }[];
  /** Plain upserts, by the target's family. */
  readonly bounds: ReadonlyMap<Family, number>;
  /** MariaDB's own replication; null where that pair was not asked for. */
  readonly native: number | null;
}

export const pairsCatchUp: Benchmark = {
  name: 'pairs-catch-up',
  title: 'catching up with a backlog, between all databases',
  async run({ workspace, quick, say }) {
    const sizes = quick ? QUICK : FULL;
    const sides = await openPairs(workspace);
    const product = await startProduct(
      workspace,
      sides.pairs.map(({ plan }) => plan),
    );
    await product.restartWorker();
    const pairs: { pair: Pair; rate: number }[] = [];
    let native: number | null = null;
    for (const pair of sides.pairs) {
      say(pair.plan.name);
      const took = await runPair(product, pair, { ...sizes, seed: 1 });
      const rate = perSecond(sizes.changes, took);
      say(`${pair.plan.name}: ${rate.toFixed(0)} changes/s`);
      pairs.push({ pair, rate });
      if (pair.from === 'mariadb' && pair.to === 'mariadb') {
        say("MariaDB's own replication");
        native = perSecond(sizes.changes, await runNative(sides, { ...sizes, seed: 1 }));
      }
    }
    const bounds = new Map<Family, number>();
    for (const family of ['mariadb', 'mysql'] as const) {
      if (!pairs.some(({ pair }) => pair.to === family)) continue;
      say(`plain upserts into ${family}`);
      const took = await timePlainUpserts(
        await sides.createDatabase(family, 'target', 'bound'),
        sizes.changes,
      );
      bounds.set(family, perSecond(sizes.changes, took));
    }
    return report({ pairs, bounds, native }, sizes);
  },
};

function perSecond(count: number, milliseconds: number): number {
  return (1000 * count) / milliseconds;
}

async function runPair(product: Product, { plan }: Pair, backlog: PairBacklog): Promise<number> {
  const { name, source, target } = plan;
  const last = await withAnyClient(source, async (client) => {
    await createItemsWith(client, source, backlog.rows);
    await product.start(name);
    await product.untilRunning(name);
    await untilItemThere(target, backlog.rows, TIMEOUT_MS);
    await product.pause(name);
    return writePairBacklog(client, backlog);
  });
  const elapsed = stopwatch();
  await product.resume(name);
  await untilItemThere(target, last, TIMEOUT_MS);
  const took = elapsed();
  await product.stop(name);
  await requireSameSums(source, target);
  return took;
}

async function runNative({ mariadb }: PairSides, backlog: PairBacklog): Promise<number> {
  const [here, there] = mariadb;
  const [source, replica] = [here.url('bench_native'), there.url('bench_native')];
  for (const [server, url] of [
    [here, source],
    [there, replica],
  ] as const) {
    await withAnyClient(server.url(''), (client) => client.run('CREATE DATABASE bench_native'));
    await withAnyClient(url, (client) => createItemsWith(client, url, backlog.rows));
  }
  const replication = await replicateMariadb(here, there);
  const last = await withAnyClient(source, (client) => writePairBacklog(client, backlog));
  const elapsed = stopwatch();
  await replication.resume();
  await untilItemThere(replica, last, TIMEOUT_MS);
  const took = elapsed();
  await replication.pause();
  await requireSameSums(source, replica);
  return took;
}

function report({ pairs, bounds, native }: Rates, { rows, changes }: Sizes): BenchmarkReport {
  const bound = ({ to }: Pair): number => bounds.get(to) ?? Infinity;
  const bars = pairs.map(({ pair, rate }): BenchmarkReport['bars'][number] => {
    const name = `${pair.from} to ${pair.to}`;
    if (native !== null && pair.from === 'mariadb' && pair.to === 'mariadb') {
      const what = `${name}: rate / rate of MariaDB's own replication`;
      return { what, measured: rate / native, limit: 1, sense: 'at least', unit: '' };
    }
    const limit = Math.min(LEAST_RATE, SHARE_OF_BOUND * bound(pair));
    return { what: `${name}: rate`, measured: rate, limit, sense: 'at least', unit: 'changes/s' };
  });
  return {
    name: pairsCatchUp.name,
    title: pairsCatchUp.title,
    method: [
      `${changes} changes (30 inserts, 60 updates, 10 deletes in a hundred, each a statement, five to a transaction, rows chosen evenly among the living ones, the oldest deleted) of a table of eight columns that began with ${rows} rows. Servers of their own with their durability as it is by default, MySQL by its URL.`,
      'The product: dev server, worker process, workflow, paused while the backlog is written; from the call that resumes the pipeline until its last change is visible on the target.',
      "MariaDB's own replication: binary log of rows, by file and position, both threads of the replica stopped while the same backlog is written; from START SLAVE until the last change is visible.",
      `The bound of a target: statements of 1,000 rows, INSERT … ON DUPLICATE KEY UPDATE, ${changes} rows of which half are there, one connection. A pair shall do ${LEAST_RATE} changes/s, or ${SHARE_OF_BOUND} of its target's bound where that is less.`,
      'After each run, counts and sums of source and target are compared.',
    ],
    tables: [
      {
        title: 'changes/s',
        columns: ['from', 'to', 'temporal-cdc', 'plain upserts', 'own replication'],
        rows: pairs.map(({ pair, rate }) => [
          pair.from,
          pair.to,
          rate.toFixed(0),
          bounds.get(pair.to)?.toFixed(0) ?? '',
          native !== null && pair.from === 'mariadb' && pair.to === 'mariadb' ? native.toFixed(0) : '',
        ]),
      },
    ],
    bars,
    samples: {
      'changes/s': {
        pairs: pairs.map(({ pair, rate }) => ({ name: pair.plan.name, rate })),
        bounds: Object.fromEntries(bounds),
        native,
      },
    },
  };
}
