import { startSharedPostgres } from './postgres-shared';
import { startTemporalFixture } from './temporal-fixture';

export default async function setUp(): Promise<void> {
  await Promise.all([startTemporalFixture(), startSharedPostgres()]);
}
