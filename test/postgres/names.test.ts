import { describe, expect, test } from '@jest/globals';
import type { ScratchDatabase } from '../../engine/contract';
import { replicate, specOf, started } from '../support/pipelines';
import { postgresPerTest } from '../support/postgres-scratch';

const { pipelineOf, scratch } = postgresPerTest();

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** 63 bytes each, and alike in the first 60. */
const LONG = ['one', 'two'].map((end) => `${'é'.repeat(30)}${end}`);

const NAMES: readonly string[] = [
  'quo"te',
  "apo'strophe",
  'dot.ted',
  'dollar$1 $$ $body$',
  'ünï ✓ 😀',
  ' spaces  ',
  'select',
  'UPPER',
  'upper',
  '__proto__',
  'back\\slash',
  'percent%s %I',
  'line\nfeed',
  'op',
  'old_new',
  ...LONG,
];

async function write(source: ScratchDatabase, table: string, column: string): Promise<void> {
  const [t, c] = [table, quote(column)];
  await source.execute(
    `INSERT INTO ${t} (${c}, v) VALUES (1, 'one'), (2, 'two'), (3, 'three')`,
    `UPDATE ${t} SET v = 'changed' WHERE ${c} = 1`,
    `UPDATE ${t} SET ${c} = 4 WHERE ${c} = 2`,
    `DELETE FROM ${t} WHERE ${c} = 3`,
  );
}

describe('names of any kind', () => {
  test('of tables and columns: each is captured by its own, copied, followed and compared', async () => {
    const source = await scratch(
      ...NAMES.map((name) => `CREATE TABLE ${quote(name)} (${quote(name)} integer PRIMARY KEY, v text)`),
      ...NAMES.map((name) => `INSERT INTO ${quote(name)} VALUES (9, 'copied')`),
    );
    const target = await scratch();
    const pipeline = await pipelineOf(source, target);
    const { generation } = await started(pipeline, specOf(['public.*']));
    for (const name of NAMES) await write(source, quote(name), name);
    await replicate(pipeline, generation);
    for (const name of NAMES) {
      const rows = [...(await target.dump(name))].sort();
      expect({ name, rows }).toEqual({ name, rows: ['(1,changed)', '(4,two)', '(9,copied)'] });
    }
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
    const changed = await pipeline.changes(`public.${LONG[0] ?? ''}`, {
      limit: 100,
      afterId: null,
      onlyPending: false,
      newest: false,
    });
    expect(changed.map(({ op }) => op)).toEqual([
      'insert',
      'insert',
      'insert',
      'update',
      'delete',
      'insert',
      'delete',
    ]);
    await pipeline.teardown();
    expect((await source.objects()).filter((name) => /cdc/.test(name))).toEqual([]);
    expect((await target.objects()).filter((name) => /cdc/.test(name))).toEqual([]);
  });

  test('of schemas: a schema that the target lacks is made with its first table', async () => {
    const source = await scratch(
      ...NAMES.flatMap((name) => [
        `CREATE SCHEMA ${quote(name)}`,
        `CREATE TABLE ${quote(name)}."t" (id integer PRIMARY KEY, v text)`,
        `CREATE TABLE ${quote(name)}."T 2" (id integer PRIMARY KEY, v text)`,
      ]),
      // Derived names of both would be the same.
      `CREATE SCHEMA a`,
      `CREATE SCHEMA a_b`,
      `CREATE TABLE a.b_c (id integer PRIMARY KEY, v text)`,
      `CREATE TABLE a_b.c (id integer PRIMARY KEY, v text)`,
    );
    const target = await scratch();
    const pipeline = await pipelineOf(source, target);
    const plan = await pipeline.plan(specOf(['*']));
    const made = plan.steps.flatMap(
      ({ sql }) => /^CREATE TABLE (cdc\.(?:"(?:[^"]|"")*"|\w+))/.exec(sql)?.[1] ?? [],
    );
    expect(new Set(made).size).toBe(made.length);
    const { generation } = await started(pipeline, specOf(['*']));
    for (const name of NAMES) {
      await write(source, `${quote(name)}.t`, 'id');
      await write(source, `${quote(name)}."T 2"`, 'id');
    }
    await write(source, 'a.b_c', 'id');
    await source.execute(`INSERT INTO a_b.c VALUES (7, 'only here')`);
    await replicate(pipeline, generation);
    const { tables } = await pipeline.verify({});
    expect(tables).toHaveLength(2 * NAMES.length + 2);
    expect(tables.filter(({ missing, extra, different }) => missing + extra + different > 0)).toEqual([]);
    expect(tables.find(({ source: name }) => name === 'a_b.c')?.targetRows).toBe(1);
  });
});
