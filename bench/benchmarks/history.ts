/** How many events a pipeline writes into Temporal's history. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import {
  betweenFiles,
  createItems,
  fillItems,
  historySince,
  openDatabase,
  startHelper,
  startProduct,
  untilRowVisible,
  type HistoryEntry,
} from '../ground';
import type { BenchmarkReport } from '../reporting';
import type { Benchmark } from './benchmark';

/** Transactions per second, by pipeline. */
const RATES = [0, 0.5, 1, 5, 500] as const;
const IDLE_LIMIT = 60;
const BUSY_LIMIT = 200;
/** More than a round: what setup has set in motion has come to rest. */
const SETTLE_MS = 15_000;
const TIMEOUT_MS = 60_000;

const stamps = z.array(z.tuple([z.number(), z.number()]));

interface Figure {
  readonly perSecond: number;
  readonly eventsPerMinute: number;
  /** Activities that were scheduled, by name, per minute. */
  readonly activities: Readonly<Record<string, number>>;
}

export const history: Benchmark = {
  name: 'history',
  title: "events in Temporal's history",
  async run({ workspace, quick, say }) {
    const seconds = quick ? 20 : 120;
    const settleMs = quick ? 1_000 : SETTLE_MS;
    const folder = workspace.folder('history');
    const pipelines = RATES.map((perSecond) => ({
      perSecond,
      name: `rate-${String(perSecond)}`,
      source: join(folder, `source-${perSecond}.db`),
      target: join(folder, `target-${perSecond}.db`),
    }));
    for (const { source } of pipelines) {
      const db = openDatabase(source);
      createItems(db);
      fillItems(db, 1, 1);
      db.close();
    }
    const product = await startProduct(workspace, pipelines.map(betweenFiles));
    await product.restartWorker();
    for (const { name, target } of pipelines) {
      await product.start(name);
      await untilRowVisible(target, 1, TIMEOUT_MS);
    }
    say(`settling for ${settleMs / 1000} s, then counting for ${seconds} s`);
    // Writers begin before the count does and end after it, so that it sees neither end.
    const writing = pipelines
      .filter(({ perSecond }) => perSecond > 0)
      .map(({ perSecond, source }) => {
        const count = Math.ceil(perSecond * (seconds + settleMs / 1000 + 1));
        const writer = startHelper(workspace, 'writer');
        return writer.request({ file: source, first: 2, count, everyMs: 1000 / perSecond }, stamps);
      });
    await sleep(settleMs);
    const from = Date.now();
    await sleep(seconds * 1000);
    const to = Date.now();
    await Promise.all(writing);
    const figures: Figure[] = [];
    for (const { name, perSecond, target } of pipelines) {
      const last = 1 + Math.ceil(perSecond * (seconds + settleMs / 1000 + 1));
      await untilRowVisible(target, last, TIMEOUT_MS);
      const events = await historySince(product.temporal, name, from);
      figures.push(
        figureOf(
          perSecond,
          events.filter(({ at }) => at < to),
          (to - from) / 60_000,
        ),
      );
      await product.stop(name);
    }
    return report(figures, seconds);
  },
};

function figureOf(perSecond: number, events: readonly HistoryEntry[], minutes: number): Figure {
  const activities: Record<string, number> = {};
  for (const { scheduled } of events) {
    if (scheduled !== null) activities[scheduled] = (activities[scheduled] ?? 0) + 1 / minutes;
  }
  return { perSecond, eventsPerMinute: events.length / minutes, activities };
}

function report(figures: readonly Figure[], seconds: number): BenchmarkReport {
  const named = (perSecond: number): string => (perSecond === 0 ? 'idle' : `${perSecond} transactions/s`);
  const names = [...new Set(figures.flatMap(({ activities }) => Object.keys(activities)))].sort();
  return {
    name: history.name,
    title: history.title,
    method: [
      `Five pipelines at five rates on one worker, at the same time. After they have settled, the events of ${seconds} s are counted in their fetched histories, continued runs included.`,
    ],
    tables: [
      {
        title: 'per minute',
        columns: ['', 'events', ...names],
        rows: figures.map(({ perSecond, eventsPerMinute, activities }) => [
          named(perSecond),
          eventsPerMinute.toFixed(0),
          ...names.map((name) => (activities[name] ?? 0).toFixed(1)),
        ]),
      },
    ],
    bars: figures.map(({ perSecond, eventsPerMinute }) => ({
      what: `events a minute, ${named(perSecond)}`,
      measured: eventsPerMinute,
      limit: perSecond === 0 ? IDLE_LIMIT : BUSY_LIMIT,
      sense: 'at most',
      unit: '',
    })),
    samples: { figures },
  };
}
