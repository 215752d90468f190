import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { DiagnoseRequest, Diagnosis } from '../../engine';
import { diagnose } from '../../engine/adapters/postgres/diagnosis/diagnose';
import { createScratchDatabase, connectTo, onServer, type ScratchPostgres } from '../support/postgres';
import { startServer } from '../support/postgres-server';

let database: ScratchPostgres;
let role: string;

beforeEach(async () => {
  database = await createScratchDatabase();
  role = `${database.name}_plain`;
  const client = await database.connect();
  await client.query(`CREATE ROLE ${role} LOGIN`);
  await client.query('CREATE TABLE t (id integer PRIMARY KEY, v text)');
});

afterEach(async () => {
  await database.drop();
  await onServer((client) => client.query(`DROP ROLE IF EXISTS ${role}`));
});

function plainUrl(): string {
  return database.url.replace(/\/\/[^@]*@/, `//${role}@`);
}

async function run(...statements: readonly string[]): Promise<void> {
  const client = await database.connect();
  for (const statement of statements) await client.query(statement);
}

function look(change: Partial<DiagnoseRequest>): Promise<readonly Diagnosis[]> {
  return diagnose({
    url: database.url,
    asSource: false,
    asTarget: false,
    sourceTables: [],
    targetTables: [],
    now: () => Date.now(),
    ...change,
  });
}

const TABLE = [{ schema: 'public', name: 't' }];

/** Runs what the problems' remedies say, one problem after the other, until none is left; answers how many there were. */
async function mend(request: Partial<DiagnoseRequest>): Promise<readonly string[]> {
  const mended: string[] = [];
  for (;;) {
    const problems = (await look({ url: plainUrl(), ...request })).filter(({ state }) => state === 'problem');
    const [first] = problems;
    if (first === undefined) return mended;
    expect(mended.length).toBeLessThan(20);
    mended.push(first.remedy ?? '');
    await run((first.remedy ?? '').split(' or: ')[0] ?? '');
  }
}

describe('a superuser', () => {
  test('has no problem and no warning on source and target', async () => {
    const found = await look({ asSource: true, asTarget: true, sourceTables: TABLE, targetTables: TABLE });
    expect(found.filter(({ state }) => state === 'problem')).toEqual([]);
    expect(found.map(({ check }) => check)).toEqual([
      'connection',
      'primary',
      'durability',
      'connections',
      'clock',
      'source objects',
      'capture rights',
      'event trigger',
      'target objects',
      'write rights',
      'replication role',
    ]);
  });
});

describe('a plain role', () => {
  test('is told each right that capture lacks, with the statement that grants it', async () => {
    const owner = `${role}_owner`;
    await run(
      `CREATE ROLE ${owner}`,
      'REVOKE ALL ON SCHEMA public FROM PUBLIC',
      'CREATE TABLE owned (id integer PRIMARY KEY)',
      `ALTER TABLE owned OWNER TO ${owner}`,
    );
    try {
      const tables = [...TABLE, { schema: 'public', name: 'owned' }];
      expect(await mend({ asSource: true, sourceTables: tables })).toEqual([
        `CREATE SCHEMA "cdc" AUTHORIZATION "${role}"; or: GRANT CREATE ON DATABASE "${database.name}" TO "${role}";`,
        // The table of a superuser: membership would give all rights.
        `ALTER TABLE "public"."t" OWNER TO "${role}";`,
        `GRANT USAGE ON SCHEMA "public" TO "${role}";`,
        `GRANT "${owner}" TO "${role}";`,
      ]);
    } finally {
      await run(`DROP OWNED BY ${owner}`, `DROP ROLE ${owner}`);
    }
  });

  test('that owns its table is told of the event trigger that it may not make, and what that costs', async () => {
    await run(
      `ALTER TABLE t OWNER TO ${role}`,
      `CREATE SCHEMA cdc AUTHORIZATION ${role}`,
      `GRANT USAGE ON SCHEMA public TO ${role}`,
    );
    const found = await look({ url: plainUrl(), asSource: true, sourceTables: TABLE });
    expect(found.filter(({ state }) => state === 'problem')).toEqual([]);
    expect(found.find(({ check }) => check === 'event trigger')).toMatchObject({
      state: 'warning',
      message: expect.stringContaining('subtransaction'),
      remedy: expect.stringContaining('superuser'),
    });
  });

  test('is told that its schema and table can’t be read', async () => {
    await run(
      'CREATE SCHEMA "Own one"',
      'CREATE TABLE "Own one"."the table" (id integer PRIMARY KEY)',
      `ALTER TABLE "Own one"."the table" OWNER TO ${role}`,
      `REVOKE SELECT ON "Own one"."the table" FROM ${role}`,
      `CREATE SCHEMA cdc AUTHORIZATION ${role}`,
    );
    const tables = [{ schema: 'Own one', name: 'the table' }];
    expect(await mend({ asSource: true, sourceTables: tables })).toEqual([
      `GRANT USAGE ON SCHEMA "Own one" TO "${role}";`,
      `GRANT SELECT ON "Own one"."the table" TO "${role}";`,
    ]);
  });

  test('is told each right that writing lacks, with the statement that grants it', async () => {
    await run(
      'REVOKE ALL ON SCHEMA public FROM PUBLIC',
      `REVOKE TEMPORARY ON DATABASE ${database.name} FROM PUBLIC`,
      `CREATE SCHEMA cdc`,
    );
    const targets = [...TABLE, { schema: 'public', name: 'to make' }, { schema: 'no such', name: 't' }];
    const mended = await mend({ asTarget: true, targetTables: targets });
    expect(mended).toEqual([
      `GRANT USAGE, CREATE ON SCHEMA "cdc" TO "${role}";`,
      `GRANT TEMPORARY ON DATABASE "${database.name}" TO "${role}";`,
      `GRANT USAGE ON SCHEMA "public" TO "${role}";`,
      `GRANT SELECT, INSERT, UPDATE, DELETE ON "public"."t" TO "${role}";`,
      `GRANT CREATE ON SCHEMA "public" TO "${role}";`,
      `CREATE SCHEMA "no such" AUTHORIZATION "${role}";`,
    ]);
    const found = await look({ url: plainUrl(), asTarget: true, targetTables: targets });
    expect(found.find(({ check }) => check === 'replication role')).toMatchObject({
      state: 'warning',
      remedy: `GRANT SET ON PARAMETER session_replication_role TO "${role}";`,
    });
  });

  test('is told of a time-out and a limit of connections that are set for it', async () => {
    await run(
      `ALTER ROLE ${role} SET idle_session_timeout = '5min'`,
      `ALTER ROLE ${role} CONNECTION LIMIT 3`,
    );
    const found = await look({ url: plainUrl(), asSource: true });
    expect(
      found.filter(({ state }) => state === 'warning').map(({ check, remedy }) => [check, remedy]),
    ).toEqual(
      expect.arrayContaining([
        ['time-outs', `ALTER ROLE "${role}" SET idle_session_timeout = 0;`],
        ['connections', expect.stringContaining('CONNECTION LIMIT')],
      ]),
    );
  });
});

