/** Cases: only committed work is seen, all of it, once; whoever commits when. */
import assert from 'node:assert/strict';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { assertSameRows, currentRows, replay } from './replay';
import { history } from './source-changes';
import { first } from './scene';
import { CHILDREN, ITEMS, PARENTS } from './tables';

function insertItem(id: number): string {
  return `INSERT INTO items (id, name, amount) VALUES (${id}, 'n${id}', ${id})`;
}

export function sourceTransactionCases(options: ContractOptions): readonly ContractCase[] {
  const { capabilities } = options;
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, name, body);
  const cases = [
    define('work that is rolled back leaves nothing', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS], [insertItem(1)]);
      const connection = await scene.connect(database);
      await connection.execute('BEGIN');
      await connection.execute(insertItem(2));
      await connection.execute(`DELETE FROM items WHERE id = 1`);
      await connection.execute('ROLLBACK');
      assert.equal((await source.pending(start, routes, 10)).count, 0);
      assertEqual(await history(source, first(routes)), []);
    }),

    define(
      'work rolled back to a savepoint leaves nothing, the rest of its transaction stays',
      async (scene) => {
        const { database, source, routes, start } = await scene.captured([ITEMS]);
        const connection = await scene.connect(database);
        await connection.execute('BEGIN');
        await connection.execute(insertItem(1));
        await connection.execute('SAVEPOINT inner_part');
        await connection.execute(insertItem(2));
        await connection.execute('ROLLBACK TO SAVEPOINT inner_part');
        await connection.execute(insertItem(3));
        await connection.execute('COMMIT');
        const { replica } = await replay(source, routes, start, 100);
        await assertSameRows(source, routes, replica);
        assert.equal((await history(source, first(routes))).length, 2);
      },
    ),

    define('uncommitted work is not seen, and is not passed over once it is committed', async (scene) => {
      const { database, source, routes, start } = await scene.captured([ITEMS]);
      const connection = await scene.connect(database);
      await connection.execute('BEGIN');
      await connection.execute(insertItem(1));
      assert.equal((await source.pending(start, routes, 10)).count, 0);
      const early = await replay(source, routes, start, 100);
      const head = await source.head();
      await connection.execute('COMMIT');
      for (const from of [start, early.to, head]) {
        const late = await replay(source, routes, from, 100);
        await assertSameRows(source, routes, late.replica);
      }
    }),

    define('changes of several tables in one transaction come together', async (scene) => {
      const { database, source, routes, start } = await scene.captured([PARENTS, CHILDREN]);
      const connection = await scene.connect(database);
      await connection.execute('BEGIN');
      await connection.execute(`INSERT INTO parents (id, name) VALUES (1, 'p')`);
      await connection.execute(`INSERT INTO children (id, parent_id, name) VALUES (1, 1, 'c')`);
      await connection.execute(`UPDATE parents SET name = 'q' WHERE id = 1`);
      await connection.execute('COMMIT');
      const { replica, chunks } = await replay(source, routes, start, 100);
      assert.equal(chunks.length, 1);
      await assertSameRows(source, routes, replica);
    }),

    define('rows that a cascade deletes are captured', async (scene) => {
      const { database, source, routes, start } = await scene.captured(
        [PARENTS, CHILDREN],
        [
          `INSERT INTO parents (id, name) VALUES (1, 'p'), (2, 'q')`,
          `INSERT INTO children (id, parent_id, name) VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c')`,
        ],
      );
      const replica = await currentRows(source, routes);
      await database.execute(`DELETE FROM parents WHERE id = 1`);
      await replay(source, routes, start, 100, replica);
      await assertSameRows(source, routes, replica);
    }),
  ];
  if (capabilities.lateCommits) {
    cases.push(
      define('a transaction that commits after a later one is not lost and not doubled', async (scene) => {
        const { database, source, routes, start } = await scene.captured([ITEMS]);
        const slow = await scene.connect(database);
        await slow.execute('BEGIN');
        await slow.execute(insertItem(1));
        await database.execute(insertItem(2));
        const early = await replay(source, routes, start, 100);
        const seen = early.chunks.reduce((sum, chunk) => sum + chunk.changes, 0);
        await slow.execute(insertItem(3));
        await database.execute(insertItem(4));
        await slow.execute('COMMIT');
        const late = await replay(source, routes, early.to, 1, early.replica);
        const after = late.chunks.reduce((sum, chunk) => sum + chunk.changes, 0);
        assert.equal(seen + after, 4);
        await assertSameRows(source, routes, late.replica);
      }),
      define('writers that interleave on one row end with the row that the source has', async (scene) => {
        const { database, source, routes, start } = await scene.captured([ITEMS], [insertItem(1)]);
        const replica = await currentRows(source, routes);
        const [one, two] = [await scene.connect(database), await scene.connect(database)];
        await one.execute('BEGIN');
        await two.execute('BEGIN');
        await two.execute(insertItem(2));
        await one.execute(`UPDATE items SET name = 'first' WHERE id = 1`);
        const waiting = two.execute(`UPDATE items SET name = 'second' WHERE id = 1`);
        await one.execute('COMMIT');
        await waiting;
        const early = await replay(source, routes, start, 1, replica);
        await two.execute('COMMIT');
        await replay(source, routes, early.to, 1, replica);
        await assertSameRows(source, routes, replica);
      }),
    );
  }
  if (capabilities.truncate) {
    cases.push(
      define('a TRUNCATE empties the table, and what is inserted after it stays', async (scene) => {
        const { database, source, routes, start } = await scene.captured([ITEMS], [insertItem(1)]);
        const replica = await currentRows(source, routes);
        await database.execute(insertItem(2), `TRUNCATE TABLE items`, insertItem(3));
        const ops = (await history(source, first(routes))).map((change) => change.op);
        assertEqual(ops, ['insert', 'truncate', 'insert']);
        await replay(source, routes, start, 1, replica);
        await assertSameRows(source, routes, replica);
      }),
    );
  }
  return cases;
}
