import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, test } from '@jest/globals';
import { CdcError } from '../../engine';
import type { Adapter } from '../../engine';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { spawnChild } from '../support/child';
import {
  CHAIN,
  engineOver,
  parkedBy,
  REF,
  rejection,
  replicate,
  settingsOf,
  setUp,
  specOf,
  started,
} from '../support/pipelines';
import { SHOP, SHOP_CHANGES } from '../support/shop';
import { signal } from '../support/signal';
import { folderPerTest } from '../support/sqlite';
import { pipelinesIn } from '../support/file-pipelines';

const folder = folderPerTest();
const files = pipelinesIn(folder);
const { expectEqual } = files;

async function open(source = 'shop.db', target = 'warehouse.db') {
  const engine = folder.closing(engineOver(folder.url(source), folder.url(target)));
  return engine.pipeline(REF);
}

/** A pipeline over the shop that has replicated it, and holds no connection. */
async function replicated() {
  const shop = folder.database('shop.db', SHOP);
  const pipeline = await open();
  const { generation } = await started(pipeline, specOf(['*']));
  await pipeline.close();
  return { shop, pipeline, generation };
}

/** Nothing of an error that travels may hold a path, a value or what the driver said. */
function expectDiscreet(error: CdcError): void {
  const shown = JSON.stringify([error.message, error.hint]);
  expect(shown).not.toContain(folder.path);
  expect(shown).not.toMatch(/SQLITE_|secret|Ada/);
}

/** Rights mean nothing to root, who runs the tests in containers. */
const asRoot = process.getuid?.() === 0;

