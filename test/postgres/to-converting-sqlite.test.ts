/** From PostgreSQL to tables of a person's own on SQLite: numbers may be spelled otherwise, and nothing else changes. */
import { expect, test } from '@jest/globals';
import type { PipelineSettings } from '../../engine';
import { replicate, specOf, started } from '../support/pipelines';
import { postgresPerTest } from '../support/postgres-scratch';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();
const { pipelineOf, scratch } = postgresPerTest();
const LETTERS: Partial<PipelineSettings> = { onError: { action: 'deadLetter', perHour: 1000 } };

interface Sample {
  readonly from: string;
  readonly to: string;
  readonly kept: readonly (readonly [literal: string, stored: string])[];
  readonly refused: readonly string[];
}

const SAMPLES: readonly Sample[] = [
  {
    from: 'numeric',
    to: 'NUMERIC',
    kept: [
      [`'1.10'`, '1.1'],
      ['7.000', '7'],
      ['-0.5', '-0.5'],
      ['9007199254740993', '9007199254740993'],
      [`'NaN'`, `'NaN'`],
    ],
    refused: [
      '12345678901234567890',
      '0.1000000000000000055511151231257827',
      '1e300 + 1',
      '9223372036854775809',
    ],
  },
  {
    from: 'numeric',
    to: 'REAL',
    kept: [
      ['7.000', '7.0'],
      ['0.1', '0.1'],
    ],
    refused: ['9007199254740993', '12345678901234567890.5'],
  },
  {
    from: 'bigint',
    to: 'REAL',
    kept: [['9007199254740992', '9007199254740992.0']],
    refused: ['9007199254740993', '9223372036854775807'],
  },
  { from: 'bigint', to: 'TEXT', kept: [['9007199254740993', `'9007199254740993'`]], refused: [] },
  {
    from: 'double precision',
    to: 'INTEGER',
    kept: [
      ['7', '7'],
      ['0.5', '0.5'],
      ['1e300', '1.0e+300'],
    ],
    refused: [`'-0'`, `'NaN'`],
  },
  {
    from: 'double precision',
    to: 'TEXT',
    kept: [
      ['0.1', `'0.1'`],
      ['1e300', `'1.0e+300'`],
      ['7', `'7.0'`],
    ],
    refused: [`'-0'`, `'NaN'`, `'Infinity'`],
  },
  {
    from: 'text',
    to: 'NUMERIC',
    kept: [
      [`'a'`, `'a'`],
      [`''`, `''`],
      [`'12'`, '12'],
      [`'1.5'`, '1.5'],
    ],
    refused: [`'1.10'`, `'007'`, `' 7'`, `'1e2'`, `'12345678901234567890'`, `'-0'`],
  },
  { from: 'text', to: 'VARCHAR(3)', kept: [[`'longer than that'`, `'longer than that'`]], refused: [] },
  { from: 'json', to: 'NUMERIC', kept: [[`'{"a": 1.10}'`, `'{"a": 1.10}'`]], refused: [`'1.10'`] },
  {
    from: 'date',
    to: 'DATE',
    kept: [
      [`'2026-02-28'`, `'2026-02-28'`],
      [`'infinity'`, `'infinity'`],
    ],
    refused: [],
  },
  {
    from: 'boolean',
    to: 'TEXT',
    kept: [
      ['true', `'1'`],
      ['false', `'0'`],
    ],
    refused: [],
  },
  { from: 'bytea', to: 'TEXT', kept: [[`'\\x3132'`, `X'3132'`]], refused: [] },
];

test('a number may be spelled otherwise, and what a column would change is set aside', async () => {
  const tables = SAMPLES.map((sample, n) => ({ ...sample, name: `t_${n}` }));
  const source = await scratch(
    ...tables.flatMap(({ name, from, kept, refused }) => [
      `CREATE TABLE ${name} (id integer PRIMARY KEY, value ${from})`,
      ...[...kept.map(([literal]) => literal), ...refused].map(
        (literal, n) => `INSERT INTO ${name} VALUES (${n}, ${literal})`,
      ),
    ]),
  );
  const replica = folder.database(
    'replica.db',
    tables.map(({ name, to }) => `CREATE TABLE ${name} (id INTEGER PRIMARY KEY, value ${to});`).join('\n'),
  );
  const pipeline = await pipelineOf(source, { url: folder.url('replica.db') });
  const spec = specOf(
    tables.map(({ name }) => `public.${name}`),
    LETTERS,
  );
  const { generation } = await started(pipeline, spec);
  await source.execute(
    ...tables.map(({ name }) => `INSERT INTO ${name} SELECT 100 + id, value FROM ${name}`),
  );
  await replicate(pipeline, generation, { settings: LETTERS });
  for (const { name, from, to, kept, refused } of tables) {
    const stored = replica.prepare(`SELECT id, quote(value) FROM ${name} ORDER BY id`).raw().all();
    const wanted = [0, 100].flatMap((first) => kept.map(([, shown], n) => [BigInt(first + n), shown]));
    expect([from, to, stored]).toEqual([from, to, wanted]);
    const letters = await pipeline.deadLetters({ table: `public.${name}`, ids: null, values: true });
    const ids = letters.map(({ key }) => Number(key['id'])).sort((one, other) => one - other);
    expect(ids).toEqual([0, 100].flatMap((first) => refused.map((_, n) => first + kept.length + n)));
    for (const letter of letters) expect(letter).toMatchObject({ code: 'TYPE_MISMATCH', column: 'value' });
  }
  const { tables: compared } = await pipeline.verify({});
  expect(compared.map(({ extra, different }) => [extra, different])).toEqual(tables.map(() => [0, 0]));
});
