/** What all test files of a run share: a Temporal dev server and the servers of databases. */
import { startSharedMysql, stopSharedMysql } from './mysql-shared';
import { startSharedPostgres, stopSharedPostgres } from './postgres-shared';
import { checkRequired } from './required';
import { startTemporalFixture, stopTemporalFixture } from './temporal-fixture';

export async function startSharedServers(): Promise<void> {
  checkRequired();
  await Promise.all([startTemporalFixture(), startSharedPostgres(), startSharedMysql()]);
}

export async function stopSharedServers(): Promise<void> {
  await Promise.all([stopTemporalFixture(), stopSharedPostgres(), stopSharedMysql()]);
}
