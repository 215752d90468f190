/** More variants for the matrix alone: at the bounds of other databases, and types around types. */
import { lettersOnMysql } from '../../sample';
import type { NativeSample } from './native-sample';

/** As many digits as any column of MySQL has before and after the point, and one more. */
const DIGITS = ['9'.repeat(35), '-' + '9'.repeat(35) + '.' + '9'.repeat(30), '0.' + '0'.repeat(29) + '1'];
const BEYOND = ['9'.repeat(36), '0.' + '0'.repeat(30) + '1'];

const NUMBERS: readonly NativeSample[] = [
  {
    declaration: 'numeric',
    called: 'numeric at the bounds of MySQL',
    kind: 'decimal',
    literals: [...DIGITS, ...BEYOND, '-0.0', '1e30', '100'],
    to: lettersOnMysql(...BEYOND),
  },
  { declaration: 'numeric(65,30)', kind: 'decimal', literals: DIGITS },
  { declaration: 'numeric(38,10)', kind: 'decimal', literals: ['9'.repeat(28) + '.9999999999', '0', '-1.5'] },
  { declaration: 'numeric(20,0)', kind: 'decimal', literals: ['18446744073709551616', '-1', '0'] },
  {
    declaration: 'numeric(70,35)',
    kind: 'decimal',
    literals: ['9'.repeat(35), '1.5', '0.' + '0'.repeat(34) + '1'],
    to: lettersOnMysql('0.' + '0'.repeat(34) + '1'),
  },
  { declaration: 'numeric(2,4)', kind: 'decimal', literals: ['0.0099', '-0.0001'], since: 150000 },
  {
    declaration: 'double precision',
    called: 'double precision of many digits',
    kind: 'float64',
    literals: [
      '0.30000000000000004',
      '123456789012345680',
      '1e23',
      '9.5367431640625e-07',
      '-1.7976931348623157e308',
      '4.9406564584124654e-324',
      '1e15',
      '100',
    ],
  },
  {
    declaration: 'real',
    called: 'real of many digits',
    kind: 'float32',
    literals: ['16777216', '0.1', '3.1415927', '-3.4028235e38', '1.4e-45', '8388607.5', '1e10', '33554433'],
  },
];

const TEXTS: readonly NativeSample[] = [
  { declaration: 'varchar(255)', literals: [`repeat('😀', 255)`, `repeat('x', 255)`, `' '`, `'a '`] },
  { declaration: 'varchar(256)', literals: [`repeat('é', 256)`, `''`] },
  { declaration: 'char(1)', literals: [`' '`, `'😀'`, `'a'`] },
  { declaration: 'char(300)', literals: [`'a'`, `repeat('✓', 300)`] },
  { declaration: 'text COLLATE "C"', called: 'text of a collation', literals: [`'a'`, `'A'`, `'ä '`] },
  {
    declaration: 'text',
    called: 'text that looks like something else',
    literals: [
      `'12345678901234567890'`,
      `'1e3'`,
      `'0x10'`,
      `'NaN'`,
      `'true'`,
      `'2026-02-28'`,
      `'0001'`,
      `' 1'`,
      `'-0'`,
      `E'\\uFEFFbom'`,
      `E'\\uFFFF\\uE000'`,
      `U&'\\+10FFFF'`,
      `E'\\x01\\x1a\\x7f'`,
      `E'quote'' "double" \\\\ back'`,
      `E'a\\r\\nb\\u2028c'`,
    ],
  },
  {
    declaration: 'bytea',
    called: 'long bytea',
    kind: 'bytes',
    literals: [`decode(repeat('00ff27225c0a1a', 20000), 'hex')`],
  },
  { declaration: 'bit(1)', literals: [`B'1'`, `B'0'`] },
  { declaration: 'bit(64)', literals: [`repeat('1', 64)::bit(64)`, `B'0'::bit(64)`] },
  {
    declaration: 'jsonb',
    called: 'jsonb of many digits',
    literals: [`'[1e400, -0, 0.10, 18446744073709551616, "\\u001f", {"": {}}]'`, `'" \\"\\\\ 😀 "'`],
  },
];

