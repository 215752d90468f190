/** What the benchmarks of pairs stand on: a database of any kind for either side, one table, MariaDB's own replication. */
export { openClient, withAnyClient, type AnyClient, type Family } from './client';
export {
  createItemsSql,
  createItemsWith,
  insertItemsSql,
  ITEMS_TABLE,
  requireSameSums,
  timePlainUpserts,
  untilItemThere,
  writePairBacklog,
  type PairBacklog,
} from './items';
export { replicateMariadb, startMariadb, type MariadbReplication, type MariadbServer } from './mariadb';
export { openPairs, type Pair, type PairSides } from './sides';
