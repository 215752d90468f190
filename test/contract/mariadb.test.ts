import { test } from '@jest/globals';
import { mysqlAdapter } from '../../engine/adapters/mysql';
import { adapterContract } from '../../engine/contract';
import { describeServer } from '../support/mysql';
import { mysqlFixture } from '../support/mysql-fixture';

/** In short runs whole pipelines alone, which run what the other parts look at one by one. */
const LONG = process.env['CDC_LONG'] === '1';

describeServer('The adapter', 'mariadb', (server) => {
  const cases = adapterContract({
    adapter: mysqlAdapter,
    fixture: mysqlFixture(server, 'mariadb'),
    capabilities: { lateCommits: true, truncate: false, globalOrder: false },
    ...(LONG ? {} : { parts: ['pair'] }),
  });
  for (const { name, run } of cases) test(name, run);
});
