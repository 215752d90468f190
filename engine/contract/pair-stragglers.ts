/** Cases: tables that stand at a position of their own are read from there to the end that the others reach. */
import assert from 'node:assert/strict';
import type { StagedChunk } from '../model';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { assertSameTables, move, pairWith, WAYS } from './pair-scene';
import type { Pair, Way } from './pair-scene';
import { ITEMS, WORDS } from './tables';

const MISSED = [
  `INSERT INTO words (word, meaning) VALUES ('up', 'x'), ('in', 'y'), ('on', 'z')`,
  `UPDATE items SET amount = 1`,
  `DELETE FROM words WHERE word = 'in'`,
];
const SINCE = [
  `UPDATE words SET meaning = 'later'`,
  `INSERT INTO items (id, name, amount) VALUES (9, 'n', 9)`,
];

/** Items go with the pipeline to the end of MISSED; words stay where they were, and SINCE comes after that. */
async function separated(pair: Pair) {
  const behind = pair.routes.filter((route) => route.source.name.name === 'words');
  const others = pair.routes.filter((route) => !behind.includes(route));
  await pair.database.execute(...MISSED);
  const { to } = await move({ ...pair, routes: others }, { from: pair.start, limit: 100 });
  await pair.database.execute(...SINCE);
  const stage = async (limit: number): Promise<StagedChunk> => {
    await pair.source.check(pair.start, behind);
    return pair.transfer.stage({
      from: to,
      routes: pair.routes,
      limit,
      schemaToken: await pair.source.check(to, others),
      snapshot: null,
      behind: behind.map(({ id }) => ({ table: id, from: pair.start })),
    });
  };
  return { stage };
}

export function pairStragglerCases(options: ContractOptions): readonly ContractCase[] {
  return WAYS.flatMap((way) => wayCases(options, way));
}

function wayCases(options: ContractOptions, way: Way): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, `${name} (${way})`, body);
  const before = [`INSERT INTO items (id, name, amount) VALUES (1, 'one', 1), (2, 'two', 2)`];
  return [
    define('a table that stands behind comes to the same end as the others', async (scene) => {
      const pair = await pairWith(scene, await scene.captured([ITEMS, WORDS]), way);
      await pair.database.execute(...before);
      const { stage } = await separated(pair);
      const chunk = await stage(100);
      assert.equal(chunk.more, false);
      const counted = (name: string): unknown => {
        const id = pair.routes.find((route) => route.source.name.name === name)?.id;
        const count = chunk.counts.find(({ table }) => table === id);
        return [count?.inserted, count?.updated, count?.deleted];
      };
      assertEqual(
        [counted('items'), counted('words')],
        [
          [1, 0, 0],
          [3, 2, 1],
        ],
      );
      assert.equal(chunk.changes, 7);
      await pair.target.transaction(chunk, (tx) => tx.merge(chunk));
      await assertSameTables(pair);
      assert.equal(await pair.source.covers(chunk.to, await pair.source.head()), true);
      await pair.database.execute(`DELETE FROM words WHERE word = 'on'`);
      await move(pair, { from: chunk.to, limit: 100 });
      await assertSameTables(pair);
    }),

    define('what does not fit together is not read in part', async (scene) => {
      const pair = await pairWith(scene, await scene.captured([ITEMS, WORDS]), way);
      await pair.database.execute(...before);
      const { stage } = await separated(pair);
      const chunk = await stage(6);
      assertEqual([chunk.more, chunk.changes, chunk.counts], [true, 0, []]);
      await pair.transfer.discard(chunk);
    }),
  ];
}
