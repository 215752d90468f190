/** Cases: what an adapter finds out about a database before anything goes wrong. */
import assert from 'node:assert/strict';
import type { Adapter, DiagnoseRequest, Diagnosis } from '../model';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { ACCOUNTS, ITEMS } from './tables';

/** None for an adapter that has no checks of its own. */
export function diagnosisCases(options: ContractOptions): readonly ContractCase[] {
  if (options.adapter.diagnose === undefined) return [];
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, name, body);
  const { adapter } = options;
  return [
    define('a sound database has no problem, and a diagnosis leaves nothing behind', async (scene) => {
      const { database, routes } = await scene.captured([ITEMS, ACCOUNTS]);
      const before = await database.objects();
      const tables = routes.map((route) => route.source.name);
      const found = await look(adapter, {
        url: database.url,
        asSource: true,
        asTarget: true,
        sourceTables: tables,
        targetTables: tables,
      });
      assertEqual(
        found.filter(({ state }) => state === 'problem'),
        [],
      );
      assertEqual(await database.objects(), before);
    }),

    define('a database that is gone is a problem, and no exception', async (scene) => {
      const database = await scene.database();
      await database.dispose();
      const found = await look(adapter, {
        url: database.url,
        asSource: true,
        asTarget: false,
        sourceTables: [],
        targetTables: [],
      });
      assert.ok(found.some(({ state }) => state === 'problem'));
    }),

    define('a URL that can’t be read is a problem that does not show it', async () => {
      const scheme = adapter.schemes[0] ?? '';
      const found = await look(adapter, {
        url: `${scheme}://user:s3cret-word@%%%/?a=s3cret-word`,
        asSource: true,
        asTarget: true,
        sourceTables: [],
        targetTables: [],
      });
      assert.ok(found.some(({ state }) => state === 'problem'));
    }),
  ];
}

/** What was found; each finding is complete and shows no secret. */
async function look(adapter: Adapter, request: Omit<DiagnoseRequest, 'now'>): Promise<readonly Diagnosis[]> {
  const found = (await adapter.diagnose?.({ ...request, now: () => Date.now() })) ?? [];
  assert.ok(found.length > 0, 'something was looked at');
  for (const { check, state, message, remedy } of found) {
    assert.notEqual(check, '');
    assert.notEqual(message, '');
    if (state !== 'ok') assert.ok(remedy !== null && remedy !== '', `${check} says what to do`);
    assert.ok(!`${message} ${remedy ?? ''}`.includes(request.url), 'no URL is shown');
    assert.ok(!`${message} ${remedy ?? ''}`.includes('s3cret-word'), 'no password is shown');
  }
  return found;
}
