/** What an account may do: capture says what it lacks before it begins, and goes on without where that is asked for. */
import { expect, test } from '@jest/globals';
import type { Connection } from 'mysql2/promise';
import { openSource } from '../../engine/adapters/mysql/source/source';
import { openTarget } from '../../engine/adapters/mysql/target/target';
import { diagnose } from '../../engine/adapters/mysql/diagnosis/diagnose';
import { requireFilter, routeTable } from '../../engine/capture';
import { assertSameRows, replay } from '../../engine/contract/replay';
import { isCdcError } from '../../engine/errors';
import type { Source, TableRoute } from '../../engine/model';
import {
  connectTo,
  createScratchDatabase,
  describeEitherServer,
  select,
  type ScratchMysql,
} from '../support/mysql';

const TABLE = 'CREATE TABLE items (id INT PRIMARY KEY, n INT) ENGINE = InnoDB';

interface Scene {
  readonly database: ScratchMysql;
  /** Of the account. */
  readonly url: string;
  /** As GRANT takes it. */
  readonly account: string;
  /** An account that may do everything. */
  readonly client: Connection;
}

/** An account with no rights but those that `rights` grants, on a database with a table. */
async function within(
  server: string,
  rights: (scene: Pick<Scene, 'database' | 'account'>) => readonly string[],
  work: (scene: Scene) => Promise<void>,
): Promise<void> {
  const database = await createScratchDatabase(server);
  const client = await database.connect();
  const user = `${database.name}_u`.slice(0, 32);
  const account = `'${user}'@'%'`;
  try {
    await client.query(TABLE);
    await client.query(`CREATE USER ${account} IDENTIFIED BY 's3cret-word'`);
    for (const sql of rights({ database, account })) await client.query(sql);
    const url = database.url.replace(/\/\/[^@/]*@/, `//${user}:s3cret-word@`);
    await work({ database, url, account, client });
  } finally {
    await client.query(`DROP USER IF EXISTS ${account}`);
    await client.query(`DROP DATABASE IF EXISTS ${database.name}_own`);
    await database.drop();
  }
}

const TRUSTED = '@@GLOBAL.log_bin_trust_function_creators';

/** Lets accounts make triggers though the server has a binary log, or not. */
async function withTrust(client: Connection, trust: 0 | 1, work: () => Promise<void>): Promise<void> {
  const [[before = null] = []] = await select(client, `SELECT ${TRUSTED}`);
  await client.query(`SET ${TRUSTED} = ${trust}`);
  try {
    await work();
  } finally {
    await client.query(`SET ${TRUSTED} = ${before ?? '0'}`);
  }
}

const install = async (source: Source): Promise<readonly TableRoute[]> => {
  const tables = await source.tables();
  await source.install(tables, { uuid: 'test', name: 'test', now: Date.now(), reset: false });
  return tables.map((table) => routeTable(table, { to: null, columns: null }, true));
};

const everythingHere = ({ database, account }: Pick<Scene, 'database' | 'account'>): readonly string[] => [
  `GRANT ALL ON ${database.name}.* TO ${account}`,
];

describeEitherServer('An account without PROCESS', (server) => {
  test('is refused with the statement that grants it', () =>
    within(server(), everythingHere, async ({ url, account }) => {
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
    within(server(), everythingHere, ({ database, url, client }) =>
      withTrust(client, 1, async () => {
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
          await source.close();
        }
      }),
    ));
});

/** What docs/OPERATING.md says is enough, with what is ours in a database of its own. */
const ON_TABLES = ['SELECT', 'TRIGGER', 'LOCK TABLES'];
const ON_OWN = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'ALTER', 'LOCK TABLES'];

const enough = ({ database, account }: Pick<Scene, 'database' | 'account'>): readonly string[] => [
  `GRANT PROCESS ON *.* TO ${account}`,
  `GRANT ${ON_TABLES.join(', ')} ON ${database.name}.* TO ${account}`,
  `GRANT ${ON_OWN.join(', ')} ON ${database.name}_own.* TO ${account}`,
];

const ownUrl = ({ url, database }: Scene): string => `${url}?own-database=${database.name}_own`;

