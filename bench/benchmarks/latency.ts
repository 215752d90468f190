/** From commit on the source to visible on the target. */
import { join } from 'node:path';
import {
  betweenFiles,
  createItems,
  fillItems,
  openDatabase,
  startHelper,
  startProduct,
  untilRowVisible,
} from '../ground';
import type { Benchmark } from './benchmark';
import { latencyReport, measureLatency, VISIBLE_WITHIN_MS, type LatencySizes } from './commit-to-visible';

const FULL: LatencySizes = { perSecond: 100, seconds: 20, repetitions: 5, idleSamples: 12, warmUpSeconds: 2 };
const QUICK: LatencySizes = { perSecond: 100, seconds: 5, repetitions: 1, idleSamples: 2, warmUpSeconds: 2 };

export const latency: Benchmark = {
  name: 'latency',
  title: 'from commit on the source to visible on the target',
  async run({ workspace, quick, say }) {
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
    await untilRowVisible(pipeline.target, 1, VISIBLE_WITHIN_MS);
    db.close();
    const ground = {
      product,
      pipeline: pipeline.name,
      writer: startHelper(workspace, 'writer'),
      observer: startHelper(workspace, 'observer'),
      source: { file: pipeline.source },
      target: { file: pipeline.target },
    };
    return latencyReport(
      latency,
      "A process commits rows on the source and notes when each commit returned; another one looks at the target four times a millisecond and notes when the row is there; both read the machine's monotonic clock. Dev server with its database file, worker process, default settings.",
      { p50: 10, p99: 60, idle: 40 },
      await measureLatency(ground, quick ? QUICK : FULL, say),
    );
  },
};
