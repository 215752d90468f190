/**
 * Capture by a column that grows, a time or a version, over an adapter's `KeysetReader`: windows in the order of the
 * column (`window.ts`), how far back rows may still turn up (`horizon.ts`), what was read before (`contents.ts`).
 */
export { captureByColumn } from './source';
export type { KeysetPorts } from './wait';
