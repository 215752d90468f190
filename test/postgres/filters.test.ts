/** `where` and `rename` on PostgreSQL: what the server takes for a condition, and what becomes of one later. */
import { describe, expect, test } from '@jest/globals';
import { openSource } from '../../engine/adapters/postgres/source/source';
import { requireFilter, routeTable } from '../../engine/capture';
import { connectTo, databaseUrl, select } from '../support/postgres';
import { CHAIN, parkedBy, rejection, replicate, setUp, specOf, started } from '../support/pipelines';
import { postgresPerTest } from '../support/postgres-scratch';

const { clearing, pipelineOf, scratch } = postgresPerTest();

const ITEMS = [
  `CREATE TYPE mood AS ENUM ('sad', 'glad')`,
  `CREATE TABLE items (id integer PRIMARY KEY, name text, state mood, at timestamptz, n integer,
  twice integer GENERATED ALWAYS AS (n * 2) STORED)`,
  `INSERT INTO items (id, name, state, at, n) SELECT i, 'n' || i, CASE WHEN i % 2 = 0 THEN 'sad' ELSE 'glad' END::mood,
  timestamptz '2026-01-01 00:00+00' + i * interval '1 day', i FROM generate_series(1, 9) i`,
];

async function rows(url: string, sql: string): Promise<readonly unknown[]> {
  const client = await connectTo(url);
  const found = await select(client, sql);
  await client.end();
  return found.map((row) => (row.length === 1 ? row[0] : row));
}

describe('where on PostgreSQL', () => {
  test.each([
    [`state = 'glad' AND n > 5`, ['7', '9']],
    [`at >= '2026-01-09 00:00+00'`, ['8', '9']],
    [`name IN ('n1', '$5') OR name = 'n2'`, ['1', '2']],
    [`twice BETWEEN 3 AND 5`, ['2']],
    [`"name" ~ '^n[89]$'`, ['8', '9']],
    [`(n % 2 = 0) IS TRUE AND NOT (n < 8)`, ['8']],
  ])('%s', async (where, expected) => {
    const [source, target] = [await scratch(...ITEMS), await scratch()];
    const pipeline = await pipelineOf(source, target);
    const mapping = { from: 'public.items', columns: ['id', 'name'], where, rename: { name: 'title' } };
    const { generation } = await started(pipeline, specOf([mapping], { snapshotRows: 1 }));
    const all = 'SELECT id FROM items ORDER BY id';
    expect(await rows(target.url, all)).toEqual(expected);
    await source.execute(`UPDATE items SET name = name, n = n`, `UPDATE items SET id = id + 10`);
    await replicate(pipeline, generation, { settings: { batchRows: 4 } });
    expect(await rows(target.url, all)).toEqual(expected.map((id) => String(Number(id) + 10)));
    await source.execute('TRUNCATE items');
    await replicate(pipeline, generation);
    expect(await rows(target.url, 'SELECT title FROM items')).toEqual([]);
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
  });

  test.each([
    ['at > now()', /IMMUTABLE/],
    ['n > random() * 5', /IMMUTABLE/],
    ['n', /boolean/],
    ['nn > 1', /nn/],
    [`state = 'angry'`, /mood/],
    ['n > (SELECT 1)', /holds a query/],
    ['EXISTS (TABLE items)', /subquer/],
    ['max(n) > 1', /aggregate/],
    ['ctid IS NULL', /system column/],
    ['n > $1', /\$/],
    [`public.nothing(n)`, /does not exist/],
  ])('refuses %s', async (where, says) => {
    const source = await scratch(...ITEMS);
    const pipeline = await pipelineOf(source, await scratch());
    const error = await rejection(pipeline.plan(specOf([{ from: 'public.items', where }])), 'FILTER_INVALID');
    expect(error.message).toMatch(says);
    expect(error.table).toBe('public.items');
  });

  test('refuses what a row that is there has no answer to, without its values', async () => {
    const source = await scratch(...ITEMS, `UPDATE items SET name = 'secret' WHERE id = 3`);
    const pipeline = await pipelineOf(source, await scratch());
    const where = `CASE WHEN id = 3 THEN name::integer > 1 ELSE true END`;
    const error = await rejection(pipeline.plan(specOf([{ from: 'public.items', where }])), 'FILTER_INVALID');
    expect(error.message).toMatch(/cannot be evaluated/);
    expect(error.message).not.toMatch(/secret/);
  });

  test('a row that comes later and has no answer parks its table', async () => {
    const source = await scratch(...ITEMS);
    const pipeline = await pipelineOf(source, await scratch());
    const { generation } = await started(pipeline, specOf([{ from: 'public.items', where: '100 / n > 1' }]));
    await source.execute('UPDATE items SET n = 0 WHERE id = 1');
    const cause = await parkedBy(replicate(pipeline, generation), 'public.items', 'TYPE_MISMATCH');
    expect(cause).toMatch(/`where` cannot be evaluated/);
    await source.execute('UPDATE items SET n = 1 WHERE id = 1');
    const chain = { chain: CHAIN, generation: generation + 1 };
    await pipeline.resumeTable({ ...chain, table: 'public.items' });
    await replicate(pipeline, generation + 1);
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
  });

  test('a column of an extension is compared by its own rules, or not at all', async () => {
    const source = await scratch(
      'CREATE SCHEMA ext',
      'CREATE EXTENSION citext SCHEMA ext',
      'CREATE TABLE t (id integer PRIMARY KEY, name ext.citext)',
      `INSERT INTO t VALUES (1, 'A'), (2, 'a')`,
    );
    const target = await scratch('CREATE TABLE t (id integer PRIMARY KEY)');
    const pipeline = await pipelineOf(source, target);
    const mapping = { from: 'public.t', columns: ['id'] };
    const error = await rejection(
      pipeline.plan(specOf([{ ...mapping, where: `name = 'a'` }])),
      'FILTER_INVALID',
    );
    expect(error).toMatchObject({ column: 'name', hint: expect.stringContaining('name::text') });
    await started(pipeline, specOf([{ ...mapping, where: `lower(name::text) = 'a' AND id > 1` }]));
    expect(await rows(target.url, 'SELECT id FROM t')).toEqual(['2']);
  });

  test('a column that it names and that is dropped parks the table, though it is not replicated', async () => {
    const source = await scratch(...ITEMS);
    const pipeline = await pipelineOf(source, await scratch());
    const mapping = { from: 'public.items', columns: ['id', 'n'], where: `name <> 'n3'` };
    const { generation } = await started(pipeline, specOf([mapping]));
    await source.execute('UPDATE items SET n = 0', 'ALTER TABLE items DROP COLUMN name');
    const cause = await parkedBy(replicate(pipeline, generation), 'public.items', 'SOURCE_SCHEMA_CHANGED');
    expect(cause).toMatch(/`where` names/);
  });
});

