/** Cases: rows that the target refuses are set aside one by one, and dead letters are kept with the checkpoint. */
import assert from 'node:assert/strict';
import type {
  DeadLetterEntry,
  RowSet,
  SetAside,
  StoredDeadLetter,
  TableRoute,
  Target,
  TargetTransaction,
  Tuple,
} from '../model';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { first, rejection } from './scene';
import { checkpointOf, prepareTarget, rangeOf, rowSet, rowsIn, stage } from './target-scene';
import { ACCOUNTS, ITEMS, PAIRS } from './tables';

/** A key that a contract table refuses: none of its columns may be NULL. */
const ORDERS = {
  ...ITEMS,
  name: 'orders',
  columns: ITEMS.columns.map((column) => ({ ...column, nullable: false })),
};

interface Merged {
  readonly aside: readonly SetAside[];
  readonly touched: readonly boolean[];
}

/** Merges with rows of these tables set aside, and asks which keys the chunk held. */
async function mergeAside(
  target: Target,
  route: TableRoute,
  sets: readonly RowSet[],
  keys: readonly Tuple[] = [],
): Promise<Merged> {
  const chunk = await stage(target, sets);
  return target.transaction(chunk, async (tx) => {
    const before = await tx.touched(chunk, route.id, keys);
    const aside = await tx.merge(chunk, { setAside: [route.id] });
    const touched = await tx.touched(chunk, route.id, keys);
    assertEqual(touched, before, 'the same before the merge and after it');
    return { aside, touched };
  });
}