async function findings(url: string, table = 'items') {
  const found = await diagnose({
    url,
    asSource: true,
    asTarget: false,
    sourceTables: [{ schema: null, name: table }],
    targetTables: [],
    now: Date.now,
  });
  expect(JSON.stringify(found)).not.toContain('s3cret-word');
  return found.filter(({ state, check }) => state === 'problem' && check !== 'durability');
}

describeEitherServer('An account with the rights that are documented, and no more', (server) => {
  test('captures, reads, purges and takes capture off again; the application needs none of them', () =>
    within(server(), enough, async (scene) => {
      const { client, database } = scene;
      await client.query(
        'CREATE TABLE parts (id INT PRIMARY KEY, item INT, FOREIGN KEY (item) REFERENCES items (id) ON DELETE CASCADE)',
      );
      const writer = `'${database.name.slice(0, 26)}_w'@'%'`;
      await client.query(`CREATE USER ${writer} IDENTIFIED BY 'w'`);
      await client.query(`GRANT INSERT, UPDATE, DELETE, SELECT ON ${database.name}.* TO ${writer}`);
      await withTrust(client, 1, async () => {
        const source = await openSource({ url: ownUrl(scene), readOnly: false });
        try {
          const routes = await install(source);
          const start = await source.head();
          expect(await findings(ownUrl(scene))).toEqual([]);
          const app = await connectTo(
            database.url.replace(/\/\/[^@/]*@/, `//${database.name.slice(0, 26)}_w:w@`),
          );
          await app.query('INSERT INTO items VALUES (1, 1), (2, 2)');
          await app.query('INSERT INTO parts VALUES (1, 1), (2, 2)');
          await app.query('UPDATE items SET n = 3');
          await app.query('DELETE FROM items WHERE id = 1');
          await app.end();
          const { replica, to } = await replay(source, routes, start, 10);
          await assertSameRows(source, routes, replica);
          await source.acknowledge('test', 1, to, Date.now());
          await source.purge({ before: Date.now() + 1_000_000, limit: 100 });
          await client.query('ALTER TABLE items ADD COLUMN m INT');
          await install(source);
          await source.uninstall('test');
          expect(await select(client, 'SHOW TRIGGERS')).toEqual([]);
        } finally {
          await source.close();
          await client.query(`DROP USER ${writer}`);
        }
      });
    }));

  test.each([
    ['TRIGGER', ''],
    ['LOCK TABLES', ''],
    ['CREATE', '_own'],
    ['INSERT', '_own'],
  ])('is refused without %s on the database%s, with the statement that grants it', (right, suffix) =>
    within(server(), enough, async (scene) => {
      const { client, database, account } = scene;
      await client.query(`REVOKE ${right} ON ${database.name}${suffix}.* FROM ${account}`);
      const grant = new RegExp(`GRANT ${right} ON \`${database.name}${suffix}\`\\.\\* TO ${account}`);
      await withTrust(client, 1, async () => {
        const source = await openSource({ url: ownUrl(scene), readOnly: false });
        try {
          const refused: unknown = await install(source).catch((error: unknown) => error);
          expect(refused).toMatchObject({ code: 'PRIVILEGE_MISSING', retryable: false });
          expect(isCdcError(refused) ? refused.hint : '').toMatch(grant);
          expect((await findings(ownUrl(scene))).map(({ remedy }) => remedy)).toContainEqual(
            expect.stringMatching(grant),
          );
          await client.query(`GRANT ${right} ON ${database.name}${suffix}.* TO ${account}`);
          await install(source);
          await source.uninstall('test');
        } finally {
          await source.close();
        }
      });
    }),
  );

  test('is told from whom the triggers are when their account loses a right, or is gone', () =>
    within(server(), enough, async (scene) => {
      const { client, database, account } = scene;
      await withTrust(client, 1, async () => {
        const source = await openSource({ url: ownUrl(scene), readOnly: false });
        const looking = `${database.url}?own-database=${database.name}_own`;
        try {
          await install(source);
          expect(await findings(looking)).toEqual([]);
          await client.query(`REVOKE INSERT ON ${database.name}_own.* FROM ${account}`);
          expect(await findings(looking)).toMatchObject([
            { check: 'definer', remedy: `GRANT INSERT ON \`${database.name}_own\`.* TO ${account};` },
          ]);
        } finally {
          await source.close();
        }
        await client.query(`DROP USER ${account}`);
        const [gone, ...more] = await findings(looking);
        expect(more).toEqual([]);
        expect(gone).toMatchObject({
          check: 'definer',
          message: expect.stringContaining('is gone') as unknown,
        });
        await expect(client.query('INSERT INTO items VALUES (1, 1)')).rejects.toMatchObject({ errno: 1449 });
        for (const sql of (gone?.remedy ?? '').split(';').filter((part) => part.trim() !== '')) {
          await client.query(sql);
        }
        expect(await findings(looking)).toEqual([]);
        await client.query('INSERT INTO items VALUES (1, 1)');
      });
    }));
});

