import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { type CliResult, type RunningCli, runCdc, startCdc } from '../support/cli';
import { testTemporalAddress } from '../support/temporal';

/** Of this run alone: the server is shared with other test files, and with their pipelines. */
const MARK = `${process.pid}-${Date.now().toString(36)}`;
const SHOP = `shop-${MARK}`;
const KEYLESS = `keyless-${MARK}`;
const NARROW = `narrow-${MARK}`;
const MISSING = `missing-${MARK}`;
const MISSPELT = `misspelt-${MARK}`;

let folder = '';
let worker: RunningCli;

function database(name: string): Database.Database {
  return new Database(join(folder, name));
}

/** Runs statements with a connection of their own. */
function write(name: string, sql: string): void {
  const db = database(name);
  try {
    db.pragma('foreign_keys = ON');
    db.exec(sql);
  } finally {
    db.close();
  }
}

/** Names of everything that we ever make in a database; nothing where the file is missing. */
function ourObjects(name: string): readonly unknown[] {
  if (!existsSync(join(folder, name))) return [];
  const db = database(name);
  try {
    return db.prepare("SELECT name FROM sqlite_master WHERE name LIKE '%cdc%'").pluck().all();
  } finally {
    db.close();
  }
}

function cdc(...args: readonly string[]): Promise<CliResult> {
  return runCdc(args, { cwd: folder });
}

/** Runs a reading verb; stdout must be JSON and nothing else. */
async function json(
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly data: unknown }> {
  const { code, stdout, stderr } = await cdc(...args, '--json');
  if (stdout === '') throw new Error(stderr);
  const data: unknown = JSON.parse(stdout);
  return { code, data };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cdc-verbs-'));
  writeFileSync(
    join(folder, 'cdc.yaml'),
    `connections:
  shop: { url: "sqlite:./shop.db" }
  warehouse: { url: "sqlite:./warehouse.db" }
  narrow: { url: "sqlite:./narrow.db" }
  nowhere: { url: "sqlite:./nowhere.db" }
  other: { url: "sqlite:./other.db" }
temporal: { address: "${testTemporalAddress()}", taskQueue: "cli-${MARK}" }
pipelines:
  ${SHOP}: { source: shop, target: warehouse, tables: [customers, orders], round: 2s }
  ${KEYLESS}: { source: shop, target: other, tables: [notes] }
  ${NARROW}: { source: shop, target: narrow, tables: [customers] }
  ${MISSING}: { source: nowhere, target: other, tables: ["*"] }
  ${MISSPELT}: { source: shop, target: other, tables: [costumers] }
`,
  );
  write(
    'shop.db',
    `CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, photo BLOB);
     CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id), total NUMERIC);
     CREATE TABLE notes (text TEXT);
     INSERT INTO customers VALUES (1, 'Ada', NULL), (2, 'Grace', x'00ff');
     INSERT INTO orders VALUES (10, 1, 12.5), (9007199254740993, 2, 7);`,
  );
  write('narrow.db', 'CREATE TABLE customers (id INTEGER PRIMARY KEY)');
  worker = startCdc(['worker'], { cwd: folder });
  await worker.said('is running');
});

afterAll(async () => {
  await cdc('stop', SHOP);
  worker.signal('SIGTERM');
  await worker.result;
  rmSync(folder, { recursive: true, force: true });
});