/** Beyond the years of MySQL, whose dates have four digits. */
const TIMES: readonly NativeSample[] = [
  {
    declaration: 'date',
    called: 'date at the bounds of MySQL',
    kind: 'date',
    literals: [
      `'0001-01-01'`,
      `'9999-12-31'`,
      `'1582-10-10'`,
      `'10000-01-01'`,
      `'0001-12-31 BC'`,
      `'2024-02-29'`,
    ],
    to: lettersOnMysql(`'10000-01-01'`, `'0001-12-31 BC'`),
  },
  {
    declaration: 'timestamp',
    called: 'timestamp at the bounds of MySQL',
    kind: 'timestamp',
    literals: [
      `'0001-01-01 00:00:00'`,
      `'9999-12-31 23:59:59.999999'`,
      `'10000-01-01 00:00:00'`,
      `'0001-12-31 23:59:59.999999 BC'`,
      `'2026-03-29 02:30:00'`,
    ],
    to: lettersOnMysql(`'10000-01-01 00:00:00'`, `'0001-12-31 23:59:59.999999 BC'`),
  },
  {
    declaration: 'timestamp with time zone',
    called: 'timestamp with time zone at the bounds of MySQL',
    kind: 'zoned timestamp',
    literals: [
      `'0001-01-01 00:00:00+00'`,
      `'9999-12-31 23:59:59.999999+00'`,
      `'9999-12-31 20:00:00-10'`,
      `'0001-01-01 05:00:00+14'`,
      `'2026-03-29 02:30:00+01'`,
      `'2038-01-19 03:14:08+00'`,
      `'1969-12-31 23:59:59.5+00'`,
    ],
    to: lettersOnMysql(`'9999-12-31 20:00:00-10'`, `'0001-01-01 05:00:00+14'`),
  },
  { declaration: 'timestamp(0)', kind: 'timestamp', literals: [`'2026-02-28 12:34:56'`] },
  {
    declaration: 'timestamp(0) with time zone',
    kind: 'zoned timestamp',
    literals: [`'2026-02-28 12:34:56+13:45'`],
  },
  { declaration: 'time(3)', kind: 'time', literals: [`'23:59:59.999'`, `'00:00'`] },
  {
    declaration: 'time(0) with time zone',
    kind: 'zoned time',
    literals: [`'12:34:56+05:45'`, `'23:59:59-12'`],
  },
  { declaration: 'interval day', kind: 'interval', literals: [`'3 days'`, `'-1 year 2 days'`] },
  { declaration: 'interval hour to minute', kind: 'interval', literals: [`'838:59'`, `'-00:01'`] },
];

const AROUND: readonly NativeSample[] = [
  { declaration: 'boolean[]', literals: [`'{t,f,NULL}'`] },
  { declaration: 'double precision[]', literals: [`'{NaN,-0,Infinity,5e-324,0.1}'`] },
  { declaration: 'real[]', literals: [`'{1.1,-0,16777217}'`] },
  { declaration: 'bigint[]', literals: [`'{9007199254740993,-9223372036854775808}'`] },
  { declaration: 'interval[]', literals: [`'{"1 year -2 days 00:00:01.5",NULL}'`] },
  { declaration: 'date[]', literals: [`'{infinity,"0044-03-15 BC",2026-02-28}'`] },
  { declaration: 'time[]', literals: [`'{24:00,00:00:00.000001}'`] },
  { declaration: 'uuid[]', literals: [`'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'`] },
  { declaration: 'jsonb[]', literals: [`ARRAY['{"a": "\\"x, "}', 'null', NULL]::jsonb[]`] },
  { declaration: 'int4range[]', literals: [`'{"[1,5)",empty,NULL}'`] },
  { declaration: 'money[]', literals: [`ARRAY['1234.5'::text::money]`] },
  { declaration: 'xml[]', literals: [`ARRAY['<a b="c"/>'::xml]`] },
  { declaration: 'int8multirange', literals: [`'{[1,9007199254740993)}'`], since: 140000 },
  { declaration: 'datemultirange', literals: [`'{[2026-01-01,2026-02-01),[2027-01-01,)}'`], since: 140000 },
  {
    declaration: 'tsmultirange',
    literals: [`'{["2026-01-01 00:00:00","2026-01-02 00:00:00.5")}'`],
    since: 140000,
  },
];

