/**
 * Keys of every type, from one source to another family: rows are copied, changed, deleted, written again, and moved to
 * another key. In the end each key of the source has its row on the target, or a dead letter where its type is known not
 * to hold it, and nothing else is there.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Comparison, DeadLetter, Engine } from '../../engine';
import { mysqlAdapter } from '../../engine/adapters/mysql';
import { postgresAdapter } from '../../engine/adapters/postgres';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import type { Family } from '../support/pair-sides';
import { engineOver, REF, replicate, specOf, started } from '../support/pipelines';
import { LETTERS, missingServer, NAMES, openTarget } from './matrix';
import type { Place, SourcePlace } from './places/place';
import { isRefused, lettersOf, type MatrixSample } from './sample';
import { readingIn, titlesOf, type Trial } from './trial';

export interface Keys<Sample extends MatrixSample> {
  readonly from: string;
  readonly open: (folder: string) => Promise<SourcePlace<Sample>>;
  readonly missing?: string;
  /** Types that a key can have. Of their values those that are equal as keys are there once. */
  readonly samples: readonly Sample[];
  readonly targets: readonly Family[];
}

/** What has happened to a row stands in thousands beside the place of its key among the sample's literals. */
const CHANGED = 1000;
const AGAIN = 2000;
const MOVED = 3000;

function inserted<Sample extends MatrixSample>(
  source: SourcePlace<Sample>,
  { sample, table }: Trial<Sample>,
  place: number,
  since: number,
): string {
  const value = source.valueOf(sample, sample.literals[place] ?? '');
  return `INSERT INTO ${table} (id, value) SELECT ${value}, ${since + place} FROM (SELECT 1) AS one
WHERE NOT EXISTS (SELECT 1 FROM ${table} WHERE id = ${value})`;
}

/** All but the last, to which another one moves. */
function before<Sample extends MatrixSample>(
  source: SourcePlace<Sample>,
  trial: Trial<Sample>,
): readonly string[] {
  const { session = [], literals } = trial.sample;
  return [...session, ...literals.slice(0, -1).map((_, place) => inserted(source, trial, place, 0))];
}

/** Transactions. */
function changes<Sample extends MatrixSample>(
  source: SourcePlace<Sample>,
  trial: Trial<Sample>,
): readonly (readonly string[])[] {
  const { sample, table } = trial;
  const { session = [], literals } = sample;
  const last = literals.length - 1;
  const key = source.valueOf(sample, literals[last] ?? '');
  const moves = literals.length > 3;
  return [
    [
      ...session,
      `UPDATE ${table} SET value = value + ${CHANGED} WHERE value = 0`,
      `DELETE FROM ${table} WHERE value = 1`,
    ],
    [
      ...session,
      ...(last > 1 ? [inserted(source, trial, 1, AGAIN)] : []),
      ...(moves
        ? [
            `UPDATE ${table} SET id = ${key}, value = ${MOVED + last} WHERE value = 2
AND NOT EXISTS (SELECT 1 FROM (SELECT id FROM ${table}) AS others WHERE others.id = ${key})`,
          ]
        : [inserted(source, trial, last, AGAIN)]),
    ],
  ];
}

/** By what stands beside it, each key as the one text that stands for it. */
type Rows = ReadonlyMap<number, string>;

async function rowsOf(place: Place, trial: Trial, target: Family): Promise<Rows> {
  const { sample, table } = trial;
  const { sql, canonical } =
    place.family === target
      ? readingIn(place, sample)
      : (sample.sourceReadings?.[target] ?? readingIn(place, sample));
  const rows = await place.rows(`SELECT value, ${sql('id')} FROM ${table}`);
  return new Map(
    rows.map(([value = null, id = null]) => [Number(value), id === null ? 'NULL' : canonical(id)]),
  );
}

