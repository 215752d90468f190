/**
 * `cdc.yaml`: reading it, checking it, and telling a person exactly what is wrong with it. Start with `load.ts`;
 * `schema.ts` has the shape.
 */
export { type Config, type LoadOptions, type TemporalConfig, loadConfig } from './load';
export { didYouMean } from './near-misses';
export { formatDuration, parseDuration } from './quantities';
export { type WrittenTiming, parseTiming } from './timing';
export type { Environment } from './variables';
