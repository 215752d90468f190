import { describe, test } from '@jest/globals';
import { postgresAdapter } from '../../engine/adapters/postgres';
import { adapterContract } from '../../engine/contract';
import { postgresFixture } from '../support/postgres-fixture';

describe('PostgreSQL', () => {
  const cases = adapterContract({
    adapter: postgresAdapter,
    fixture: postgresFixture,
    capabilities: { lateCommits: true, truncate: true, globalOrder: true },
  });
  for (const { name, run } of cases) test(name, run);
});
