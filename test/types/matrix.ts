/**
 * The matrix of types: one source, and a pipeline to each target and by each way from there. Each type has a table of
 * its own, an integer key beside the value, with rows that are copied and rows that are changed afterwards. What the
 * replica holds is compared by what both databases say of it themselves (`places/`), not by what the engine reads.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Adapter, Comparison, DeadLetter, Engine, Pipeline } from '../../engine';
import { mysqlAdapter } from '../../engine/adapters/mysql';
import { postgresAdapter } from '../../engine/adapters/postgres';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { byRows } from '../support/by-rows';
import { serverOf } from '../support/mysql';
import type { Family } from '../support/pair-sides';
import { engineOver, REF, replicate, specOf, started } from '../support/pipelines';
import { openMysql } from './places/mysql';
import type { Place, SourcePlace } from './places/place';
import { openPostgres } from './places/postgres';
import { openSqlite } from './places/sqlite';
import { isRefused, nameOf, type Control, type MatrixSample } from './sample';
import { changed, problemsOf, titlesOf, written, type Trial } from './trial';

/** `direct`: as the two adapters agree, which is by rows between most. */
export type Way = 'direct' | 'rows';

export interface Matrix<Sample extends MatrixSample> {
  /** For the titles. */
  readonly from: string;
  readonly open: (folder: string) => Promise<SourcePlace<Sample>>;
  /** Why there is no such server; the suite is skipped by it. */
  readonly missing?: string;
  readonly samples: readonly Sample[];
  readonly targets: readonly (readonly [Family, Way])[];
  /** A value of each kind that is altered in each replica by hand: the comparison has to say so. */
  readonly controls: readonly Control[];
}

export const NAMES: Readonly<Record<Family, string>> = {
  sqlite: 'SQLite',
  postgres: 'PostgreSQL',
  mariadb: 'MariaDB',
  mysql: 'MySQL',
};

const WAYS: Readonly<Record<Way, string>> = { direct: 'as the two agree', rows: 'by rows' };

export const LETTERS = { onError: { action: 'deadLetter', perHour: 1_000_000 } } as const;
/** Small enough that the changes are read in parts. */
const SETTINGS = { ...LETTERS, snapshotRows: 500, batchRows: 2000 };

interface Replica {
  readonly target: Place;
  readonly engine: Engine;
  readonly pipeline: Pipeline;
  readonly generation: number;
  readonly letters: Map<string, readonly DeadLetter[]>;
  readonly parked: Map<string, string>;
  comparison: Comparison | null;
}

/** Why there is none; null where there is one. */
export function missingServer(family: Family): string | null {
  return family === 'mariadb' || family === 'mysql' ? (serverOf(family).missing ?? null) : null;
}

export function openTarget(family: Family, folder: string, name: string): Promise<Place> {
  switch (family) {
    case 'sqlite':
      return Promise.resolve(openSqlite(join(folder, `${name}.db`)));
    case 'postgres':
      return openPostgres();
    case 'mariadb':
    case 'mysql':
      return openMysql(family, serverOf(family).url ?? '');
  }
}

const ADAPTERS: readonly Adapter[] = [sqliteAdapter, postgresAdapter, mysqlAdapter];

const LONG = process.env['CDC_LONG'] === '1';

/** Pairs that the rest of the matrix stands for in short runs: the two servers of MySQL's kind take values alike. */
export function inLongRuns<const Target>(...targets: readonly Target[]): readonly Target[] {
  return LONG ? targets : [];
}

/** All of them in long runs; in short ones every third, what the controls are about, and what makes types for others. */
function samplesOf<Sample extends MatrixSample>({ samples, controls }: Matrix<Sample>): readonly Sample[] {
  if (LONG) return samples;
  const controlled = new Set(controls.map(({ of }) => of));
  return samples.filter(
    (sample, n) => n % 3 === 0 || controlled.has(sample.declaration) || 'setup' in sample,
  );
}

