/** Types that a database makes for itself, with values at their limits. */
import type { NativeSample } from './native-sample';

export const OF_ONES_OWN: readonly NativeSample[] = [
  {
    declaration: `"Weird schema"."mood's $1"`,
    called: 'an enum',
    setup: [`CREATE TYPE "Weird schema"."mood's $1" AS ENUM ('sad', 'glad''s', 'Ünï "x", \\', '')`],
    literals: [`'sad'`, `'glad''s'`, `'Ünï "x", \\'`, `''`],
  },
  {
    declaration: 'positive',
    kind: 'decimal',
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
