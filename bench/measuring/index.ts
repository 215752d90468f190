/** Taking figures: clocks that processes share, statistics, chance that repeats. */
export { microsecondsNow, sleepBlocking, stopwatch } from './clock';
export { processorMilliseconds } from './processor-time';
export { createRandom, type Random } from './random';
export { residentBytes, samplePeak, type PeakSampler } from './resident-memory';
export { median, percentile, ratios, rotated } from './statistics';
