/** `rename`: columns that have another name on the target. */
import { describe, expect, test } from '@jest/globals';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { selectionOf, selectionText } from '../../engine/model';
import { byRows } from '../support/by-rows';
import { pipelinesIn } from '../support/file-pipelines';
import { rejection, replicate, setUp, specOf, started } from '../support/pipelines';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();
const { open } = pipelinesIn(folder);

const SHOP = `CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE, total REAL,
  twice AS (total * 2));
INSERT INTO customers VALUES (1, 'Ada', 'a', 1), (2, 'Bob', 'b', 2), (3, 'Cyd', NULL, 3)`;

const RENAMED = { from: 'customers', to: 'people', rename: { id: 'customer_id', email: 'mail' } };

const ROWS = 'SELECT customer_id, name, mail, total FROM people ORDER BY 1';

describe.each([
  ['attached', sqliteAdapter],
  ['by rows', byRows(sqliteAdapter)],
] as const)('rename (%s)', (_way, adapter) => {
  test('the table is made with the new names, and followed under them', async () => {
    const shop = folder.database('shop.db', SHOP);
    const warehouse = folder.database('warehouse.db');
    const pipeline = await open({ adapter });
    const plan = await pipeline.plan(specOf([RENAMED]));
    expect(plan.tables).toMatchObject([
      {
        source: 'customers',
        target: 'people',
        columns: ['id', 'name', 'email', 'total'],
        rename: RENAMED.rename,
      },
    ]);
    const { generation } = await started(pipeline, specOf([RENAMED]));
    shop.exec(`UPDATE customers SET email = 'c' WHERE id = 3; DELETE FROM customers WHERE id = 2;
UPDATE customers SET id = 4 WHERE id = 1; INSERT INTO customers VALUES (5, 'Eve', 'b', 5)`);
    await replicate(pipeline, generation);
    expect(warehouse.prepare(ROWS).raw().all()).toEqual([
      [3n, 'Cyd', 'c', 3],
      [4n, 'Ada', 'a', 1],
      [5n, 'Eve', 'b', 5],
    ]);
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
  });

  test('a table that is there is checked by its names, and made equal over stale unique values', async () => {
    const shop = folder.database('shop.db', SHOP);
    const warehouse = folder.database(
      'warehouse.db',
      `CREATE TABLE people (customer_id INTEGER PRIMARY KEY, name TEXT NOT NULL, mail TEXT UNIQUE, total REAL);
INSERT INTO people VALUES (1, 'old', 'b', 0), (7, 'stray', 'a', 0)`,
    );
    const pipeline = await open({ adapter });
    const { generation } = await started(
      pipeline,
      specOf([RENAMED], { existing: 'replace', snapshotRows: 1 }),
    );
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
    shop.exec(`UPDATE customers SET email = 'x' WHERE id = 1; UPDATE customers SET email = 'a' WHERE id = 2`);
    await replicate(pipeline, generation, { settings: { batchRows: 1 } });
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
    warehouse.exec(
      `UPDATE people SET mail = 'y' WHERE customer_id = 1; DELETE FROM people WHERE customer_id = 3`,
    );
    const { differences } = await pipeline.verify({});
    expect(differences).toMatchObject([
      { kind: 'different', key: { id: 1n }, columns: ['email'], source: { email: 'x' } },
      { kind: 'missing', key: { id: 3n } },
    ]);
    await pipeline.repair(differences);
    await replicate(pipeline, generation);
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
  });

  test('a row that is set aside names the column as the source calls it, and is retried by its key', async () => {
    const shop = folder.database('shop.db', SHOP);
    const warehouse = folder.database('warehouse.db');
    const settings = { onError: { action: 'deadLetter', perHour: 9 } } as const;
    const pipeline = await open({ adapter });
    const { generation } = await started(pipeline, specOf([RENAMED], settings));
    warehouse.exec('CREATE UNIQUE INDEX one_total ON people (total)');
    warehouse.exec('CREATE UNIQUE INDEX one_name ON people (name)');
    shop.exec(`UPDATE customers SET name = 'Ada' WHERE id = 2`);
    await replicate(pipeline, generation, { settings });
    const all = { table: null, ids: null };
    expect(await pipeline.deadLetters({ ...all, values: true })).toMatchObject([
      { key: { id: 2n }, row: { id: 2n, name: 'Ada', email: 'b', total: 2 }, column: 'name' },
    ]);
    warehouse.exec('DROP INDEX one_name');
    await pipeline.retryDeadLetters(all);
    await replicate(pipeline, generation, { settings });
    expect(await pipeline.deadLetters({ ...all, values: true })).toEqual([]);
    expect(await pipeline.verify({})).toMatchObject({ equal: true });
  });

  test('other names have the table copied again', async () => {
    folder.database('shop.db', SHOP);
    const warehouse = folder.database('warehouse.db');
    const pipeline = await open({ adapter });
    await started(pipeline, specOf([RENAMED]));
    const wanted = specOf([{ ...RENAMED, rename: { ...RENAMED.rename, total: 'sum' } }]);
    const error = await rejection(setUp(pipeline, wanted), 'TARGET_TABLE_MISMATCH');
    expect(error.message).toMatch(/lacks the column sum/);
    warehouse.exec('ALTER TABLE people ADD COLUMN sum REAL');
    const { generation, tables } = await setUp(pipeline, wanted);
    expect(tables).toMatchObject([{ state: 'snapshotting' }]);
    await replicate(pipeline, generation);
    expect(warehouse.prepare('SELECT sum FROM people ORDER BY 1').pluck().all()).toEqual([1, 2, 3]);
    // A name for itself is no other name.
    const rename = { total: 'sum', email: 'mail', id: 'customer_id', name: 'name' };
    const same = await setUp(pipeline, specOf([{ ...RENAMED, rename }]));
    expect(same.tables).toMatchObject([{ state: 'replicating' }]);
  });
});

