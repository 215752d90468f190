import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type Database from 'better-sqlite3';
import type { Pipeline } from '../../engine';
import type { ScratchDatabase } from '../../engine/contract';
import {
  CHAIN,
  engineOver,
  parkedBy,
  REF,
  rejection,
  replicate,
  setUp,
  specOf,
  started,
} from '../support/pipelines';
import { postgresAdapter } from '../../engine/adapters/postgres';
import { postgresFixture } from '../support/postgres-fixture';
import { SHOP, SHOP_CHANGES } from '../support/shop';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();
let database: ScratchDatabase;

beforeEach(async () => {
  database = await postgresFixture.createDatabase();
});

afterEach(async () => {
  await database.dispose();
});

async function open(shop = 'shop.db'): Promise<Pipeline> {
  const engine = engineOver(folder.url(shop), database.url, { others: [postgresAdapter] });
  closing.push(() => engine.close());
  return engine.pipeline(REF);
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function rows(table: string): Promise<readonly string[]> {
  return [...(await database.dump(table))].sort();
}

function shopOf(sql: string): Database.Database {
  return folder.database('shop.db', sql);
}

describe('SQLite to PostgreSQL', () => {
  test('a key that is wider than the target’s sets its row aside, wherever a range of the copy ends', async () => {
    shopOf(`CREATE TABLE wide (id BIGINT PRIMARY KEY NOT NULL, v TEXT);
INSERT INTO wide VALUES (1, 'a'), (2, 'b'), (3000000000, 'c'), (3000000001, 'd'), (-3000000000, 'e')`);
    await database.execute(
      'CREATE TABLE wide (id integer PRIMARY KEY, v text)',
      `INSERT INTO wide VALUES (2, 'old'), (7, 'gone'), (2147483647, 'gone')`,
    );
    const settings = {
      existing: 'replace',
      snapshotRows: 1,
      onError: { action: 'deadLetter', perHour: 100 },
    } as const;
    const pipeline = await open();
    await started(pipeline, specOf(['wide'], settings));
    expect(await rows('wide')).toEqual(['(1,a)', '(2,b)']);
    const letters = await pipeline.deadLetters({ table: null, ids: null, values: true });
    expect(letters.map(({ key }) => key['id']).sort()).toEqual([-3000000000n, 3000000000n, 3000000001n]);
  });

  test('tables are made, rows are copied, changes follow, and both are equal', async () => {
    const shop = shopOf(SHOP);
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['*']));
    expect(await rows('customers')).toEqual([
      '(1,Ada,ada@example.org,10.5)',
      '(2,Bob,,0)',
      '(3,Cyd,cyd@example.org,)',
    ]);
    shop.exec(SHOP_CHANGES);
    await replicate(pipeline, generation);
    expect(await rows('orders')).toEqual(['(1,1,changed,2.25)', '(2,1,,2)', '(9,4,ninth,9.99)']);
    expect(await rows('tags')).toEqual(['(1,green,1)', '(2,green,1)']);
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
    shop.exec(`UPDATE customers SET credit = 1 WHERE id = 1`);
    expect(await pipeline.verify({})).toMatchObject({ equal: false });
  });

  test('a snapshot that replaces makes tables equal that held other rows, by keys of numbers and of texts', async () => {
    shopOf(`CREATE TABLE n (id INTEGER PRIMARY KEY, v TEXT);
      CREATE TABLE w (word TEXT NOT NULL PRIMARY KEY, v TEXT);
      INSERT INTO n WITH RECURSIVE i (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < 50) SELECT x * 2, 'n' || x FROM i;
      INSERT INTO w SELECT CASE id % 3 WHEN 0 THEN 'a' WHEN 1 THEN 'B' ELSE 'é' END || id, v FROM n`);
    await database.execute(
      `CREATE TABLE n (id bigint PRIMARY KEY, v text)`,
      `CREATE TABLE w (word text PRIMARY KEY, v text)`,
      `INSERT INTO n SELECT x, 'stray' FROM generate_series(1, 120) x`,
      `INSERT INTO w SELECT CASE x % 3 WHEN 0 THEN 'a' WHEN 1 THEN 'B' ELSE 'é' END || x, 'stray' FROM generate_series(1, 120) x`,
    );
    const pipeline = await open();
    await started(pipeline, specOf(['*'], { existing: 'replace', snapshotRows: 7 }));
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
    expect((await rows('w')).length).toBe(50);
    expect((await database.objects()).filter((name) => name.includes('sweep'))).toEqual([]);
  });

  test('tables without a schema go to the role’s own, and are found there again', async () => {
    shopOf('CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)');
    await database.execute(
      'CREATE SCHEMA sales',
      'CREATE TABLE sales.t (id bigint PRIMARY KEY, v text)',
      `INSERT INTO sales.t VALUES (1, 'theirs')`,
      `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = sales', current_database()); END $$`,
    );
    const pipeline = await open();
    const error = await rejection(setUp(pipeline, specOf(['t'])), 'TARGET_NOT_EMPTY');
    expect(error.message).toContain('sales.t');
    const plan = await pipeline.plan(specOf([{ from: 't', to: 'public.other' }]));
    expect(plan.tables[0]?.target).toBe('public.other');
  });

  test('a value that does not fit parks its table, which names the column and goes on once it is mended', async () => {
    const shop = shopOf('CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)');
    const pipeline = await open();
    const { generation } = await started(pipeline, specOf(['t']));
    shop.exec(`INSERT INTO t VALUES (1, 'no number')`);
    expect(await parkedBy(replicate(pipeline, generation), 't', 'TYPE_MISMATCH')).toContain('column v');
    shop.exec('UPDATE t SET v = 7');
    expect(await pipeline.resumeTable({ chain: CHAIN, generation: generation + 1, table: 't' })).toEqual([
      't',
    ]);
    await replicate(pipeline, generation + 1);
    expect(await rows('t')).toEqual(['(1,7)']);
  });
});
