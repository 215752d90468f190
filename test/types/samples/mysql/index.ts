/** Types of MySQL and MariaDB, with values at their limits. */
import type { Control } from '../../sample';
import type { MysqlSample } from './mysql-sample';
import { NUMBERS } from './numbers';
import { OTHERS } from './others';
import { TEXTS_AND_BYTES } from './texts';
import { DATES_AND_TIMES } from './times';

export type { MysqlSample } from './mysql-sample';

export const MYSQL_SAMPLES: readonly MysqlSample[] = [
  ...NUMBERS,
  ...TEXTS_AND_BYTES,
  ...DATES_AND_TIMES,
  ...OTHERS,
];

/** A value of each kind that the comparison must tell from the one beside it. */
export const CONTROLS: readonly Control[] = [
  { kind: 'bool', of: 'BIT(1)', literal: `b'1'` },
  { kind: 'integer', of: 'BIGINT', literal: '9007199254740993' },
  { kind: 'decimal', of: 'DECIMAL(65,30)', literal: '0' },
  { kind: 'float32', of: 'FLOAT', literal: '1.1' },
  { kind: 'float64', of: 'DOUBLE', literal: '0.1' },
  { kind: 'text', of: 'VARCHAR(20)', literal: `'a '` },
  { kind: 'bytes', of: 'BLOB', literal: `X''` },
  { kind: 'date', of: 'DATE', literal: `'2024-02-29'` },
  { kind: 'time', of: 'TIME(6)', literal: `'00:00:00'` },
  { kind: 'timestamp', of: 'DATETIME(6)', literal: `'1000-01-01 00:00:00'` },
  { kind: 'zoned timestamp', of: 'TIMESTAMP(6) NULL', literal: `'2026-03-29 01:30:00'` },
];
