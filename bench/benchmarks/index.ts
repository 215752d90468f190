/** The benchmarks, in the order in which they run. */
import type { Benchmark } from './benchmark';
import { captureCost } from './capture-cost';
import { catchUp } from './catch-up';
import { history } from './history';
import { latency } from './latency';
import { memory } from './memory';

export type { Benchmark, BenchmarkOptions } from './benchmark';

export const BENCHMARKS: readonly Benchmark[] = [captureCost, catchUp, latency, memory, history];
