/** Every built-in type of PostgreSQL, kinds of one's own, and those of extensions, with values at their limits. */

export interface NativeSample {
  /** As it stands in a column. */
  readonly declaration: string;
  /** What the test calls it, where the declaration doesn't say it. */
  readonly called?: string;
  /** Expressions of this type. */
  readonly literals: readonly string[];
  /** Statements that make the type, on both sides. */
  readonly setup?: readonly string[];
  /** An extension of the server's, which has to be available. */
  readonly extension?: string;
  /** False where no unique index can be over it. */
  readonly key?: false;
  /** Values that are equal as keys and are not written alike. */
  readonly respelled?: readonly [string, string];
  /** The oldest server that knows it, or the values: 140000 is 14.0. */
  readonly since?: number;
  /** Where no array or domain can be made of it. */
  readonly plain?: true;
}

const NUMBERS: readonly NativeSample[] = [
  { declaration: 'boolean', literals: ['true', 'false'] },
  { declaration: 'smallint', literals: ['0', `'-32768'`, '32767'] },
  { declaration: 'integer', literals: ['0', `'-2147483648'`, '2147483647'] },
  {
    declaration: 'bigint',
    literals: ['9007199254740993', `'-9223372036854775808'`, '9223372036854775807', '0'],
  },
  {
    declaration: 'numeric',
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
    // The largest ones are longer than an index entry may be.
  },
  {
    declaration: 'numeric',
    called: 'numeric with infinities',
    literals: [`'Infinity'`, `'-Infinity'`, `'NaN'`],
    since: 140000,
  },
  { declaration: 'numeric(10,2)', literals: ['0.99', '-99999999.99', `'NaN'`, '0'] },
  { declaration: 'numeric(5,5)', literals: ['0.00001', '-0.99999'] },
  { declaration: 'numeric(1000,1000)', literals: [`('0.' || repeat('9', 1000))::numeric`, '0'] },
  {
    declaration: 'numeric(3,-2)',
    literals: ['99900', '-100'],
    since: 150000,
  },
  {
    declaration: 'real',
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
  },
  {
    declaration: 'double precision',
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
  },
  {
    declaration: 'money',
    literals: [`'-92233720368547758.08'::money`, `'92233720368547758.07'::money`, `'1.23'::money`],
  },
];

const TEXTS: readonly NativeSample[] = [
  {
    declaration: 'text',
    literals: [
      `''`,
      `' '`,
      `'ünï ✓ 😀'`,
      `E'line\\nfeed\\r\\ttab\\\\ \\\\. \\\\N \\b\\f\\v\\x01\\x7f'`,
      `'NULL'`,
      `'\\N'`,
      `'\\.'`,
      `'e' || U&'\\0301'`,
      `U&'\\00E9'`,
    ],
  },
  { declaration: 'text', called: 'long text', literals: [`repeat('long ✓', 200000)`], key: false },
  { declaration: 'varchar(10)', literals: [`''`, `'  spaces  '`, `'ten😀😀😀😀😀😀😀'`] },
  { declaration: 'varchar', literals: [`repeat('x', 300)`] },
  { declaration: 'char(5)', literals: [`'a'`, `'abcde'`, `''`, `'  a'`, `'é😀'`] },
  { declaration: 'char', literals: [`'a'`, `' '`] },
  { declaration: 'bpchar', literals: [`'a  '`, `'b'`], respelled: [`'c'`, `'c  '`] },
  { declaration: '"char"', literals: [`'x'`, `''`, `'\\377'`] },
  { declaration: 'name', literals: [`'a name'`, `repeat('n', 63)`] },
  {
    declaration: 'bytea',
    literals: [`''`, `'\\x00ff00'`, `decode(repeat('ab', 1000), 'hex')`, `'\\x5c'`],
  },
  {
    declaration: 'bit(5)',
    literals: [`B'10101'`, `B'00000'`],
  },
  { declaration: 'bit varying', literals: [`B''`, `B'1010101010'`, `B'0'`] },
  { declaration: 'bit varying(12)', literals: [`B''`, `B'101010101010'`] },
  { declaration: 'uuid', literals: [`'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'`, `'${'f'.repeat(32)}'`] },
  { declaration: 'xml', literals: [`'<a>b &amp; c</a>'`, `'text<b/>'`, `'<?x y?><a/>'`], key: false },
  {
    declaration: 'json',
    literals: [
      `'{"a": 1, "a": 2,  "n": 123456789012345678901234567890.10}'`,
      `'null'`,
      `' [ ] '`,
      `'"\\u0000 \\ud83d\\ude00"'`,
      `'1e400'`,
      `E'{\\n\\t"deep": [[[[]]]]}'`,
    ],
    key: false,
  },
  {
    declaration: 'jsonb',
    literals: [
      `'{"b": 1, "a": [1.10, null, "x"]}'`,
      `'null'`,
      `'123456789012345678901234567890.10'`,
      `'"ünï 😀"'`,
      `'{}'`,
    ],
    respelled: [`'[1]'`, `'[1.0]'`],
  },
  { declaration: 'jsonpath', literals: [`'$.a[*] ? (@ > 1)'`, `'strict $'`], key: false },
];

