import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { type CliResult, type RunningCli, runCdc, startCdc } from '../support/cli';
import { createScratchDatabase, type ScratchPostgres } from '../support/postgres';
import { testTemporalAddress } from '../support/temporal';

/** Of this run alone: the server is shared with other test files. */
const MARK = `${process.pid}-${Date.now().toString(36)}`;
const FILES = `files-${MARK}`;

let folder = '';
let warehouse: ScratchPostgres;

function cdc(...args: readonly string[]): Promise<CliResult> {
  return runCdc(args, { cwd: folder });
}

function write(name: string, sql: string): void {
  const db = new Database(join(folder, name));
  db.pragma('journal_mode = WAL');
  db.exec(sql);
  db.close();
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cdc-doctor-'));
  warehouse = await createScratchDatabase();
  writeFileSync(
    join(folder, 'cdc.yaml'),
    `connections:
  shop: { url: "sqlite:./shop.db" }
  replica: { url: "sqlite:./replica.db" }
  nowhere: { url: "sqlite:./nowhere.db" }
  warehouse: { url: "${warehouse.url}" }
  unreachable: { url: "postgres://app:s3cret@127.0.0.1:1/shop" }
temporal: { address: "${testTemporalAddress()}", taskQueue: "doctor-${MARK}" }
pipelines:
  ${FILES}: { source: shop, target: replica, tables: [customers], round: 2s }
  to-postgres: { source: shop, target: warehouse, tables: ["*"] }
  broken: { source: nowhere, target: unreachable, tables: [customers] }
  misspelt: { source: shop, target: replica, tables: [costumers] }
`,
  );
  write(
    'shop.db',
    'CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE notes (text TEXT)',
  );
});

afterAll(async () => {
  await warehouse.drop();
  rmSync(folder, { recursive: true, force: true });
});

describe('cdc doctor', () => {
  test('without a worker tells so by its exit code, and writes nothing', async () => {
    const { code, stdout } = await cdc('doctor', FILES, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      sound: false,
      temporal: [
        { check: 'temporal', state: 'ok' },
        { check: 'worker', state: 'problem', remedy: expect.stringContaining('cdc worker') },
      ],
      connections: [
        { name: 'shop', adapter: 'sqlite', asSource: true, asTarget: false },
        { name: 'replica', adapter: 'sqlite', asSource: false, asTarget: true },
      ],
      pipelines: [
        {
          name: FILES,
          checks: [
            { check: 'tables', state: 'ok' },
            { check: 'capture', state: 'ok', message: expect.stringContaining('cdc start') },
          ],
        },
      ],
    });
    expect(existsSync(join(folder, 'replica.db'))).toBe(false);
  });

  test('names what is missing or can’t be reached, without secrets; names that do not exist are wrong use', async () => {
    const [broken, misspelt, unknown] = await Promise.all([
      cdc('doctor', 'broken'),
      cdc('doctor', 'misspelt'),
      cdc('doctor', 'brokn'),
    ]);
    expect(broken.code).toBe(1);
    expect(broken.stdout).toContain('DATABASE_MISSING: There is no database file nowhere.db');
    expect(broken.stdout).toContain('CONNECTION_LOST: Database shop cannot be reached');
    expect(broken.stdout + broken.stderr).not.toContain('s3cret');
    expect(misspelt.stdout).toMatch(/PROBLEM +tables +TABLE_UNKNOWN/);
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toContain('broken');
  });

  test('is content with a pipeline that runs, until a trigger is dropped', async () => {
    const worker: RunningCli = startCdc(['worker'], { cwd: folder });
    try {
      await worker.said('is running');
      expect((await cdc('start', FILES)).code).toBe(0);
      const sound = await cdc('doctor', FILES, 'to-postgres');
      expect(sound.stdout).toContain('No problem found');
      expect(sound.stdout).toMatch(/warning +tables .*notes/);
      expect(sound.stdout).toContain('Capture is in place and switched on for the table.');
      expect(sound.code).toBe(0);
      await cdc('pause', FILES);
      const db = new Database(join(folder, 'shop.db'));
      const [trigger] = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'trigger'`).pluck().all();
      db.exec(`DROP TRIGGER "${String(trigger)}"`);
      db.close();
      const damaged = await cdc('doctor', FILES);
      expect(damaged.code).toBe(1);
      expect(damaged.stdout).toMatch(/PROBLEM +capture .*customers/);
      await cdc('stop', FILES);
    } finally {
      worker.signal('SIGTERM');
      await worker.result;
    }
  });
});