test('a column that is dropped before the copy by a new condition begins parks that table alone', async () => {
  const source = await scratch(...ITEMS, 'CREATE TABLE others (id integer PRIMARY KEY)');
  const target = await scratch();
  const pipeline = await pipelineOf(source, target);
  const mapping = { from: 'public.items', columns: ['id', 'n'] };
  await started(pipeline, specOf([mapping, 'public.others']));
  const { generation } = await setUp(
    pipeline,
    specOf([{ ...mapping, where: `name <> 'n3'` }, 'public.others']),
  );
  await source.execute('ALTER TABLE items DROP COLUMN name', 'INSERT INTO others VALUES (1)');
  await parkedBy(replicate(pipeline, generation), 'public.items', 'SOURCE_SCHEMA_CHANGED');
  await replicate(pipeline, generation);
  expect(await rows(target.url, 'SELECT id FROM others')).toEqual(['1']);
});

test('without the right to make temporary tables conditions are looked at as well', async () => {
  const source = await scratch(...ITEMS);
  const name = `cdc_reader_${process.pid}`;
  clearing(async () => {
    await source.execute(`DROP OWNED BY ${name}`, `DROP ROLE ${name}`);
  });
  const database = new URL(source.url).pathname.slice(1);
  await source.execute(
    `CREATE ROLE ${name} LOGIN PASSWORD 'x'`,
    `REVOKE TEMPORARY ON DATABASE ${database} FROM PUBLIC`,
    `GRANT SELECT ON items TO ${name}`,
  );
  const opened = await openSource({ url: databaseUrl(database, { name, password: 'x' }), readOnly: true });
  clearing(() => opened.close());
  const [table] = (await opened.tables()).filter((each) => each.name.name === 'items');
  if (table === undefined) throw new Error('items is a table');
  const check = async (where: string): Promise<void> =>
    requireFilter(opened, routeTable(table, { to: null, columns: null, where }, true));
  await check(`state = 'glad' AND lower(name) <> 'now()' AND at > '2026-01-01'`);
  for (const where of [
    'nn > 1',
    'at > now()',
    'n > random()',
    'at < CURRENT_TIMESTAMP',
    'n',
    'max(n) > 1',
    '1 = 1 LIMIT 1',
  ]) {
    await rejection(check(where), 'FILTER_INVALID');
  }
});

test('a table that is made gets the new names in its key, and a serial column the notice by them', async () => {
  const source = await scratch(
    'CREATE TABLE t (id serial PRIMARY KEY, name text)',
    `INSERT INTO t (name) VALUES ('a')`,
  );
  const target = await scratch();
  const pipeline = await pipelineOf(source, target);
  const spec = specOf([{ from: 'public.t', rename: { id: 'no', name: 'id' } }]);
  const { notices } = await pipeline.plan(spec);
  expect(notices.map(({ message }) => message).join()).toContain('ALTER COLUMN "no"');
  await started(pipeline, spec);
  expect(await rows(target.url, 'SELECT no, id FROM t')).toEqual([['1', 'a']]);
  expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
});

test('sequences are raised for the column as the target calls it', async () => {
  const source = await scratch('CREATE TABLE t (id integer PRIMARY KEY)', 'INSERT INTO t VALUES (41)');
  const target = await scratch('CREATE TABLE t (no serial PRIMARY KEY)');
  const pipeline = await pipelineOf(source, target);
  await started(pipeline, specOf([{ from: 'public.t', rename: { id: 'no' } }], { sequences: true }));
  expect(await rows(target.url, `SELECT nextval('t_no_seq')`)).toEqual(['42']);
  expect(await pipeline.sequences({ raise: false })).toMatchObject({
    sequences: [{ usedBy: [{ column: 'no' }], state: 'enough' }],
    without: [],
  });
});
