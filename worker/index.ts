/**
 * Workers: `startWorker` and `runWorker` take a queue's tasks with an engine; `composition.ts` makes that engine from
 * `cdc.yaml` (`config/`) with the adapters that ship with the package. `temporal-server/` runs the official dev server
 * where there is no cluster.
 */
export { mysqlAdapter } from '../engine/adapters/mysql';
export { postgresAdapter } from '../engine/adapters/postgres';
export { sqliteAdapter } from '../engine/adapters/sqlite';
export { openEngine, realPorts } from './composition';
export type { EngineUse } from './composition';
export { loadConfig } from './config';
export type { Config } from './config';
export * from './temporal-server';
export { runWorker, startWorker } from './worker';
export type { RunningWorker, WorkerOptions } from './worker';
