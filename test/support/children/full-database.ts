/**
 * Writes to a database that cannot grow, and says what the adapter makes of the failure. A limit on pages stands for
 * a full disk: SQLite answers both alike. A process of its own, since inside of a test runner the driver's class of
 * errors is not the one that the adapter knows. Argument: file.
 */
import { isCdcError } from '../../../engine';
import { toDatabaseError } from '../../../engine/adapters/sqlite/database/errors';
import { openSession } from '../../../engine/adapters/sqlite/database/session';

const [path = ''] = process.argv.slice(2);
const session = openSession({
  file: { path, name: 'small.db' },
  role: 'target',
  readOnly: false,
  create: true,
  busyTimeoutMs: 0,
});
session.db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, v)');
session.db.pragma('max_page_count = 10');

function outcome(): string {
  try {
    session.run('INSERT INTO t VALUES (1, zeroblob(100000))');
    return 'without an error';
  } catch (error) {
    const failure = toDatabaseError(error, 'small.db');
    return isCdcError(failure) ? `${failure.code}${failure.retryable ? ' retryable' : ''}` : 'another error';
  }
}

process.stdout.write(`wrote ${outcome()}\n`);
session.close();
