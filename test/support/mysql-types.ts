/** Column types of MySQL and MariaDB with values at their limits, as the dialect writes them. */
import type { TypeSample } from '../../engine/contract';
import type { Flavour } from './mysql-programs';

const BOTH: readonly TypeSample[] = [
  { declaration: 'TINYINT', literals: ['-128', '127', '0'] },
  { declaration: 'TINYINT(1)', literals: ['0', '1', '5', '-1'] },
  { declaration: 'SMALLINT UNSIGNED', literals: ['0', '65535'] },
  { declaration: 'MEDIUMINT', literals: ['-8388608', '8388607'] },
  { declaration: 'INT UNSIGNED', literals: ['4294967295'] },
  { declaration: 'BIGINT', literals: ['-9223372036854775808', '9223372036854775807', '9007199254740993'] },
  { declaration: 'BIGINT UNSIGNED', literals: ['18446744073709551615', '0'] },
  { declaration: 'BOOLEAN', literals: ['TRUE', 'FALSE'] },
  { declaration: 'BIT(1)', literals: [`b'0'`, `b'1'`] },
  { declaration: 'BIT(9)', literals: [`b'100000001'`, '0'] },
  { declaration: 'BIT(64)', literals: ['18446744073709551615', '1'] },
  {
    declaration: 'DECIMAL(65,30)',
    literals: [
      '12345678901234567890123456789012345.123456789012345678901234567890',
      '-0.000000000000000000000000000001',
      '0',
    ],
  },
  { declaration: 'DECIMAL(10,2)', literals: ['1.10', '-99999999.99'] },
  { declaration: 'FLOAT', literals: ['1.1', '16777217', '3.4028234e38', '-0.0', '1e-38'] },
  {
    declaration: 'DOUBLE',
    literals: ['0.1', '1.7976931348623157e308', '5e-324', '-0.0', '1e23', '123456789012345.6'],
  },
  { declaration: 'CHAR(4)', literals: [`'abcd'`, `'a'`, `''`] },
  { declaration: 'VARCHAR(20)', literals: [`'trailing '`, `''`, `'ünï ✓ 😀'`, `'a\\\\b\\'c'`] },
  { declaration: 'VARCHAR(20) CHARACTER SET latin1', literals: [`'é'`, `'ÿ€'`] },
  { declaration: 'TEXT', literals: [`REPEAT('x', 65535)`, `'line\\nfeed'`] },
  { declaration: 'BINARY(4)', literals: [`X'00ff'`, `X'01020304'`] },
  { declaration: 'VARBINARY(10)', literals: [`X''`, `X'00'`, `X'ff00'`] },
  { declaration: 'BLOB', literals: [`X'deadbeef00'`, `X''`] },
  { declaration: 'DATE', literals: [`'0001-01-01'`, `'9999-12-31'`] },
  { declaration: 'DATETIME(6)', literals: [`'1000-01-01 00:00:00.000001'`, `'9999-12-31 23:59:59.999999'`] },
  { declaration: 'DATETIME', literals: [`'2026-02-28 12:34:56'`] },
  { declaration: 'TIMESTAMP(3)', literals: [`'2026-02-28 12:34:56.789'`, `'1970-01-02 00:00:01'`] },
  { declaration: 'TIME(6)', literals: [`'-838:59:59.000000'`, `'838:59:58.999999'`, `'00:00:00.000001'`] },
  { declaration: 'YEAR', literals: ['1901', '2155'] },
  { declaration: `ENUM('a','it''s','b\\\\c')`, literals: [`'a'`, `'it''s'`, `'b\\\\c'`] },
  { declaration: `SET('x','y','z')`, literals: [`''`, `'x,z'`] },
  {
    declaration: 'JSON',
    literals: [`'{"b": 1, "a": [1, null, "x"]}'`, `'"text"'`, `'12345678901234567890'`],
  },
  {
    declaration: 'GEOMETRY',
    literals: [`ST_GeomFromText('POINT(1.5 -2)')`, `ST_GeomFromText('LINESTRING(0 0,1 1)', 4326)`],
  },
];

/** Of one of the two only. */
const OF: Readonly<Record<Flavour, readonly TypeSample[]>> = {
  mysql: [],
  mariadb: [
    { declaration: 'UUID', literals: [`'123e4567-e89b-12d3-a456-426614174000'`] },
    { declaration: 'INET6', literals: [`'::1'`, `'2001:db8::ff00:42:8329'`] },
  ],
};

/** In short runs every fourth: `test/types` looks at them all. */
export function mysqlTypeSamples(flavour: Flavour): readonly TypeSample[] {
  const isShort = process.env['CDC_LONG'] !== '1';
  return [...(isShort ? BOTH.filter((_, n) => n % 4 === 0) : BOTH), ...OF[flavour]];
}
