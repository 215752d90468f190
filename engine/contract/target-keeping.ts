/** Cases: with `keepDeleted` nothing that the target holds is deleted, whatever a chunk says. */
import assert from 'node:assert/strict';
import type { Cursor, MergeOptions, RowSet, SetAside, Target, Tuple } from '../model';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { first, rejection } from './scene';
import { cursorAfter, merge, prepareTarget, rangeOf, rowSet, rowsIn, stage } from './target-scene';
import { ACCOUNTS, CHILDREN, ITEMS, PARENTS, WORDS } from './tables';

export function targetKeepingCases(options: ContractOptions): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, name, body);
  return [
    define(
      'a deletion that is kept leaves its row, and a later row of its key is written over it',
      async (scene) => {
        const { target, routes } = await prepareTarget(
          options,
          scene,
          [ITEMS],
          [`INSERT INTO items (id, name, amount) VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3)`],
        );
        const route = first(routes);
        const set = rowSet(route, { deletes: [[1n], [77n]], upserts: [[4n, 'four', 4n]] });
        const chunk = await stage(target, [set]);
        await target.transaction(chunk, async (tx) => {
          assertEqual(await tx.merge(chunk, { keepDeleted: true }), []);
          const keys = [[1n], [2n], [77n]];
          assertEqual(
            await tx.touched(chunk, route.id, keys),
            [true, false, true],
            'deletions are touched all the same',
          );
        });
        assertEqual(await rowsIn(target, route), [
          [1n, 'one', 1n],
          [2n, 'two', 2n],
          [3n, 'three', 3n],
          [4n, 'four', 4n],
        ]);
        await keep(target, rowSet(route, { upserts: [[1n, 'again', null]] }));
        assertEqual((await rowsIn(target, route))[0], [1n, 'again', null]);
        await merge(target, rowSet(route, { deletes: [[1n]] }));
        assert.equal((await rowsIn(target, route)).length, 3, 'where nothing is kept, it goes');
      },
    ),

    define('parents and children that are kept stay together', async (scene) => {
      const { target, routes } = await prepareTarget(
        options,
        scene,
        [PARENTS, CHILDREN],
        [
          `INSERT INTO parents (id, name) VALUES (1, 'p')`,
          `INSERT INTO children (id, parent_id, name) VALUES (1, 1, 'c'), (2, 1, 'moves')`,
        ],
      );
      const [parents, children] = routes;
      assert.ok(parents && children);
      await keep(
        target,
        rowSet(parents, { deletes: [[1n]], upserts: [[2n, 'q']] }),
        rowSet(children, { deletes: [[1n]], upserts: [[2n, 2n, 'moves']] }),
      );
      assertEqual(await rowsIn(target, parents), [
        [1n, 'p'],
        [2n, 'q'],
      ]);
      assertEqual(await rowsIn(target, children), [
        [1n, 1n, 'c'],
        [2n, 2n, 'moves'],
      ]);
    }),

    define(
      'a range that replaces deletes nothing where rows are kept, with bounds, without, or of one key',
      async (scene) => {
        const { target, routes } = await prepareTarget(
          options,
          scene,
          [ITEMS],
          [`INSERT INTO items (id, name, amount) VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4)`],
        );
        const route = first(routes);
        const bounds = {
          after: await cursorAfter(target, route, 1),
          upTo: await cursorAfter(target, route, 3),
        };
        const whole = { after: null, upTo: null };
        const range = (rows: readonly Tuple[], between: { after: Cursor | null; upTo: Cursor | null }) =>
          rangeOf(route, rows, { ...between, replace: true });
        await keep(target, rowSet(route, { range: range([[3n, 'new', 3n]], bounds) }));
        await keep(target, rowSet(route, { deletes: [[4n]], range: range([[5n, 'e', 5n]], whole) }));
        await keep(target, rowSet(route, { range: range([], whole) }));
        const only = { ...range([], whole), only: [await cursorAfter(target, route, 2)] };
        await keep(target, rowSet(route, { range: only }));
        assertEqual(
          (await rowsIn(target, route)).map((row) => row[1]),
          ['a', 'b', 'new', 'd', 'e'],
        );
      },
    ),

    define('ranges over a key of text delete nothing together where rows are kept', async (scene) => {
      const { copy, words } = await wordsIn(options, scene);
      for (const time of ['once', 'again']) {
        await copy(['a', 'new'], 'keep', ['z', 'new'], 'keep');
        assertEqual(await words(), ['a new', 'b old', 'c old', 'd old', 'z new'], time);
      }
    }),

    define(
      'a copy amid which rows begin to be kept, or cease to be, loses no row of the source',
      async (scene) => {
        const { copy, words } = await wordsIn(options, scene);
        // What becomes of `b`, which the first range lacks, depends on whether the target deletes by ranges or at the end.
        const others = async () => (await words()).filter((word) => !word.startsWith('b'));
        await copy(['a', 'new'], 'delete', ['z', 'new'], 'keep');
        assertEqual(await others(), ['a new', 'c old', 'd old', 'z new'], 'nothing is deleted at its end');
        await copy(['a', 'newer'], 'keep', ['z', 'newer'], 'delete');
        assertEqual(await others(), ['a newer', 'z newer'], "what the first range wrote is the source's");
      },
    ),

    define(
      'a row that is kept keeps its unique value: who needs it is refused, or set aside',
      async (scene) => {
        const { target, routes } = await prepareTarget(
          options,
          scene,
          [ACCOUNTS],
          [`INSERT INTO accounts (id, email, owner) VALUES (1, 'a', 'kept'), (2, 'b', 'there')`],
        );
        const route = first(routes);
        const set = rowSet(route, {
          deletes: [[1n]],
          upserts: [
            [3n, 'a', 'new'],
            [2n, 'c', 'changed'],
          ],
        });
        const whole = { after: null, upTo: null, replace: true };
        const range = rowSet(route, { range: rangeOf(route, [[3n, 'a', 'new']], whole) });
        for (const refused of [set, range]) {
          await rejection(keepAside(target, refused, { stale: [route.id] }), 'CONSTRAINT_FAILED');
        }
        const aside = await keepAside(target, set, { setAside: [route.id], stale: [route.id] });
        assertEqual(
          aside.map(({ key, op, code }) => ({ key, op, code })),
          [{ key: [3n], op: 'upsert', code: 'CONSTRAINT_FAILED' }],
        );
        assertEqual(await rowsIn(target, route), [
          [1n, 'a', 'kept'],
          [2n, 'c', 'changed'],
        ]);
      },
    ),
  ];
}

