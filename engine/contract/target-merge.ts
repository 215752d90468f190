/** Cases: merging net changes ends with exactly these rows, whatever stood there. */
import assert from 'node:assert/strict';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { first, rejection } from './scene';
import { merge, prepareTarget, rowSet, rowsIn, stage } from './target-scene';
import { ACCOUNTS, CHILDREN, ITEMS, PAIRS, PARENTS } from './tables';

export function targetMergeCases(options: ContractOptions): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, name, body);
  return [
    define(
      'upserts insert and replace, deletes remove, and doing it again changes nothing',
      async (scene) => {
        const { database, target, routes } = await prepareTarget(
          options,
          scene,
          [ITEMS],
          [`INSERT INTO items (id, name, amount) VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3)`],
        );
        const route = first(routes);
        const set = rowSet(route, {
          deletes: [[1n], [77n]],
          upserts: [
            [2n, null, 20n],
            [4n, 'four', null],
          ],
        });
        for (const time of ['once', 'again']) {
          await merge(target, set);
          assertEqual(
            await rowsIn(target, route),
            [
              [2n, null, 20n],
              [3n, 'three', 3n],
              [4n, 'four', null],
            ],
            time,
          );
          assert.equal((await database.dump('items')).length, 3);
        }
      },
    ),

    define('an upsert of some columns leaves the others as they are', async (scene) => {
      const { target, routes } = await prepareTarget(
        options,
        scene,
        [ACCOUNTS],
        [`INSERT INTO accounts (id, email, owner) VALUES (1, 'a', 'kept')`],
      );
      const route = first(routes);
      const narrow = { ...route, columns: ['id', 'email'] };
      const upserts = [
        [1n, 'b'],
        [2n, 'c'],
      ];
      await merge(target, rowSet(narrow, { upserts }));
      assertEqual(await rowsIn(target, route), [
        [1n, 'b', 'kept'],
        [2n, 'c', null],
      ]);
    }),

    define('a key of several columns is matched in its own order', async (scene) => {
      const { target, routes } = await prepareTarget(
        options,
        scene,
        [PAIRS],
        [`INSERT INTO pairs (note, part, number) VALUES ('x', 'a', 1), ('y', 'b', 1), ('z', 'a', 2)`],
      );
      const route = first(routes);
      await merge(target, rowSet(route, { deletes: [[1n, 'a']], upserts: [['new', 'a', 2n]] }));
      assertEqual(await rowsIn(target, route), [
        ['y', 'b', 1n],
        ['new', 'a', 2n],
      ]);
    }),

    define('a unique value of a deleted row may go to another one in the same chunk', async (scene) => {
      const { target, routes } = await prepareTarget(
        options,
        scene,
        [ACCOUNTS],
        [`INSERT INTO accounts (id, email, owner) VALUES (1, 'a', 'x')`],
      );
      const route = first(routes);
      await merge(target, rowSet(route, { deletes: [[1n]], upserts: [[2n, 'a', 'y']] }));
      assertEqual(await rowsIn(target, route), [[2n, 'a', 'y']]);
    }),

    define('unique values may move from row to row, also round and round', async (scene) => {
      const { target, routes } = await prepareTarget(
        options,
        scene,
        [ACCOUNTS],
        [`INSERT INTO accounts (id, email, owner) VALUES (1, 'a', 'x'), (2, 'b', 'y'), (3, 'c', 'z')`],
      );
      const route = first(routes);
      const shifted = [
        [1n, 'b', 'x'],
        [2n, 'c', 'y'],
        [3n, 'd', 'z'],
      ];
      await merge(target, rowSet(route, { upserts: shifted }));
      assertEqual(await rowsIn(target, route), shifted);
      const turned = [
        [1n, 'd', 'x'],
        [2n, 'b', 'y'],
        [3n, 'c', 'z'],
      ];
      await merge(target, rowSet(route, { upserts: turned }));
      assertEqual(await rowsIn(target, route), turned);
      const swapped = [
        [4n, 'd', 'new'],
        [1n, 'e', 'x'],
      ];
      await merge(target, rowSet(route, { upserts: swapped }));
      assertEqual(await rowsIn(target, route), [
        [1n, 'e', 'x'],
        [2n, 'b', 'y'],
        [3n, 'c', 'z'],
        [4n, 'd', 'new'],
      ]);
    }),

    define('children go before parents and parents come before children', async (scene) => {
      const { target, routes } = await prepareTarget(
        options,
        scene,
        [PARENTS, CHILDREN],
        [
          `INSERT INTO parents (id, name) VALUES (1, 'p')`,
          `INSERT INTO children (id, parent_id, name) VALUES (1, 1, 'c')`,
        ],
      );
      const [parents, children] = routes;
      assert.ok(parents && children);
      await merge(
        target,
        rowSet(parents, { deletes: [[1n]], upserts: [[2n, 'q']] }),
        rowSet(children, { deletes: [[1n]], upserts: [[2n, 2n, 'd']] }),
      );
      assertEqual(await rowsIn(target, parents), [[2n, 'q']]);
      assertEqual(await rowsIn(target, children), [[2n, 2n, 'd']]);
    }),

    define("the target's own cascade deletes no row that no change speaks of", async (scene) => {
      const { target, routes } = await prepareTarget(
        options,
        scene,
        [PARENTS, CHILDREN],
        [
          `INSERT INTO parents (id, name) VALUES (1, 'p')`,
          `INSERT INTO children (id, parent_id, name) VALUES (1, 1, 'moves'), (2, 1, 'stays')`,
        ],
      );
      const [parents, children] = routes;
      assert.ok(parents && children);
      await merge(
        target,
        rowSet(parents, { deletes: [[1n]], upserts: [[2n, 'q']] }),
        rowSet(children, { upserts: [[1n, 2n, 'moves']] }),
      );
      await merge(target, rowSet(parents, { upserts: [[1n, 'back']] }));
      assertEqual(await rowsIn(target, children), [
        [1n, 2n, 'moves'],
        [2n, 1n, 'stays'],
      ]);
    }),

    define(
      'a row that the target refuses is CONSTRAINT_FAILED by table, and nothing of its chunk stays',
      async (scene) => {
        const { database, target, routes } = await prepareTarget(
          options,
          scene,
          [ITEMS, PAIRS],
          [`INSERT INTO items (id, name, amount) VALUES (1, 'one', 1)`],
        );
        const [items, pairs] = routes;
        assert.ok(items && pairs);
        const before = await database.dump('items');
        const refused = merge(
          target,
          rowSet(items, { deletes: [[1n]], upserts: [[2n, 'two', 2n]] }),
          rowSet(pairs, { upserts: [['a key without a value', null, 1n]] }),
        );
        const error = await rejection(refused, 'CONSTRAINT_FAILED', 'TYPE_MISMATCH');
        assert.equal(error.table, pairs.id);
        assertEqual(await database.dump('items'), before);
      },
    ),

    define(
      'a row of the target alone keeps its unique value, unless it is known to be outdated',
      async (scene) => {
        const { target, routes } = await prepareTarget(
          options,
          scene,
          [ACCOUNTS],
          [`INSERT INTO accounts (id, email, owner) VALUES (7, 'a', 'theirs')`],
        );
        const route = first(routes);
        const set = rowSet(route, { upserts: [[1n, 'a', 'ours']] });
        await rejection(merge(target, set), 'CONSTRAINT_FAILED');
        assertEqual(await rowsIn(target, route), [[7n, 'a', 'theirs']]);
        const chunk = await stage(target, [set]);
        await target.transaction(chunk, (tx) => tx.merge(chunk, { stale: [route.id] }));
        assertEqual(await rowsIn(target, route), [[1n, 'a', 'ours']]);
      },
    ),

    define('a table is empty until it holds a row', async (scene) => {
      const { target, routes } = await prepareTarget(options, scene, [ITEMS]);
      const route = first(routes);
      assert.equal(await target.isEmpty(route.target), true);
      await merge(target, rowSet(route, { upserts: [[1n, 'one', 1n]] }));
      assert.equal(await target.isEmpty(route.target), false);
    }),
  ];
}