const DOMAINS: readonly NativeSample[] = (
  [
    ['boolean', 'bool', ['true', 'false']],
    ['bigint', 'integer', ['9223372036854775807']],
    ['numeric(12,4)', 'decimal', ['12345678.1234', '-0.0001']],
    ['double precision', 'float64', ['0.1', '5e-324']],
    ['real', 'float32', ['1.1']],
    ['text', 'text', [`'ünï ✓ 😀'`, `' '`]],
    ['char(4)', 'text', [`'ab'`]],
    ['bytea', 'bytes', [`'\\x00ff'`]],
    ['date', 'date', [`'2026-02-28'`]],
    ['time', 'time', [`'24:00'`]],
    ['timestamp', 'timestamp', [`'2026-02-28 12:34:56.789012'`]],
    ['timestamp with time zone', 'zoned timestamp', [`'2026-02-28 12:34:56+02'`]],
    ['interval', 'interval', [`'1 mon -1 day'`]],
    ['uuid', 'uuid', [`'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'`]],
    ['jsonb', 'text', [`'{"a": [1.10]}'`]],
    ['inet', 'text', [`'10.0.0.1/8'`]],
    ['int4range', 'text', [`'[1,5)'`]],
    ['text[]', 'text', [`ARRAY['a,b', NULL]`]],
    ['money', 'text', [`'1.5'::text::money`]],
  ] as const
).map(([of, kind, literals], n) => ({
  declaration: `dom_${n}`,
  called: `a domain over ${of}`,
  setup: [`CREATE DOMAIN dom_${n} AS ${of}`],
  kind,
  literals,
}));

const OWN: readonly NativeSample[] = [
  {
    declaration: 'size[]',
    called: 'an array of an enum',
    setup: [`CREATE TYPE size AS ENUM ('s', 'x,l', 'NULL', '${'é'.repeat(31)}')`],
    literals: [`ARRAY['s', 'x,l', 'NULL', NULL]::size[]`],
  },
  {
    declaration: 'size',
    called: 'an enum of long members',
    literals: [`'${'é'.repeat(31)}'`, `'x,l'`, `'NULL'`],
  },
  {
    declaration: 'span',
    called: 'a composite of times, numbers and bytes',
    setup: [
      'CREATE TYPE span AS (f double precision, r real, i interval, d date, m money, b bytea, t timetz, n numeric)',
    ],
    literals: [
      `ROW('-0', 1.1, '1 year -2 days', '0044-03-15 BC', '1.5'::text::money, '\\x00ff', '12:00-03:30', 1.10)::span`,
      `ROW('NaN', '1e-45', '0', 'infinity', NULL, '', NULL, 'NaN')::span`,
    ],
  },
  {
    declaration: 'span[]',
    called: 'an array of a composite',
    literals: [`ARRAY[ROW(0.1, NULL, '1 day', NULL, NULL, '\\x5c', NULL, 1)::span, NULL]`],
  },
  { declaration: 'ean13', extension: 'isn', literals: [`'978-0-393-04002-9'`] },
  { declaration: 'query_int', extension: 'intarray', literals: [`'1&(2|!3)'`] },
  { declaration: 'lo', extension: 'lo', literals: ['4294967295'] },
  { declaration: 'ltree[]', extension: 'ltree', literals: [`'{Top.Science,a}'`] },
  { declaration: 'ltxtquery', extension: 'ltree', literals: [`'Europe & !Asia@'`] },
  { declaration: 'hstore[]', extension: 'hstore', literals: [`ARRAY['a=>1, "b c"=>NULL'::hstore]`] },
];

export const VARIANTS: readonly NativeSample[] = [
  ...NUMBERS,
  ...TEXTS,
  ...TIMES,
  ...AROUND,
  ...DOMAINS,
  ...OWN,
];
