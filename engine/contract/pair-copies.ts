/** Cases: several tables are copied at once, while their source is written. */
import assert from 'node:assert/strict';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import type { ContractOptions } from './options';
import { assertSameTables, move, pairWith, WAYS } from './pair-scene';
import type { Way } from './pair-scene';
import { CHILDREN, ITEMS, PAIRS, PARENTS, WORDS } from './tables';

const TABLES = [ITEMS, PAIRS, WORDS, PARENTS, CHILDREN];

function upTo(rows: number, values: (n: number) => string): string {
  return Array.from({ length: rows }, (_, index) => values(index + 1)).join(', ');
}

const BEFORE = [
  `INSERT INTO items (id, name, amount) VALUES ${upTo(40, (n) => `(${n}, 'n${n}', ${n})`)}`,
  `INSERT INTO pairs (note, part, number) VALUES ${upTo(25, (n) => `('x', 'p${n % 3}', ${n})`)}`,
  `INSERT INTO words (word, meaning) VALUES ${upTo(12, (n) => `('w${n}', 'm')`)}`,
  `INSERT INTO parents (id, name) VALUES ${upTo(20, (n) => `(${n}, 'p')`)}`,
  `INSERT INTO children (id, parent_id, name) VALUES ${upTo(30, (n) => `(${n}, ${(n % 20) + 1}, 'c')`)}`,
];

/** What is written between two chunks, ahead of the ranges and behind them. */
function story(turn: number): readonly string[] {
  return [
    `UPDATE items SET amount = ${-turn} WHERE id % 7 = ${turn % 7}`,
    `DELETE FROM items WHERE id = ${((turn * 11) % 40) + 1}`,
    `INSERT INTO items (id, name, amount) VALUES (${1_000 + turn}, 'new', NULL)`,
    `UPDATE pairs SET part = 'q${turn}' WHERE number = ${((turn * 3) % 25) + 1}`,
    `UPDATE words SET word = 'u${turn}' WHERE word = 'w${(turn % 12) + 1}'`,
    `INSERT INTO children (id, parent_id, name) VALUES (${100 + turn}, 20, 'late')`,
    `UPDATE children SET parent_id = 19 WHERE id = ${(turn % 30) + 1}`,
    `DELETE FROM children WHERE parent_id = ${turn % 15}`,
    `DELETE FROM parents WHERE id = ${turn % 15}`,
  ];
}

export function pairCopyCases(options: ContractOptions): readonly ContractCase[] {
  return WAYS.flatMap((way) => wayCases(options, way));
}

function wayCases(options: ContractOptions, way: Way): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, `${way}: ${name}`, body);
  return [false, true].map((replace) =>
    define(
      `several tables are copied at once with writers in between, ${replace ? 'over rows of before' : 'into empty ones'}`,
      async (scene) => {
        const captured = await scene.captured(TABLES, BEFORE);
        const pair = await pairWith(scene, captured, way);
        if (replace) {
          await pair.targetDatabase.execute(
            `INSERT INTO items (id, name, amount) VALUES (7, 'stray', 7), (500, 'stray', NULL)`,
            `INSERT INTO words (word, meaning) VALUES ('w3', 'stray'), ('zzz', 'stray')`,
            `INSERT INTO parents (id, name) VALUES (99, 'stray')`,
          );
        }
        let turn = 0;
        const { chunks, to } = await move(pair, {
          from: pair.start,
          limit: 100,
          snapshot: { routes: pair.routes, limit: 9, replace, atOnce: 3 },
          ...(replace ? { merge: { stale: pair.routes.map(({ id }) => id) } } : {}),
          async between() {
            turn += 1;
            if (turn <= 12) await pair.database.execute(...story(turn));
          },
        });
        const most = Math.max(...chunks.map(({ snapshot }) => snapshot.length));
        assert.ok(most >= 3, 'a chunk has ranges of several tables');
        await move(pair, { from: to, limit: 100 });
        await assertSameTables(pair);
      },
    ),
  );
}
