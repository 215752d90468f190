/** Cases: whichever way rows travel, the same rows arrive and the same is said about them. */
import assert from 'node:assert/strict';
import { oneRange } from '../model';
import type { ChunkSummary } from '../model';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { assertSameTables, move, pairWith, transferOf, WAYS } from './pair-scene';
import type { Way } from './pair-scene';
import { first } from './scene';
import { ACCOUNTS, CHILDREN, ITEMS, PAIRS, PARENTS, STAMPED, WORDS } from './tables';

const BEFORE = [
  `INSERT INTO items (id, name, amount) VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3)`,
  `INSERT INTO pairs (note, part, number) VALUES ('x', 'a', 1), ('y', 'b', 1), ('z', 'a', 2)`,
  `INSERT INTO accounts (id, email, owner) VALUES (1, 'a', 'x'), (2, 'b', 'y')`,
  `INSERT INTO parents (id, name) VALUES (1, 'p'), (2, 'q')`,
  `INSERT INTO children (id, parent_id, name) VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c')`,
];

const STORY = [
  `UPDATE items SET amount = amount + 10 WHERE id <> 2`,
  `DELETE FROM items WHERE id = 2`,
  `INSERT INTO items (id, name, amount) VALUES (2, 'again', NULL), (9, NULL, 9)`,
  `UPDATE pairs SET part = 'c' WHERE part = 'a'`,
  `UPDATE accounts SET email = 'tmp' WHERE id = 1`,
  `UPDATE accounts SET email = 'a' WHERE id = 2`,
  `UPDATE accounts SET email = 'b' WHERE id = 1`,
  `INSERT INTO words (word, meaning) VALUES ('up', 'not down')`,
  `DELETE FROM parents WHERE id = 1`,
  `UPDATE words SET word = 'on' WHERE word = 'up'`,
  `INSERT INTO children (id, parent_id, name) VALUES (1, 2, 'again')`,
];

const TABLES = [ITEMS, PAIRS, ACCOUNTS, WORDS, PARENTS, CHILDREN];

export function pairTransferCases(options: ContractOptions): readonly ContractCase[] {
  return [agreementCase(options), ...WAYS.flatMap((way) => wayCases(options, way))];
}

function agreementCase(options: ContractOptions): ContractCase {
  return contractCase(
    options,
    'every way moves the same rows and says the same about them',
    async (scene) => {
      const captured = await scene.captured(TABLES, BEFORE);
      const pairs = await Promise.all(WAYS.map((way) => pairWith(scene, captured, way)));
      const copies = await Promise.all(
        pairs.map((pair) =>
          move(pair, {
            from: captured.start,
            limit: 100,
            snapshot: { routes: captured.routes, limit: 2, replace: false },
          }),
        ),
      );
      assertEqual(copies[1]?.chunks.map(said), copies[0]?.chunks.map(said));
      await captured.database.execute(...STORY);
      let from = captured.start;
      for (const limit of [1, 4, 100]) {
        const moves = await Promise.all(pairs.map((pair) => move(pair, { from, limit })));
        assertEqual(moves[1]?.chunks.map(said), moves[0]?.chunks.map(said), `chunks of ${limit}`);
        for (const pair of pairs) await assertSameTables(pair);
        from = first(moves).to;
        await captured.database.execute(
          `UPDATE items SET name = 'after ${limit}'`,
          `UPDATE pairs SET number = number + 10`,
        );
      }
    },
  );
}

/** A position can tell when it was read; all else is the same. */
function said({ to: _, ...summary }: ChunkSummary): Omit<ChunkSummary, 'to'> {
  return summary;
}

