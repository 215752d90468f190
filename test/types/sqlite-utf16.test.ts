import { join } from 'node:path';
import { describeMatrix, inLongRuns } from './matrix';
import { openSqlite } from './places/sqlite';
import { IN_UTF16 } from './samples/sqlite/encoded';

describeMatrix({
  from: 'SQLite in UTF-16',
  open: (folder) => Promise.resolve(openSqlite(join(folder, 'source.db'), 'UTF-16le')),
  samples: IN_UTF16,
  targets: [
    ['sqlite', 'direct'],
    ['postgres', 'direct'],
    ['mariadb', 'direct'],
    ...inLongRuns(['mysql', 'direct']),
  ],
  controls: [{ kind: 'text', of: 'TEXT', literal: `' '` }],
});
