/** STRICT tables: their columns refuse what they can't convert. */
import type { MatrixSample } from '../../sample';
import { column, type ColumnSample } from './column';
import {
  BLOBS,
  FRACTIONS,
  INFINITIES,
  INTEGERS,
  INVALID,
  LARGE_AND_TINY,
  NUMBER_LIKE,
  TEXTS,
  WITH_NUL,
} from './values';

function strict(declaration: string, sample: ColumnSample): MatrixSample {
  return column(declaration, { ...sample, called: `${declaration}, strict`, tableOptions: 'STRICT' });
}

export const STRICT: readonly MatrixSample[] = [
  strict('INT', { kind: 'integer', holds: [...INTEGERS, '7.0', `'12'`] }),
  strict('INTEGER', { kind: 'integer', holds: [...INTEGERS, '-0.0'] }),
  strict('REAL', {
    kind: 'float64',
    holds: [...FRACTIONS, ...LARGE_AND_TINY, '1', '-0.0'],
    notMysql: [...INFINITIES],
  }),
  strict('TEXT', {
    kind: 'text',
    holds: [...TEXTS, ...NUMBER_LIKE, '12', '1.5'],
    notPostgres: [WITH_NUL],
    others: [...INVALID],
  }),
  strict('BLOB', { kind: 'bytes', holds: [...BLOBS] }),
  strict('ANY', {
    kind: 'text',
    holds: [...INTEGERS, ...FRACTIONS, '7.0', '-0.0', ...TEXTS, ...NUMBER_LIKE],
    others: [...BLOBS],
  }),
];
