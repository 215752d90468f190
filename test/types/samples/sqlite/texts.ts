/** Columns for texts, for bytes, and for anything. */
import type { MatrixSample } from '../../sample';
import { column } from './column';
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

export const TEXTUAL: readonly MatrixSample[] = [
  column('TEXT', {
    kind: 'text',
    // Numbers become texts in such a column.
    holds: [...TEXTS, ...NUMBER_LIKE, `'2026-02-28'`, '12', '1.5', '9007199254740993', `'￾'`],
    notPostgres: [WITH_NUL],
    others: [...BLOBS, ...INVALID],
  }),
  ...[
    'VARCHAR(10)',
    'CHAR(3)',
    'CHARACTER(20)',
    'NCHAR(55)',
    'NVARCHAR(100)',
    'NATIVE CHARACTER(70)',
    'CLOB',
    'LONGTEXT',
    'TEXT COLLATE NOCASE',
    'TEXT COLLATE RTRIM',
    `TEXT DEFAULT 'x'`,
    '"date as text"',
  ].map((declared) =>
    column(declared, {
      kind: 'text',
      // No length is enforced.
      holds: [`'a '`, `'A'`, `'a much longer text than that'`, `char(128512)`],
      others: [`X'61'`, INVALID[0]],
    }),
  ),
];

export const BYTES: readonly MatrixSample[] = [
  column('BLOB', {
    kind: 'bytes',
    holds: [...BLOBS, 'zeroblob(1000)'],
    others: ['0', '-0.0', ...INFINITIES, ...TEXTS, WITH_NUL, ...INVALID],
  }),
  ...['LONGBLOB', 'MEDIUMBLOB', 'BLOB SUB_TYPE TEXTS'].map((declared) =>
    declared.includes('TEXT')
      ? column(declared, { kind: 'text', holds: [`'a'`], others: [`X'61'`] })
      : column(declared, { kind: 'bytes', holds: [...BLOBS], others: [`'a'`, '1'] }),
  ),
];

export const UNTYPED: readonly MatrixSample[] = [
  column('', {
    kind: 'text',
    holds: [
      ...INTEGERS,
      ...FRACTIONS,
      ...LARGE_AND_TINY,
      ...INFINITIES,
      '7.0',
      '-0.0',
      ...TEXTS,
      ...NUMBER_LIKE,
      `'2026-02-28'`,
    ],
    notPostgres: [WITH_NUL],
    others: [...BLOBS, ...INVALID],
  }),
  column('', {
    called: 'no type, without rowid',
    tableOptions: 'WITHOUT ROWID',
    kind: 'text',
    holds: ['1', '1.0', `'1'`, '-0.0', '0.0'],
    others: [`X'31'`],
  }),
];
