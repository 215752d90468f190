import { test } from '@jest/globals';
import { mysqlSource } from '../../engine/adapters/mysql';
import { adapterContract } from '../../engine/contract';
import { describeServers } from '../support/mysql';
import { mysqlFixture } from '../support/mysql-fixture';

describeServers('The adapter', (server, flavour) => {
  const cases = adapterContract({
    adapter: {
      ...mysqlSource,
      openTarget: () => Promise.reject(new Error('The source alone is tested here')),
    },
    fixture: mysqlFixture(server, flavour),
    capabilities: { lateCommits: true, truncate: false, globalOrder: false },
    parts: ['source'],
  });
  for (const { name, run } of cases) test(name, run);
});
