/** Types of extensions, with values at their limits. */
import type { NativeSample } from './native-sample';

export const OF_EXTENSIONS: readonly NativeSample[] = [
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
