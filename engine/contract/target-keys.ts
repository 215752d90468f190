/** Cases: a range of single keys makes these equal, many at once, and touches no other. */
import { encodeCursor } from '../model';
import type { Cursor, RowSet, SetAside, TableRoute, Target, Tuple } from '../model';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { first } from './scene';
import { merge, prepareTarget, rangeOf, rowSet, rowsIn, stage } from './target-scene';
import { ACCOUNTS, ITEMS, PAIRS, WORDS } from './tables';

export function targetKeyCases(options: ContractOptions): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, name, body);
  return [
    define('a range of one key makes that key equal, and touches no other', async (scene) => {
      const { target, routes } = await prepareTarget(
        options,
        scene,
        [PAIRS],
        [`INSERT INTO pairs (note, part, number) VALUES ('x', 'a', 1), ('y', 'b', 1), ('z', 'a', 2)`],
      );
      const route = first(routes);
      const only = [encodeCursor([1n, 'a'])];
      await merge(target, keySet(route, only, [['new', 'a', 1n]]));
      assertEqual(await rowsIn(target, route), [
        ['new', 'a', 1n],
        ['y', 'b', 1n],
        ['z', 'a', 2n],
      ]);
      await merge(target, keySet(route, only, []));
      assertEqual(await rowsIn(target, route), [
        ['y', 'b', 1n],
        ['z', 'a', 2n],
      ]);
      await merge(target, keySet(route, [], []));
      assertEqual((await rowsIn(target, route)).length, 2, 'no key is none, not any');
    }),

    define('rows of many keys are written and deleted at once, those of others stay', async (scene) => {
      const numbers = Array.from({ length: 700 }, (_, place) => place + 1);
      const { target, routes } = await prepareTarget(
        options,
        scene,
        [ITEMS, PAIRS],
        [
          `INSERT INTO items (id, name, amount) VALUES ${numbers.map((n) => `(${n}, 'old', ${n})`).join(', ')}`,
          `INSERT INTO pairs (note, part, number) VALUES ('x', 'a', 1), ('x', 'b', 1), ('x', 'a', 2), ('x', 'b', 2)`,
        ],
      );
      const [items, pairs] = [first(routes), first(routes.slice(1))];
      // Of these the source has every third, and one that the target lacks.
      const asked = [...numbers.slice(100, 600), 9_001, 9_002];
      const rows = [...numbers.slice(100, 600).filter((n) => n % 3 === 0), 9_001].map((n): Tuple => [
        BigInt(n),
        'new',
        BigInt(n),
      ]);
      await merge(
        target,
        keySet(
          items,
          asked.map((n) => encodeCursor([BigInt(n)])),
          rows,
        ),
        keySet(
          pairs,
          [encodeCursor([1n, 'b']), encodeCursor([2n, 'a']), encodeCursor([3n, 'a'])],
          [['n', 'b', 1n]],
        ),
      );
      assertEqual(await rowsIn(target, items), [
        ...numbers.slice(0, 100).map((n) => [BigInt(n), 'old', BigInt(n)]),
        ...rows.slice(0, -1),
        ...numbers.slice(600).map((n) => [BigInt(n), 'old', BigInt(n)]),
        [9_001n, 'new', 9_001n],
      ]);
      assertEqual(await rowsIn(target, pairs), [
        ['x', 'a', 1n],
        ['n', 'b', 1n],
        ['x', 'b', 2n],
      ]);
    }),

    define('of many keys that one is set aside whose row the target refuses', async (scene) => {
      const { target, routes } = await prepareTarget(
        options,
        scene,
        [ORDERS],
        [
          `INSERT INTO orders (id, name, amount) VALUES (1, 'old', 1), (2, 'old', 2), (3, 'old', 3), (4, 'old', 4)`,
        ],
      );
      const route = first(routes);
      const only = [1n, 2n, 3n, 5n, 6n].map((id) => encodeCursor([id]));
      const rows = [
        [1n, 'new', 10n],
        [2n, null, 20n],
        [5n, null, 50n],
        [6n, 'new', 60n],
      ];
      const aside = await mergeAside(target, route, keySet(route, only, rows));
      assertEqual(
        aside.map(({ key, copied, held }) => ({ key, copied, held })),
        [
          { key: [2n], copied: true, held: true },
          { key: [5n], copied: true, held: false },
        ],
      );
      assertEqual(await rowsIn(target, route), [
        [1n, 'new', 10n],
        [2n, 'old', 2n],
        [4n, 'old', 4n],
        [6n, 'new', 60n],
      ]);
    }),

    define('keys among which unique values have moved are made equal together', async (scene) => {
      const { target, routes } = await prepareTarget(
        options,
        scene,
        [ACCOUNTS],
        [
          `INSERT INTO accounts (id, email, owner) VALUES (1, 'a', 'x'), (2, 'b', 'x'), (3, 'c', 'x'), (4, 'd', 'x')`,
        ],
      );
      const route = first(routes);
      const rows: readonly Tuple[] = [
        [1n, 'b', 'y'],
        [2n, 'a', 'y'],
        // The one that the target has under a key that is gone.
        [5n, 'c', 'y'],
      ];
      const only = [1n, 2n, 3n, 5n].map((id) => encodeCursor([id]));
      await merge(target, keySet(route, only, rows));
      assertEqual(await rowsIn(target, route), [...rows.slice(0, 2), [4n, 'd', 'x'], ...rows.slice(2)]);
    }),

    define('keys of text are taken as they are written', async (scene) => {
      const words = [`it's`, 'a\\b', '"', '{a,b}', '$1', 'NULL', ' ', 'é?'];
      const { target, routes } = await prepareTarget(options, scene, [WORDS]);
      const route = first(routes);
      const rows = words.map((word): Tuple => [word, 'm']);
      await merge(target, rowSet(route, { upserts: [...rows, ['other', 'm']] }));
      const only = words.map((word) => encodeCursor([word]));
      await merge(
        target,
        keySet(
          route,
          only,
          rows.slice(0, 4).map(([word = null]): Tuple => [word, 'new']),
        ),
      );
      const left = (await rowsIn(target, route)).map(
        ([word, meaning]) => `${String(word)} ${String(meaning)}`,
      );
      assertEqual(left.sort(), [...words.slice(0, 4).map((word) => `${word} new`), 'other m'].sort());
    }),
  ];
}

/** A table that refuses rows: none of its columns may be NULL. */
const ORDERS = {
  ...ITEMS,
  name: 'orders',
  columns: ITEMS.columns.map((column) => ({ ...column, nullable: false })),
};

function keySet(route: TableRoute, only: readonly Cursor[], rows: readonly Tuple[]): RowSet {
  const range = rangeOf(route, rows, { after: null, upTo: null, replace: true });
  return rowSet(route, { range: { ...range, only } });
}

async function mergeAside(target: Target, route: TableRoute, set: RowSet): Promise<readonly SetAside[]> {
  const chunk = await stage(target, [set]);
  return target.transaction(chunk, (tx) => tx.merge(chunk, { setAside: [route.id] }));
}
