/** What `cdc doctor` finds out about a source. */
import { test } from '@jest/globals';
import { mysqlSource } from '../../engine/adapters/mysql';
import { diagnosisCases } from '../../engine/contract/diagnosis';
import { describeServers } from '../support/mysql';
import { mysqlFixture } from '../support/mysql-fixture';

describeServers('The doctor', (server, flavour) => {
  const cases = diagnosisCases({
    adapter: {
      ...mysqlSource,
      openTarget: () => Promise.reject(new Error('The source alone is tested here')),
    },
    fixture: mysqlFixture(server, flavour),
    capabilities: { lateCommits: true, truncate: false, globalOrder: false },
  });
  for (const { name, run } of cases) test(name, run);
});
