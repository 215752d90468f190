/** Numbers of PostgreSQL, money among them, with values at their limits. */
import { lettersOnMysql } from '../../sample';
import type { NativeSample } from './native-sample';

/** MariaDB has no -0; a column for numbers of SQLite makes 0 of it, and NULL of NaN. */
const FLOATS: NativeSample['to'] = {
  sqlite: { letters: [`'NaN'`, `'-0'`] },
  mariadb: { letters: [`'NaN'`, `'Infinity'`, `'-Infinity'`, `'-0'`] },
  mysql: { letters: [`'NaN'`, `'Infinity'`, `'-Infinity'`] },
};

export const NUMBERS: readonly NativeSample[] = [
  { declaration: 'boolean', kind: 'bool', literals: ['true', 'false'] },
  { declaration: 'smallint', kind: 'integer', literals: ['0', `'-32768'`, '32767'] },
  { declaration: 'integer', kind: 'integer', literals: ['0', `'-2147483648'`, '2147483647'] },
  {
    declaration: 'bigint',
    kind: 'integer',
    literals: ['9007199254740993', `'-9223372036854775808'`, '9223372036854775807', '0'],
  },
  {
    declaration: 'numeric',
    kind: 'decimal',
    literals: [
      `'NaN'`,
      `'1.10'`,
      '1e300',
      '-1e-300',
      '0.000',
      '12345678901234567890.123456789012345678901',
      `('9' || repeat('0', 131071))::numeric`,
      `('0.' || repeat('0', 16382) || '1')::numeric`,
    ],
    respelled: ['7.5', '7.500'],
    to: lettersOnMysql(
      `'NaN'`,
      '1e300',
      '-1e-300',
      `('9' || repeat('0', 131071))::numeric`,
      `('0.' || repeat('0', 16382) || '1')::numeric`,
    ),
    // The largest ones are longer than an index entry may be.
  },
  {
    declaration: 'numeric',
    kind: 'decimal',
    called: 'numeric with infinities',
    literals: [`'Infinity'`, `'-Infinity'`, `'NaN'`],
    to: lettersOnMysql(`'Infinity'`, `'-Infinity'`, `'NaN'`),
    since: 140000,
  },
  {
    declaration: 'numeric(10,2)',
    kind: 'decimal',
    literals: ['0.99', '-99999999.99', `'NaN'`, '0'],
    to: lettersOnMysql(`'NaN'`),
  },
  { declaration: 'numeric(5,5)', kind: 'decimal', literals: ['0.00001', '-0.99999'] },
  {
    declaration: 'numeric(1000,1000)',
    kind: 'decimal',
    literals: [`('0.' || repeat('9', 1000))::numeric`, '0'],
    to: lettersOnMysql(`('0.' || repeat('9', 1000))::numeric`),
  },
  {
    declaration: 'numeric(3,-2)',
    kind: 'decimal',
    literals: ['99900', '-100'],
    since: 150000,
  },
  {
    declaration: 'real',
    kind: 'float32',
    literals: [
      `'NaN'`,
      `'Infinity'`,
      `'-Infinity'`,
      '1.1',
      '3.4028235e38',
      '1e-45',
      '1.17549435e-38',
      '16777217',
    ],
    respelled: [`'0'`, `'-0'`],
    to: FLOATS,
  },
  {
    declaration: 'double precision',
    kind: 'float64',
    literals: [
      `'NaN'`,
      `'Infinity'`,
      `'-Infinity'`,
      '0.1',
      '1.7976931348623157e308',
      '5e-324',
      '2.2250738585072014e-308',
      '9007199254740993',
    ],
    respelled: [`'0'`, `'-0'`],
    to: FLOATS,
  },
  {
    declaration: 'money',
    literals: [`'-92233720368547758.08'::money`, `'92233720368547758.07'::money`, `'1.23'::money`],
  },
];
