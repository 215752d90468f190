/** Columns for numbers. What looks like a number becomes one in them; what does not stays as it is. */
import type { MatrixSample } from '../../sample';
import { column } from './column';
import { BLOBS, FRACTIONS, INFINITIES, INTEGERS, INVALID, LARGE_AND_TINY, TEXTS, WITH_NUL } from './values';

/** Every name with INT in it, also where no integer is meant. */
export const INTEGRAL: readonly MatrixSample[] = [
  column('INTEGER', {
    kind: 'integer',
    // Integers by affinity: 7.0, '1e2' and '007' are stored as such.
    holds: [...INTEGERS, '7.0', `'1e2'`, `'007'`, '-0.0'],
    others: [
      ...FRACTIONS,
      ...LARGE_AND_TINY,
      ...INFINITIES,
      '9223372036854775808',
      ...TEXTS,
      WITH_NUL,
      ...INVALID,
      ...BLOBS,
    ],
  }),
  ...['INT', 'TINYINT', 'SMALLINT', 'MEDIUMINT', 'BIGINT', 'UNSIGNED BIG INT', 'INT2', 'INT8'].map(
    (declared) =>
      column(declared, {
        kind: 'integer',
        holds: ['0', '-9223372036854775808', '9223372036854775807'],
        others: ['1.5', `'a'`],
      }),
  ),
  ...['FLOATING POINT', 'CHARINT', 'INTERVAL', 'Printed'].map((declared) =>
    column(declared, {
      kind: 'integer',
      holds: ['9007199254740993', `'12'`],
      others: ['0.5', `'x'`, `X'01'`],
    }),
  ),
];

export const REALS: readonly MatrixSample[] = [
  column('REAL', {
    kind: 'float64',
    // The column itself makes 0.0 of -0.0, and numbers of integers and of what looks like one.
    holds: [...FRACTIONS, ...LARGE_AND_TINY, '1', '9007199254740993', '-0.0', `'1.10'`],
    notMysql: [...INFINITIES],
    others: [...TEXTS, WITH_NUL, ...INVALID, ...BLOBS],
  }),
  ...['DOUBLE', 'DOUBLE PRECISION', 'FLOAT', 'FLOAT(24)', '"real number"'].map((declared) =>
    column(declared, { kind: 'float64', holds: ['0.1', '-5e-324', '3'], others: [`'a'`, `X''`] }),
  ),
];

export const NUMERICS: readonly MatrixSample[] = [
  column('NUMERIC', {
    kind: 'decimal',
    holds: [...INTEGERS, ...FRACTIONS, `'1.10'`, '0.99', '1e20', `'12345678901234567890'`],
    notMysql: [...LARGE_AND_TINY, ...INFINITIES],
    others: [...TEXTS, `'NaN'`, `'Infinity'`, WITH_NUL, ...INVALID, ...BLOBS],
  }),
  ...[
    'DECIMAL(10,2)',
    'NUMERIC(5,5)',
    'NUMBER(10)',
    'MONEY',
    'STRING',
    'UUID',
    'JSON',
    'VARBINARY(10)',
    'ENUM',
    'ANY',
    'YEAR',
    '"a type of [mine]"',
    `[it's "odd"]`,
    'BIT',
  ].map((declared) =>
    column(declared, {
      kind: 'decimal',
      holds: ['12345', '0.99', '-12345678901.25'],
      others: [`'a'`, `'{"a":1.10}'`, `'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'`, `X'01'`],
    }),
  ),
];

export const BOOLEANS: readonly MatrixSample[] = ['BOOLEAN', 'BOOL'].map((declared) =>
  column(declared, {
    kind: 'bool',
    holds: ['TRUE', 'FALSE'],
    notPostgres: ['2', '-1'],
    others: ['0.5', `'true'`, `'t'`, `X'01'`],
  }),
);
