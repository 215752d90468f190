/** Cases: rows that a condition chooses, and columns that have another name on the target, whichever way they travel. */
import assert from 'node:assert/strict';
import { requireFilter, routeTable } from '../capture';
import { oneRange, routeOnTarget } from '../model';
import type { Position, TableMapping, TableRoute, Tuple } from '../model';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { TableDefinition } from './fixture';
import type { ContractOptions } from './options';
import { move, pairWith, WAYS } from './pair-scene';
import type { Pair, Way } from './pair-scene';
import { first, rejection } from './scene';
import type { Scene } from './scene';
import { ACCOUNTS, ITEMS, PAIRS } from './tables';

type Choice = Pick<TableMapping, 'where' | 'rename'>;

const ROWS = [
  `INSERT INTO items (id, name, amount) VALUES (1, 'in', 11), (2, 'out', 10), (3, 'no', 12), (4, 'null', NULL), (5, 'in', 50)`,
  `INSERT INTO pairs (note, part, number) VALUES ('x', 'a', 1), ('y', 'b', 1), ('z', 'a', 2)`,
  `INSERT INTO accounts (id, email, owner) VALUES (1, 'a', 'x'), (2, 'b', 'y')`,
];

const WHERE = `amount > 10 AND name <> 'no'`;

export function pairFilterCases(options: ContractOptions): readonly ContractCase[] {
  return [refusalCase(options), ...WAYS.flatMap((way) => wayCases(options, way))];
}

function refusalCase(options: ContractOptions): ContractCase {
  return contractCase(
    options,
    'a condition is refused that is none over the row alone, and nothing is left of looking at it',
    async (scene) => {
      const { source, routes, database } = await scene.captured([ITEMS, PAIRS], ROWS.slice(0, 2));
      const route = first(routes);
      const before = await database.objects();
      for (const where of [
        'nothing = 1',
        'amount >',
        'amount > (SELECT 1)',
        'EXISTS (SELECT 1 FROM pairs WHERE number = amount)',
        'pairs.number = 1',
        'count(*) > 1',
        'CURRENT_TIMESTAMP IS NOT NULL',
        'amount > 1; DELETE FROM items',
        '1 = 1) OR (1 = 1',
        'amount > 1 --',
        'amount > 1 /* or more */',
        'amount > 1 ORDER BY 1',
        `name = 'it`,
        'amount > ?',
        'amount > $1',
        ' ',
      ]) {
        const error = await rejection(requireFilter(source, { ...route, where }), 'FILTER_INVALID');
        assert.equal(error.table, route.id, where);
      }
      for (const where of [WHERE, `name IN ('a;b', '--', 'it''s', '(') OR id = 1`, '(id = 1) OR (id = 2)']) {
        await requireFilter(source, { ...route, where });
      }
      assertEqual(await database.objects(), before);
    },
  );
}