function wayCases(options: ContractOptions, way: Way): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, `${name} (${way})`, body);
  const stamping = options.fixture.stampingTrigger('after');
  return [
    define('snapshot and window together make both sides equal', async (scene) => {
      const pair = await pairWith(scene, await scene.captured(TABLES, BEFORE), way);
      await pair.database.execute(...STORY);
      const snapshot = { routes: pair.routes, limit: 2, replace: false };
      await move(pair, { from: pair.start, limit: 3, snapshot });
      await assertSameTables(pair);
    }),

    define('the same changes applied again change nothing', async (scene) => {
      const pair = await pairWith(scene, await scene.captured(TABLES, BEFORE), way);
      const snapshot = { routes: pair.routes, limit: 100, replace: false };
      await move(pair, { from: pair.start, limit: 100, snapshot });
      await pair.database.execute(...STORY);
      await move(pair, { from: pair.start, limit: 5 });
      await move(pair, { from: pair.start, limit: 100 });
      await assertSameTables(pair);
    }),

    define('a snapshot that replaces removes what the target held', async (scene) => {
      const pair = await pairWith(scene, await scene.captured(TABLES, BEFORE), way);
      await pair.targetDatabase.execute(
        `INSERT INTO items (id, name, amount) VALUES (0, 'stray', 0), (2, 'wrong', 0), (77, 'stray', 0)`,
        `INSERT INTO accounts (id, email, owner) VALUES (1, 'b', 'stale'), (5, 'a', 'stray')`,
        `INSERT INTO pairs (note, part, number) VALUES ('stray', 'a', 0), ('stray', 'zz', 1), ('stray', 'a', 9)`,
        `INSERT INTO words (word, meaning) VALUES ('stray', 'x')`,
      );
      const snapshot = { routes: pair.routes, limit: 1, replace: true };
      await move(pair, { from: pair.start, limit: 100, snapshot });
      await assertSameTables(pair);
    }),

    define('a chunk that was staged and discarded leaves nothing', async (scene) => {
      const pair = await pairWith(scene, await scene.captured([ITEMS]), way);
      await pair.database.execute(...BEFORE.slice(0, 1));
      const request = {
        from: pair.start,
        routes: pair.routes,
        limit: 100,
        schemaToken: await pair.source.check(pair.start, pair.routes),
        snapshot: null,
      };
      await pair.transfer.discard(await pair.transfer.stage(request));
      assertEqual(await pair.targetDatabase.dump('items'), []);
      await move(pair, { from: pair.start, limit: 100 });
      await assertSameTables(pair);
    }),

    define('a source is read while one of its writers has not committed', async (scene) => {
      const pair = await pairWith(scene, await scene.captured([ITEMS], BEFORE.slice(0, 1)), way);
      const writer = await scene.connect(pair.database);
      await writer.execute('BEGIN');
      await writer.execute(`DELETE FROM items WHERE id = 1`);
      const snapshot = { routes: pair.routes, limit: 2, replace: false };
      const { to } = await move(pair, { from: pair.start, limit: 100, snapshot });
      assert.equal((await pair.targetDatabase.dump('items')).length, 3);
      await writer.execute('COMMIT');
      await move(pair, { from: to, limit: 100 });
      await assertSameTables(pair);
    }),

    define('a writer of the source is not kept out by a staged chunk or an open target', async (scene) => {
      const pair = await pairWith(scene, await scene.captured([ITEMS], BEFORE.slice(0, 1)), way);
      const writer = await scene.connect(pair.database);
      await pair.database.execute(`UPDATE items SET amount = 0`);
      const chunk = await pair.transfer.stage({
        from: pair.start,
        routes: pair.routes,
        limit: 100,
        schemaToken: await pair.source.check(pair.start, pair.routes),
        snapshot: oneRange({ table: first(pair.routes).id, after: null, replace: false }, 100),
      });
      await pair.target.transaction(chunk, async (tx) => {
        await writer.execute(`UPDATE items SET amount = 1 WHERE id = 1`);
        await tx.merge(chunk);
        await writer.execute(`UPDATE items SET amount = 2 WHERE id = 2`);
      });
      await move(pair, { from: chunk.to, limit: 100 });
      await assertSameTables(pair);
    }),

    define('fewer columns travel when fewer are asked for', async (scene) => {
      const pair = await pairWith(scene, await scene.captured([ACCOUNTS], BEFORE.slice(2, 3)), way);
      const narrow = {
        ...pair,
        routes: pair.routes.map((route) => ({ ...route, columns: ['id', 'owner'] })),
      };
      const snapshot = { routes: narrow.routes, limit: 1, replace: true };
      const { to } = await move(narrow, { from: pair.start, limit: 100, snapshot });
      await pair.database.execute(`UPDATE accounts SET owner = 'new', email = 'c' WHERE id = 1`);
      await move(narrow, { from: to, limit: 100 });
      const { columns, key, target } = first(pair.routes);
      const bounds = { after: null, upTo: null, limit: null };
      const { rows } = await pair.target.scan({ table: target, columns, key, ...bounds });
      assertEqual(
        rows.map(({ row }) => row),
        [
          [1n, null, 'new'],
          [2n, null, 'y'],
        ],
      );
    }),

    define('a digest is the same for the same rows on both sides, and another for others', async (scene) => {
      const pair = await pairWith(scene, await scene.captured([PAIRS], BEFORE.slice(1, 2)), way);
      const { source, target } = pair;
      if (source.digest === undefined || target.digest === undefined) return;
      await pair.database.execute(
        `INSERT INTO pairs (note, part, number) VALUES ('', 'm', 7), (NULL, 'n', 7), ('x ', 'o', 7)`,
      );
      const snapshot = { routes: pair.routes, limit: 2, replace: false };
      await move(pair, { from: pair.start, limit: 100, snapshot });
      const { columns, key, source: table, target: there } = first(pair.routes);
      const all = { columns, key, after: null, upTo: null, limit: null };
      const one = await source.digest({ ...all, table: table.name });
      assertEqual(await target.digest({ ...all, table: there }), one);
      assert.equal(one.cursor, null);
      const part = await source.digest({ ...all, table: table.name, limit: 2 });
      assert.equal(part.rows, 2);
      assert.notEqual(part.digest, one.digest);
      assertEqual((await target.digest({ ...all, table: there, upTo: part.cursor })).digest, part.digest);
      const rest = { ...all, after: part.cursor };
      const left = await source.digest({ ...rest, table: table.name });
      assert.equal(left.rows, one.rows - 2);
      for (const change of [`note = NULL WHERE part = 'm'`, `note = 'x' WHERE part = 'o'`]) {
        const before = await source.digest({ ...all, table: table.name });
        await pair.database.execute(`UPDATE pairs SET ${change}`);
        assert.notEqual((await source.digest({ ...all, table: table.name })).digest, before.digest, change);
      }
    }),

    define('a source and a target name the same row by the same identity', async (scene) => {
      const pair = await pairWith(scene, await scene.captured([PAIRS, WORDS], BEFORE.slice(1, 2)), way);
      await pair.database.execute(
        `INSERT INTO words (word, meaning) VALUES ('Up', 'x'), ('up', 'y'), ('u p', 'z')`,
      );
      const snapshot = { routes: pair.routes, limit: 2, replace: false };
      await move(pair, { from: pair.start, limit: 100, snapshot });
      for (const { columns, key, source, target } of pair.routes) {
        const bounds = { columns, key, after: null, upTo: null, limit: null };
        const here = await pair.source.scan({ table: source.name, ...bounds });
        assertEqual(await pair.target.scan({ table: target, ...bounds }), here);
        assert.ok(here.rows.length > 0);
      }
    }),

    ...(stamping === null
      ? []
      : [
          define(
            "rows that an application's trigger writes once more arrive as they stand",
            async (scene) => {
              const rows = `INSERT INTO stamped (id, name, revision) VALUES (1, 'a', 0), (2, 'b', 0)`;
              const pair = await pairWith(scene, await scene.captured([STAMPED], [rows, ...stamping]), way);
              await pair.database.execute(
                `UPDATE stamped SET name = 'c'`,
                `DELETE FROM stamped WHERE id = 2`,
              );
              const snapshot = { routes: pair.routes, limit: 1, replace: false };
              await move(pair, { from: pair.start, limit: 1, snapshot });
              await assertSameTables(pair);
            },
          ),
        ]),

    define('the transfer found for a pair is the one that was asked for', async (scene) => {
      const pair = await pairWith(scene, await scene.captured([ITEMS]), way);
      const again = await transferOf(pair.source, pair.target, way);
      assert.equal(again.kind, pair.transfer.kind);
      if (way === 'rows' || pair.source.offers.length === 0) assert.equal(again.kind, 'rows');
    }),
  ];
}
