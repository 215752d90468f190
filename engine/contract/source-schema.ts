/** Cases: what a source knows of its tables, names of any kind, and tables that it must refuse. */
import assert from 'node:assert/strict';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { TableDefinition } from './fixture';
import type { ContractOptions } from './options';
import { assertSameRows, currentRows, replay } from './replay';
import { history } from './source-changes';
import { first, routesOf } from './scene';
import { ACCOUNTS, CHILDREN, ITEMS, PAIRS, PARENTS } from './tables';

/** Names that break whoever quotes carelessly. */
const NAMES: readonly string[] = [
  'order',
  'Group',
  'two words',
  'quo"te',
  "apo'strophe",
  'back`tick',
  '[brackets]',
  'semi;colon',
  'dot.ted',
  'per%cent',
  'question?mark',
  'col:on @ $1',
  'ünï ✓',
  'back\\slash',
  '-- comment',
  '__proto__',
  'new_id',
  'old',
  '123',
];

export function sourceSchemaCases(options: ContractOptions): readonly ContractCase[] {
  const { fixture } = options;
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, name, body);
  const cases = [
    define('columns, key, unique indexes and references of tables are known', async (scene) => {
      const { routes } = await scene.captured([PAIRS, ACCOUNTS, PARENTS, CHILDREN]);
      const [pairs, accounts, , children] = routes.map((route) => route.source);
      assertEqual(
        pairs?.columns.map((column) => [column.name, column.nullable, column.generated]),
        [
          ['note', true, 'no'],
          ['part', false, 'no'],
          ['number', false, 'no'],
        ],
      );
      assertEqual(pairs?.key?.columns, ['number', 'part']);
      assertEqual(
        accounts?.uniqueIndexes.map((index) => index.columns),
        [['email']],
      );
      assertEqual(
        children?.foreignKeys.map((key) => [key.columns, key.references.name]),
        [[['parent_id'], 'parents']],
      );
    }),

    define('about how many rows tables hold is known, and exactly where they are few', async (scene) => {
      const rows = Array.from({ length: 7 }, (_, n) => `(${n}, 'n', ${n})`).join(', ');
      const { database, source, routes } = await scene.captured(
        [PARENTS, ITEMS],
        [`INSERT INTO items (id, name, amount) VALUES ${rows}`],
      );
      assertEqual(await source.estimateRows(routes), [0, 7]);
      await database.execute('DELETE FROM items WHERE id < 5');
      assertEqual(await source.estimateRows([...routes].reverse()), [2, 0]);
      assertEqual(await source.estimateRows([]), []);
      const chosen = routes.map((route) => ({
        ...route,
        where: route.id.endsWith('items') ? 'amount > 5' : null,
      }));
      assertEqual(await source.estimateRows(chosen), [0, 1]);
    }),

    ...fixture.refusedTables.map((refused) =>
      define(`the table ${refused.name} is listed as ${refused.code} with a remedy`, async (scene) => {
        const database = await scene.database();
        await database.execute(...refused.statements);
        const tables = await (await scene.source(database)).tables();
        const found = tables.find((table) => table.name.name === refused.name);
        assert.equal(found?.refusal?.code, refused.code);
        assert.equal(found.key, null);
        assert.ok(found.refusal.reason !== '' && found.refusal.remedy !== '');
      }),
    ),
  ];
  return [...cases, ...NAMES.map((name) => nameCase(options, name))];
}

function nameCase(options: ContractOptions, name: string): ContractCase {
  const definition: TableDefinition = {
    name,
    columns: [
      { name, type: 'integer', nullable: false },
      { name: `${name} 2`, type: 'text', nullable: true },
    ],
    key: [name],
    unique: [`${name} 2`],
    references: null,
  };
  const q = (text: string): string => options.fixture.quoteName(text);
  return contractCase(options, `a table and columns called ${name} are captured`, async (scene) => {
    const { database, source, routes, start } = await scene.captured([definition]);
    await database.execute(
      `INSERT INTO ${q(name)} (${q(name)}, ${q(`${name} 2`)}) VALUES (1, 'a'), (2, 'b')`,
      `UPDATE ${q(name)} SET ${q(`${name} 2`)} = 'c' WHERE ${q(name)} = 1`,
      `DELETE FROM ${q(name)} WHERE ${q(name)} = 2`,
    );
    const { replica } = await replay(source, routes, start, 10);
    await assertSameRows(source, routes, replica);
    assert.equal((await currentRows(source, routes)).get(first(routes).id)?.size, 1);
    const [inserted] = await history(source, first(routes));
    assertEqual(Object.entries(inserted?.after ?? {}), [
      [name, 1n],
      [`${name} 2`, 'a'],
    ]);
    await source.uninstall('contract-consumer');
    assertEqual((await routesOf(source, [definition])).length, 1);
  });
}