const TIMES: readonly NativeSample[] = [
  {
    declaration: 'date',
    literals: [
      `'2026-02-28'`,
      `'0044-03-15 BC'`,
      `'infinity'`,
      `'-infinity'`,
      `'4713-01-01 BC'`,
      `'5874897-12-31'`,
    ],
  },
  { declaration: 'time', literals: [`'24:00'`, `'00:00:00.000001'`, `'23:59:59.999999'`] },
  { declaration: 'time(0)', literals: [`'24:00'`, `'12:34:56'`] },
  {
    declaration: 'time with time zone',
    literals: [`'24:00+15:59'`, `'12:00-03:30'`, `'12:00:00.5-15:59:59'`, `'00:00+00'`],
  },
  {
    declaration: 'timestamp',
    literals: [
      `'2026-02-28 12:34:56.789012'`,
      `'0044-03-15 BC'`,
      `'infinity'`,
      `'-infinity'`,
      `'4713-01-01 00:00:00 BC'`,
      `'294276-12-31 23:59:59.999999'`,
    ],
  },
  { declaration: 'timestamp(3)', literals: [`'2026-02-28 12:34:56.789'`] },
  {
    declaration: 'timestamp with time zone',
    literals: [
      `'2026-02-28 12:34:56.789012+02'`,
      `'0044-03-15 12:00+00 BC'`,
      `'-infinity'`,
      `'infinity'`,
      `'4713-01-01 00:00:00+00 BC'`,
      `'294276-12-31 23:59:59.999999+00'`,
      `'1880-01-01 00:00:00+00'`,
    ],
  },
  {
    declaration: 'interval',
    literals: [
      `'1 year -2 months 3 days -04:05:06.789'`,
      `'-1 year +2 days -00:00:00.000001'`,
      `'-0.000001 s'`,
      `'-1.5 s'`,
      `'178000000 years'`,
      `'-178000000 years'`,
      `'0'`,
      `'1 mon -1 day'`,
    ],
    respelled: [`'1 day'`, `'24:00:00'`],
  },
  {
    declaration: 'interval(6)',
    // Before, hours were no more than 2147483647.
    since: 150000,
    literals: [
      `'2147483647 mons 2147483647 days 2562047788:00:54.775807'`,
      `'-2147483648 mons -2147483648 days -2562047788:00:54.775807'`,
    ],
  },
  { declaration: 'interval year to month', literals: [`'1-2'`, `'-3-4'`] },
  { declaration: 'interval day to second(3)', literals: [`'4 05:06:07.891'`] },
  { declaration: 'interval second(2)', literals: [`'1.25'`] },
];

