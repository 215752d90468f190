/** Enumerations, sets, JSON, shapes and what one of the two servers has alone. */
import { lettersEverywhere, lettersOnMysql } from '../../sample';
import { BY_DIGITS, type MysqlSample } from './mysql-sample';

const MEMBERS = `'a','it''s','b\\\\c','A b','a,b','Ünï','', 'NULL'`;
const MANY = Array.from({ length: 300 }, (_, n) => `'member ${n}'`).join(',');

/** What is no member, as a session that is not strict may store it. */
const NOT_STRICT = [`SET SESSION sql_mode = ''`];

const CHOICES: readonly MysqlSample[] = [
  {
    declaration: `ENUM(${MEMBERS})`,
    called: 'ENUM',
    literals: [`'a'`, `'it''s'`, `'b\\\\c'`, `'A b'`, `'a,b'`, `'Ünï'`, `''`, `'NULL'`],
  },
  { declaration: `ENUM('1','2','0','01')`, literals: [`'1'`, `'2'`, `'0'`, `'01'`] },
  { declaration: `ENUM('a','A') COLLATE utf8mb4_bin`, literals: [`'a'`, `'A'`] },
  { declaration: `ENUM('é','€') CHARACTER SET latin1`, literals: [`'é'`, `'€'`] },
  { declaration: `ENUM(${MANY})`, called: 'ENUM of 300', literals: [`'member 0'`, `'member 299'`] },
  {
    declaration: `ENUM('x','')`,
    called: 'ENUM with no member',
    session: NOT_STRICT,
    literals: [`''`, `'y'`, `'x'`],
    to: lettersEverywhere(`'y'`),
  },
  {
    declaration: `ENUM('x')`,
    called: 'ENUM with no member and no empty one',
    session: NOT_STRICT,
    literals: [`'y'`, `'x'`],
    to: lettersOnMysql(`'y'`),
  },
  { declaration: `SET('x','y','z')`, literals: [`''`, `'x,z'`, `'x'`, `'x,y,z'`] },
  { declaration: `SET('1','2','0','10')`, literals: [`''`, `'1'`, `'2'`, `'0'`, `'1,2,0'`, `'10'`] },
  { declaration: `SET('it''s','b\\\\c','Ünï')`, literals: [`'it''s,b\\\\c'`, `'Ünï'`] },
  { declaration: `SET('é','ÿ') CHARACTER SET latin1`, literals: [`'é,ÿ'`] },
  {
    declaration: `SET(${Array.from({ length: 64 }, (_, n) => `'m${n}'`).join(',')})`,
    called: 'SET of 64',
    literals: ['18446744073709551615', `'m63'`, `'m0,m63'`],
  },
  {
    declaration: `SET('','a','b')`,
    called: 'SET with an empty member',
    literals: ['0', '1', '2', '3', '6', '7'],
    to: lettersEverywhere('1', '3', '7'),
  },
  {
    declaration: `SET('','0','1','2')`,
    called: 'SET with an empty member beside some like numbers',
    literals: ['0', '1', '2', '3', '4', '5', '8', '9', '15'],
    to: lettersEverywhere('1', '3', '5', '9', '15'),
  },
];

const DOCUMENT = `'{"b": 1, "a": [1, null, "x", true, {}], "c": {"é😀": "\\\\u00e9 \\\\n"}}'`;

