/**
 * Activities: what the workflow has done for it. `createActivities` makes them over an engine; `contract.ts` says what
 * goes in and comes out, `failures.ts` turns errors, `heartbeats.ts` reports, `attempts.ts` ends what is superseded.
 */
export { createActivities } from './activities';
export type { ActivityOptions } from './activities';
export type * from './contract';
