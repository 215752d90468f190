/** Cases: whichever way rows travel, with `keepDeleted` what is deleted on the source stays on the target. */
import assert from 'node:assert/strict';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { assertSameTables, move, pairWith, WAYS } from './pair-scene';
import type { Pair, Way } from './pair-scene';
import { CHILDREN, ITEMS, PAIRS, PARENTS, WORDS } from './tables';
import { rowsIn } from './target-scene';

const TABLES = [ITEMS, PAIRS, WORDS, PARENTS, CHILDREN];

const BEFORE = [
  `INSERT INTO items (id, name, amount) VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3)`,
  `INSERT INTO pairs (note, part, number) VALUES ('x', 'a', 1), ('y', 'b', 1)`,
  `INSERT INTO words (word, meaning) VALUES ('up', 'not down'), ('down', 'not up')`,
  `INSERT INTO parents (id, name) VALUES (1, 'p'), (2, 'q')`,
  `INSERT INTO children (id, parent_id, name) VALUES (1, 1, 'a'), (2, 2, 'b')`,
];

const KEEP = { merge: { keepDeleted: true } } as const;

export function pairKeepingCases(options: ContractOptions): readonly ContractCase[] {
  return WAYS.flatMap((way) => wayCases(options, way));
}

function wayCases(options: ContractOptions, way: Way): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, `${name} (${way})`, body);
  const emptyWords = options.capabilities.truncate ? `TRUNCATE TABLE words` : `DELETE FROM words`;
  return [
    define(
      'a row that is deleted, emptied out, or leaves by a key update stays where rows are kept',
      async (scene) => {
        const pair = await pairWith(scene, await scene.captured(TABLES, BEFORE), way);
        const snapshot = { routes: pair.routes, limit: 100, replace: false };
        const { to } = await move(pair, { ...KEEP, from: pair.start, limit: 100, snapshot });
        await pair.database.execute(
          `DELETE FROM items WHERE id = 2`,
          `UPDATE pairs SET part = 'c' WHERE part = 'a'`,
          emptyWords,
          `DELETE FROM parents WHERE id = 1`,
        );
        const moved = await move(pair, { ...KEEP, from: to, limit: 3 });
        assertEqual(await contents(pair), {
          items: ['1 one 1', '2 two 2', '3 three 3'],
          pairs: ['x a 1', 'x c 1', 'y b 1'],
          words: ['down not up', 'up not down'],
          parents: ['1 p', '2 q'],
          children: ['1 1 a', '2 2 b'],
        });
        const deleted = moved.chunks
          .flatMap(({ counts }) => counts)
          .filter(({ table }) => table === itemsOf(pair))
          .reduce((sum, count) => sum + count.deleted, 0);
        assert.equal(deleted, 1, 'it counts as captured');

        await pair.database.execute(
          `INSERT INTO items (id, name, amount) VALUES (2, 'again', NULL)`,
          `UPDATE items SET amount = 9 WHERE id = 2`,
          `DELETE FROM items WHERE id = 3`,
          `INSERT INTO items (id, name, amount) VALUES (3, 'back', 3)`,
          `INSERT INTO words (word, meaning) VALUES ('up', 'over')`,
          `UPDATE pairs SET part = 'a' WHERE part = 'c'`,
        );
        await move(pair, { ...KEEP, from: moved.to, limit: 100 });
        const { items, pairs, words } = await contents(pair);
        assertEqual(items, ['1 one 1', '2 again 9', '3 back 3'], 'a later row is written over the kept one');
        assertEqual(pairs, ['x a 1', 'x c 1', 'y b 1']);
        assertEqual(words, ['down not up', 'up over']);
      },
    ),

    define('a copy that replaces deletes nothing where rows are kept, and else it does', async (scene) => {
      const pair = await pairWith(scene, await scene.captured(TABLES, BEFORE), way);
      await pair.targetDatabase.execute(
        `INSERT INTO items (id, name, amount) VALUES (0, 'kept', 0), (2, 'wrong', 0), (77, 'kept', 0)`,
        `INSERT INTO pairs (note, part, number) VALUES ('kept', 'a', 0), ('kept', 'zz', 1)`,
        `INSERT INTO words (word, meaning) VALUES ('kept', 'x')`,
      );
      const snapshot = { routes: pair.routes, limit: 1, replace: true };
      const { to } = await move(pair, { ...KEEP, from: pair.start, limit: 100, snapshot });
      assertEqual(await contents(pair), {
        items: ['0 kept 0', '1 one 1', '2 two 2', '3 three 3', '77 kept 0'],
        pairs: ['kept a 0', 'kept zz 1', 'x a 1', 'y b 1'],
        words: ['down not up', 'kept x', 'up not down'],
        parents: ['1 p', '2 q'],
        children: ['1 1 a', '2 2 b'],
      });
      await move(pair, { from: to, limit: 100, snapshot });
      await assertSameTables(pair);
    }),
  ];
}

function itemsOf({ routes }: Pair): string {
  return routes.find(({ source }) => source.name.name === 'items')?.id ?? '';
}

/** The target's rows as texts, sorted, by table. */
async function contents({ target, routes }: Pair): Promise<Readonly<Record<string, readonly string[]>>> {
  const found: [string, readonly string[]][] = [];
  for (const route of routes) {
    const rows = (await rowsIn(target, route)).map((row) => row.join(' '));
    found.push([route.source.name.name, rows.sort()]);
  }
  return Object.fromEntries(found);
}
