import { stopSharedPostgres } from './postgres-shared';
import { stopTemporalFixture } from './temporal-fixture';

export default async function tearDown(): Promise<void> {
  await Promise.all([stopTemporalFixture(), stopSharedPostgres()]);
}
