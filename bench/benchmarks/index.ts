/** The benchmarks, in the order in which they run. */
import type { Benchmark } from './benchmark';
import { captureCost } from './capture-cost';
import { catchUp } from './catch-up';
import { history } from './history';
import { latency } from './latency';
import { memory } from './memory';
import { pairsCatchUp } from './pairs-catch-up';
import { pairsLatency } from './pairs-latency';
import { postgresCapture } from './postgres-capture';
import { postgresCatchUp } from './postgres-catch-up';
import { postgresIdle } from './postgres-idle';
import { postgresLatency } from './postgres-latency';
import { postgresSnapshot } from './postgres-snapshot';

export type { Benchmark, BenchmarkOptions } from './benchmark';

export const BENCHMARKS: readonly Benchmark[] = [
  captureCost,
  catchUp,
  latency,
  memory,
  history,
  postgresCapture,
  postgresCatchUp,
  postgresIdle,
  postgresLatency,
  postgresSnapshot,
  pairsCatchUp,
  pairsLatency,
];