export function describeKeys<Sample extends MatrixSample>(keys: Keys<Sample>): void {
  const { from, missing, samples } = keys;
  if (missing !== undefined) {
    describe.skip(`Keys from ${from} (${missing})`, () => test('arrive', () => undefined));
    return;
  }
  const titles = titlesOf(samples);
  const targets = keys.targets.filter((family) => missingServer(family) === null);
  describe.each(targets.map((family) => [NAMES[family], family] as const))(
    `Keys from ${from} to %s`,
    (_to, family) => {
      let folder: string;
      let source: SourcePlace<Sample>;
      let target: Place;
      let engine: Engine | undefined;
      let trials: ReadonlyMap<Sample, Trial<Sample>>;
      const letters = new Map<string, DeadLetter[]>();
      let parked: ReadonlyMap<string, string | null>;
      let comparison: Comparison;

      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), 'temporal-cdc-'));
        source = await keys.open(folder);
        target = await openTarget(family, folder, 'target');
        const known = (await source.prepare(samples)).filter((sample) => !isRefused(sample, family));
        trials = new Map(known.map((sample, n) => [sample, { sample, table: `k_${n + 1}` }]));
        for (const trial of trials.values()) {
          await source.execute(
            `CREATE TABLE ${trial.table} (id ${trial.sample.declaration} NOT NULL PRIMARY KEY, value INTEGER) ${trial.sample.tableOptions ?? ''}`,
          );
          await source.execute(...before(source, trial));
        }
        engine = engineOver(source.url, target.url, {
          others: [postgresAdapter, mysqlAdapter],
          adapter: sqliteAdapter,
        });
        const pipeline = await engine.pipeline(REF);
        // Each copy ends ranges at most of its keys.
        const settings = { ...LETTERS, batchRows: 2000, snapshotRows: 2 };
        const tables = [...trials.values()].map(({ table }) => source.tableName(table));
        const { generation } = await started(pipeline, specOf(tables, settings));
        for (const trial of trials.values()) {
          for (const transaction of changes(source, trial)) await source.execute(...transaction);
        }
        const { progress } = await replicate(pipeline, generation, { settings });
        parked = new Map(
          progress.filter(({ state }) => state !== 'replicating').map((table) => [table.source, table.cause]),
        );
        for (const letter of await pipeline.deadLetters({ table: null, ids: null, values: true })) {
          letters.set(letter.table, [...(letters.get(letter.table) ?? []), letter]);
        }
        comparison = await pipeline.verify({});
      }, 240_000);

      afterAll(async () => {
        await engine?.close();
        await target.dispose();
        await source.dispose();
        await rm(folder, { recursive: true, force: true });
      });

      test.each(samples.map((sample, n) => [titles[n] ?? '', sample] as const))('%s', async (_, sample) => {
        const trial = trials.get(sample);
        // An older server, or one without the extension; or a type that is refused before anything starts.
        if (trial === undefined) return;
        const name = source.tableName(trial.table);
        expect(parked.get(name)).toBeUndefined();
        const [here, there] = [await rowsOf(source, trial, family), await rowsOf(target, trial, family)];
        const unfit = lettersOf(sample, family);
        const arriving = [...here].filter(([value]) => !unfit.includes(sample.literals[value % 1000] ?? ''));
        expect(here.size).toBeGreaterThan(0);
        expect(there).toEqual(new Map(arriving));
        const set = letters.get(name) ?? [];
        expect(set.filter(({ column }) => column !== 'id')).toEqual([]);
        // A key that was set aside and is deleted on the source is set aside no longer.
        expect(set).toHaveLength(here.size - arriving.length);
        const {
          missing = 0,
          different = 0,
          extra = 0,
        } = comparison.tables.find((table) => table.source === name) ?? {};
        const differing = missing + different - extra;
        // Only SQLite tells 1 from '1': such keys mean the same elsewhere, and count once.
        if (source.family === 'sqlite') expect(differing > 0).toBe(set.length > 0);
        else expect([differing, different, extra]).toEqual([set.length, 0, 0]);
      });
    },
  );
}
