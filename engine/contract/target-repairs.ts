/** Cases: keys to repair are kept with the checkpoint, in their order, until they are done with. */
import assert from 'node:assert/strict';
import type { Cursor, RepairKey, RepairQuery, Target, TargetTransaction } from '../model';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { first } from './scene';
import { checkpointOf, prepareTarget, rowSet, stage } from './target-scene';
import { ITEMS, PAIRS } from './tables';

const WAITING: RepairQuery = { tables: ['orders', 'other'], refused: false, limit: 100 };
const REFUSED: RepairQuery = { ...WAITING, refused: true };

export function targetRepairCases(options: ContractOptions): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, name, body);
  return [
    define(
      'keys to repair come back in the order in which they were saved, by pipeline and table',
      async (scene) => {
        const { target } = await prepareTarget(options, scene, []);
        const long = `{"id":${JSON.stringify('\u0000 "é" \u{1f600} \ud800'.repeat(700))}}`;
        const keys = [
          repair({ id: '2' }),
          repair({ id: '1', key: long }),
          repair({ id: '3', table: 'other' }),
        ];
        const [second, , other] = keys;
        assert.ok(second && other);
        await inTransaction(target, (tx) => tx.saveRepairs('p', keys));
        await inTransaction(target, (tx) => tx.saveRepairs('q', [repair({ id: '2' })]));
        assertEqual(await target.repairs('p', WAITING), keys);
        assertEqual(await target.repairs('p', { ...WAITING, limit: 1 }), [second]);
        assertEqual(await target.repairs('p', { ...WAITING, tables: ['none', 'other'] }), [other]);
        assertEqual(await target.repairs('p', { ...WAITING, tables: [] }), []);
        assertEqual(await target.repairs('p', REFUSED), []);
        assertEqual(await target.repairs('none', WAITING), []);
      },
    ),

    define('a key that is saved again keeps its place, and may be told what refused it', async (scene) => {
      const { target } = await prepareTarget(options, scene, []);
      const [one, two] = [repair({ id: '1' }), repair({ id: '2', key: '{"id":2}' })];
      await inTransaction(target, (tx) => tx.saveRepairs('p', [one, two]));
      const again = { ...one, id: '9' };
      await inTransaction(target, (tx) => tx.saveRepairs('p', [again, again]));
      assertEqual(await target.repairs('p', WAITING), [again, two]);
      const refused: RepairKey[] = [
        { ...again, refused: { code: 'CONSTRAINT_FAILED', column: 'name' } },
        { ...two, refused: { code: 'TYPE_MISMATCH', column: null } },
      ];
      await inTransaction(target, (tx) => tx.saveRepairs('p', refused));
      assertEqual(await target.repairs('p', WAITING), []);
      assertEqual(await target.repairs('p', REFUSED), refused);
      await inTransaction(target, (tx) => tx.saveRepairs('p', [two]));
      assertEqual(await target.repairs('p', WAITING), [two]);
    }),

    define('keys are removed by id, by table, or all of a pipeline', async (scene) => {
      const { target } = await prepareTarget(options, scene, []);
      const keys = [1, 2, 3, 4].map((n) =>
        repair({ id: String(n), key: `{"id":${String(n)}}`, table: n === 4 ? 'other' : 'orders' }),
      );
      await inTransaction(target, async (tx) => {
        await tx.saveRepairs('p', keys);
        await tx.saveRepairs('q', keys);
        await tx.removeRepairs('p', { ids: ['1', '3', 'none'] });
      });
      assertEqual(await target.repairs('p', WAITING), [keys[1], keys[3]]);
      await inTransaction(target, (tx) => tx.removeRepairs('p', { table: 'orders' }));
      assertEqual(await target.repairs('p', WAITING), [keys[3]]);
      await inTransaction(target, (tx) => tx.removeRepairs('p', { table: null }));
      assertEqual(await target.repairs('p', WAITING), []);
      assertEqual(await target.repairs('q', WAITING), keys);
    }),

    define('a key is done with in the transaction that writes its row, or not at all', async (scene) => {
      const { target, routes } = await prepareTarget(options, scene, [ITEMS]);
      const route = first(routes);
      await inTransaction(target, (tx) => tx.saveRepairs('p', [repair({})]));
      const chunk = await stage(target, [rowSet(route, { upserts: [[1n, 'one', 1n]] })]);
      const cut = target.transaction(chunk, async (tx) => {
        await tx.merge(chunk);
        await tx.removeRepairs('p', { ids: ['1'] });
        throw new Error('cut short');
      });
      await assert.rejects(cut, /cut short/);
      assertEqual(await target.repairs('p', WAITING), [repair({})]);
    }),

    define('a pipeline takes its keys to repair with it, and leaves those of others', async (scene) => {
      const { target } = await prepareTarget(options, scene, []);
      await inTransaction(target, async (tx) => {
        for (const uuid of ['p', 'q']) {
          await tx.saveCheckpoint(checkpointOf({ uuid, name: uuid }));
          await tx.saveRepairs(uuid, [repair({})]);
        }
      });
      await target.uninstall('p');
      assertEqual(await target.repairs('p', WAITING), []);
      assert.equal((await target.repairs('q', WAITING)).length, 1);
      await target.uninstall('q');
      assertEqual(await target.repairs('q', WAITING), []);
    }),

    define('rows are read by a list of their keys', async (scene) => {
      const { target, routes } = await prepareTarget(
        options,
        scene,
        [PAIRS],
        [
          `INSERT INTO pairs (note, part, number) VALUES ('v', 'a', 1), ('w', 'b', 1), ('x', 'a', 2), ('y', 'b', 2), ('z', 'c', 2)`,
        ],
      );
      const route = first(routes);
      const { columns, key } = route;
      const request = { table: route.target, columns, key, after: null, upTo: null, limit: null };
      const cursors: Cursor[] = [];
      for (let limit = 1; limit <= 5; limit++) {
        const { cursor } = await target.scan({ ...request, limit });
        assert.ok(cursor);
        cursors.push(cursor);
      }
      const { rows } = await target.scan({ ...request, keys: [3, 0, 4].flatMap((n) => cursors[n] ?? []) });
      assertEqual(
        rows.map(({ row }) => row[0]),
        ['v', 'y', 'z'],
      );
      assertEqual((await target.scan({ ...request, keys: [] })).rows, []);
    }),
  ];
}

function repair(change: Partial<RepairKey>): RepairKey {
  return { id: '1', table: 'orders', key: '{"id":1}', refused: null, ...change };
}

function inTransaction<T>(target: Target, work: (tx: TargetTransaction) => Promise<T>): Promise<T> {
  return target.transaction(null, work);
}
