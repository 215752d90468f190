/** Cases: rows are read by a column that grows, as the database orders it, and whoever may still write is told. */
import assert from 'node:assert/strict';
import type { Cursor, KeysetColumn, KeysetRow } from '../model';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { TableDefinition } from './fixture';
import { insertItem, OLD, readAll, stampedCase } from './keyset-scene';
import type { Stamped } from './keyset-scene';
import type { ContractOptions } from './options';
import { first } from './scene';
import type { Scene } from './scene';
import { ITEMS, PAIRS, WORDS } from './tables';

const OLD_MS = Date.UTC(2020, 1, 3, 4, 5, 6, 123);
const DAY_MS = 24 * 60 * 60 * 1_000;

/** 1970, with a zone's worth of margin. */
const BEGINNING_MS = 2 * DAY_MS;

export function sourceKeysetCases(options: ContractOptions): readonly ContractCase[] {
  const { capabilities } = options;

  const define = (
    name: string,
    definition: TableDefinition,
    body: (stamped: Stamped, scene: Scene) => Promise<void>,
  ): ContractCase => stampedCase(options, name, definition, body);

  const cases = [
    define('rows of one value are paged by a key of several columns, each once', PAIRS, async (stamped) => {
      const { database, reader, time } = stamped;
      const rows = ['a', 'b', 'B', 'ä', 'aa', ''].flatMap((part) =>
        [1, 2, 3].map((number) => `('n', '${part}', ${String(number)}, '${OLD}', ${String(number % 2)})`),
      );
      await database.execute(
        `INSERT INTO pairs (note, part, number, changed, revision) VALUES ${rows.join(', ')}`,
        `UPDATE pairs SET changed = '2020-02-03 04:05:06.123455' WHERE number = 3 AND part = 'b'`,
      );
      for (const column of [time, stamped.version]) {
        for (const limit of [1, 4, 17, 18, 100]) {
          await assertPaged(stamped, await readAll(reader, column, limit), `by ${column.by} in ${limit}`);
        }
      }
      const [earliest] = await readAll(reader, time, 5);
      assertEqual(earliest?.row.slice(1, 3), ['b', 3n]);
    }),

    define('rows of one value are paged by a key of text', WORDS, async (stamped) => {
      const { database, reader, time } = stamped;
      const words = ['up', 'Up', 'u', '', 'über', 'zu', 'up down', 'up  down'];
      const rows = words.map((word) => `('${word}', 'm', '${OLD}', 1)`);
      await database.execute(
        `INSERT INTO words (word, meaning, changed, revision) VALUES ${rows.join(', ')}`,
      );
      for (const limit of [1, 3, 8]) await assertPaged(stamped, await readAll(reader, time, limit));
    }),

    define(
      'a bound keeps every digit, with its rows or without them',
      ITEMS,
      async ({ database, reader, time }) => {
        await database.execute(insertItem(1, '2020-02-03 04:05:06.123456'));
        const newest = first((await reader.look([time])).newest)?.value;
        assert.ok(newest !== undefined, 'there is a newest value');
        await database.execute(
          insertItem(2, '2020-02-03 04:05:06.123455'),
          insertItem(3, '2020-02-03 04:05:06.123457'),
        );
        const read = async (
          from: { readonly value: Cursor; readonly inclusive: boolean } | null,
          before: { readonly value: Cursor; readonly inclusive: boolean } | null,
        ) => {
          const [page] = await reader.read([{ column: time, from, before, after: null }], 10);
          return idsOf(page?.rows);
        };
        const inclusive = { value: newest, inclusive: true };
        const exclusive = { value: newest, inclusive: false };
        assertEqual(await read(inclusive, null), ['1', '3']);
        assertEqual(await read(exclusive, null), ['3']);
        assertEqual(await read(null, inclusive), ['2']);
        assertEqual(await read(null, exclusive), ['2', '1']);
        assertEqual(await read(inclusive, exclusive), ['1']);
      },
    ),

    define('rows without a value are not read, and times are told', ITEMS, async (stamped) => {
      const { database, reader, time, version } = stamped;
      await database.execute(insertItem(1, OLD), `INSERT INTO items (id, name) VALUES (2, 'none')`);
      const rows = await readAll(reader, time, 1);
      assertEqual(
        rows.map(({ row, changedAt }) => [row[0], changedAt]),
        [[1n, OLD_MS]],
      );
      const versions = await readAll(reader, version, 1);
      assertEqual(
        versions.map(({ row, changedAt }) => [row[0], changedAt]),
        [[1n, null]],
      );
    }),

    define('rows that do not fulfil the condition are told as gone', ITEMS, async (stamped) => {
      const { database, reader, route, version } = stamped;
      await database.execute(insertItem(1, OLD), insertItem(2, OLD), insertItem(3, OLD));
      await database.execute(
        `UPDATE items SET amount = NULL WHERE id = 2`,
        `UPDATE items SET amount = 0 WHERE id = 3`,
      );
      const goneBy = async (where: string | null) => {
        const rows = await readAll(reader, { ...version, route: { ...route, where } }, 2);
        return idsOf(rows.filter(({ gone }) => gone));
      };
      assertEqual(await goneBy(null), []);
      assertEqual(await goneBy('amount > 0 -- not the others'), ['2', '3']);
      const column = route.source.columns.find(({ name }) => name === 'amount');
      assert.ok(column !== undefined, 'the table has the column');
      assertEqual(await goneBy(reader.presentSql(column)), ['1']);
      assertEqual(await goneBy(reader.unsetSql('amount')), ['1', '3']);
    }),

    define('several ranges are read until the limit, one after the other', ITEMS, async (stamped) => {
      const { database, reader, time, version } = stamped;
      await database.execute(insertItem(1, OLD), insertItem(2, OLD), insertItem(3, OLD));
      const ranges = [time, version].map((column) => ({ column, from: null, before: null, after: null }));
      const shapes = async (limit: number) =>
        (await reader.read(ranges, limit)).map(({ rows, ended }) => [rows.length, ended]);
      assertEqual(await shapes(10), [
        [3, true],
        [3, true],
      ]);
      assertEqual(await shapes(4), [
        [3, true],
        [1, false],
      ]);
      assertEqual(await shapes(2), [[2, false]]);
      assertEqual(await reader.read([], 5), []);
    }),

    define('the newest value is the highest that is not ahead of the clock', ITEMS, async (stamped) => {
      const { database, reader, time, version } = stamped;
      assertEqual((await reader.look([time, version])).newest, [null, null]);
      await database.execute(insertItem(1, OLD), insertItem(2, '2020-02-03 04:05:06.2'));
      const before = await reader.look([time, version]);
      await database.execute(insertItem(3, '2999-01-01 00:00:00.5'));
      const after = await reader.look([time, version]);
      assertEqual(after.newest[0], before.newest[0]);
      assert.notDeepEqual(after.newest[1], before.newest[1], 'versions are not told from the clock');
      // A version that is taken later is always higher.
      assert.equal(after.newest[1]?.over, true);
      const from = after.newest[0];
      assert.ok(from !== null && from !== undefined, 'there is a newest value');
      const [page] = await reader.read(
        [{ column: time, from: { value: from.value, inclusive: true }, before: null, after: null }],
        10,
      );
      assertEqual(idsOf(page?.rows), ['2', '3']);
      const clock = Date.now();
      assert.ok(Math.abs(after.at - clock) < DAY_MS && after.at >= before.at, 'looks tell the time');
    }),

    define('a value at a time is below none that was written since', ITEMS, async (stamped) => {
      const { database, reader, time, version } = stamped;
      await database.execute(insertItem(1, OLD));
      assert.equal(await reader.valueAt(version, OLD_MS), null);
      const found = async (at: number) => {
        const from = await reader.valueAt(time, at);
        assert.ok(from !== null, 'the column tells times');
        const [page] = await reader.read([{ column: time, from, before: null, after: null }], 10);
        return page?.rows.length;
      };
      assert.equal(await found(OLD_MS), 1);
      assert.equal(await found(BEGINNING_MS), 1);
      assert.equal(await found(-DAY_MS), 1);
      assert.equal(await found(OLD_MS + 2 * DAY_MS), 0);
    }),

    define('a table is copied in the order of its key, in ranges of any size', PAIRS, async (stamped) => {
      const { database, source, reader, route } = stamped;
      await database.execute(
        `INSERT INTO pairs (note, part, number) VALUES ('a', 'x', 2), ('b', 'y', 1), ('c', 'x', 1), ('d', 'X', 1)`,
      );
      const { name } = route.source;
      const scan = {
        table: name,
        columns: route.columns,
        key: route.key,
        after: null,
        upTo: null,
        limit: null,
      };
      const expected = (await source.scan(scan)).rows
        .map(({ row }) => JSON.stringify(row, withBigInts))
        .sort();
      for (const limit of [1, 3, 4, 10]) {
        const rows: string[] = [];
        let after: Cursor | null = null;
        for (let finished = false; !finished;) {
          const request = { table: route.id, after, replace: false };
          const { snapshot, range } = await reader.copy({ route, request, limit });
          assert.equal(snapshot.rows, range.rows.length);
          rows.push(...range.rows.map((row) => JSON.stringify(row, withBigInts)));
          after = snapshot.cursor;
          finished = snapshot.finished;
        }
        assertEqual(rows.sort(), expected, `ranges of ${limit}`);
      }
    }),

    define('the token stays until something is committed', ITEMS, async ({ database, reader }) => {
      const before = await reader.token();
      if (before === null) return;
      assert.equal(await reader.token(), before);
      await database.execute(insertItem(1, OLD));
      assert.notEqual(await reader.token(), before);
    }),

    define('a database keeps its identity, and others have another', ITEMS, async (stamped, scene) => {
      const { database, reader } = stamped;
      const again = await scene.source(database);
      assert.equal(await again.keyset?.identity(), await reader.identity());
      const other = await scene.source(await scene.database());
      assert.notEqual(await other.keyset?.identity(), await reader.identity());
    }),

    define(
      'a column that can be relied on is not refused, others are with what would help',
      ITEMS,
      async (stamped) => {
        const { database, reader, time, version, route } = stamped;
        await database.execute(insertItem(1, OLD), insertItem(2, OLD));
        assert.equal((await reader.assess(time, false)).refusal, null);
        assert.equal((await reader.assess(version, false)).refusal, null);
        const amount: KeysetColumn = { route, column: 'amount', by: 'version' };
        const refused = (await reader.assess(amount, false)).refusal;
        assert.match(refused?.reason ?? '', /no index/);
        assert.match(refused?.remedy ?? '', /CREATE (UNIQUE )?INDEX .*allowScan/);
        assert.equal((await reader.assess(amount, true)).refusal, null);
        const name: KeysetColumn = { route, column: 'name', by: 'version' };
        assert.notEqual((await reader.assess(name, true)).refusal, null);
      },
    ),
  ];
  if (capabilities.lateCommits) {
    cases.push(
      define('a transaction is open until it ends, and began when it did', ITEMS, async (stamped, scene) => {
        const { database, reader, time } = stamped;
        const idsAt = async () => {
          const { open } = await reader.look([time]);
          assert.ok(open !== null, 'this account sees what is open');
          return open;
        };
        const before = new Set((await idsAt()).map(({ id }) => id));
        const slow = await scene.connect(database);
        await slow.execute('BEGIN');
        await slow.execute(insertItem(1, OLD));
        const { at } = await reader.look([time]);
        await new Promise((resolve) => setTimeout(resolve, 1_200));
        const during = (await idsAt()).filter(({ id }) => !before.has(id));
        assert.ok(
          during.some(({ since, detached }) => !detached && since !== null && since <= at),
          'it is open since it began',
        );
        const again = (await idsAt()).map(({ id }) => id);
        assert.ok(
          during.some(({ id }) => again.includes(id)),
          'it is known by the same id',
        );
        await slow.execute('COMMIT');
        // Others may have begun on the server meanwhile.
        const after = (await idsAt()).map(({ id }) => id);
        assert.ok(
          during.some(({ id }) => again.includes(id) && !after.includes(id)),
          'it is over',
        );
        assert.equal((await readAll(reader, time, 10)).length, 1);
      }),
    );
  }
  return cases;
}

/** Of `items`. */
function idsOf(rows: readonly KeysetRow[] = []): readonly string[] {
  return rows.map(({ row }) => String(row[0]));
}

/** Each row of the table once, as comparing reads it. */
async function assertPaged(
  { source, route }: Stamped,
  rows: readonly KeysetRow[],
  message = '',
): Promise<void> {
  const scan = {
    table: route.source.name,
    columns: route.columns,
    key: route.key,
    after: null,
    upTo: null,
    limit: null,
  };
  const expected = (await source.scan(scan)).rows;
  const texts = (all: readonly Pick<KeysetRow, 'identity' | 'row'>[]) =>
    all.map(({ identity, row }) => JSON.stringify([identity, row], withBigInts)).sort();
  assertEqual(texts(rows), texts(expected), message);
}

function withBigInts(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? { bigint: String(value) } : value;
}
