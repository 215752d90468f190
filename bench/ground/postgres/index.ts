/** What the benchmarks of PostgreSQL stand on: throwaway servers, a table with its workload, `pgbench`. */
export { capturePostgresTables } from './capture';
export { connect, execute, selectOne, withClient } from './client';
export {
  createPostgresItems,
  CREATE_PG_ITEMS,
  digestItems,
  insertItem,
  insertItems,
  PG_ITEMS,
  writePostgresBacklog,
} from './items';
export {
  settleServer,
  startNativeReplication,
  untilItemVisible,
  type NativeReplication,
} from './native-replication';
export { runPgbench, type PgbenchScript } from './pgbench';
export { startPostgres, SUPERUSER, type PostgresServer } from './server';
