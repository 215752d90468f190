/** Cases: rows that a statement changes besides those it names: an application's triggers, REPLACE, upserts. */
import assert from 'node:assert/strict';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import type { ContractOptions } from './options';
import { assertSameRows, currentRows, emptyReplica, replay } from './replay';
import { installFor, routesOf } from './scene';
import { ACCOUNTS, STAMPED } from './tables';

const STAMPED_ROWS = `INSERT INTO stamped (id, name, revision) VALUES (1, 'a', 0), (2, 'b', 0)`;

export function sourceSideEffectCases(options: ContractOptions): readonly ContractCase[] {
  return [
    ...(['before', 'after'] as const).flatMap((moment) => triggerCases(options, moment)),
    ...replaceCases(options),
  ];
}

function triggerCases(options: ContractOptions, moment: 'before' | 'after'): readonly ContractCase[] {
  const trigger = options.fixture.stampingTrigger(moment);
  if (trigger === null) return [];
  const statements = [
    `UPDATE stamped SET name = 'c'`,
    `UPDATE stamped SET name = 'd' WHERE id = 1`,
    `DELETE FROM stamped WHERE id = 2`,
    `INSERT INTO stamped (id, name, revision) VALUES (3, 'x', 0)`,
    `UPDATE stamped SET name = 'y' WHERE id = 3`,
  ];
  const kind = moment.toUpperCase();
  return [
    contractCase(
      options,
      `rows that a ${kind} trigger made before capture writes once more end as they stand`,
      async (scene) => {
        const { database, source, routes, start } = await scene.captured(
          [STAMPED],
          [STAMPED_ROWS, ...trigger],
        );
        for (const limit of [1, 2, 100]) {
          const replica = await currentRows(source, routes);
          const from = limit === 1 ? start : await source.head();
          await database.execute(...(limit === 1 ? statements : [`UPDATE stamped SET name = 'z${limit}'`]));
          await replay(source, routes, from, limit, replica);
          await assertSameRows(source, routes, replica);
        }
      },
    ),
    contractCase(
      options,
      `rows that a ${kind} trigger made after capture writes once more end as they stand`,
      async (scene) => {
        const { database, source, routes, start } = await scene.captured([STAMPED], [STAMPED_ROWS]);
        const replica = await currentRows(source, routes);
        await database.execute(...trigger, ...statements);
        // The engine resolves routes again when the schema has moved.
        await replay(source, await routesOf(source, [STAMPED]), start, 100, replica);
        await assertSameRows(source, routes, replica);
      },
    ),
    contractCase(
      options,
      `rows that a ${kind} trigger writes once more end as they stand when capture is installed twice`,
      async (scene) => {
        const { database, source, routes, start } = await scene.captured([STAMPED], [STAMPED_ROWS]);
        const replica = await currentRows(source, routes);
        await database.execute(...trigger);
        await installFor(source, await routesOf(source, [STAMPED]));
        await database.execute(...statements);
        await replay(source, await routesOf(source, [STAMPED]), start, 1, replica);
        await assertSameRows(source, routes, replica);
      },
    ),
  ];
}

function replaceCases(options: ContractOptions): readonly ContractCase[] {
  const { replaceInto, insertIgnoreInto } = options.fixture;
  const rows = `INSERT INTO accounts (id, email, owner) VALUES (1, 'a', 'x'), (2, 'b', 'y'), (3, 'c', 'z')`;
  const cases: ContractCase[] = [];
  const define = (name: string, statements: readonly string[]): void => {
    cases.push(
      contractCase(options, name, async (scene) => {
        const { database, source, routes, start } = await scene.captured([ACCOUNTS], [rows]);
        const before = await currentRows(source, routes);
        await database.execute(...statements);
        for (const limit of [1, 2, 100]) {
          const replica = emptyReplica(routes);
          for (const [table, content] of before) replica.set(table, new Map(content));
          await replay(source, routes, start, limit, replica);
          await assertSameRows(source, routes, replica);
        }
        assert.notEqual(statements.length, 0);
      }),
    );
  };
  if (replaceInto !== null) {
    define('rows that REPLACE deletes for their key are captured', [
      `${replaceInto} accounts (id, email, owner) VALUES (1, 'a2', 'new')`,
    ]);
    define('rows that REPLACE deletes for another unique value are captured', [
      `${replaceInto} accounts (id, email, owner) VALUES (9, 'a', 'new')`,
      `${replaceInto} accounts (id, email, owner) VALUES (9, 'b', 'newer')`,
    ]);
    define('rows that REPLACE deletes for key and unique value at once are captured', [
      `${replaceInto} accounts (id, email, owner) VALUES (1, 'b', 'new')`,
      `INSERT INTO accounts (id, email, owner) VALUES (2, 'a', 'back')`,
    ]);
  }
  if (insertIgnoreInto !== null) {
    define('rows that an ignored insert left alone stay', [
      `${insertIgnoreInto} accounts (id, email, owner) VALUES (9, 'a', 'ignored'), (10, 'd', 'new')`,
      `${insertIgnoreInto} accounts (id, email, owner) VALUES (1, 'e', 'ignored')`,
    ]);
  }
  define('a unique value that moves from row to row ends where it is', [
    `UPDATE accounts SET email = 'tmp' WHERE id = 1`,
    `UPDATE accounts SET email = 'a' WHERE id = 2`,
    `UPDATE accounts SET email = 'b' WHERE id = 1`,
  ]);
  return cases;
}
