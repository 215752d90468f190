import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { ErrorCode, PipelineSpec } from '../../engine';
import { engineOver, REF, rejection, setUp, specOf } from '../support/pipelines';
import { ownObjects } from '../support/same-files';
import { SHOP, SHOP_TABLES } from '../support/shop';
import { folderPerTest } from '../support/sqlite';
import { pipelinesIn } from '../support/file-pipelines';

const folder = folderPerTest();
const { open } = pipelinesIn(folder);

/** What the bytes of both files come to; a WAL that was made and emptied again counts as nothing. */
function fingerprints(): readonly string[] {
  return ['shop.db', 'shop.db-wal', 'warehouse.db', 'warehouse.db-wal'].map((name) => {
    const file = folder.file(name);
    const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
    return `${name} ${createHash('sha256').update(bytes).digest('hex')}`;
  });
}

describe('a setup that can come to nothing is refused before anything is written', () => {
  beforeEach(() => {
    const shop = folder.database('shop.db', SHOP);
    shop.exec('CREATE TABLE keyless (a, b); CREATE TABLE "order" (code TEXT PRIMARY KEY, v)');
    shop.exec('CREATE TABLE sums (id INTEGER PRIMARY KEY, a, twice AS (a * 2))');
    shop.pragma('wal_checkpoint(TRUNCATE)');
    const warehouse = folder.database('warehouse.db');
    warehouse.exec('CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT)');
    warehouse.exec('CREATE TABLE strict_orders (id INTEGER PRIMARY KEY, extra TEXT NOT NULL)');
    warehouse.exec('CREATE TABLE filled (id INTEGER PRIMARY KEY, customer_id, note, total)');
    warehouse.exec('CREATE TABLE loose (id, customer_id, note, total)');
    warehouse.exec('CREATE TABLE computed (id INTEGER PRIMARY KEY, customer_id, note, total AS (id))');
    warehouse.exec(
      'CREATE TABLE nocase (order_id INTEGER NOT NULL, tag TEXT COLLATE NOCASE NOT NULL, weight, PRIMARY KEY (order_id, tag))',
    );
    warehouse.exec(`INSERT INTO filled VALUES (77, 1, 'there before', 0)`);
    warehouse.pragma('wal_checkpoint(TRUNCATE)');
  });

  const refusals: readonly {
    readonly title: string;
    readonly spec: PipelineSpec;
    readonly code: ErrorCode;
    readonly says: RegExp;
    readonly hint: RegExp;
  }[] = [
    {
      title: 'an unknown table, with the near misses',
      spec: specOf(['orders', 'customer']),
      code: 'TABLE_UNKNOWN',
      says: /no table customer$/,
      hint: /Did you mean "customers"/,
    },
    {
      title: 'an unknown table that is like none, with the tables that there are',
      spec: specOf(['zzzzzzzz']),
      code: 'TABLE_UNKNOWN',
      says: /zzzzzzzz/,
      hint: /customers, .*orders.*tags/,
    },
    {
      title: 'a pattern that matches nothing',
      spec: specOf(['x*']),
      code: 'TABLE_UNKNOWN',
      says: /No table matches x\*/,
      hint: /./,
    },
    {
      title: 'a table known by its rowid alone, with what would make it usable',
      spec: specOf(['keyless']),
      code: 'KEY_MISSING',
      says: /keyless cannot be captured/,
      hint: /key/i,
    },
    {
      title: 'a key that may be NULL, with what would make it usable',
      spec: specOf(['order']),
      code: 'KEY_MISSING',
      says: /order cannot be captured/,
      hint: /NOT NULL/,
    },
    {
      title: 'a target table that lacks columns, by all their names',
      spec: specOf(['tags', 'customers']),
      code: 'TARGET_TABLE_MISMATCH',
      says: /customers lacks the columns email, credit/,
      hint: /columns/,
    },
    {
      title: 'a target table that demands a column which the source does not have',
      spec: specOf([{ from: 'orders', to: 'strict_orders', columns: ['id'] }]),
      code: 'TARGET_TABLE_MISMATCH',
      says: /demands a value for extra/,
      hint: /default/,
    },
    {
      title: 'a target table that computes a column itself',
      spec: specOf([{ from: 'orders', to: 'computed' }]),
      code: 'TARGET_TABLE_MISMATCH',
      says: /computes the column total/,
      hint: /columns/,
    },
    {
      title: 'a target table without a unique key over the key',
      spec: specOf([{ from: 'orders', to: 'loose' }]),
      code: 'TARGET_TABLE_MISMATCH',
      says: /no unique key over \(id\)/,
      hint: /primary key/,
    },
    {
      title: 'a target key with another collation',
      spec: specOf([{ from: 'tags', to: 'nocase' }]),
      code: 'TARGET_TABLE_MISMATCH',
      says: /key column tag by another collation \(NOCASE\)/,
      hint: /collation/,
    },
    {
      title: 'a target table that holds rows',
      spec: specOf([{ from: 'orders', to: 'filled' }]),
      code: 'TARGET_NOT_EMPTY',
      says: /filled already hold/,
      hint: /existing: replace.*snapshot: false/,
    },
    {
      title: 'two tables that go to one',
      spec: specOf(['tags', { from: 'orders', to: 'Tags' }]),
      code: 'NAME_COLLISION',
      says: /tags and orders|orders and tags/,
      hint: /`to`/,
    },
    {
      title: 'a target table with a name that is reserved',
      spec: specOf([{ from: 'orders', to: '_cdc_pipeline' }]),
      code: 'NAME_COLLISION',
      says: /orders cannot go to _cdc_pipeline/,
      hint: /`to`/,
    },
    {
      title: 'an unknown column, with the near misses',
      spec: specOf([{ from: 'customers', columns: ['id', 'emial'] }]),
      code: 'COLUMN_UNKNOWN',
      says: /column emial does not exist/,
      hint: /"email"/,
    },
    {
      title: 'a list of columns without the key',
      spec: specOf([{ from: 'tags', columns: ['order_id', 'weight'] }]),
      code: 'COLUMN_REQUIRED',
      says: /lacks the key \(tag\)/,
      hint: /./,
    },
    {
      title: 'a list of columns with a generated one',
      spec: specOf([{ from: 'sums', columns: ['id', 'twice'] }]),
      code: 'COLUMN_UNKNOWN',
      says: /twice is generated/,
      hint: /target computes/,
    },
  ];

  for (const { title, spec, code, says, hint } of refusals) {
    test(title, async () => {
      const before = fingerprints();
      const pipeline = await open();
      for (const attempt of [() => pipeline.plan(spec), () => setUp(pipeline, spec)]) {
        const error = await rejection(attempt(), code);
        expect(error.message).toMatch(says);
        expect(error.hint).toMatch(hint);
      }
      await pipeline.close();
      expect(fingerprints()).toEqual(before);
    });
  }
});

