/** What all test files of a run share: a Temporal dev server and a PostgreSQL server. */
import { startSharedPostgres, stopSharedPostgres } from './postgres-shared';
import { startTemporalFixture, stopTemporalFixture } from './temporal-fixture';

export async function startSharedServers(): Promise<void> {
  await Promise.all([startTemporalFixture(), startSharedPostgres()]);
}

export async function stopSharedServers(): Promise<void> {
  await Promise.all([stopTemporalFixture(), stopSharedPostgres()]);
}
