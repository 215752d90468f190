/** Texts, bytes, documents and strings of bits, with values at their limits. */
import type { NativeSample } from './native-sample';

export const TEXTS: readonly NativeSample[] = [
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
    kind: 'bytes',
    literals: [`''`, `'\\x00ff00'`, `decode(repeat('ab', 1000), 'hex')`, `'\\x5c'`],
  },
  {
    declaration: 'bit(5)',
    literals: [`B'10101'`, `B'00000'`],
  },
  { declaration: 'bit varying', literals: [`B''`, `B'1010101010'`, `B'0'`] },
  { declaration: 'bit varying(12)', literals: [`B''`, `B'101010101010'`] },
  {
    declaration: 'uuid',
    kind: 'uuid',
    literals: [`'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'`, `'${'f'.repeat(32)}'`],
  },
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