describe('rename is refused', () => {
  test.each([
    [{ nme: 'n' }, 'COLUMN_UNKNOWN', /column nme, which is to be renamed, does not exist/, /"name"/],
    [{ twice: 'double' }, 'COLUMN_UNKNOWN', /twice.*is generated/, /rename/],
    [{ id: 'Name' }, 'NAME_COLLISION', /columns id and name would both be name/, /rename/],
    [{ id: 'x', email: 'X' }, 'NAME_COLLISION', /id and email/, /rename/],
  ] as const)('%j', async (rename, code, says, hint) => {
    folder.database('shop.db', SHOP);
    const pipeline = await open();
    const error = await rejection(pipeline.plan(specOf([{ from: 'customers', rename }])), code);
    expect(error.message).toMatch(says);
    expect(error.hint).toMatch(hint);
    expect(error.table).toBe('customers');
  });

  test('of a column that is not replicated', async () => {
    folder.database('shop.db', SHOP);
    const mapping = { from: 'customers', columns: ['id', 'name'], rename: { email: 'mail' } };
    const error = await rejection((await open()).plan(specOf([mapping])), 'COLUMN_UNKNOWN');
    expect(error.message).toMatch(/is not replicated/);
  });
});

describe('what a checkpoint keeps of it', () => {
  test('is what a former version wrote where nothing is chosen or renamed', () => {
    const plain = { columns: ['a', 'b'], where: null, rename: null };
    expect(selectionText(plain)).toBe('["a","b"]');
    expect(selectionText({ ...plain, columns: null })).toBeNull();
    expect(selectionOf('["a","b"]')).toEqual(plain);
    expect(selectionOf(null)).toEqual({ ...plain, columns: null });
  });

  test('are the same in whatever order they are written', () => {
    const text = { type: 'text', lossy: false };
    const plain = { columns: null, where: null };
    expect(selectionText({ ...plain, rename: { a: 'x', b: 'y' }, types: { a: text, b: text } })).toBe(
      selectionText({
        ...plain,
        rename: { b: 'y', a: 'x' },
        types: { b: { lossy: false, type: 'text' }, a: text },
      }),
    );
  });

  test('comes back whole, and is refused where a later version wrote more', () => {
    const whole = { columns: null, where: `a = '"'`, rename: { a: 'b', ['__proto__']: 'c' } };
    expect(selectionOf(selectionText(whole))).toEqual(whole);
    expect(() => selectionOf('{"columns":null,"where":null,"rename":null,"order":"a"}')).toThrow(
      /does not know/,
    );
  });
});