describe('connections that make no pair', () => {
  test('a source file that is missing is an error and is not made', async () => {
    const pipeline = await open();
    const error = await rejection(setUp(pipeline, specOf(['*'])), 'DATABASE_MISSING');
    expect(error.message).toContain('shop.db');
    expect(error.message).not.toContain(folder.path);
    expect(existsSync(folder.file('shop.db'))).toBe(false);
  });

  test('a target whose folder is missing is an error, and the source is left alone', async () => {
    folder.database('shop.db', SHOP);
    const engine = folder.closing(engineOver(folder.url('shop.db'), folder.url('nowhere/warehouse.db')));
    await rejection(setUp(await engine.pipeline(REF), specOf(['*'])), 'DATABASE_MISSING');
    expect(ownObjects(folder.file('shop.db'))).toEqual([]);
  });

  test('a database cannot be its own target, whatever it is called', async () => {
    folder.database('shop.db', SHOP);
    symlinkSync(folder.file('shop.db'), folder.file('link.db'));
    for (const target of [folder.url('shop.db'), folder.url('link.db'), folder.url('./x/../shop.db')]) {
      const engine = folder.closing(engineOver(folder.url('shop.db'), target));
      await rejection(engine.pipeline(REF), 'SOURCE_IS_TARGET');
    }
  });

  test('a pipeline that leads back into its own source is refused, in plan and setup, until the first is gone', async () => {
    folder.database('shop.db', SHOP);
    const there = await open();
    await setUp(there, specOf(['*']));
    const engine = folder.closing(engineOver(folder.url('warehouse.db'), folder.url('shop.db')));
    const back = await engine.pipeline({ ...REF, name: 'back' });
    const spec = { ...specOf(['*'], { snapshot: false }), name: 'back' };
    for (const attempt of [() => back.plan(spec), () => setUp(back, spec)]) {
      const error = await rejection(attempt(), 'PIPELINE_LOOP');
      expect(error.message).toContain('shop-copy replicates from its target into its source');
    }
    // Onwards, and from a second source, leads nowhere back.
    const onwards = folder.closing(engineOver(folder.url('warehouse.db'), folder.url('archive.db')));
    await setUp(await onwards.pipeline(REF), specOf(['*']));
    await setUp(there, specOf(['*']));
    await there.teardown();
    await setUp(back, spec);
  });

  test.each([
    ['a reserved name', specOf(['orders', { from: 'tags', to: '_cdc_tags' }]), 'NAME_COLLISION'],
    ['two tables of one name', specOf(['orders', { from: 'tags', to: 'orders' }]), 'NAME_COLLISION'],
    ['a missing key', specOf(['keyless']), 'KEY_MISSING'],
  ] as const)('makes no target file (%s)', async (_title, spec, code) => {
    folder.database('shop.db', `${SHOP} CREATE TABLE keyless (a)`);
    const before = readdirSync(folder.path);
    const pipeline = await open();
    await rejection(setUp(pipeline, spec), code);
    await rejection(pipeline.plan(spec), code);
    expect(readdirSync(folder.path)).toEqual(before);
    await setUp(pipeline, specOf(['orders']));
    expect(existsSync(folder.file('warehouse.db'))).toBe(true);
  });

  test('a plan of a target that is yet to be made makes nothing, and tells what setup will do', async () => {
    folder.database('shop.db', SHOP);
    const before = readdirSync(folder.path);
    const pipeline = await open();
    const plan = await pipeline.plan(specOf(['*']));
    expect(plan.transport).toBe('attach');
    expect(readdirSync(folder.path)).toEqual(before);
    const { transport } = await setUp(pipeline, specOf(['*']));
    expect(transport).toBe('attach');
  });

  test('a connection that is not configured is named with the near misses', async () => {
    const engine = folder.closing(engineOver(folder.url('shop.db'), folder.url('warehouse.db')));
    const error = await rejection(engine.pipeline({ ...REF, source: 'shp' }), 'CONFIG_INVALID');
    expect(error.hint).toContain('"shop"');
  });

  test('an unknown scheme is named without the rest of its URL', async () => {
    const engine = folder.closing(engineOver('oracle://scott:tiger@host/db', folder.url('warehouse.db')));
    const error = await rejection(engine.pipeline(REF), 'ADAPTER_UNKNOWN');
    expect(error.message).toContain('oracle');
    expect(JSON.stringify([error.message, error.hint])).not.toMatch(/tiger|host/);
  });

  test('a pattern takes what it can and lists what it skipped', async () => {
    folder.database('shop.db', `${SHOP} CREATE TABLE keyless (a)`);
    const { tables, skipped } = await setUp(await open(), specOf(['*']));
    expect(tables.map((table) => table.source).sort()).toEqual([...SHOP_TABLES]);
    expect(skipped.map((table) => table.table)).toEqual(['keyless']);
    expect(skipped[0]?.reason).not.toBe('');
  });
});