describeEitherServer(
  'An account on a server with a binary log',
  (server) => {
    test('is refused with the setting that lets it make triggers', () =>
      within(server(), enough, async (scene) => {
        await withTrust(scene.client, 0, async () => {
          const source = await openSource({ url: ownUrl(scene), readOnly: false });
          try {
            await expect(install(source)).rejects.toMatchObject({
              code: 'PRIVILEGE_MISSING',
              retryable: false,
              hint: 'SET GLOBAL log_bin_trust_function_creators = 1;',
            });
            expect((await findings(ownUrl(scene))).map(({ check }) => check)).toContain('binary log');
            await scene.client.query(`GRANT SUPER ON *.* TO ${scene.account}`);
          } finally {
            await source.close();
          }
          const again = await openSource({ url: ownUrl(scene), readOnly: false });
          try {
            await install(again);
            expect(await findings(ownUrl(scene))).toEqual([]);
            await again.uninstall('test');
          } finally {
            await again.close();
          }
        });
      }));
  },
  ['--log-bin', '--server-id=1'],
);

describeEitherServer('An account of a target', (server) => {
  test('is refused with the statement that grants what it lacks', () =>
    within(
      server(),
      ({ database, account }) => [
        `GRANT SELECT, INSERT, UPDATE, DELETE, DROP, ALTER ON ${database.name}.* TO ${account}`,
      ],
      async ({ url, database, account, client }) => {
        const target = await openTarget({ url, readOnly: false, create: false });
        const grant = `GRANT CREATE ON \`${database.name}\`.* TO ${account};`;
        try {
          await expect(target.installObjects()).rejects.toMatchObject({
            code: 'PRIVILEGE_MISSING',
            hint: grant,
          });
          const step = {
            on: 'target',
            table: 'items',
            sql: 'CREATE TABLE made (id INT PRIMARY KEY)',
          } as const;
          await expect(target.createTables([step])).rejects.toMatchObject({
            code: 'PRIVILEGE_MISSING',
            hint: expect.stringContaining(grant) as unknown,
          });
          await client.query(grant);
          await target.installObjects();
          await target.createTables([step]);
        } finally {
          await target.close();
        }
      },
    ));
});

describeEitherServer('An account that may make no temporary tables', (server) => {
  test('has conditions looked at as well', () =>
    within(
      server(),
      ({ database, account }) => [`GRANT SELECT ON ${database.name}.* TO ${account}`],
      async ({ url }) => {
        const source = await openSource({ url, readOnly: true });
        try {
          const [table] = await source.tables();
          if (table === undefined) throw new Error('items is a table');
          const check = async (where: string): Promise<void> =>
            requireFilter(source, routeTable(table, { to: null, columns: null, where }, true));
          await check(`n > 1 AND 'now()' <> n`);
          for (const where of [
            'nn > 1',
            'n > RAND()',
            'NOW() > 1',
            '@n > 1',
            'MAX(n) > 1',
            'n > 1 LIMIT 1',
          ]) {
            await expect(check(where)).rejects.toMatchObject({ code: 'FILTER_INVALID', table: 'items' });
          }
        } finally {
          await source.close();
        }
      },
    ));
});
