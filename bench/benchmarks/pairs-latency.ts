/** From commit on each database to visible on each. */
import { startHelper, startProduct } from '../ground';
import { createItemsWith, openPairs, untilItemThere, withAnyClient } from '../ground/pairs';
import { median, percentile } from '../measuring';
import type { BenchmarkReport } from '../reporting';
import type { Benchmark } from './benchmark';
import { measureLatency, VISIBLE_WITHIN_MS, type LatencySizes } from './commit-to-visible';

const LIMITS = { p50: 10, p99: 60 } as const;

const FULL: LatencySizes = { perSecond: 100, seconds: 15, repetitions: 1, idleSamples: 0, warmUpSeconds: 3 };
const QUICK: LatencySizes = { ...FULL, seconds: 5 };

interface Measured {
  readonly name: string;
  readonly milliseconds: readonly number[];
}

export const pairsLatency: Benchmark = {
  name: 'pairs-latency',
  title: 'from commit to visible, between all databases',
  async run({ workspace, quick, say }) {
    const { pairs } = await openPairs(workspace);
    const product = await startProduct(
      workspace,
      pairs.map(({ plan }) => plan),
    );
    await product.restartWorker();
    const measured: Measured[] = [];
    for (const { plan, from, to } of pairs) {
      const { name, source, target } = plan;
      await withAnyClient(source, (client) => createItemsWith(client, source, 1));
      await product.start(name);
      await product.untilRunning(name);
      await untilItemThere(target, 1, VISIBLE_WITHIN_MS);
      const [writer, observer] = [
        startHelper(workspace, 'pair-writer'),
        startHelper(workspace, 'pair-observer'),
      ];
      const ground = {
        product,
        pipeline: name,
        writer,
        observer,
        source: { url: source },
        target: { url: target },
      };
      const { busy } = await measureLatency(ground, quick ? QUICK : FULL, (text) => say(`${name}: ${text}`));
      await product.stop(name);
      await Promise.all([writer.end(), observer.end()]);
      measured.push({ name: `${from} to ${to}`, milliseconds: busy.flat() });
    }
    return report(measured, quick ? QUICK : FULL);
  },
};

function report(measured: readonly Measured[], { perSecond, seconds }: LatencySizes): BenchmarkReport {
  const shares = [0.5, 0.9, 0.99, 1];
  return {
    name: pairsLatency.name,
    title: pairsLatency.title,
    method: [
      `${perSecond} transactions/s for ${seconds} s, pair after pair, each pipeline alone. Servers of their own, MySQL by its URL; dev server with its database file, worker process, default settings.`,
      "A process commits rows on the source and notes when each commit returned; another one looks at the target about once a millisecond and notes when the row is there; both read the machine's monotonic clock.",
    ],
    tables: [
      {
        title: 'milliseconds',
        columns: ['', 'p50', 'p90', 'p99', 'highest'],
        rows: measured.map(({ name, milliseconds }) => [
          name,
          ...shares.map((share) => percentile(milliseconds, share).toFixed(1)),
        ]),
      },
    ],
    bars: measured.flatMap(({ name, milliseconds }): BenchmarkReport['bars'] => [
      {
        what: `${name}: p50`,
        measured: median(milliseconds),
        limit: LIMITS.p50,
        sense: 'at most',
        unit: 'ms',
      },
      {
        what: `${name}: p99`,
        measured: percentile(milliseconds, 0.99),
        limit: LIMITS.p99,
        sense: 'at most',
        unit: 'ms',
      },
    ]),
    samples: { milliseconds: Object.fromEntries(measured.map((one) => [one.name, one.milliseconds])) },
  };
}
