/** `types`: columns that get another type than ours on the target, lossy by name. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Pipeline } from '../../engine';
import { postgresAdapter } from '../../engine/adapters/postgres';
import type { ScratchDatabase } from '../../engine/contract';
import {
  engineOver,
  parkedBy,
  REF,
  rejection,
  replicate,
  setUp,
  specOf,
  started,
} from '../support/pipelines';
import { connectTo, select } from '../support/postgres';
import { postgresFixture } from '../support/postgres-fixture';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();
let target: ScratchDatabase;
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  target = await postgresFixture.createDatabase();
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await target.dispose();
});

async function open(): Promise<Pipeline> {
  const engine = engineOver(folder.url('shop.db'), target.url, { others: [postgresAdapter] });
  closing.push(() => engine.close());
  return engine.pipeline(REF);
}

async function query(sql: string): Promise<readonly (readonly (string | null)[])[]> {
  const client = await connectTo(target.url);
  try {
    return await select(client, sql);
  } finally {
    await client.end();
  }
}

const ITEMS = `CREATE TABLE items (id INTEGER PRIMARY KEY, price NUMERIC, note TEXT, size REAL);
INSERT INTO items VALUES (1, 9.99, 'short', 1.5), (2, 12, NULL, NULL)`;

const TYPES = {
  price: { type: 'decimal(10,2)', lossy: false },
  note: { type: 'varchar(5)', lossy: true },
};

const CHOSEN = specOf([{ from: 'items', types: TYPES }]);

const ROWS = 'SELECT id, price, note, size FROM items ORDER BY id';

describe('types of columns that were chosen', () => {
  test('are those of the table that is made, and plan says what becomes of values', async () => {
    folder.database('shop.db', ITEMS);
    const pipeline = await open();
    const [table] = (await pipeline.plan(CHOSEN)).tables;
    expect(table?.types).toEqual(TYPES);
    expect(table?.fidelity.map(({ column, targetType, fidelity }) => [column, targetType, fidelity])).toEqual(
      [
        ['id', 'bigint', 'exact'],
        ['price', 'decimal(10,2)', 'checked'],
        ['note', 'varchar(5)', 'lossy'],
        ['size', 'double precision', 'checked'],
      ],
    );
    await started(pipeline, CHOSEN);
    expect(
      await query(
        `SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'items'::regclass AND attnum > 0 ORDER BY attnum`,
      ),
    ).toEqual([['bigint'], ['numeric(10,2)'], ['character varying(5)'], ['double precision']]);
    expect(await pipeline.verify({})).toMatchObject({ equal: true });
  });

  test('alter what does not fit where they are lossy, copied and changed, and verify expects just that', async () => {
    const shop = folder.database('shop.db', ITEMS);
    shop.exec(`INSERT INTO items VALUES (3, 1, 'far too long', 1)`);
    const pipeline = await open();
    const { generation } = await started(pipeline, CHOSEN);
    shop.exec(`UPDATE items SET note = 'longer than five' WHERE id = 1`);
    await replicate(pipeline, generation);
    expect(await query(ROWS)).toEqual([
      ['1', '9.99', 'longe', '1.5'],
      ['2', '12.00', null, null],
      ['3', '1.00', 'far t', '1'],
    ]);
    expect(await pipeline.verify({})).toMatchObject({ equal: true });
    await query(`UPDATE items SET note = 'far T' WHERE id = 3`);
    expect(await pipeline.verify({})).toMatchObject({ equal: false, tables: [{ different: 1 }] });
  });

  test('take the nearest number where they are lossy and of single precision', async () => {
    const shop = folder.database('shop.db', ITEMS);
    shop.exec('UPDATE items SET size = 0.1 WHERE id = 2');
    const pipeline = await open();
    const types = { size: { type: 'real', lossy: true }, price: { type: 'real', lossy: true } };
    const { generation } = await started(pipeline, specOf([{ from: 'items', types }]));
    shop.exec('UPDATE items SET size = 16777217 WHERE id = 1');
    await replicate(pipeline, generation);
    expect(await query(ROWS)).toEqual([
      ['1', '9.99', 'short', '1.6777216e+07'],
      ['2', '12', null, '0.1'],
    ]);
    expect(await pipeline.verify({})).toMatchObject({ equal: true });
    await query('UPDATE items SET size = 0.10000001 WHERE id = 2');
    expect(await pipeline.verify({})).toMatchObject({ equal: false, tables: [{ different: 1 }] });
  });

  test('refuse what does not fit where they are not', async () => {
    const shop = folder.database('shop.db', ITEMS);
    const pipeline = await open();
    const { generation } = await started(pipeline, CHOSEN);
    shop.exec('UPDATE items SET price = 1.005 WHERE id = 1');
    const cause = await parkedBy(replicate(pipeline, generation), 'items', 'TYPE_MISMATCH');
    expect(cause).toMatch(/price/);
    expect(await query(`${ROWS} LIMIT 1`)).toEqual([['1', '9.99', 'short', '1.5']]);
  });

  test('may be enums and domains of the target, which refuse what they do not hold', async () => {
    const shop = folder.database('shop.db', ITEMS);
    await query(`CREATE TYPE "Size" AS ENUM ('short', 'long')`);
    await query('CREATE DOMAIN price AS numeric(6,2)');
    const pipeline = await open();
    const chosen = (note: string) =>
      specOf([
        {
          from: 'items',
          types: { note: { type: note, lossy: false }, price: { type: 'public.price', lossy: false } },
        },
      ]);
    expect(await rejection(setUp(pipeline, chosen('"Size"')), 'TYPE_MISMATCH')).toMatchObject({
      column: 'note',
      message: expect.stringContaining('does not exist here but as public."Size"'),
    });
    const spec = chosen('public."Size"');
    const [table] = (await pipeline.plan(spec)).tables;
    expect(
      table?.fidelity.slice(1, 3).map(({ targetType, fidelity, reason }) => [targetType, fidelity, reason]),
    ).toEqual([
      ['public.price', 'checked', expect.stringContaining('more than 4 digits before or 2 after the point')],
      ['public."Size"', 'checked', expect.stringContaining('values of another kind')],
    ]);
    const { generation } = await started(pipeline, spec);
    expect(await query('SELECT price, note FROM items ORDER BY id')).toEqual([
      ['9.99', 'short'],
      ['12.00', null],
    ]);
    shop.exec(`UPDATE items SET note = 'broad' WHERE id = 1`);
    expect(await parkedBy(replicate(pipeline, generation), 'items', 'TYPE_MISMATCH')).toMatch(/note/);
  });

  test('have NULL for what is no number where they are lossy, and verify expects just that', async () => {
    folder.database('shop.db', `${ITEMS}, (3, 9e999, NULL, NULL)`);
    const pipeline = await open();
    const lossy = specOf([{ from: 'items', types: { price: { type: 'decimal(10,2)', lossy: true } } }]);
    await started(pipeline, lossy);
    expect(await query('SELECT price FROM items WHERE id = 3')).toEqual([[null]]);
    expect(await pipeline.verify({})).toMatchObject({ equal: true });
  });

  test('of a table that is there are told in a notice, and copy nothing again', async () => {
    folder.database('shop.db', ITEMS);
    await query(
      'CREATE TABLE items (id bigint PRIMARY KEY, price numeric, note text, size double precision)',
    );
    const pipeline = await open();
    await started(pipeline, specOf(['items']));
    const spec = specOf([{ from: 'items', types: { price: { type: 'decimal(10,2)', lossy: false } } }]);
    const { notices } = await pipeline.plan(spec);
    expect(notices.map(({ message }) => message)).toContain(
      'Column price of target table public.items is there already and stays numeric, not decimal(10,2). To change it: ALTER TABLE "public"."items" ALTER COLUMN "price" TYPE decimal(10,2)',
    );
    expect((await setUp(pipeline, spec)).tables.map(({ state }) => state)).toEqual(['replicating']);
    const altered = specOf([{ from: 'items', types: { price: { type: null, lossy: true } } }]);
    expect((await setUp(pipeline, altered)).tables.map(({ state }) => state)).toEqual(['snapshotting']);
  });

  test('that would convert a key are refused on SQLite, too, and a table that is there is told', async () => {
    folder.database('shop.db', 'CREATE TABLE names (id TEXT PRIMARY KEY NOT NULL, v TEXT)');
    const copy = engineOver(folder.url('shop.db'), folder.url('copy.db'));
    closing.push(() => copy.close());
    const pipeline = await copy.pipeline(REF);
    const typed = (column: string) =>
      specOf([{ from: 'names', types: { [column]: { type: 'real', lossy: false } } }]);
    await rejection(setUp(pipeline, typed('id')), 'TARGET_TABLE_MISMATCH');
    await setUp(pipeline, specOf(['names']));
    const { notices } = await pipeline.plan(typed('v'));
    expect(notices.map(({ message }) => message)).toContain(
      'Column v of target table names is there already and stays TEXT, not real. To change it, drop the table so that it is created',
    );
  });

  test.each(['uuid', 'numeric', 'date', 'timestamp', 'timestamptz', 'time'])(
    'that read several texts as one value are refused for a key of texts: %s',
    async (type) => {
      folder.database('shop.db', 'CREATE TABLE names (id TEXT PRIMARY KEY NOT NULL, v TEXT)');
      const pipeline = await open();
      const spec = specOf([{ from: 'names', types: { id: { type, lossy: false } } }]);
      const [column] = (await pipeline.plan(spec)).tables[0]?.fidelity ?? [];
      expect(column).toMatchObject({ column: 'id', fidelity: 'refused' });
      await rejection(setUp(pipeline, spec), 'TYPE_MISMATCH');
    },
  );

  test.each([
    ['COLUMN_UNKNOWN', { prize: { type: 'text', lossy: false } }, /prize/],
    ['CONFIG_INVALID', { price: { type: 'text; DROP TABLE items', lossy: false } }, /no type/],
    ['CONFIG_INVALID', { note: { type: 'text COLLATE "C"', lossy: false } }, /no type/],
    ['CONFIG_INVALID', { note: { type: 'text NOT NULL', lossy: false } }, /no type/],
    ['CONFIG_INVALID', { note: { type: 'text /* long */', lossy: false } }, /no type/],
    ['CONFIG_INVALID', { note: { type: 'text -- long', lossy: false } }, /no type/],
    ['CONFIG_INVALID', { note: { type: 'note" text', lossy: false } }, /no type/],
    ['CONFIG_INVALID', { id: { type: 'int', lossy: true } }, /key/],
    ['TARGET_TABLE_MISMATCH', { id: { type: 'real', lossy: false } }, /id with a type that may convert/],
    ['TARGET_TABLE_MISMATCH', { id: { type: 'char(5)', lossy: false } }, /id with a type that may convert/],
    ['TYPE_MISMATCH', { price: { type: 'shekels', lossy: false } }, /shekels/],
  ] as const)('are refused with %s: %j', async (code, types, message) => {
    folder.database('shop.db', ITEMS);
    const error = await rejection(setUp(await open(), specOf([{ from: 'items', types }])), code);
    expect(error.message).toMatch(message);
    expect(await query(`SELECT to_regclass('items')::text`)).toEqual([[null]]);
  });
});
