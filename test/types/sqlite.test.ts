import { join } from 'node:path';
import { describeMatrix, inLongRuns } from './matrix';
import { openSqlite } from './places/sqlite';
import { SQLITE_SAMPLES } from './samples/sqlite';

describeMatrix({
  from: 'SQLite',
  open: (folder) => Promise.resolve(openSqlite(join(folder, 'source.db'))),
  samples: SQLITE_SAMPLES,
  targets: [
    ['sqlite', 'direct'],
    ['sqlite', 'rows'],
    ['postgres', 'direct'],
    ['mariadb', 'direct'],
    ...inLongRuns(['mysql', 'direct']),
  ],
  controls: [
    { kind: 'bool', of: 'BOOLEAN', literal: 'TRUE' },
    { kind: 'integer', of: 'INTEGER', literal: '9007199254740993' },
    { kind: 'decimal', of: 'NUMERIC', literal: '0.99' },
    { kind: 'float64', of: 'REAL', literal: '-0.1' },
    { kind: 'text', of: 'TEXT', literal: `' '` },
    { kind: 'bytes', of: 'BLOB', literal: `X'00ff'` },
  ],
});