const OTHERS: readonly NativeSample[] = [
  {
    declaration: 'inet',
    literals: [`'192.168.0.1/24'`, `'::1'`, `'10.0.0.1'`, `'::ffff:1.2.3.4/100'`, `'0.0.0.0/0'`],
  },
  { declaration: 'cidr', literals: [`'10.0.0.0/8'`, `'2001:db8::/32'`, `'1.2.3.4/32'`] },
  { declaration: 'macaddr', literals: [`'08:00:2b:01:02:03'`] },
  { declaration: 'macaddr8', literals: [`'08:00:2b:01:02:03:04:05'`] },
  {
    declaration: 'point',
    literals: [`'(0.1,-2)'`, `'(NaN,Infinity)'`, `'(-0,5e-324)'`],
    key: false,
  },
  { declaration: 'line', literals: [`'{1,2,3}'`], key: false },
  { declaration: 'lseg', literals: [`'[(1,2),(3,4.5)]'`], key: false },
  { declaration: 'box', literals: [`'(3,4),(1,2)'`], key: false },
  { declaration: 'path', literals: [`'[(1,2),(3,4)]'`, `'((1,2),(3,4))'`], key: false },
  { declaration: 'polygon', literals: [`'((1,2),(3,4),(5,6))'`], key: false },
  { declaration: 'circle', literals: [`'<(1,2),3>'`, `'<(1,2),0.1>'`], key: false },
  { declaration: 'tsvector', literals: [`'a:1A fat:2B,4C cat ''o''''c'''`, `''`] },
  { declaration: 'tsquery', literals: [`'fat & (rat | !cat) <2> dog:AB*'`, `''`] },
  { declaration: 'int4range', literals: [`'[1,10)'`, `'empty'`, `'(,5)'`, `'(,)'`] },
  { declaration: 'int8range', literals: [`'[1,9007199254740993)'`] },
  { declaration: 'numrange', literals: [`'(1.10,2.20]'`, `'empty'`, `'[NaN,]'`] },
  { declaration: 'daterange', literals: [`'[2026-01-01,infinity]'`, `'(,2026-01-01)'`] },
  { declaration: 'tsrange', literals: [`'("2026-01-01 00:00:00.5","2026-01-02 00:00:00"]'`] },
  { declaration: 'tstzrange', literals: [`'[2026-01-01 00:00+00,infinity)'`, `'(,)'`] },
  { declaration: 'int4multirange', literals: [`'{[1,3),[5,9)}'`, `'{}'`], since: 140000 },
  { declaration: 'nummultirange', literals: [`'{[1.10,3),(5,)}'`], since: 140000 },
  {
    declaration: 'tstzmultirange',
    literals: [`'{["2026-01-01 00:00+00","2026-01-02 00:00+00"]}'`],
    since: 140000,
  },
  { declaration: 'oid', literals: ['4294967295', '0'] },
  { declaration: 'regclass', literals: [`'pg_class'`, `'pg_toast.pg_toast_1255'`] },
  { declaration: 'regtype', literals: [`'integer'`, `'timestamp with time zone'`, `'"char"[]'`] },
  { declaration: 'regproc', literals: [`'now'`] },
  { declaration: 'regprocedure', literals: [`'lower(text)'`] },
  { declaration: 'regoperator', literals: [`'+(integer,integer)'`] },
  { declaration: 'regrole', literals: [`'pg_monitor'`] },
  { declaration: 'regnamespace', literals: [`'pg_catalog'`] },
  { declaration: 'regconfig', literals: [`'english'`] },
  { declaration: 'regcollation', literals: [`'"C"'`] },
  { declaration: 'pg_lsn', literals: [`'16/B374D848'`, `'FFFFFFFF/FFFFFFFF'`, `'0/0'`] },
  { declaration: 'xid', literals: [`'4294967295'`], key: false },
  { declaration: 'cid', literals: [`'7'`], key: false },
  { declaration: 'xid8', literals: [`'18446744073709551615'`, `'0'`] },
  { declaration: 'tid', literals: [`'(4294967295,65535)'`, `'(0,1)'`] },
  { declaration: 'txid_snapshot', literals: [`'10:20:10,14,15'`], key: false },
  { declaration: 'pg_snapshot', literals: [`'10:20:10,14,15'`], key: false },
  { declaration: 'int2vector', literals: [`'1 2 3'`], key: false, plain: true },
  { declaration: 'oidvector', literals: [`'1 2 4294967295'`], plain: true },
  { declaration: 'refcursor', literals: [`'a cursor'`], key: false },
  { declaration: 'aclitem', literals: [`'=r/pg_monitor'`], key: false },
];

const ARRAYS: readonly NativeSample[] = [
  {
    declaration: 'int[]',
    literals: [
      `'{}'`,
      `'{1,NULL,3}'`,
      `'[0:1]={5,6}'`,
      `'[-5:-4][3:3]={{5},{NULL}}'`,
      `'{{{1,2}},{{3,4}}}'`,
      `'{NULL}'`,
    ],
  },
  {
    declaration: 'text[]',
    literals: [`ARRAY['', 'NULL', NULL, 'a"b', 'c\\d', '{}', ',', ' ', E'\\n']`, `ARRAY[[['a']]]`],
  },
  { declaration: 'numeric(6,2)[]', literals: [`'{1.10,NaN}'`, `'{{1},{NULL}}'`] },
  { declaration: 'varchar(3)[]', literals: [`'{abc," a "}'`] },
  { declaration: 'timestamp with time zone[]', literals: [`'{infinity,"2026-01-01 00:00+00"}'`] },
  { declaration: 'json[]', literals: [`ARRAY['{"a": 1,"a":2}', NULL]::json[]`], key: false },
  { declaration: 'bytea[]', literals: [`ARRAY['\\x00', '\\xff']::bytea[]`] },
  { declaration: 'box[]', literals: [`'{(1,1),(0,0);(2,2),(0,0)}'`], key: false },
];

