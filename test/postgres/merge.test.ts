import { afterEach, describe, expect, test } from '@jest/globals';
import type { Tuple } from '../../engine';
import { rejection } from '../support/pipelines';
import { openMergeScene, sqliteRoute, upserts } from '../support/postgres-merge';
import type { MergeScene } from '../support/postgres-merge';

let scene: MergeScene | null = null;

async function open(...statements: readonly string[]): Promise<MergeScene> {
  scene = await openMergeScene(...statements);
  return scene;
}

afterEach(async () => {
  await scene?.close();
  scene = null;
});

const T = sqliteRoute('t', { id: 'INTEGER', v: 'TEXT' });

describe('a value that does not fit', () => {
  const cases: readonly (readonly [string, Tuple[number]])[] = [
    ['bigint', 'text'],
    ['bigint', 1.5],
    ['integer', 2n ** 31n],
    ['smallint', 40_000n],
    ['boolean', 2n],
    ['text', 'half a \ud800 pair'],
    ['text', 'a \0 inside'],
    ['text', new Uint8Array([1])],
    ['varchar(3)', 'abcd'],
    ['varchar(3)', 'ab  '],
    ['numeric(4,2)', '1.239'],
    ['numeric(4,2)', 123456n],
    ['numeric', -0],
    ['real', 0.1],
    ['double precision', 2n ** 53n + 1n],
    ['date', '2024-01-01 10:00:00'],
    ['date', '2024-02-31'],
    ['timestamp', '2024-01-01 10:00:00+02'],
    ['time', '25:00'],
    ['uuid', 'not one'],
    ['json', '{'],
    ['bytea', 'text'],
    ['integer[]', '{1,x}'],
  ];
  test.each(cases)(
    '%s refuses %p by table and column, and the row alone is set aside',
    async (type, value) => {
      const { merge, rows } = await open(`CREATE TABLE t (id bigint PRIMARY KEY, v ${type})`);
      const set = upserts(T, [1n, null], [2n, value], [3n, null]);
      const error = await rejection(merge([set]), 'TYPE_MISMATCH');
      expect([error.table, error.column]).toEqual(['t', 'v']);
      expect(error.message).not.toContain(String(value));
      expect(await rows('t')).toEqual([]);
      const aside = await merge([set], { setAside: ['t'] });
      expect(aside).toMatchObject([
        { table: 't', key: [2n], op: 'upsert', code: 'TYPE_MISMATCH', column: 'v' },
      ]);
      expect(await rows('t')).toEqual(['(1,)', '(3,)']);
    },
  );

  test.each([
    ['bigint', 2n ** 63n - 1n, '9223372036854775807'],
    ['boolean', 1n, 't'],
    ['numeric', 0.99, '0.99'],
    ['numeric(4,2)', '1.2300', '1.23'],
    ['double precision', -0, '-0'],
    ['double precision', Infinity, 'Infinity'],
    ['text', '\\N\t\n\\', '"\\\\N\t\n\\\\"'],
    ['timestamptz', '2024-01-01T10:00:00Z', '"2024-01-01 10:00:00+00"'],
    ['bytea', new Uint8Array([0, 255]), '"\\\\x00ff"'],
  ] as const)('%s takes %p', async (type, value, written) => {
    const { merge, rows, database } = await open(`CREATE TABLE t (id bigint PRIMARY KEY, v ${type})`);
    await database.execute(`SET timezone = 'UTC'`);
    await merge([upserts(T, [1n, value])]);
    expect(await rows('t')).toEqual([`(1,${written})`]);
  });

  test('a key that does not fit keeps no other row from being written, and takes none away', async () => {
    const { merge, rows } = await open(
      'CREATE TABLE t (id uuid PRIMARY KEY, v text)',
      `INSERT INTO t VALUES ('11111111-1111-4111-8111-111111111111', 'old'), ('22222222-2222-4222-8222-222222222222', 'old')`,
    );
    const route = sqliteRoute('t', { id: 'TEXT', v: 'TEXT' });
    const range = {
      table: 't',
      rows: [
        ['11111111-1111-4111-8111-111111111111', 'new'],
        ['nothing', 'lost'],
      ],
      after: null,
      upTo: null,
      replace: true,
    };
    const aside = await merge([{ route, deletes: [['never']], upserts: [], range }], { setAside: ['t'] });
    expect(aside).toMatchObject([{ key: ['nothing'], code: 'TYPE_MISMATCH', column: 'id' }]);
    expect(await rows('t')).toEqual(['(11111111-1111-4111-8111-111111111111,new)']);
  });

  test('a row that is set aside in a range that replaces keeps what the target has', async () => {
    const { merge, rows } = await open(
      'CREATE TABLE t (id bigint PRIMARY KEY, v varchar(3))',
      `INSERT INTO t VALUES (1, 'old'), (2, 'old'), (3, 'old')`,
    );
    const range = {
      table: 't',
      rows: [
        [1n, 'new'],
        [2n, 'too long'],
      ],
      after: null,
      upTo: null,
      replace: true,
    };
    await merge([{ route: T, deletes: [], upserts: [], range }], { setAside: ['t'] });
    expect(await rows('t')).toEqual(['(1,new)', '(2,old)']);
  });
});

