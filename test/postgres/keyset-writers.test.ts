/** Capture by a column while others write: what is committed late arrives. */
import { expect, test } from '@jest/globals';
import { postgresAdapter } from '../../engine/adapters/postgres';
import { blinded, replicateLate, replicateWriters } from '../support/keyset-pipelines';
import { postgresPerTest } from '../support/postgres-scratch';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();
const { scratch } = postgresPerTest();

const TABLES = [
  'CREATE TABLE accounts (id integer PRIMARY KEY, n integer NOT NULL, updated_at timestamptz NOT NULL)',
  'CREATE INDEX ON accounts (updated_at)',
];

test('a transaction held open while later ones are replicated is not lost', async () => {
  const side = { adapter: postgresAdapter, database: await scratch(), folder, tables: TABLES };
  const [source, target] = await replicateLate(side);
  expect(target).toBe(source);
});

test('without what is open it would be', async () => {
  const side = { adapter: blinded(postgresAdapter), database: await scratch(), folder, tables: TABLES };
  const [source, target] = await replicateLate(side);
  expect(target).not.toBe(source);
});

test('four writers that hold transactions open end with equal sides', async () => {
  const side = { adapter: postgresAdapter, database: await scratch(), folder, tables: TABLES };
  const [source, target] = await replicateWriters(side, { seed: 1, ms: 6_000 });
  expect(target).toBe(source);
});
