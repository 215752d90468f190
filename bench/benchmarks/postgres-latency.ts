/** From commit on a PostgreSQL source to visible on a PostgreSQL target. */
import { startHelper, startProduct } from '../ground';
import { createPostgresItems, PG_ITEMS, startPostgres, untilItemVisible } from '../ground/postgres';
import type { Benchmark } from './benchmark';
import { latencyReport, measureLatency, VISIBLE_WITHIN_MS, type LatencySizes } from './commit-to-visible';

const NAME = 'latency';

const FULL: LatencySizes = { perSecond: 100, seconds: 20, repetitions: 5, idleSamples: 10, warmUpSeconds: 3 };
const QUICK: LatencySizes = { perSecond: 100, seconds: 5, repetitions: 1, idleSamples: 1, warmUpSeconds: 3 };

export const postgresLatency: Benchmark = {
  name: 'postgres-latency',
  title: 'from commit to visible, PostgreSQL to PostgreSQL',
  async run({ workspace, quick, say }) {
    const [here, there] = [await startPostgres(workspace), await startPostgres(workspace)];
    const [source, target] = [await here.createDatabase(NAME), await there.createDatabase(NAME)];
    await createPostgresItems(source, 1);
    const product = await startProduct(workspace, [
      { name: NAME, source, target, tables: [`public.${PG_ITEMS}`] },
    ]);
    await product.restartWorker();
    await product.start(NAME);
    await untilItemVisible(target, 1, VISIBLE_WITHIN_MS);
    const ground = {
      product,
      pipeline: NAME,
      writer: startHelper(workspace, 'postgres-writer'),
      observer: startHelper(workspace, 'postgres-observer'),
      source: { url: source },
      target: { url: target },
    };
    return latencyReport(
      postgresLatency,
      "Two servers of their own, dev server with its database file, worker process, default settings. A process commits rows on the source and notes when each commit returned; another one looks at the target about once a millisecond and notes when the row is there; both read the machine's monotonic clock.",
      { p50: 8, p99: 50, idle: 40 },
      await measureLatency(ground, quick ? QUICK : FULL, say),
    );
  },
};