describe('the life of a pipeline', () => {
  test('plan shows tables and SQL, and writes nothing', async () => {
    const { code, data } = await json('plan', SHOP);
    expect(code).toBe(0);
    expect(data).toMatchObject({
      version: 1,
      pipeline: SHOP,
      tables: [{ source: 'customers', target: 'customers' }, { source: 'orders' }],
    });
    expect(existsSync(join(folder, 'warehouse.db'))).toBe(false);
    expect(ourObjects('shop.db')).toEqual([]);
  });

  test('before its start nothing waits and nothing is verified', async () => {
    const [status, waited] = await Promise.all([cdc('status', SHOP), cdc('wait', SHOP, 'caught-up')]);
    expect(status).toMatchObject({ code: 1, stdout: '' });
    expect(status.stderr).toContain(`cdc start ${SHOP}`);
    expect(waited).toMatchObject({ code: 1, stdout: '' });
  });

  test('start tells what was set up and what to type next', async () => {
    const { code, stdout, stderr } = await cdc('start', SHOP);
    expect(stderr).toContain(`Started ${SHOP}`);
    expect(stderr).toContain('customers');
    expect(stderr).toContain(`cdc wait ${SHOP} caught-up`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  });

  test('a second one of the same name is refused', async () => {
    const { code, stderr } = await cdc('start', SHOP);
    expect(code).toBe(1);
    expect(stderr).toContain('ALREADY_RUNNING');
  });

  test('wait returns when everything has arrived, and verify says equal', async () => {
    write(
      'shop.db',
      "INSERT INTO customers VALUES (3, 'Edsger', NULL); UPDATE orders SET total = 13 WHERE id = 10; DELETE FROM orders WHERE id > 1000",
    );
    const waited = await json('wait', SHOP, 'caught-up', '--timeout', '20s');
    expect(waited).toMatchObject({ code: 0, data: { version: 1, caughtUp: true, backlog: 0 } });
    const verified = await json('verify', SHOP);
    expect(verified).toMatchObject({
      code: 0,
      data: {
        version: 1,
        equal: true,
        exact: true,
        tables: [
          {
            source: 'customers',
            target: 'customers',
            sourceRows: 3,
            targetRows: 3,
            missing: 0,
            extra: 0,
            different: 0,
          },
          { source: 'orders', sourceRows: 1, targetRows: 1 },
        ],
      },
    });
  });

  test('status has its documented fields', async () => {
    const { code, data } = await json('status', SHOP);
    expect(code).toBe(0);
    expect(data).toMatchObject({
      version: 1,
      pipeline: SHOP,
      state: 'running',
      capture: 'trigger',
      mode: 'continuous',
      lagMs: expect.any(Number),
      backlog: 0,
      rounds: expect.any(Number),
      lastError: null,
      startedAt: expect.any(Number),
      lastAppliedAt: expect.any(Number),
    });
    expect(data).toHaveProperty(
      'tables.0',
      expect.objectContaining({
        source: 'customers',
        target: 'customers',
        state: 'replicating',
        inserted: 1,
        updated: 0,
        deleted: 0,
      }),
    );
    const report = await cdc('status', SHOP);
    expect(report.stdout).toContain(`${SHOP}  running`);
    expect(report.stdout).not.toContain('\u001b[');
  });

  test('list shows it, and those that were not started', async () => {
    const { code, data } = await json('list');
    expect(code).toBe(0);
    expect(data).toHaveProperty('pipelines');
    expect(JSON.stringify(data)).toContain(`"pipeline":"${SHOP}","source":"shop","target":"warehouse"`);
    expect(JSON.stringify(data)).toContain(
      `"pipeline":"${KEYLESS}","source":"shop","target":"other","mode":"continuous","state":"not started"`,
    );
  });

  test('health is good', async () => {
    const { code, data } = await json('health', SHOP);
    expect(data).toMatchObject({ version: 1, pipeline: SHOP, healthy: true });
    expect(code).toBe(0);
  });

  test('while it is paused nothing arrives, wait says so, and changes shows what is pending', async () => {
    const paused = await cdc('pause', SHOP);
    expect(paused).toMatchObject({ code: 0, stdout: '' });
    write('shop.db', "UPDATE customers SET name = 'Ada Lovelace', photo = x'01' WHERE id = 1");
    const startedAt = Date.now();
    const waited = await cdc('wait', SHOP, 'caught-up', '--timeout', '30s');
    expect(waited.code).toBe(1);
    expect(waited.stderr).toContain(`${SHOP} is paused`);
    expect(Date.now() - startedAt).toBeLessThan(10_000);

    const { data } = await json('changes', SHOP, 'customers', '--pending');
    expect(data).toEqual([
      {
        version: 1,
        id: expect.any(String),
        op: 'update',
        key: { id: 1 },
        before: { id: 1, name: 'Ada', photo: null },
        after: { id: 1, name: 'Ada Lovelace', photo: { base64: 'AQ==' } },
        changedAt: expect.any(Number),
        synced: false,
      },
    ]);
    const verified = await json('verify', SHOP);
    expect(verified).toMatchObject({ code: 1, data: { equal: false, exact: false } });
    expect(await cdc('resume', SHOP)).toMatchObject({ code: 0 });
    expect(await cdc('wait', SHOP, 'caught-up')).toMatchObject({ code: 0, stdout: '' });
  });

  test('changes shows integers beyond 2^53 as digits, and takes limits', async () => {
    const { data } = await json('changes', SHOP, 'orders', '--limit', '1', '--newest');
    expect(data).toMatchObject([
      { op: 'delete', key: { id: '9007199254740993' }, after: null, synced: true },
    ]);
    const report = await cdc('changes', SHOP, 'orders');
    expect(report.stdout).toContain('update  id = 10');
    expect(report.stdout).toContain('total  12.5 -> 13');
  });

  test('a misspelt table gets its near misses and ends with 2', async () => {
    for (const args of [
      ['changes', SHOP, 'custmers'],
      ['resync', SHOP, 'custmers'],
    ]) {
      const { code, stdout, stderr } = await cdc(...args);
      expect(stderr).toContain('"customers"');
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    }
  });

  test('a misspelt pipeline gets its near misses and ends with 2', async () => {
    const { code, stderr } = await cdc('pause', `shpo-${MARK}`);
    expect(stderr).toContain(`did you mean "${SHOP}"`);
    expect(code).toBe(2);
  });

  test('resync copies a table again', async () => {
    write(
      'warehouse.db',
      "UPDATE customers SET name = 'wrong' WHERE id = 2; DELETE FROM customers WHERE id = 3",
    );
    const differs = await json('verify', SHOP);
    expect(differs).toMatchObject({
      code: 1,
      data: { equal: false, exact: true, tables: [{ missing: 1, different: 1 }, {}] },
    });
    expect(await cdc('resync', SHOP, 'customers')).toMatchObject({ code: 0, stdout: '' });
    expect(await cdc('wait', SHOP, 'caught-up')).toMatchObject({ code: 0 });
    expect(await json('verify', SHOP)).toMatchObject({ code: 0, data: { equal: true } });
  });

  test('a table that the target refuses is parked; mended and resumed it rejoins the others', async () => {
    write(
      'warehouse.db',
      `CREATE TRIGGER refuses BEFORE UPDATE ON customers BEGIN SELECT raise(ABORT, 'no'); END`,
    );
    write('shop.db', `UPDATE customers SET name = 'Ada L.' WHERE id = 1; UPDATE orders SET total = 13`);
    const waited = await cdc('wait', SHOP, 'caught-up', '--timeout', '30s');
    expect(waited.code).toBe(1);
    expect(waited.stderr).toContain('Table customers is parked: CONSTRAINT_FAILED');
    expect(waited.stderr).toContain('--table');
    const { stdout } = await cdc('status', SHOP);
    expect(stdout).toContain(`cdc resume ${SHOP} --table customers`);
    const { code, data } = await json('status', SHOP);
    expect(code).toBe(0);
    expect(data).toMatchObject({
      state: 'running',
      tables: [
        { source: 'customers', state: 'parked' },
        { source: 'orders', state: 'replicating' },
      ],
    });
    expect((await cdc('health', SHOP)).code).toBe(1);
    write('warehouse.db', 'DROP TRIGGER refuses');
    const misspelt = await cdc('resume', SHOP, '--table', 'costumers');
    expect(misspelt.code).toBe(2);
    expect(misspelt.stderr).toContain('"customers"');
    const resumed = await cdc('resume', SHOP, '--table', 'customers');
    expect(resumed).toMatchObject({ code: 0 });
    expect(resumed.stderr).toContain('catches up');
    expect(await cdc('wait', SHOP, 'caught-up', '--timeout', '30s')).toMatchObject({ code: 0 });
    expect((await json('verify', SHOP)).data).toMatchObject({ equal: true });
    const again = await cdc('resume', SHOP, '--table', 'customers');
    expect(again.stderr).toContain('is not parked');
  }, 120_000);

  test('teardown is refused while it runs, then asks, then leaves nothing but the rows', async () => {
    const running = await cdc('teardown', SHOP, '--yes');
    expect(running).toMatchObject({ code: 1 });
    expect(running.stderr).toContain(`cdc stop ${SHOP}`);
    expect(await cdc('stop', SHOP)).toMatchObject({ code: 0, stdout: '' });
    expect(await json('status', SHOP)).toMatchObject({ code: 0, data: { state: 'stopped' } });
    expect(await cdc('health', SHOP)).toMatchObject({ code: 1 });

    const unanswered = await cdc('teardown', SHOP);
    expect(unanswered.code).toBe(2);
    expect(unanswered.stderr).toContain('--yes');
    expect(await cdc('teardown', SHOP, '--yes')).toMatchObject({ code: 0, stdout: '' });
    for (const name of ['shop.db', 'warehouse.db']) {
      const db = database(name);
      const rows = db.prepare('SELECT count(*) FROM customers').pluck().get();
      db.close();
      expect({ name, left: ourObjects(name), rows }).toEqual({ name, left: [], rows: 3 });
    }
  });
});

describe('what cannot be set up is refused before anything is written', () => {
  test.each([
    ['a table without a usable key: what would make it usable', KEYLESS, 'KEY_MISSING', /primary key/i],
    ['a target table with missing columns: their names', NARROW, 'TARGET_TABLE_MISMATCH', /name.*photo/s],
    ['a source file that is not there', MISSING, 'DATABASE_MISSING', /nowhere\.db/],
    ['a misspelt table: its near misses', MISSPELT, 'TABLE_UNKNOWN', /"customers"/],
  ])('%s', async (_what, name, errorCode, words) => {
    for (const verb of ['plan', 'start']) {
      const { code, stdout, stderr } = await cdc(verb, name);
      expect(stderr).toContain(errorCode);
      expect(stderr).toMatch(words);
      expect(stderr).not.toMatch(/\n\s+at /);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    }
    expect(existsSync(join(folder, 'nowhere.db'))).toBe(false);
    for (const file of ['shop.db', 'narrow.db', 'other.db']) expect(ourObjects(file)).toEqual([]);
  });
});
