/**
 * Apply: how captured changes reach the target exactly once. `replicate` is one attempt: it claims (claim.ts), then
 * stages chunks by the way that the pair negotiated (transfer.ts, net.ts) and commits each with the checkpoint
 * (commit.ts). isolation.ts says which failures are one table's own, and what becomes of it; letters.ts does so for rows;
 * repairs.ts ends keys that are read again for a repair; copy-progress.ts tells how far first copies have come.
 */
export * from './claim';
export * from './commit';
export { createCopies } from './copy-progress';
export type { Copies } from './copy-progress';
export * from './isolation';
export { hasKeysToRead } from './keys-again';
export * from './letters';
export * from './limits';
export * from './net';
export * from './pending';
export * from './repairs';
export * from './replicate';
export * from './row-text';
export { noticedIn } from './rest';
export * from './sequences';
export * from './source-view';
export * from './signals';
export * from './table-order';
export { progressOf } from './totals';
export * from './transfer';
