/** Cases: tables that are made on the target can take what the source's hold. */
import assert from 'node:assert/strict';
import { checkTargetTable } from '../capture';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { pairWith } from './pair-scene';
import { first } from './scene';
import { checkpointOf } from './target-scene';
import { ACCOUNTS, CHILDREN, ITEMS, PAIRS, PARENTS, WORDS } from './tables';

export function pairTableCases(options: ContractOptions): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, name, body);
  return [
    define(
      'a table made on the target has the columns, the types and the key of the source',
      async (scene) => {
        const captured = await scene.captured([ITEMS, PAIRS, WORDS, ACCOUNTS, PARENTS, CHILDREN]);
        const { target, routes } = await pairWith(scene, captured, 'rows');
        const made = await target.tables();
        for (const route of routes) {
          const table = made.find((entry) => entry.name.name === route.target.name);
          assert.ok(table, `tables() lists ${route.target.name}`);
          const shape = (columns: typeof table.columns) =>
            columns.map(({ name, declaredType, type, nullable, collation }) => ({
              name,
              declaredType,
              type,
              nullable,
              collation,
            }));
          assertEqual(shape(table.columns), shape(route.source.columns));
          assertEqual(table.key?.columns, route.key);
          checkTargetTable(route, table, true);
        }
      },
    ),

    define('a database tells as what it is captured, and which sources lead to it', async (scene) => {
      const captured = await scene.captured([ITEMS]);
      const { target, targetDatabase } = await pairWith(scene, captured, 'rows');
      const sourceId = await captured.source.sourceId();
      assert.ok(sourceId !== null);
      assert.equal(await target.capturedAs(), null);
      assert.equal(await (await scene.target(captured.database)).capturedAs(), sourceId);
      const there = await scene.source(targetDatabase);
      assertEqual(await captured.source.feeders(), []);
      assertEqual(await there.feeders(), []);
      await target.transaction(null, async (tx) => {
        await tx.saveCheckpoint(checkpointOf({ uuid: 'u1', name: 'set up', sourceId }));
        await tx.saveCheckpoint(checkpointOf({ uuid: 'u2', name: 'cut short', sourceId: '' }));
      });
      assertEqual(await there.feeders(), [{ pipeline: 'set up', sourceId }]);
    }),

    define('a table made for some columns has these only', async (scene) => {
      const { source, routes } = await scene.captured([ACCOUNTS]);
      const target = await scene.target(await scene.database());
      const step = await target.planTable({ ...first(routes), columns: ['id', 'owner'] }, source.family);
      assert.ok(step);
      await target.createTables([step]);
      const made = first(await target.tables());
      assertEqual(
        made.columns.map((column) => column.name),
        ['id', 'owner'],
      );
    }),

    define('planning a table writes nothing', async (scene) => {
      const { source, routes } = await scene.captured([ITEMS]);
      const database = await scene.database();
      const target = await scene.target(database);
      const step = await target.planTable(first(routes), source.family);
      assertEqual([step?.on, step?.table], ['target', first(routes).id]);
      assertEqual(await database.objects(), []);
    }),
  ];
}
