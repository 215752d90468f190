import { describe, test } from '@jest/globals';
import { mysqlAdapter } from '../../engine/adapters/mysql';
import { adapterContract } from '../../engine/contract';
import { describeServer } from '../support/mysql';
import { mysqlFixture } from '../support/mysql-fixture';

/** The same adapter as MariaDB's, which stands for it in short runs. */
const LONG = process.env['CDC_LONG'] === '1';

const where = LONG ? describe : describe.skip;

where('in long runs', () =>
  describeServer('The adapter', 'mysql', (server) => {
    const cases = adapterContract({
      adapter: mysqlAdapter,
      fixture: mysqlFixture(server, 'mysql'),
      capabilities: { lateCommits: true, truncate: false, globalOrder: false },
    });
    for (const { name, run } of cases) test(name, run);
  }),
);