export function describeMatrix<Sample extends MatrixSample>(matrix: Matrix<Sample>): void {
  const { from, missing } = matrix;
  const samples = samplesOf(matrix);
  if (missing !== undefined) {
    describe.skip(`Types from ${from} (${missing})`, () => test('arrive', () => undefined));
    return;
  }
  const titles = titlesOf(samples);
  describe(`Types from ${from}`, () => {
    let folder: string;
    let source: SourcePlace<Sample>;
    let trials: ReadonlyMap<Sample, Trial<Sample>>;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'temporal-cdc-'));
      source = await matrix.open(folder);
      const known = await source.prepare(samples);
      trials = new Map(known.map((sample, n) => [sample, { sample, table: `t_${n + 1}` }]));
      for (const trial of trials.values()) {
        await source.execute(
          `CREATE TABLE ${trial.table} (id INTEGER PRIMARY KEY, value ${trial.sample.declaration}) ${trial.sample.tableOptions ?? ''}`,
        );
        await source.execute(...written(source, trial));
      }
    }, 120_000);

    afterAll(async () => {
      await source.dispose();
      await rm(folder, { recursive: true, force: true });
    });

    const wanted = matrix.targets.filter(([family]) => missingServer(family) === null);
    for (const [family] of matrix.targets) {
      const reason = missingServer(family);
      if (reason !== null)
        describe.skip(`to ${NAMES[family]} (${reason})`, () => test('arrive', () => undefined));
    }
    const replicas = new Map<string, Replica>();

    beforeAll(async () => {
      const set = async ([family, way]: readonly [Family, Way]): Promise<void> => {
        const name = `${family}-${way}`;
        replicas.set(name, await begin(await openTarget(family, folder, name), name, way));
      };
      // What the source needs is made once; from then on they mostly wait for servers of their own.
      const [first, ...others] = wanted;
      if (first !== undefined) await set(first);
      await Promise.all(others.map(set));
      for (const trial of trials.values()) await source.execute(...changed(source, trial));
      await Promise.all([...replicas.values()].map(finish));
    }, 480_000);

    afterAll(async () => {
      for (const { engine, target } of replicas.values()) {
        await engine.close();
        await target.dispose();
      }
    });

    async function begin(target: Place, name: string, way: Way): Promise<Replica> {
      const [adapter, ...others] = way === 'rows' ? ADAPTERS.map(byRows) : ADAPTERS;
      const engine = engineOver(source.url, target.url, {
        ...(adapter === undefined ? {} : { adapter }),
        others,
      });
      const pipeline = await engine.pipeline({ ...REF, name });
      const tables = [...trials.values()]
        .filter(({ sample }) => !isRefused(sample, target.family))
        .map(({ table }) => source.tableName(table));
      const { generation } = await started(pipeline, { ...specOf(tables, SETTINGS), name });
      return {
        target,
        engine,
        pipeline,
        generation,
        letters: new Map(),
        parked: new Map(),
        comparison: null,
      };
    }

    async function finish(replica: Replica): Promise<void> {
      const { pipeline, generation, letters, parked } = replica;
      const { progress } = await replicate(pipeline, generation, { settings: SETTINGS });
      for (const { source: table, state, cause } of progress) {
        if (state !== 'replicating') parked.set(table, `${state}: ${cause ?? ''}`);
      }
      for (const letter of await pipeline.deadLetters({ table: null, ids: null, values: true })) {
        letters.set(letter.table, [...(letters.get(letter.table) ?? []), letter]);
      }
      replica.comparison = await pipeline.verify({});
    }

    describe.each(wanted.map(([family, way]) => [NAMES[family], WAYS[way], family, way] as const))(
      'to %s %s',
      (_to, _by, family, way) => {
        const replica = (): Replica => {
          const found = replicas.get(`${family}-${way}`);
          if (found === undefined) throw new Error('The pipeline was not set up');
          return found;
        };
        const problems = (trial: Trial): Promise<readonly string[]> =>
          problemsOf(
            trial,
            source,
            replica().target,
            replica().letters.get(source.tableName(trial.table)) ?? [],
          );

        test.each(samples.map((sample, n) => [titles[n] ?? '', sample] as const))('%s', async (_, sample) => {
          const trial = trials.get(sample);
          // An older server, or one without the extension.
          if (trial === undefined) return;
          const { pipeline, parked, comparison } = replica();
          const name = source.tableName(trial.table);
          if (isRefused(sample, family)) {
            const [planned] = (await pipeline.plan(specOf([name]))).tables;
            expect(planned?.fidelity.filter(({ fidelity }) => fidelity === 'refused')).toEqual([
              expect.objectContaining({ column: 'value', sourceType: expect.any(String) }),
            ]);
            return;
          }
          expect(parked.get(name)).toBeUndefined();
          expect(await problems(trial)).toEqual([]);
          const found = comparison?.tables.find((table) => table.source === name);
          expect(found).toMatchObject({ extra: 0, deadLetters: replica().letters.get(name)?.length ?? 0 });
          expect((found?.missing ?? 0) + (found?.different ?? 0)).toBeLessThanOrEqual(
            found?.deadLetters ?? 0,
          );
        });

        test.each(matrix.controls)(
          'a replica in which one $kind was altered is told from its source',
          async ({ kind, of, literal }) => {
            const trial = [...trials.values()].find(({ sample }) => nameOf(sample) === of);
            if (trial === undefined) throw new Error(`There is no sample ${of}`);
            const id = trial.sample.literals.indexOf(literal);
            const { target } = replica();
            await target.execute(
              `UPDATE ${trial.table} SET value = ${target.alterations[kind]('value')} WHERE id = ${id}`,
            );
            expect(await problems(trial)).toEqual([expect.stringContaining(`row ${id} (${literal}) is `)]);
          },
        );
      },
    );
  });
}
