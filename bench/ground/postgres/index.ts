/** What the benchmarks of PostgreSQL stand on: throwaway servers, a table with its workload, `pgbench`. */
export { writePostgresBacklog, type BacklogPlan } from './backlog';
export { capturePostgresTables } from './capture';
export { connect, execute, selectOne, withClient } from './client';
export {
  createPostgresItems,
  CREATE_PG_ITEMS,
  insertItem,
  insertItems,
  PG_ITEMS,
  requireSameItems,
} from './items';
export { measureLoad, totalLoad, type Load } from './load';
export {
  settleServer,
  startNativeReplication,
  untilItemVisible,
  type NativeReplication,
} from './native-replication';
export { copyByPsql } from './plain-copy';
export { runPgbench, type PgbenchScript } from './pgbench';
export { startPostgres, SUPERUSER, type PostgresServer } from './server';