describe('what can’t be reached or is not as it should be', () => {
  test('a clock that is apart is a warning with the seconds', async () => {
    const [behind, ahead] = [
      await look({ now: () => Date.now() + 5_000 }),
      await look({ now: () => Date.now() - 5_000 }),
    ];
    const message = (found: readonly Diagnosis[]) => found.find(({ check }) => check === 'clock');
    expect(message(behind)).toMatchObject({
      state: 'warning',
      message: expect.stringMatching(/[45]\.\d s behind/),
    });
    expect(message(ahead)).toMatchObject({
      state: 'warning',
      message: expect.stringMatching(/[45]\.\d s ahead/),
    });
  });

  test.each([
    [
      'a host without a server',
      'postgres://user:s3cret@127.0.0.1:1/shop',
      'CONNECTION_LOST',
      'cannot be reached',
    ],
    [
      'a host that does not exist',
      'postgres://user:s3cret@host.invalid/shop',
      'CONNECTION_LOST',
      'cannot be reached',
    ],
    ['a URL with a mistake', 'postgres://user:s3cret@host/shop?sslmod=x', 'CONFIG_INVALID', 'sslmod'],
  ])('%s is the only finding', async (_, url, code, words) => {
    const found = await look({ url, asSource: true });
    expect(found).toEqual([
      {
        check: 'connection',
        state: 'problem',
        message: expect.stringContaining(code),
        remedy: expect.any(String),
      },
    ]);
    expect(found[0]?.message).toContain(words);
    expect(JSON.stringify(found)).not.toContain('s3cret');
  });

  test('a database that does not exist is named', async () => {
    const url = database.url.replace(database.name, 'no_such_database');
    expect(await look({ url })).toEqual([
      expect.objectContaining({
        state: 'problem',
        message: 'DATABASE_MISSING: Database no_such_database does not exist on its server',
      }),
    ]);
  });

  test('a wrong password is told without showing it; unsafe settings are warnings', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'temporal-cdc-hba-'));
    chmodSync(folder, 0o755);
    const rules = join(folder, 'pg_hba.conf');
    writeFileSync(rules, 'host all tester 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n', {
      mode: 0o644,
    });
    const server = await startServer({
      hba_file: rules,
      fsync: 'off',
      wal_level: 'minimal',
      max_wal_senders: '0',
      max_connections: '10',
    });
    try {
      if (server === null) return;
      const client = await untilUp(server.url);
      await client.query(`CREATE ROLE app LOGIN PASSWORD 'right'`);
      await client.end();
      const url = server.url.replace('tester@', 'app:s3cret@');
      const refused = await look({ url });
      expect(refused).toEqual([
        expect.objectContaining({
          check: 'connection',
          state: 'problem',
          message: expect.stringContaining('LOGIN_REFUSED'),
        }),
      ]);
      expect(refused[0]?.remedy).toContain('password');
      expect(JSON.stringify(refused)).not.toContain('s3cret');
      const found = await look({ url: server.url, asSource: true, asTarget: true });
      expect(found.filter(({ state }) => state === 'warning').map(({ check }) => check)).toEqual([
        'durability',
        'wal_level',
        'connections',
      ]);
    } finally {
      await server?.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** The server takes a moment to start. */
async function untilUp(url: string) {
  for (;;) {
    try {
      return await connectTo(url);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
