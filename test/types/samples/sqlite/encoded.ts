/** Texts of databases in UTF-16. */
import type { MatrixSample } from '../../sample';
import { column } from './column';
import { BLOBS, NUMBER_LIKE, TEXTS, WITH_NUL } from './values';

/** Halves of surrogate pairs: alone, before a letter, of which SQLite would make one letter, and after one. */
const HALVES = [
  `CAST(X'00d8' AS TEXT)`,
  `CAST(X'00d86100' AS TEXT)`,
  `CAST(X'610000dc' AS TEXT)`,
  `CAST(X'0100ffdf4200' AS TEXT)`,
];

const ALL = { kind: 'text', encoding: 'utf16le', notPostgres: [WITH_NUL] } as const;

export const IN_UTF16: readonly MatrixSample[] = [
  column('TEXT', {
    ...ALL,
    holds: [...TEXTS, ...NUMBER_LIKE, `'�'`, `char(65533, 128512)`, '12'],
    others: [...BLOBS, ...HALVES],
    notSqlite: HALVES,
  }),
  column('', {
    ...ALL,
    holds: [...TEXTS, '1.5', '-0.0', '7'],
    others: [...BLOBS, ...HALVES],
    notSqlite: HALVES,
  }),
];