async function keep(target: Target, ...sets: readonly RowSet[]): Promise<void> {
  const chunk = await stage(target, sets);
  await target.transaction(chunk, (tx) => tx.merge(chunk, { keepDeleted: true }));
}

async function keepAside(target: Target, set: RowSet, options: MergeOptions): Promise<readonly SetAside[]> {
  const chunk = await stage(target, [set]);
  return target.transaction(chunk, (tx) => tx.merge(chunk, { ...options, keepDeleted: true }));
}

type Mode = 'keep' | 'delete';

/** A table with a key of text and four rows, which is copied in two ranges. */
async function wordsIn(options: ContractOptions, scene: Parameters<Parameters<typeof contractCase>[2]>[0]) {
  const { target, routes } = await prepareTarget(
    options,
    scene,
    [WORDS],
    [`INSERT INTO words (word, meaning) VALUES ('a', 'old'), ('b', 'old'), ('c', 'old'), ('d', 'old')`],
  );
  const route = first(routes);
  const middle = await cursorAfter(target, route, 2);
  const part = async (mode: Mode, rows: readonly Tuple[], after: Cursor | null, upTo: Cursor | null) => {
    const chunk = await stage(target, [
      rowSet(route, { range: rangeOf(route, rows, { after, upTo, replace: true }) }),
    ]);
    const merging: MergeOptions = { stale: [route.id], keepDeleted: mode === 'keep' };
    await target.transaction(chunk, (tx) => tx.merge(chunk, merging));
  };
  return {
    copy: async (low: Tuple, lowMode: Mode, high: Tuple, highMode: Mode): Promise<void> => {
      await part(lowMode, [low], null, middle);
      await part(highMode, [high], middle, null);
    },
    words: async () => (await rowsIn(target, route)).map((row) => row.join(' ')),
  };
}