export function targetLetterCases(options: ContractOptions): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, name, body);
  return [
    define(
      'a row that the target refuses is set aside, and all else of its chunk is applied',
      async (scene) => {
        const { target, routes } = await prepareTarget(
          options,
          scene,
          [ORDERS, PAIRS],
          [`INSERT INTO orders (id, name, amount) VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3)`],
        );
        const [orders, pairs] = routes;
        assert.ok(orders && pairs);
        const set = rowSet(orders, {
          deletes: [[1n]],
          upserts: [
            [2n, null, 20n],
            [3n, 'new', 30n],
            [4n, 'four', null],
            [5n, 'five', 5n],
          ],
        });
        const { aside } = await mergeAside(target, orders, [
          set,
          rowSet(pairs, { upserts: [['x', 'a', 1n]] }),
        ]);
        assertEqual(
          [...aside].sort((a, b) => Number(a.key[0]) - Number(b.key[0])),
          [
            refused(orders, [2n, null, 20n], { column: 'name', held: true }),
            refused(orders, [4n, 'four', null], { column: 'amount', held: false }),
          ],
        );
        assertEqual(await rowsIn(target, orders), [
          [2n, 'two', 2n],
          [3n, 'new', 30n],
          [5n, 'five', 5n],
        ]);
        assertEqual(await rowsIn(target, pairs), [['x', 'a', 1n]]);
      },
    ),

    define('tables that are not named still fail as a whole', async (scene) => {
      const { target, routes } = await prepareTarget(options, scene, [ORDERS, PAIRS]);
      const [orders, pairs] = routes;
      assert.ok(orders && pairs);
      const sets = [
        rowSet(orders, { upserts: [[1n, 'one', 1n]] }),
        rowSet(pairs, { upserts: [['x', null, 1n]] }),
      ];
      const error = await rejection(mergeAside(target, orders, sets), 'CONSTRAINT_FAILED', 'TYPE_MISMATCH');
      assert.equal(error.table, pairs.id);
      assertEqual(await rowsIn(target, orders), []);
    }),

    define(
      'a row is set aside by the unique value of another one; values that move round are applied',
      async (scene) => {
        const { target, routes } = await prepareTarget(
          options,
          scene,
          [ACCOUNTS],
          [`INSERT INTO accounts (id, email, owner) VALUES (1, 'a', 'x'), (2, 'b', 'y'), (7, 'q', 'theirs')`],
        );
        const route = first(routes);
        const upserts = [
          [2n, 'a', 'y'],
          [3n, 'q', 'z'],
          [1n, 'b', 'x'],
        ];
        const { aside } = await mergeAside(target, route, [rowSet(route, { upserts })]);
        assertEqual(
          aside.map(({ key, row, code, held }) => ({ key, row, code, held })),
          [{ key: [3n], row: [3n, 'q', 'z'], code: 'CONSTRAINT_FAILED', held: false }],
        );
        assertEqual(await rowsIn(target, route), [
          [1n, 'b', 'x'],
          [2n, 'a', 'y'],
          [7n, 'q', 'theirs'],
        ]);
      },
    ),

    define('many refused rows among many are found, and no other is lost', async (scene) => {
      const { target, routes } = await prepareTarget(options, scene, [ORDERS]);
      const route = first(routes);
      const upserts = Array.from({ length: 1_000 }, (_, id): Tuple => [
        BigInt(id),
        id % 97 === 5 ? null : 'name',
        1n,
      ]);
      const { aside } = await mergeAside(target, route, [rowSet(route, { upserts })]);
      const lost = upserts.filter((row) => row[1] === null).map(([id]) => id);
      assertEqual(
        aside.map(({ key }) => key[0]),
        lost,
      );
      assert.equal((await rowsIn(target, route)).length, upserts.length - lost.length);
    }),

    define(
      'a range that replaces leaves what the target holds under a key that is set aside',
      async (scene) => {
        const { target, routes } = await prepareTarget(
          options,
          scene,
          [ORDERS],
          [`INSERT INTO orders (id, name, amount) VALUES (1, 'old', 1), (2, 'old', 2), (3, 'old', 3)`],
        );
        const route = first(routes);
        const rows = [
          [1n, 'new', 10n],
          [2n, null, 20n],
        ];
        const bounds = { after: null, upTo: null, replace: true };
        const set = rowSet(route, { upserts: [[2n, null, 19n]], range: rangeOf(route, rows, bounds) });
        const { aside, touched } = await mergeAside(target, route, [set], [[1n], [3n], [2n]]);
        assertEqual(aside, [refused(route, [2n, null, 20n], { column: 'name', held: true, copied: true })]);
        assertEqual(touched, [true, false, true]);
        assertEqual(await rowsIn(target, route), [
          [1n, 'new', 10n],
          [2n, 'old', 2n],
        ]);
      },
    ),

    define('a chunk tells which keys it holds, in the order in which they are asked for', async (scene) => {
      const { target, routes } = await prepareTarget(options, scene, [PAIRS]);
      const route = first(routes);
      const set = rowSet(route, {
        deletes: [[1n, 'gone']],
        upserts: [
          ['n', 'there', 2n],
          ['n', 'a', 3n],
        ],
      });
      const keys = [
        [9n, 'a'],
        [3n, 'a'],
        [1n, 'there'],
        [1n, 'gone'],
        [2n, 'there'],
        ...Array.from({ length: 250 }, (_, n) => [BigInt(n), 'x']),
        [2n, 'there'],
      ];
      const { touched } = await mergeAside(target, route, [set], keys);
      assertEqual(
        touched.flatMap((held, place) => (held ? [place] : [])),
        [1, 3, 4, keys.length - 1],
      );
      const chunk = await stage(target, [set]);
      await target.transaction(chunk, async (tx) => {
        assertEqual(await tx.touched(chunk, 'another table', [[3n, 'a']]), [false]);
      });
    }),

    define(
      'dead letters come back as they were saved, oldest first, by pipeline and table',
      async (scene) => {
        const { target } = await prepareTarget(options, scene, []);
        const letters = [
          letter({ id: '2-1', key: '{"id":2}', setAsideAt: 200 }),
          letter({
            id: '1-1',
            key: `{"id":${JSON.stringify('\u0000 "é" \u{1f600} \ud800'.repeat(700))}}`,
            setAsideAt: 100,
          }),
          letter({
            id: '2-2',
            key: '{"id":2}',
            table: 'other',
            op: 'delete',
            row: null,
            column: null,
            setAsideAt: 300,
          }),
        ];
        await inTransaction(target, (tx) => tx.saveDeadLetters('p', letters));
        await inTransaction(target, (tx) => tx.saveDeadLetters('q', [letter({ id: '2-1' })]));
        const [second, oldest, newest] = letters;
        assert.ok(second && oldest && newest);
        assertEqual(await target.deadLetters('p'), [oldest, second, newest].map(entryOf));
        for (const saved of letters) assertEqual(await target.deadLetter('p', saved.id), saved);
        assert.equal(await target.deadLetter('p', 'none'), null);
        await inTransaction(target, async (tx) => {
          assertEqual(await tx.deadLetters('p', 'orders'), [oldest, second].map(entryOf));
          assertEqual(await tx.deadLetters('p', 'none'), []);
        });

        const again = letter({ id: '9-1', key: '{"id":2}', attempts: 4, row: '{"v":null}', setAsideAt: 900 });
        await inTransaction(target, async (tx) => {
          await tx.saveDeadLetters('p', [again]);
          await tx.flagDeadLetters('p', ['9-1', 'none']);
          await tx.removeDeadLetters('p', ['1-1', 'none']);
        });
        assertEqual(await target.deadLetters('p'), [newest, { ...again, retry: true }].map(entryOf));
        assertEqual(await target.deadLetter('p', '9-1'), { ...again, retry: true });
        assert.equal((await target.deadLetters('q')).length, 1);
      },
    ),

    define('letters are kept with the rows of their chunk, or not at all', async (scene) => {
      const { target, routes } = await prepareTarget(options, scene, [ORDERS]);
      const route = first(routes);
      const chunk = await stage(target, [rowSet(route, { upserts: [[1n, 'one', 1n]] })]);
      const cut = target.transaction(chunk, async (tx) => {
        await tx.merge(chunk);
        await tx.saveDeadLetters('p', [letter({})]);
        throw new Error('cut short');
      });
      await assert.rejects(cut, /cut short/);
      assertEqual(await target.deadLetters('p'), []);
      assertEqual(await rowsIn(target, route), []);
    }),

    define('a pipeline takes its dead letters with it, and leaves those of others', async (scene) => {
      const { database, target } = await prepareTarget(options, scene, []);
      assertEqual(await target.deadLetters('p'), []);
      await inTransaction(target, async (tx) => {
        for (const uuid of ['p', 'q']) {
          await tx.saveCheckpoint(checkpointOf({ uuid, name: uuid }));
          await tx.saveDeadLetters(uuid, [letter({})]);
        }
      });
      await target.uninstall('p');
      assertEqual(await target.deadLetters('p'), []);
      assert.equal((await target.deadLetters('q')).length, 1);
      await target.uninstall('q');
      assertEqual(await target.deadLetters('q'), []);
      assert.equal(await target.deadLetter('q', '1-1'), null);
      await scene.target(database);
    }),
  ];
}

function refused(
  { id }: TableRoute,
  row: Tuple,
  more: Pick<SetAside, 'column' | 'held'> & Partial<SetAside>,
): SetAside {
  return {
    table: id,
    key: row.slice(0, 1),
    op: 'upsert',
    row,
    code: 'CONSTRAINT_FAILED',
    copied: false,
    ...more,
  };
}

function letter(change: Partial<StoredDeadLetter>): StoredDeadLetter {
  return {
    id: '1-1',
    table: 'orders',
    key: '{"id":1}',
    op: 'upsert',
    row: '{"id":1,"name":"it\'s \\"ours\\" \u2713","bytes":{"bytes":"00ff"}}',
    code: 'CONSTRAINT_FAILED',
    column: 'name',
    setAsideAt: 1_767_225_600_123,
    attempts: 1,
    retry: false,
    ...change,
  };
}

function entryOf({ row: _, ...entry }: StoredDeadLetter): DeadLetterEntry {
  return entry;
}

function inTransaction<T>(target: Target, work: (tx: TargetTransaction) => Promise<T>): Promise<T> {
  return target.transaction(null, work);
}
