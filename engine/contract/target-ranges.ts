/** Cases: a snapshot range is made equal to the source's rows, and nothing outside of it is touched. */
import assert from 'node:assert/strict';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { first, rejection } from './scene';
import { cursorAfter, merge, prepareTarget, rangeOf, rowSet, rowsIn } from './target-scene';
import { ACCOUNTS, GRID, ITEMS, PAIRS, WORDS } from './tables';

const SIX = `INSERT INTO items (id, name, amount) VALUES ${[1, 2, 3, 4, 5, 6].map((n) => `(${n}, 'old', ${n})`).join(', ')}`;

export function targetRangeCases(options: ContractOptions): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, name, body);
  return [
    define('a range that replaces deletes what the source lacks between its bounds only', async (scene) => {
      const { target, routes } = await prepareTarget(options, scene, [ITEMS], [SIX]);
      const route = first(routes);
      const bounds = {
        after: await cursorAfter(target, route, 2),
        upTo: await cursorAfter(target, route, 5),
      };
      const range = rangeOf(route, [[4n, 'new', 40n]], { ...bounds, replace: true });
      for (const time of ['once', 'again']) {
        if (time === 'again') await merge(target, rowSet(route, { upserts: [[3n, 'stray', 3n]] }));
        await merge(target, rowSet(route, { range }));
        assertEqual(
          (await rowsIn(target, route)).map((row) => [row[0], row[1]]),
          [
            [1n, 'old'],
            [2n, 'old'],
            [4n, 'new'],
            [6n, 'old'],
          ],
          time,
        );
      }
    }),

    define('a range without bounds replaces the whole table', async (scene) => {
      const { target, routes } = await prepareTarget(options, scene, [ITEMS], [SIX]);
      const route = first(routes);
      const whole = { after: null, upTo: null, replace: true };
      await merge(target, rowSet(route, { range: rangeOf(route, [[9n, 'only', null]], whole) }));
      assertEqual(await rowsIn(target, route), [[9n, 'only', null]]);
      await merge(target, rowSet(route, { range: rangeOf(route, [], whole) }));
      assertEqual(await rowsIn(target, route), []);
    }),

    define('an open bound reaches to the end of the table', async (scene) => {
      const { target, routes } = await prepareTarget(options, scene, [ITEMS], [SIX]);
      const route = first(routes);
      const after = await cursorAfter(target, route, 4);
      await merge(target, rowSet(route, { range: rangeOf(route, [], { after, upTo: null, replace: true }) }));
      const ids = async () => (await rowsIn(target, route)).map((row) => row[0]);
      assertEqual(await ids(), [1n, 2n, 3n, 4n]);
      const upTo = await cursorAfter(target, route, 2);
      await merge(target, rowSet(route, { range: rangeOf(route, [], { after: null, upTo, replace: true }) }));
      assertEqual(await ids(), [3n, 4n]);
    }),

    define('a range that does not replace adds and updates, and deletes nothing', async (scene) => {
      const { target, routes } = await prepareTarget(options, scene, [ITEMS], [SIX]);
      const route = first(routes);
      const range = rangeOf(
        route,
        [
          [2n, 'new', 2n],
          [7n, 'new', 7n],
        ],
        { after: null, upTo: null, replace: false },
      );
      await merge(target, rowSet(route, { range }));
      assertEqual(
        (await rowsIn(target, route)).map((row) => row[1]),
        ['old', 'new', 'old', 'old', 'old', 'old', 'new'],
      );
    }),

    define('a window is applied before the range that was read with it', async (scene) => {
      const { target, routes } = await prepareTarget(options, scene, [ITEMS], [SIX]);
      const route = first(routes);
      const range = rangeOf(route, [[2n, 'range', 2n]], { after: null, upTo: null, replace: true });
      await merge(target, rowSet(route, { deletes: [[2n]], upserts: [[1n, 'window', 1n]], range }));
      assertEqual(await rowsIn(target, route), [[2n, 'range', 2n]]);
    }),

    define('ranges over a key of several columns keep to their bounds', async (scene) => {
      const cells = [1, 2].flatMap((x) => [1, 2, 3].map((y) => `(${x}, ${y}, 'old')`));
      const { target, routes } = await prepareTarget(
        options,
        scene,
        [GRID],
        [`INSERT INTO grid (x, y, label) VALUES ${cells.join(', ')}`],
      );
      const route = first(routes);
      const bounds = {
        after: await cursorAfter(target, route, 2),
        upTo: await cursorAfter(target, route, 4),
      };
      await merge(target, rowSet(route, { range: rangeOf(route, [], { ...bounds, replace: true }) }));
      assertEqual(
        (await rowsIn(target, route)).map((row) => [row[0], row[1]]),
        [
          [1n, 1n],
          [1n, 2n],
          [2n, 2n],
          [2n, 3n],
        ],
      );
    }),

    // Where two databases may put texts into different orders, a target deletes what is missing after the last range.
    define('ranges over a key of text together replace the whole table', async (scene) => {
      const { target, routes } = await prepareTarget(
        options,
        scene,
        [WORDS],
        [
          `INSERT INTO words (word, meaning) VALUES ('a', 'old'), ('B', 'old'), ('b', 'old'), ('c d', 'old'), ('_', 'old')`,
        ],
      );
      const route = first(routes);
      const middle = await cursorAfter(target, route, 3);
      const before = await rowsIn(target, route);
      const kept = before.slice(0, 1).map(([word]) => [word ?? null, 'new']);
      await merge(
        target,
        rowSet(route, { range: rangeOf(route, kept, { after: null, upTo: middle, replace: true }) }),
      );
      const halfway = await rowsIn(target, route);
      assertEqual(halfway.slice(0, 1), kept);
      assertEqual(halfway.slice(-2), before.slice(3), 'nothing beyond the bound is touched');
      await merge(
        target,
        rowSet(route, { range: rangeOf(route, [], { after: middle, upTo: null, replace: true }) }),
      );
      assertEqual(await rowsIn(target, route), kept);
    }),

    define('ranges over a key with a text in it together replace the whole table', async (scene) => {
      const rows = [1, 2].flatMap((n) => ['a', 'b', 'c'].map((part) => `('old', '${part}', ${n})`));
      const { target, routes } = await prepareTarget(
        options,
        scene,
        [PAIRS],
        [`INSERT INTO pairs (note, part, number) VALUES ${rows.join(', ')}`],
      );
      const route = first(routes);
      const [two, four] = [await cursorAfter(target, route, 2), await cursorAfter(target, route, 4)];
      const ranges = [
        { after: null, upTo: two, rows: [['new', 'a', 1n]] },
        { after: two, upTo: four, rows: [] },
        { after: four, upTo: null, rows: [['new', 'c', 2n]] },
      ];
      for (const { rows: found, ...bounds } of ranges) {
        await merge(target, rowSet(route, { range: rangeOf(route, found, { ...bounds, replace: true }) }));
      }
      assertEqual(await rowsIn(target, route), [
        ['new', 'a', 1n],
        ['new', 'c', 2n],
      ]);
    }),

    define(
      'a range that replaces takes unique values from rows that it has not reached yet',
      async (scene) => {
        const { target, routes } = await prepareTarget(
          options,
          scene,
          [ACCOUNTS],
          [
            `INSERT INTO accounts (id, email, owner) VALUES (1, 'a', 'old'), (2, 'b', 'old'), (3, 'c', 'old')`,
          ],
        );
        const route = first(routes);
        const middle = await cursorAfter(target, route, 1);
        await merge(
          target,
          rowSet(route, {
            range: rangeOf(route, [[1n, 'c', 'new']], { after: null, upTo: middle, replace: true }),
          }),
        );
        const rest = [
          [2n, 'a', 'new'],
          [3n, 'b', 'new'],
        ];
        await merge(
          target,
          rowSet(route, { range: rangeOf(route, rest, { after: middle, upTo: null, replace: true }) }),
        );
        assertEqual(await rowsIn(target, route), [[1n, 'c', 'new'], ...rest]);
      },
    ),

    define('a scan goes from after one bound up to and including the other', async (scene) => {
      const { target, routes } = await prepareTarget(options, scene, [ITEMS], [SIX]);
      const route = first(routes);
      const { columns, key } = route;
      const [two, five] = [await cursorAfter(target, route, 2), await cursorAfter(target, route, 5)];
      const ids = async (bounds: Pick<Parameters<typeof target.scan>[0], 'after' | 'upTo' | 'limit'>) =>
        (await target.scan({ table: route.target, columns, key, ...bounds })).rows.map(({ row }) => row[0]);
      assertEqual(await ids({ after: two, upTo: five, limit: null }), [3n, 4n, 5n]);
      assertEqual(await ids({ after: null, upTo: two, limit: null }), [1n, 2n]);
      assertEqual(await ids({ after: five, upTo: null, limit: null }), [6n]);
      assertEqual(await ids({ after: two, upTo: null, limit: 2 }), [3n, 4n]);
      const beyond = await target.scan({
        table: route.target,
        columns,
        key,
        after: five,
        upTo: five,
        limit: 1,
      });
      assertEqual(beyond, { rows: [], cursor: null });
    }),

    define(
      'rows of a scan that take more memory than they may are refused, but for one that comes alone',
      async (scene) => {
        const { target, routes } = await prepareTarget(options, scene, [ITEMS], [SIX]);
        const { target: table, columns, key } = first(routes);
        const request = { table, columns, key, after: null, upTo: null, limit: null, bytes: 10 };
        await rejection(target.scan(request), 'CHUNK_TOO_LARGE');
        assert.equal((await target.scan({ ...request, limit: 1 })).rows.length, 1);
        assert.equal((await target.scan({ ...request, bytes: null })).rows.length, 6);
      },
    ),
  ];
}
