import { test } from '@jest/globals';
import { mysqlAdapter } from '../../engine/adapters/mysql';
import { adapterContract } from '../../engine/contract';
import { describeServers } from '../support/mysql';
import { mysqlFixture } from '../support/mysql-fixture';

describeServers('The adapter', (server, flavour) => {
  const cases = adapterContract({
    adapter: mysqlAdapter,
    fixture: mysqlFixture(server, flavour),
    capabilities: { lateCommits: true, truncate: false, globalOrder: false },
  });
  for (const { name, run } of cases) test(name, run);
});
