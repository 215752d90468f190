/** Types of PostgreSQL for the contract suite, one or two of each kind; `test/types/samples/postgres` has all of them. */
import type { TypeSample } from '../../engine/contract';

export const POSTGRES_TYPE_SAMPLES: readonly TypeSample[] = [
  { declaration: 'boolean', literals: ['true', 'false'] },
  { declaration: 'bigint', literals: ['9007199254740993', '-9223372036854775808', '9223372036854775807'] },
  {
    declaration: 'numeric',
    literals: [`'NaN'`, `'1.10'`, '1e300', '-1e-300', '12345678901234567890.123456789012345678901'],
  },
  { declaration: 'real', literals: [`'NaN'`, `'Infinity'`, `'-Infinity'`, `'-0'`, '1.1', '3.4e38', '1e-45'] },
  {
    declaration: 'double precision',
    literals: [`'NaN'`, `'Infinity'`, `'-0'`, '0.1', '1.7976931348623157e308', '5e-324'],
  },
  {
    declaration: 'text',
    literals: [`''`, `'ünï ✓ 😀'`, `E'line\\nfeed\\ttab\\\\'`, `repeat('long', 20000)`],
  },
  { declaration: 'char(5)', literals: [`'a'`, `'abcde'`] },
  { declaration: 'bytea', literals: [`''`, `'\\x00ff00'`, `decode(repeat('ab', 5000), 'hex')`] },
  {
    declaration: 'timestamp with time zone',
    literals: [`'2026-02-28 12:34:56.789012+02'`, `'0044-03-15 12:00 BC'`, `'-infinity'`],
  },
  {
    declaration: 'interval',
    literals: [`'1 year -2 months 3 days -04:05:06.789'`, `'-0.000001 s'`, `'178000000 years'`, `'0'`],
  },
  { declaration: 'uuid', literals: [`'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'`] },
  {
    declaration: 'json',
    literals: [`'{"a": 1, "a": 2,  "n": 123456789012345678901234567890.10}'`, `'null'`, `'[]'`],
  },
  { declaration: 'jsonb', literals: [`'{"b": 1, "a": [1.10, null, "x"]}'`, `'null'`] },
  { declaration: 'int[]', literals: [`'{}'`, `'{1,NULL,3}'`, `'[0:1]={5,6}'`, `'{{1,2},{3,4}}'`] },
];