function wayCases(options: ContractOptions, way: Way): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, `${name} (${way})`, body);
  return [
    define('only rows that fulfil a condition arrive; those that leave it go', async (scene) => {
      const { pair, copied } = await chosen(scene, way, ITEMS, { where: WHERE });
      assertEqual(await copied(2), [
        [1n, 'in', 11n],
        [5n, 'in', 50n],
      ]);
      let from = await pair.source.head();
      for (const limit of [1, 2, 100]) {
        await pair.database.execute(
          `UPDATE items SET amount = 9 WHERE id = 1`,
          `UPDATE items SET amount = 20 WHERE id = 2`,
          `UPDATE items SET name = NULL WHERE id = 5`,
          `UPDATE items SET id = 6 WHERE id = 2`,
          `INSERT INTO items (id, name, amount) VALUES (7, 'in', 70), (8, 'out', 1), (9, 'no', 90)`,
          `UPDATE items SET name = 'in' WHERE id = 3`,
          `DELETE FROM items WHERE id = 8`,
        );
        from = (await move(pair, { from, limit })).to;
        assertEqual(
          await targetRows(pair),
          [
            [3n, 'in', 12n],
            [6n, 'out', 20n],
            [7n, 'in', 70n],
          ],
          `chunks of ${limit}`,
        );
        await pair.database.execute(`DELETE FROM items`, first(ROWS));
        from = (await move(pair, { from, limit })).to;
        assertEqual(await targetRows(pair), await sourceRows(pair));
      }
    }),

    define('a copy that replaces removes what does not fulfil the condition', async (scene) => {
      const { pair, copied } = await chosen(scene, way, ITEMS, { where: WHERE });
      await pair.targetDatabase.execute(
        `INSERT INTO items (id, name, amount) VALUES (0, 'stray', 0), (2, 'stale', 99), (3, 'stale', 1), (5, 'stale', 1), (9, 'stray', 9)`,
      );
      assertEqual(await copied(1, true), [
        [1n, 'in', 11n],
        [5n, 'in', 50n],
      ]);
    }),

    define('a key whose row does not fulfil the condition reads as gone', async (scene) => {
      const { pair, copied } = await chosen(scene, way, ITEMS, { where: WHERE });
      await copied(100);
      await pair.targetDatabase.execute(
        `INSERT INTO items (id, name, amount) VALUES (2, 'wrong', 0)`,
        `DELETE FROM items WHERE id = 5`,
      );
      for (const id of [2n, 5n]) await again(pair, id);
      assertEqual(await targetRows(pair), await sourceRows(pair));
      const route = first(pair.routes);
      const { columns, key, where, source: table } = route;
      const bounds = { after: null, upTo: null, limit: null };
      const keys = [2n, 5n].map((id) => pair.source.cursorOf([id]));
      const found = await pair.source.scan({ table: table.name, columns, key, where, keys, ...bounds });
      assertEqual(
        found.rows.map(({ row }) => row[0]),
        [5n],
      );
    }),

    define('a digest of the source is of the rows that the condition chooses', async (scene) => {
      const { pair, copied } = await chosen(scene, way, ITEMS, { where: WHERE });
      await copied(2);
      const { source, target } = pair;
      if (source.digest === undefined || target.digest === undefined) return;
      const { columns, key, where, source: here, target: there } = first(pair.routes);
      const all = { columns, key, after: null, upTo: null, limit: null };
      const digest = await source.digest({ ...all, table: here.name, where });
      assertEqual(await target.digest({ ...all, table: there }), digest);
      assert.equal(digest.rows, 2);
      const part = await source.digest({ ...all, table: here.name, where, limit: 1 });
      assert.equal(part.rows, 1);
      assertEqual(
        await target.digest({ ...all, table: there, upTo: part.cursor }),
        { ...part, cursor: null },
        'the first of them',
      );
    }),

    define(
      'renamed columns arrive under their names, in the key and in unique indexes, too',
      async (scene) => {
        const { pair, copied } = await chosen(scene, way, ACCOUNTS, {
          rename: { id: 'account', email: 'mail' },
        });
        await pair.targetDatabase.execute(
          `CREATE UNIQUE INDEX one_mail ON accounts (mail)`,
          `INSERT INTO accounts (account, mail, owner) VALUES (1, 'b', 'stale'), (5, 'a', 'stray')`,
        );
        assertEqual(await copied(1, true), [
          [1n, 'a', 'x'],
          [2n, 'b', 'y'],
        ]);
        await pair.database.execute(
          `UPDATE accounts SET email = 'tmp' WHERE id = 1`,
          `UPDATE accounts SET email = 'a' WHERE id = 2`,
          `UPDATE accounts SET email = 'b' WHERE id = 1`,
          `INSERT INTO accounts (id, email, owner) VALUES (3, NULL, 'z')`,
          `UPDATE accounts SET id = 4 WHERE id = 3`,
        );
        await move(pair, { from: pair.start, limit: 100 });
        assertEqual(await targetRows(pair), [
          [1n, 'b', 'x'],
          [2n, 'a', 'y'],
          [4n, null, 'z'],
        ]);
      },
    ),

    define(
      'columns may change their names with each other, under a condition by the old ones',
      async (scene) => {
        const rename = { part: 'note', note: 'part', number: 'no' };
        const { pair, copied } = await chosen(scene, way, PAIRS, { where: `part <> 'b'`, rename });
        assertEqual(routeOnTarget(first(pair.routes)).key, ['no', 'note']);
        assertEqual(await copied(1), await sourceRows(pair));
        await pair.database.execute(
          `UPDATE pairs SET part = 'c', note = 'new' WHERE number = 1 AND part = 'b'`,
          `UPDATE pairs SET part = 'b' WHERE number = 2`,
          `DELETE FROM pairs WHERE number = 1 AND part = 'a'`,
        );
        await move(pair, { from: pair.start, limit: 100 });
        assertEqual(await targetRows(pair), [['new', 'c', 1n]]);
      },
    ),
  ];
}

interface Chosen {
  readonly pair: Pair;
  /** Copies the table in ranges of this size; what the target holds then. */
  readonly copied: (limit: number, replace?: boolean) => Promise<readonly Tuple[]>;
}

async function chosen(scene: Scene, way: Way, definition: TableDefinition, choice: Choice): Promise<Chosen> {
  const rows = ROWS.filter((sql) => sql.startsWith(`INSERT INTO ${definition.name} `));
  const captured = await scene.captured([definition], rows);
  const routes = captured.routes.map((route): TableRoute =>
    routeTable(route.source, { to: null, columns: null, ...choice }, true),
  );
  const pair = await pairWith(scene, { ...captured, routes }, way);
  return {
    pair,
    async copied(limit, replace = false) {
      await move(pair, { from: pair.start, limit: 100, snapshot: { routes, limit, replace } });
      return targetRows(pair);
    },
  };
}

const ALL = { after: null, upTo: null, limit: null };

async function targetRows({ target, routes }: Pair): Promise<readonly Tuple[]> {
  const { target: table, columns, key } = routeOnTarget(first(routes));
  return (await target.scan({ table, columns, key, ...ALL })).rows.map(({ row }) => row);
}

async function sourceRows({ source, routes }: Pair): Promise<readonly Tuple[]> {
  const { source: table, columns, key, where } = first(routes);
  return (await source.scan({ table: table.name, columns, key, where, ...ALL })).rows.map(({ row }) => row);
}

/** Reads one key again, and makes it equal. */
async function again(pair: Pair, id: bigint): Promise<void> {
  const { source, target, transfer, routes } = pair;
  const from: Position = await source.head();
  const only = source.cursorOf([id]);
  const range = { table: first(routes).id, after: null, replace: true, only: [only] };
  const snapshot = oneRange(range, 1);
  const schemaToken = await source.check(from, routes);
  const chunk = await transfer.stage({ from, routes, limit: 100, schemaToken, snapshot });
  await target.transaction(chunk, (tx) => tx.merge(chunk));
}