describe('a row that the target refuses', () => {
  const CHECKED = 'CREATE TABLE t (id bigint PRIMARY KEY, v text NOT NULL CHECK (length(v) < 5), n text)';
  const route = sqliteRoute('t', { id: 'INTEGER', v: 'TEXT', n: 'TEXT' });

  test('names table and column of a NOT NULL', async () => {
    const { merge } = await open(CHECKED);
    const error = await rejection(merge([upserts(route, [1n, null, null])]), 'CONSTRAINT_FAILED');
    expect([error.table, error.column]).toEqual(['t', 'v']);
  });

  test('is found among many, wherever it stands', async () => {
    const { merge, rows } = await open(CHECKED);
    const bad = new Set([0, 17, 18, 199]);
    const many = Array.from({ length: 200 }, (_, n): Tuple => [
      BigInt(n),
      bad.has(n) ? 'too long' : 'ok',
      null,
    ]);
    const aside = await merge([upserts(route, ...many)], { setAside: ['t'] });
    expect(aside.map(({ key }) => Number(key[0])).sort((a, b) => a - b)).toEqual([...bad]);
    expect(aside[0]).toMatchObject({ code: 'CONSTRAINT_FAILED', row: [0n, 'too long', null], column: null });
    expect((await rows('t')).length).toBe(196);
  });

  test('fails the chunk where its table is not to be set aside', async () => {
    const { merge, rows } = await open(CHECKED);
    const set = upserts(route, [1n, 'ok', null], [2n, 'too long', null]);
    await rejection(merge([set], { setAside: ['another'] }), 'CONSTRAINT_FAILED');
    expect(await rows('t')).toEqual([]);
  });
});

describe('unique values', () => {
  const UNIQUE = [
    'CREATE TABLE t (id bigint PRIMARY KEY, v text UNIQUE)',
    `INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c'), (9, 'theirs')`,
  ];

  test('that are held by a row outside are set aside, while others still swap theirs', async () => {
    const { merge, rows } = await open(...UNIQUE);
    const set = upserts(T, [1n, 'b'], [2n, 'a'], [3n, 'theirs'], [4n, 'd']);
    const aside = await merge([set], { setAside: ['t'] });
    expect(aside).toMatchObject([{ key: [3n], code: 'CONSTRAINT_FAILED' }]);
    expect(await rows('t')).toEqual(['(1,b)', '(2,a)', '(3,c)', '(4,d)', '(9,theirs)']);
  });

  test('are taken from outdated rows, by indexes over expressions and parts of the rows, too', async () => {
    const { merge, rows } = await open(
      'CREATE TABLE t (id bigint PRIMARY KEY, v text)',
      'CREATE UNIQUE INDEX t_v ON t (v)',
      `INSERT INTO t VALUES (1, 'a'), (7, 'b'), (8, 'c')`,
    );
    const source = {
      ...T.source,
      uniqueIndexes: [{ name: 'u', columns: ['v'], collations: [null], partial: false, rule: 'v' }],
    };
    const set = upserts({ ...T, source }, [1n, 'b'], [2n, 'a'], [3n, 'c']);
    await rejection(merge([set]), 'CONSTRAINT_FAILED');
    await merge([set], { stale: ['t'] });
    expect(await rows('t')).toEqual(['(1,b)', '(2,a)', '(3,c)']);
  });

  test('that only the target enforces take no row away', async () => {
    const { merge, rows } = await open(...UNIQUE);
    await rejection(merge([upserts(T, [1n, 'theirs'])], { stale: ['t'] }), 'CONSTRAINT_FAILED');
    expect(await rows('t')).toContain('(9,theirs)');
  });
});

describe('columns that the target makes itself', () => {
  test('identity columns take the source’s values, generated ones are computed', async () => {
    const { merge, rows } = await open(
      `CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text,
        twice text GENERATED ALWAYS AS (v || v) STORED, extra text DEFAULT 'mine')`,
      `INSERT INTO t (v) VALUES ('a')`,
    );
    await merge([upserts(T, [1n, 'b'], [50n, 'c'])]);
    expect(await rows('t')).toEqual(['(1,b,bb,mine)', '(50,c,cc,mine)']);
  });

  test('an identity column beside the key is written, too', async () => {
    const { merge, rows } = await open(
      'CREATE TABLE t (id bigint PRIMARY KEY, v bigint GENERATED ALWAYS AS IDENTITY)',
    );
    const route = sqliteRoute('t', { id: 'INTEGER', v: 'INTEGER' });
    await merge([upserts(route, [1n, 7n])]);
    await merge([upserts(route, [1n, 8n])]);
    expect(await rows('t')).toEqual(['(1,8)']);
  });
});

test('a partitioned table is written like any other', async () => {
  const { merge, rows } = await open(
    'CREATE TABLE t (id bigint PRIMARY KEY, v text) PARTITION BY RANGE (id)',
    'CREATE TABLE t_low PARTITION OF t FOR VALUES FROM (MINVALUE) TO (10)',
    'CREATE TABLE t_high PARTITION OF t FOR VALUES FROM (10) TO (MAXVALUE)',
  );
  await merge([upserts(T, [1n, 'a'], [11n, 'b'])]);
  await merge([{ ...upserts(T, [11n, 'c']), deletes: [[1n]] }]);
  expect(await rows('t')).toEqual(['(11,c)']);
});