const OF_ONES_OWN: readonly NativeSample[] = [
  {
    declaration: `"Weird schema"."mood's $1"`,
    called: 'an enum',
    setup: [`CREATE TYPE "Weird schema"."mood's $1" AS ENUM ('sad', 'glad''s', 'Ünï "x", \\', '')`],
    literals: [`'sad'`, `'glad''s'`, `'Ünï "x", \\'`, `''`],
  },
  {
    declaration: 'positive',
    called: 'a domain with a rule and NOT NULL columns around it',
    setup: ['CREATE DOMAIN positive AS numeric(8,3) CHECK (VALUE > 0)'],
    literals: ['1.500', '99999.999'],
  },
  {
    declaration: '"Domain of a domain"',
    called: 'a domain over a domain',
    setup: [
      'CREATE DOMAIN word AS varchar(20) COLLATE "C"',
      `CREATE DOMAIN "Domain of a domain" AS word CHECK (VALUE <> 'no')`,
    ],
    literals: [`'yes'`, `''`],
  },
  {
    declaration: 'numbers',
    called: 'a domain over an array',
    setup: ['CREATE DOMAIN numbers AS int[] CHECK (cardinality(VALUE) < 4)'],
    literals: [`'{1,NULL}'`, `'[2:3]={1,2}'`],
  },
  {
    declaration: 'pair',
    called: 'a composite',
    setup: [
      'CREATE DOMAIN amount AS numeric(9,2)',
      'CREATE TYPE inner_pair AS (a integer, "b ""x""" text[])',
      'CREATE TYPE pair AS (a amount, b inner_pair, c json, d timestamptz)',
      // Attribute numbers that differ are no matter: the other side drops an attribute first.
    ],
    literals: [
      `ROW(1.5, ROW(1, ARRAY['x,"y', NULL, '(']), '{"a": 1}', 'infinity')::pair`,
      `ROW(NULL, NULL, NULL, NULL)::pair`,
      `ROW(NULL, ROW(NULL, '{}'), NULL, '2026-01-01 00:00+00')::pair`,
    ],
    key: false,
  },
  {
    declaration: 'coordinates',
    called: 'a composite that can be a key',
    setup: ['CREATE TYPE coordinates AS (x integer, y numeric)'],
    literals: ['ROW(1, 2.50)::coordinates', 'ROW(1, NULL)::coordinates'],
    respelled: ['ROW(9, 2.5)::coordinates', 'ROW(9, 2.50)::coordinates'],
  },
  {
    declaration: 'floats',
    called: 'a range of one’s own',
    setup: ['CREATE TYPE floats AS RANGE (subtype = float8, subtype_diff = float8mi)'],
    literals: [`'[0.1,5e-324]'::text::floats`.replace('0.1,5e-324', '-0.1,5e-324'), `'empty'`, `'(,1.1)'`],
  },
];

const OF_EXTENSIONS: readonly NativeSample[] = [
  {
    declaration: 'hstore',
    extension: 'hstore',
    literals: [`'a=>1, b=>NULL, "c d"=>"x\\"y"'`, `''`],
  },
  { declaration: 'citext', extension: 'citext', literals: [`'Abc'`, `''`], respelled: [`'word'`, `'WORD'`] },
  { declaration: 'ltree', extension: 'ltree', literals: [`'Top.Science.Astronomy'`, `''`] },
  { declaration: 'lquery', extension: 'ltree', literals: [`'*.Astro*@.!pictures@.*{1,2}'`], key: false },
  { declaration: 'cube', extension: 'cube', literals: [`'(1,2),(3.5,-4)'`, `'(0)'`] },
  { declaration: 'seg', extension: 'seg', literals: [`'1.50 .. 2'`, `'~5'`] },
  { declaration: 'isbn', extension: 'isn', literals: [`'978-0-393-04002-9'`] },
  { declaration: 'vector(3)', extension: 'vector', literals: [`'[1,2.5,-3]'`] },
];

export const NATIVE_SAMPLES: Readonly<Record<string, readonly NativeSample[]>> = {
  numbers: NUMBERS,
  'texts and bytes': TEXTS,
  'dates and times': TIMES,
  'other built-in types': OTHERS,
  arrays: ARRAYS,
  'types of one’s own': OF_ONES_OWN,
  'types of extensions': OF_EXTENSIONS,
};
