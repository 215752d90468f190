/** Arrays, with values at their limits. */
import type { NativeSample } from './native-sample';

export const ARRAYS: readonly NativeSample[] = [
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