const JSONS: readonly MysqlSample[] = [
  {
    declaration: 'JSON',
    literals: [
      DOCUMENT,
      `'"text"'`,
      `'null'`,
      `'[]'`,
      `'18446744073709551615'`,
      `'-9223372036854775808'`,
      `'1.5'`,
      `'1.0'`,
      `'-0.0'`,
      `'1e100'`,
      `'1.7976931348623157e308'`,
      `'5e-324'`,
      `'[1e21, 1e22, 1e20, 123456789012345680000, 1e-7, 0.00001]'`,
      `'12345678901234567890123'`,
      `'0.12345678901234567890123'`,
      `'"\\\\u0000"'`,
      `'"a\\\\/b"'`,
    ],
  },
  {
    declaration: 'JSON',
    called: 'JSON of values of other types',
    literals: [
      `JSON_OBJECT('price', CAST(1.10 AS DECIMAL(10,2)), 'count', 3, 'text', '1.10')`,
      `JSON_ARRAY(CAST(12345678901234567890.123456789 AS DECIMAL(30,9)), CAST(-0.50 AS DECIMAL(5,2)), 1e0)`,
      `CAST(CAST('2026-02-28 12:34:56.5' AS DATETIME(6)) AS JSON)`,
      `CAST(CAST('-10:00:00' AS TIME) AS JSON)`,
      `CAST(X'00ff' AS JSON)`,
      `JSON_OBJECT('a"b\\\\c', JSON_ARRAY(1, JSON_OBJECT('', CAST(100.00 AS DECIMAL(10,2)))))`,
    ],
    only: 'mysql',
  },
  {
    declaration: 'JSON',
    called: 'JSON as it is written',
    literals: [
      `'{"b":1,"a" : [ 1,2 ],  "a":3}'`,
      `'123456789012345678901234567890.123456789012345678901234567890'`,
      `'[1.10, 1E5, -0, 1e400]'`,
      `' {} '`,
    ],
    only: 'mariadb',
  },
];

const SHAPES: readonly MysqlSample[] = (
  [
    {
      declaration: 'GEOMETRY',
      literals: [
        `ST_GeomFromText('POINT(1.5 -2)')`,
        `ST_GeomFromText('LINESTRING(0 0,1 1)', 4326)`,
        `ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))')`,
      ],
    },
    {
      declaration: 'POINT',
      literals: [`ST_GeomFromText('POINT(10 20)', 4326)`, `ST_GeomFromText('POINT(0 0)')`],
    },
    { declaration: 'POINT SRID 4326', literals: [`ST_GeomFromText('POINT(10 20)', 4326)`], only: 'mysql' },
    { declaration: 'LINESTRING', literals: [`ST_GeomFromText('LINESTRING(0 0,1e-300 1e300)')`] },
    {
      declaration: 'POLYGON',
      literals: [`ST_GeomFromText('POLYGON((0 0,0 3,3 3,0 0),(1 2,1 2.5,1.5 2.5,1 2))')`],
    },
    { declaration: 'MULTIPOINT', literals: [`ST_GeomFromText('MULTIPOINT(0 0,1 2)')`] },
    {
      declaration: 'MULTILINESTRING',
      literals: [`ST_GeomFromText('MULTILINESTRING((0 0,1 1),(2 2,3 3))', 3857)`],
    },
    {
      declaration: 'MULTIPOLYGON',
      literals: [`ST_GeomFromText('MULTIPOLYGON(((0 0,0 1,1 1,0 0)),((5 5,5 6,6 6,5 5)))')`],
    },
    { declaration: 'GEOMETRYCOLLECTION', literals: [`ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2))')`] },
  ] satisfies readonly MysqlSample[]
).map((sample): MysqlSample => ({ ...sample, ...BY_DIGITS }));

export const OTHERS: readonly MysqlSample[] = [
  ...CHOICES,
  ...JSONS,
  ...SHAPES,
  {
    declaration: 'UUID',
    kind: 'uuid',
    literals: [`'123e4567-e89b-12d3-a456-426614174000'`, `'00000000-0000-0000-0000-000000000000'`],
    only: 'mariadb',
    since: { mariadb: 1007 },
  },
  {
    declaration: 'INET6',
    literals: [`'::1'`, `'2001:db8::ff00:42:8329'`, `'::ffff:1.2.3.4'`, `'::'`],
    only: 'mariadb',
  },
  {
    declaration: 'INET4',
    literals: [`'0.0.0.0'`, `'255.255.255.255'`],
    only: 'mariadb',
    since: { mariadb: 1010 },
  },
  {
    declaration: 'VECTOR(3)',
    ...BY_DIGITS,
    literals: [`X'0000803f000000c000000000'`, `X'ffff7f7f0100008000000080'`],
    since: { mysql: 900, mariadb: 1107 },
  },
];
