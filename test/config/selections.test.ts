/** `where`, `rename` and `types` of a table in `cdc.yaml`: what is wrong with them is named with line, column and key. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { registry } from '../../worker/composition';
import { loadConfig } from '../../worker/config';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cdc-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const COMMAS: readonly (readonly [string, string, string, string])[] = [
  ['of one column', 'x: decimal(10,2)', '3:95', 'types."2)"'],
  ['of an unsigned one', 'x: decimal(10, 2) unsigned', '3:96', 'types."2) unsigned"'],
  ['of one with a choice', 'x: { type: decimal(10,2), lossy: true }', '3:103', 'types.x."2)"'],
  ['of two columns', 'x: decimal(10,2), y: decimal(9,2)', '3:112', 'types."2)"'],
];

test.each([
  [
    'a condition on a pattern',
    `from: "a*", where: "id > 1"`,
    '3:75',
    'where',
    'is for one table; "from" is a pattern for many',
  ],
  [
    'other names of a pattern',
    `from: "a*", rename: { id: no }`,
    '3:75',
    'rename',
    'is for one table; "from" is a pattern for many',
  ],
  [
    'one name for two columns',
    `from: a, rename: { x: n, y: N }`,
    '3:91',
    'rename.y',
    'this name is given to x, too',
  ],
  ['no name', `from: a, rename: {}`, '3:80', 'rename', 'renames no column; leave it out'],
  ['a name that is a list', `from: a, rename: { x: [n] }`, '3:85', 'rename.x', 'must be a text, not a list'],
  ['a condition that says nothing', `from: a, where: ""`, '3:79', 'where', 'is empty'],
  [
    'a condition that is a group',
    `from: a, where: { id: 1 }`,
    '3:79',
    'where',
    'must be a text, not a group of keys',
  ],
  [
    'types of a pattern',
    `from: "a*", types: { x: int }`,
    '3:75',
    'types',
    'is for one table; "from" is a pattern for many',
  ],
  ['no type', `from: a, types: {}`, '3:79', 'types', 'names no column; leave it out'],
  ['a type that says nothing', `from: a, types: { x: {} }`, '3:84', 'types.x', 'says nothing; leave it out'],
  [
    'a type that is a list',
    `from: a, types: { x: [int] }`,
    '3:84',
    'types.x',
    'must be a type or { type: …, lossy: true }',
  ],
  [
    'a misspelt choice',
    `from: a, types: { x: { type: int, losy: true } }`,
    '3:97',
    'types.x.losy',
    'unknown key; did you mean "lossy"?',
  ],
  ...COMMAS.map(([what, types, place, key]): [string, string, string, string, string] => [
    `a type with a comma and no quotes, ${what}`,
    `from: a, types: { ${types} }`,
    place,
    key,
    'a type with a comma needs quotes inside of { }: "decimal(10,2)"',
  ]),
  ['a misspelt condition', `from: a, wher: "id > 1"`, '3:72', 'wher', 'unknown key; did you mean "where"?'],
])('%s', (_what, mapping, place, key, says) => {
  const file = join(folder, 'cdc.yaml');
  const text = `connections: { shop: "sqlite:shop.db", w: "sqlite:w.db" }
pipelines:
  orders: { source: shop, target: w, mode: batch, tables: [ { ${mapping} } ] }
`;
  writeFileSync(file, text);
  expect(() => loadConfig({ file, environment: {}, registry })).toThrow(
    `${file}:${place} pipelines.orders.tables[0].${key}: ${says}`,
  );
});

test('types are taken as a text, or with what may be altered', () => {
  const file = join(folder, 'cdc.yaml');
  writeFileSync(
    file,
    `connections: { shop: "sqlite:shop.db", w: "sqlite:w.db" }
pipelines:
  orders:
    source: shop
    target: w
    tables: [{ from: a, types: { x: "decimal(20,6)", y: { type: text, lossy: true }, z: { lossy: true } } }]
`,
  );
  expect(loadConfig({ file, environment: {}, registry }).pipelines.get('orders')?.tables).toEqual([
    {
      from: 'a',
      to: null,
      columns: null,
      types: {
        x: { type: 'decimal(20,6)', lossy: false },
        y: { type: 'text', lossy: true },
        z: { type: null, lossy: true },
      },
    },
  ]);
});
