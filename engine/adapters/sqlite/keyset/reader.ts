/** Reading by a column that grows, over the connection's thread. */
import type { KeysetReader } from '../../../model';
import { identifyUrl } from '../database/file';
import { quote } from '../database/identifiers';
import type { Connection } from '../threads/connection';

export function keysetReader(connection: Connection, url: string): KeysetReader {
  return {
    identity: () => Promise.resolve(identifyUrl(url)),
    sight: () =>
      Promise.resolve({
        blind: null,
        condition:
          'the statement that writes a row sets its time (SQLite has one writer at a time); for times that are taken earlier use `lookback`',
      }),
    assess: (column, allowScan) => connection.call('keysetAssess', column, allowScan),
    check: (routes) => connection.call('keysetCheck', routes),
    look: (columns) => connection.call('keysetLook', columns),
    valueAt: (column, time) => connection.call('keysetValueAt', column, time),
    read: (ranges, limit, bytes = null) => connection.call('keysetRead', ranges, limit, bytes),
    copy: (range, bytes = null) => connection.call('keysetCopy', range, bytes),
    presentSql: ({ name }) => `(${quote(name)} IS NULL OR ${quote(name)} = 0)`,
    unsetSql: (column) => `${quote(column)} IS NULL`,
    token: () => connection.call('keysetToken'),
  };
}