describe('databases in trouble', () => {
  test('a target whose write lock somebody keeps is DATABASE_LOCKED, and goes on after it', async () => {
    const shop = folder.database('shop.db', SHOP);
    const warehouse = folder.database('warehouse.db');
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    shop.exec(SHOP_CHANGES);
    warehouse.exec('BEGIN IMMEDIATE');
    const error = await rejection(replicate(pipeline, generation), 'DATABASE_LOCKED');
    expect(error.retryable).toBe(true);
    expect(error.message).toContain('warehouse.db');
    expectDiscreet(error);
    await rejection(pipeline.fence({ chain: 'chain-1', generation }), 'DATABASE_LOCKED');
    warehouse.exec('ROLLBACK');
    await replicate(pipeline, generation);
    expectEqual();
  }, 40_000);

  test('a source whose write lock somebody keeps is still read', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    shop.exec(`UPDATE orders SET total = 1`);
    shop.exec(`BEGIN IMMEDIATE; UPDATE orders SET total = 2`);
    expect((await replicate(pipeline, generation)).changes).toBe(3);
    const error = await rejection(pipeline.markSynced({ retainMs: 0 }), 'DATABASE_LOCKED');
    expect(error.message).toContain('shop.db');
    shop.exec('COMMIT');
    await pipeline.markSynced({ retainMs: 0 });
    await replicate(pipeline, generation);
    expectEqual();
  }, 40_000);

  test.each([
    [
      'a text file',
      Buffer.from('this is no database, but a text that is long enough to look like one'.repeat(20)),
    ],
    ['a damaged header', Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(4080, 0xff)])],
  ])('%s is DATABASE_CORRUPT on either side', async (_, bytes) => {
    folder.database('shop.db', SHOP);
    writeFileSync(folder.file('broken.db'), bytes);
    for (const [source, target] of [
      ['broken.db', 'warehouse.db'],
      ['shop.db', 'broken.db'],
    ] as const) {
      const error = await rejection(setUp(await open(source, target), specOf(['*'])), 'DATABASE_CORRUPT');
      expect(error.message).toContain('broken.db');
      expect(error.hint).toMatch(/backup/);
      expectDiscreet(error);
    }
    expect(readFileSync(folder.file('broken.db')).equals(bytes)).toBe(true);
  });

  test('a damaged page is DATABASE_CORRUPT, never an empty table', async () => {
    const shop = folder.database('shop.db', SHOP);
    shop.exec(`WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
      INSERT INTO orders SELECT i, 1, 'a note that takes some room ' || i, i FROM n`);
    shop.pragma('journal_mode = DELETE');
    shop.close();
    const pipeline = await open();
    const { generation } = await setUp(pipeline, specOf(['orders']));
    await pipeline.close();
    const bytes = readFileSync(folder.file('shop.db'));
    bytes.fill(0xff, 4096 * 20, 4096 * 24);
    writeFileSync(folder.file('shop.db'), bytes);
    const error = await rejection(replicate(await open(), generation), 'DATABASE_CORRUPT');
    expectDiscreet(error);
  });

  test('a folder in the place of a database is DATABASE_UNREADABLE', async () => {
    folder.database('shop.db', SHOP);
    mkdirSync(folder.file('folder.db'));
    await rejection(setUp(await open('folder.db'), specOf(['*'])), 'DATABASE_UNREADABLE');
    await rejection(setUp(await open('shop.db', 'folder.db'), specOf(['*'])), 'DATABASE_UNREADABLE');
  });

  test('a source that is missing later on is DATABASE_MISSING, and is not made', async () => {
    const { shop, pipeline, generation } = await replicated();
    shop.pragma('journal_mode = DELETE');
    shop.close();
    renameSync(folder.file('shop.db'), folder.file('away.db'));
    await rejection(replicate(pipeline, generation), 'DATABASE_MISSING');
    expect(existsSync(folder.file('shop.db'))).toBe(false);
    const report = await pipeline.healthReport();
    expect(report.checks.find((check) => check.name === 'source')).toMatchObject({ state: 'failed' });
    expect(report.checks.find((check) => check.name === 'target')).toMatchObject({ state: 'ok' });
    renameSync(folder.file('away.db'), folder.file('shop.db'));
    await replicate(pipeline, generation);
    expectEqual();
  });

  test('source and target are opened at the same time', async () => {
    const { shop, generation } = await replicated();
    shop.exec(SHOP_CHANGES);
    const target = signal();
    const adapter: Adapter = {
      ...sqliteAdapter,
      async openSource(options) {
        await target.given;
        return sqliteAdapter.openSource(options);
      },
      openTarget(options) {
        target.give();
        return sqliteAdapter.openTarget(options);
      },
    };
    const engine = folder.closing(engineOver(folder.url('shop.db'), folder.url('warehouse.db'), { adapter }));
    await replicate(await engine.pipeline(REF), generation);
    expectEqual();
  });

  test('what is wrong with the source is told before what is wrong with the target', async () => {
    const { shop, pipeline, generation } = await replicated();
    shop.close();
    renameSync(folder.file('shop.db'), folder.file('away.db'));
    renameSync(folder.file('warehouse.db'), folder.file('also-away.db'));
    const both = await rejection(replicate(pipeline, generation), 'DATABASE_MISSING');
    expect(both.message).toContain('shop.db');
    renameSync(folder.file('away.db'), folder.file('shop.db'));
    const target = await rejection(replicate(pipeline, generation), 'DATABASE_MISSING');
    expect(target.message).toContain('warehouse.db');
    renameSync(folder.file('also-away.db'), folder.file('warehouse.db'));
    await replicate(pipeline, generation);
    expectEqual();
  });

  test('a target that was given up while it opened, and fails later, takes no newer one with it', async () => {
    const { generation } = await replicated();
    const [sourceAsked, late] = [signal(), signal()];
    const lost = new CdcError('CONNECTION_LOST', 'lost on purpose');
    let [sources, targets] = [0, 0];
    const adapter: Adapter = {
      ...sqliteAdapter,
      openSource(options) {
        sourceAsked.give();
        return ++sources === 1 ? Promise.reject(lost) : sqliteAdapter.openSource(options);
      },
      async openTarget(options) {
        if (++targets > 1) return sqliteAdapter.openTarget(options);
        await late.given;
        throw lost;
      },
    };
    const engine = folder.closing(engineOver(folder.url('shop.db'), folder.url('warehouse.db'), { adapter }));
    const pipeline = await engine.pipeline(REF);
    const failing = rejection(replicate(pipeline, generation), 'CONNECTION_LOST');
    await sourceAsked.given;
    await new Promise((resolve) => setImmediate(resolve));
    await pipeline.statistics();
    late.give();
    await failing;
    await pipeline.statistics();
    expect(targets).toBe(2);
  });

  test('a target that is lost while attempts run is DATABASE_MISSING; only a setup makes it anew', async () => {
    const shop = folder.database('shop.db', SHOP);
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    for (const suffix of ['', '-wal', '-shm']) rmSync(folder.file(`warehouse.db${suffix}`), { force: true });
    shop.exec(SHOP_CHANGES);
    await rejection(replicate(pipeline, generation), 'CONNECTION_LOST');
    await rejection(replicate(pipeline, generation), 'DATABASE_MISSING');
    await rejection(pipeline.finish({ chain: CHAIN }), 'DATABASE_MISSING');
    await rejection(pipeline.fetchPending({ waitMs: 0, settings: settingsOf() }), 'DATABASE_MISSING');
    expect((await pipeline.healthReport()).checks).toContainEqual(
      expect.objectContaining({ name: 'target', state: 'failed' }),
    );
    expect(existsSync(folder.file('warehouse.db'))).toBe(false);
    await started(pipeline, specOf(['*']));
    expectEqual();
  });

  test.each([
    ['a source that is missing', 'nowhere.db', '*', 'DATABASE_MISSING'],
    ['a table that is unknown', 'shop.db', 'order', 'TABLE_UNKNOWN'],
    ['a table without a key', 'shop.db', 'keyless', 'KEY_MISSING'],
  ] as const)(
    'a start that is refused for %s, and its end, make no target',
    async (_, source, table, code) => {
      folder.database('shop.db', `${SHOP}; CREATE TABLE keyless (a)`);
      const pipeline = await open(source);
      await rejection(setUp(pipeline, specOf([table])), code);
      await rejection(pipeline.finish({ chain: CHAIN }), 'DATABASE_MISSING');
      expect(existsSync(folder.file('warehouse.db'))).toBe(false);
    },
  );

  test('a database that cannot grow is DATABASE_FULL, which may be tried again', async () => {
    const child = folder.closing(spawnChild('full-database', [folder.file('small.db')]));
    expect(await child.said('wrote')).toBe('wrote DATABASE_FULL retryable');
    await child.stop();
  });

  (asRoot ? test.skip : test)('files that may not be written or read are told apart', async () => {
    folder.database('shop.db', SHOP).close();
    folder.database('warehouse.db').close();
    chmodSync(folder.file('warehouse.db'), 0o444);
    await rejection(setUp(await open(), specOf(['*'])), 'DATABASE_READ_ONLY');
    chmodSync(folder.file('shop.db'), 0o000);
    await rejection(setUp(await open(), specOf(['*'])), 'DATABASE_UNREADABLE');
  });

  test('a target opened for reading only refuses to be written', async () => {
    folder.database('shop.db', SHOP);
    folder.database('warehouse.db');
    const pipeline = await files.open({ readOnly: true });
    expect((await pipeline.plan(specOf(['*']))).steps.length).toBeGreaterThan(0);
    const error = await rejection(setUp(pipeline, specOf(['*'])), 'DATABASE_READ_ONLY');
    expectDiscreet(error);
  });

  test('a row that the target refuses parks its table, and the rest of its chunk is applied', async () => {
    const shop = folder.database('shop.db', SHOP);
    const warehouse = folder.database('warehouse.db');
    warehouse.exec(
      `CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id, note TEXT CHECK (note <> 'secret'), total)`,
    );
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    shop.exec(
      `BEGIN; UPDATE customers SET credit = 1; UPDATE orders SET note = 'secret' WHERE id = 2; COMMIT`,
    );
    const cause = await parkedBy(replicate(pipeline, generation), 'orders', 'CONSTRAINT_FAILED');
    expect(cause).not.toContain('secret');
    const credits = warehouse.prepare('SELECT credit FROM customers WHERE id = 1').pluck().get();
    expect(credits).toBe(1n);
    shop.exec(`UPDATE orders SET note = 'public' WHERE id = 2`);
    await pipeline.resumeTable({ chain: CHAIN, generation: generation + 1, table: 'orders' });
    await replicate(pipeline, generation + 1);
    expectEqual();
  });

  test('a rollback-journal source is read while its writer writes, and its writer is not turned away', async () => {
    const shop = new Database(folder.file('shop.db'), { timeout: 2_000 });
    folder.closing(shop);
    shop.exec(SHOP);
    expect(shop.pragma('journal_mode', { simple: true })).toBe('delete');
    const pipeline = await open();
    const { generation } = await setUp(pipeline, specOf(['*']));
    const running = replicate(pipeline, generation, { lingerMs: 1_500, settings: { snapshotRows: 1 } });
    for (let n = 0; n < 60; n++) {
      shop.exec(`UPDATE orders SET total = ${n}; INSERT INTO tags VALUES (${n + 100}, 't', ${n})`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await running;
    await replicate(pipeline, generation);
    expectEqual();
    expect(shop.pragma('journal_mode', { simple: true })).toBe('delete');
  });
});
