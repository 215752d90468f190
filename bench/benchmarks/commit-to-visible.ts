/** What the benchmarks of latency share: how a change's way from commit to visible is measured, and told. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { runningActivities, type Helper, type Product } from '../ground';
import { median, percentile } from '../measuring';
import type { BenchmarkReport } from '../reporting';
import type { Benchmark } from './benchmark';

/** A round lingers ten seconds: after this long without a change the long poll has it. */
const IDLE_BEFORE_MS = 12_000;
const LONG_POLL = 'fetchPending';

/** Longest time that a change may take. */
export const VISIBLE_WITHIN_MS = 60_000;

export interface LatencySizes {
  readonly perSecond: number;
  readonly seconds: number;
  readonly repetitions: number;
  readonly idleSamples: number;
  /** Changes before the first that counts, in seconds of writing. */
  readonly warmUpSeconds: number;
}

/** A pipeline that is caught up over one row, of id 1, and what measures: a writer and a reader in processes of their own. */
export interface LatencyGround {
  readonly product: Product;
  readonly pipeline: string;
  readonly writer: Helper;
  readonly observer: Helper;
  /** Where the writer writes and the observer looks, as their requests say it. */
  readonly source: object;
  readonly target: object;
}

export interface LatencyMeasured {
  readonly sizes: LatencySizes;
  /** Milliseconds of each change, by repetition. */
  readonly busy: readonly (readonly number[])[];
  readonly idle: readonly number[];
}

const stamps = z.array(z.tuple([z.number(), z.number()]));

export async function measureLatency(
  ground: LatencyGround,
  sizes: LatencySizes,
  say: (text: string) => void,
): Promise<LatencyMeasured> {
  const { perSecond, seconds, repetitions, idleSamples, warmUpSeconds } = sizes;
  const [everyMs, count] = [1000 / perSecond, perSecond * seconds];
  let next = 2;
  const measure = async (changes: number, pauseMs: number): Promise<readonly number[]> => {
    const first = next;
    next += changes;
    return timeChanges(ground, first, changes, pauseMs);
  };
  say('warming up');
  await measure(perSecond * warmUpSeconds, everyMs);
  const busy: (readonly number[])[] = [];
  for (let turn = 0; turn < repetitions; turn++) {
    say(`${perSecond} transactions/s, repetition ${turn + 1} of ${repetitions}`);
    busy.push(await measure(count, everyMs));
  }
  const idle: number[] = [];
  for (let turn = 0; turn < idleSamples; turn++) {
    say(`from idle, ${turn + 1} of ${idleSamples}`);
    await untilLongPoll(ground);
    idle.push(...(await measure(1, 0)));
  }
  return { sizes, busy, idle };
}

/** Milliseconds of `count` changes, in the order of their commits. */
async function timeChanges(
  { source, target, writer, observer }: LatencyGround,
  first: number,
  count: number,
  everyMs: number,
): Promise<readonly number[]> {
  const timeoutMs = count * everyMs + VISIBLE_WITHIN_MS;
  const watching = observer.request({ ...target, after: first - 1, count, timeoutMs }, stamps);
  // The observer shall be looking before the first commit.
  await sleep(200);
  const committed = await writer.request({ ...source, first, count, everyMs }, stamps);
  const seen = new Map(await watching);
  return committed.map(([id, at]) => {
    const visible = seen.get(id);
    if (visible === undefined) throw new Error('A change did not reach the target in time');
    return Math.max(0, visible - at) / 1000;
  });
}

async function untilLongPoll({ product, pipeline }: LatencyGround): Promise<void> {
  await sleep(IDLE_BEFORE_MS);
  for (;;) {
    const running = await runningActivities(product.temporal, pipeline);
    if (running.length === 1 && running[0] === LONG_POLL) break;
    await sleep(200);
  }
  // Asking the server is work for it: let it come to rest.
  await sleep(1_000);
}

/** `method`: what is particular to this ground; `limits` in milliseconds. */
export function latencyReport(
  { name, title }: Pick<Benchmark, 'name' | 'title'>,
  method: string,
  limits: { readonly p50: number; readonly p99: number; readonly idle: number },
  { sizes, busy, idle }: LatencyMeasured,
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
    name,
    title,
    method: [
      method,
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
      bar(`p50 at ${rate}`, middle(0.5), limits.p50),
      bar(`p99 at ${rate}`, middle(0.99), limits.p99),
      bar('p50 from idle', median(idle), limits.idle),
    ],
    samples: { milliseconds: { busy, idle } },
  };
}
