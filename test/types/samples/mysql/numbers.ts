/** Numbers of MySQL and MariaDB, with values at their limits. */
import { WIDE, type MysqlSample } from './mysql-sample';

/** MariaDB has no -0; a column for numbers of SQLite makes 0 of it. */
const SIGNED_ZERO: MysqlSample['to'] = { sqlite: { letters: ['-0e0'] }, mariadb: { letters: ['-0e0'] } };

const INTEGERS: readonly MysqlSample[] = [
  { declaration: 'TINYINT', literals: ['-128', '127', '0'] },
  { declaration: 'TINYINT UNSIGNED', literals: ['255', '0'] },
  { declaration: 'TINYINT(1)', literals: ['0', '1', '5', '-1', '-128', '127'] },
  { declaration: 'TINYINT(3) UNSIGNED ZEROFILL', literals: ['7', '255', '0'] },
  { declaration: 'BOOLEAN', literals: ['TRUE', 'FALSE', '2'] },
  { declaration: 'SMALLINT', literals: ['-32768', '32767', '0'] },
  { declaration: 'SMALLINT UNSIGNED', literals: ['65535', '0'] },
  { declaration: 'MEDIUMINT', literals: ['-8388608', '8388607'] },
  { declaration: 'MEDIUMINT UNSIGNED', literals: ['16777215', '0'] },
  { declaration: 'INT', literals: ['-2147483648', '2147483647', '0'] },
  { declaration: 'INT UNSIGNED', literals: ['4294967295', '2147483648', '0'] },
  { declaration: 'INT(8) ZEROFILL', literals: ['42', '4294967295'] },
  {
    declaration: 'BIGINT',
    literals: ['-9223372036854775808', '9223372036854775807', '9007199254740993', '0'],
  },
  { declaration: 'YEAR', literals: ['0', '1901', '2155'] },
  { declaration: 'BIT(2)', literals: ['3', '0'] },
  { declaration: 'BIT(8)', literals: [`b'11111111'`, '0'] },
  { declaration: 'BIT(9)', literals: [`b'100000001'`, '48'] },
  { declaration: 'BIT(31)', literals: ['2147483647', '0'] },
  { declaration: 'BIT(32)', literals: ['4294967295', '0'] },
  {
    declaration: 'INT, kept INT AS (value * 2) STORED, computed INT AS (value * 3) VIRTUAL',
    called: 'INT beside computed columns',
    literals: ['7', '0'],
  },
].map((sample): MysqlSample => ({ ...sample, kind: 'integer' }));

const WIDE_INTEGERS: readonly MysqlSample[] = [
  { declaration: 'BIGINT UNSIGNED', literals: ['18446744073709551615', '9223372036854775808', '0'] },
  { declaration: 'BIGINT(20) UNSIGNED ZEROFILL', literals: ['18446744073709551615', '1'] },
  { declaration: 'BIT(33)', literals: ['8589934591', '0'] },
  { declaration: 'BIT(63)', literals: ['9223372036854775807', '1'] },
  { declaration: 'BIT(64)', literals: ['18446744073709551615', '9223372036854775808', '1', '0'] },
].map((sample): MysqlSample => ({ ...sample, ...WIDE }));

const DECIMALS: readonly MysqlSample[] = [
  {
    declaration: 'DECIMAL(65,30)',
    literals: [
      '12345678901234567890123456789012345.123456789012345678901234567890',
      '-99999999999999999999999999999999999.999999999999999999999999999999',
      '-0.000000000000000000000000000001',
      '0',
    ],
  },
  { declaration: 'DECIMAL(65,0)', literals: [`REPEAT('9', 65)`, `CONCAT('-', REPEAT('9', 65))`, '1'] },
  { declaration: 'DECIMAL(30,30)', literals: [`CONCAT('0.', REPEAT('9', 30))`, '0.1'] },
  { declaration: 'DECIMAL(10,2)', literals: ['1.10', '-99999999.99', '100', '0.05'] },
  { declaration: 'DECIMAL(10,2) UNSIGNED', literals: ['1.10', '99999999.99'] },
  { declaration: 'DECIMAL(10,2) ZEROFILL', literals: ['1.10', '99999999.99', '0'] },
  { declaration: 'DECIMAL', literals: ['9999999999', '-1'] },
].map((sample): MysqlSample => ({ ...sample, kind: 'decimal' }));

export const NUMBERS: readonly MysqlSample[] = [
  ...INTEGERS,
  ...WIDE_INTEGERS,
  { declaration: 'BIT(1)', kind: 'bool', literals: [`b'0'`, `b'1'`] },
  ...DECIMALS,
  {
    declaration: 'FLOAT',
    kind: 'float32',
    literals: [
      '0',
      '1.1',
      '-1.1',
      '16777217',
      '3.402823466e38',
      '-3.402823466e38',
      '1.17549435e-38',
      '1e-45',
      '0.1e0',
    ],
  },
  {
    declaration: 'FLOAT',
    called: 'FLOAT of -0',
    kind: 'float32',
    literals: ['-0e0', '0'],
    to: SIGNED_ZERO,
    only: 'mysql',
  },
  { declaration: 'FLOAT UNSIGNED', kind: 'float32', literals: ['1.1', '3.402823466e38'] },
  { declaration: 'FLOAT(7,3)', kind: 'float32', literals: ['1.1', '1234.567', '-9999.999', '0.001'] },
  { declaration: 'FLOAT(8,3) ZEROFILL', kind: 'float32', literals: ['1.5', '12345.678'] },
  {
    declaration: 'DOUBLE',
    kind: 'float64',
    literals: [
      '0',
      '0.1',
      '1.7976931348623157e308',
      '-1.7976931348623157e308',
      '2.2250738585072014e-308',
      '5e-324',
      '1e23',
      '1e22',
      '123456789012345.6',
      '9007199254740993e0',
      '0.1e0 + 0.2e0',
    ],
  },
  {
    declaration: 'DOUBLE',
    called: 'DOUBLE of -0',
    kind: 'float64',
    literals: ['-0e0', '0'],
    to: SIGNED_ZERO,
    only: 'mysql',
  },
  { declaration: 'DOUBLE(10,2)', kind: 'float64', literals: ['1.1', '12345678.91', '-0.01'] },
  { declaration: 'DOUBLE(20,4) ZEROFILL', kind: 'float64', literals: ['1.5', '1234567890.1234'] },
  { declaration: 'DOUBLE(255,30)', kind: 'float64', literals: ['0.1e0 + 0.2e0', '1e200', '1e-29'] },
];
