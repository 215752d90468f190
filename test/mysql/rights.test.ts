/** What an account may do: capture says what it lacks before it begins, and goes on without where that is asked for. */
import { expect, test } from '@jest/globals';
import { openSource } from '../../engine/adapters/mysql/source/source';
import { diagnose } from '../../engine/adapters/mysql/diagnosis/diagnose';
import { routeTable } from '../../engine/capture';
import { assertSameRows, replay } from '../../engine/contract/replay';
import { isCdcError } from '../../engine/errors';
import type { Source, TableRoute } from '../../engine/model';
import { createScratchDatabase, describeServers, select, type ScratchMysql } from '../support/mysql';

const TABLE = 'CREATE TABLE items (id INT PRIMARY KEY, n INT) ENGINE = InnoDB';

describeServers('An account without PROCESS', (server) => {
  const within = async (
    work: (scene: {
      readonly database: ScratchMysql;
      readonly url: string;
      readonly account: string;
    }) => Promise<void>,
  ): Promise<void> => {
    const database = await createScratchDatabase(server());
    const client = await database.connect();
    const user = `${database.name}_u`.slice(0, 32);
    const account = `'${user}'@'%'`;
    try {
      await client.query(TABLE);
      await client.query(`CREATE USER ${account} IDENTIFIED BY 's3cret-word'`);
      await client.query(`GRANT ALL ON ${database.name}.* TO ${account}`);
      const url = database.url.replace(/\/\/[^@/]*@/, `//${user}:s3cret-word@`);
      await work({ database, url, account });
    } finally {
      await client.query(`DROP USER IF EXISTS ${account}`);
      await database.drop();
    }
  };

  const install = async (source: Source): Promise<readonly TableRoute[]> => {
    const tables = await source.tables();
    await source.install(tables, { uuid: 'test', name: 'test', now: Date.now(), reset: false });
    return tables.map((table) => routeTable(table, { to: null, columns: null }, true));
  };

  test('is refused with the statement that grants it', () =>
    within(async ({ url, account }) => {
      const source = await openSource({ url, readOnly: false });
      try {
        await expect(install(source)).rejects.toMatchObject({
          code: 'PRIVILEGE_MISSING',
          hint: expect.stringContaining(`GRANT PROCESS ON *.* TO ${account}`) as unknown,
        });
        const found = await diagnose({
          url,
          asSource: true,
          asTarget: false,
          sourceTables: [{ schema: null, name: 'items' }],
          targetTables: [],
          now: Date.now,
        });
        expect(found.filter(({ state }) => state === 'problem').map(({ check }) => check)).toContain(
          'transactions',
        );
        expect(JSON.stringify(found)).not.toContain('s3cret-word');
      } finally {
        await source.close();
      }
    }));

  test('waits with gaps=wait before a change that is missing, until a person decides', () =>
    within(async ({ database, url }) => {
      const client = await database.connect();
      const trusted = '@@GLOBAL.log_bin_trust_function_creators';
      const [[before = null] = []] = await select(client, `SELECT ${trusted}`);
      await client.query(`SET ${trusted} = 1`);
      const source = await openSource({ url: `${url}?gaps=wait`, readOnly: false });
      try {
        const routes = await install(source);
        const start = await source.head();
        const writer = await database.connect();
        await writer.query('START TRANSACTION');
        await writer.query('INSERT INTO items VALUES (1, 1)');
        await client.query('INSERT INTO items VALUES (2, 2)');
        const waiting = await replay(source, routes, start, 10);
        expect(waiting.chunks.map(({ changes }) => changes)).toEqual([0]);
        await writer.query('ROLLBACK');
        await new Promise((resolve) => setTimeout(resolve, 5_100));
        const refused: unknown = await replay(source, routes, start, 10).catch((error: unknown) => error);
        const hint = isCdcError(refused, 'DATABASE_LOCKED') ? refused.hint : '';
        const statement = /INSERT INTO .*$/.exec(hint)?.[0] ?? '';
        await client.query(statement);
        const { replica } = await replay(source, routes, start, 10);
        await assertSameRows(source, routes, replica);
      } finally {
        await client.query(`SET ${trusted} = ${before ?? '0'}`);
        await source.close();
      }
    }));
});
