/** Several tables are copied at once from PostgreSQL to PostgreSQL, each on the way that it can go. */
import { describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import type { Pipeline, PipelineSettings, ReplicateResult } from '../../engine';
import type { ScratchDatabase } from '../../engine/contract';
import { parkedBy, rejection, replicate, setUp, specOf, started } from '../support/pipelines';
import { databaseUrl, onServer } from '../support/postgres';
import { postgresPerTest } from '../support/postgres-scratch';

const { clearing, pipelineOf, scratch } = postgresPerTest();

const NAMES = ['a', 'b', 'c', 'd'] as const;

function tableOf(name: string, rows: number): readonly string[] {
  return [
    `CREATE TABLE ${name} (id integer PRIMARY KEY, v text, u integer UNIQUE)`,
    `INSERT INTO ${name} SELECT i, 'v' || i, i FROM generate_series(2, ${2 * rows}, 2) i`,
  ];
}

/** Ahead of the ranges and behind them. */
function story(name: string, turn: number): readonly string[] {
  return [
    `UPDATE ${name} SET v = v || '+' WHERE u % 12 = ${turn}`,
    `INSERT INTO ${name} SELECT i, 'new', -i FROM generate_series(${30 * turn + 1}, ${30 * turn + 29}, 6) i`,
    `DELETE FROM ${name} WHERE u % 17 = ${turn}`,
    `UPDATE ${name} SET u = -u - 5000 WHERE u BETWEEN ${10 * turn} AND ${10 * turn + 4}`,
  ];
}

async function expectSame(
  source: ScratchDatabase,
  target: ScratchDatabase,
  names: readonly string[] = NAMES,
): Promise<void> {
  for (const name of names) {
    expect([...(await target.dump(name))].sort()).toEqual([...(await source.dump(name))].sort());
  }
}

/** One attempt that ends after the first commit that copies rows. */
async function oneChunk(
  pipeline: Pipeline,
  generation: number,
  settings: Partial<PipelineSettings>,
): Promise<ReplicateResult> {
  const stop = new AbortController();
  return replicate(pipeline, generation, {
    settings,
    signal: stop.signal,
    onProgress: ({ snapshotRows }) => {
      if (snapshotRows > 0) stop.abort();
    },
  });
}

function statesOf({ progress }: ReplicateResult): Readonly<Record<string, string>> {
  return Object.fromEntries(progress.map(({ source, state }) => [source, state]));
}

async function connect({ url }: Pick<ScratchDatabase, 'url'>): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  clearing(() => client.end().catch(() => undefined));
  return client;
}

describe('tables that are copied at once', () => {
  test.each([
    ['into tables with the same types', []],
    ['one of them by its values, since its types are others on the target', ['b']],
  ] as const)('end equal under writes, %s', async (_what, others) => {
    const source = await scratch(...NAMES.flatMap((name, place) => tableOf(name, 150 - 40 * place)));
    const target = await scratch(
      ...others.map((name) => `CREATE TABLE ${name} (id bigint PRIMARY KEY, v text, u bigint UNIQUE)`),
    );
    const pipeline = await pipelineOf(source, target);
    expect((await pipeline.plan(specOf(['public.*']))).transport).toBe('copy');
    const { generation } = await setUp(pipeline, specOf(['public.*']));
    const settings = { snapshotRows: 20, batchRows: 400 };
    const first = await oneChunk(pipeline, generation, settings);
    expect(first.tables.map(({ snapshotRows }) => snapshotRows)).toEqual([5, 5, 5, 5]);
    for (let turn = 0; turn < 8; turn++) {
      await source.execute(...NAMES.flatMap((name) => story(name, turn)));
      await oneChunk(pipeline, generation, settings);
    }
    await replicate(pipeline, generation, { settings });
    await expectSame(source, target);
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
  });

  test('are copied beside one of whose rows the target refuses some', async () => {
    const source = await scratch(...NAMES.flatMap((name) => tableOf(name, 60)));
    const target = await scratch(
      `CREATE TABLE b (id integer PRIMARY KEY, v text, u integer UNIQUE CHECK (u <> 50))`,
    );
    const pipeline = await pipelineOf(source, target);
    const settings = { snapshotRows: 40, onError: { action: 'deadLetter', perHour: 5 } } as const;
    const { result } = await started(pipeline, specOf(['public.*'], settings));
    expect(result.progress).toMatchObject([
      { snapshotRows: 60, deadLetters: 0 },
      { snapshotRows: 59, deadLetters: 1 },
      { snapshotRows: 60, deadLetters: 0 },
      { snapshotRows: 60, deadLetters: 0 },
    ]);
    await expectSame(source, target, ['a', 'c', 'd']);
  });

  test('wait for nobody who alters one of them, which has its turn later', async () => {
    const source = await scratch(...NAMES.flatMap((name) => tableOf(name, 300)));
    const target = await scratch();
    const pipeline = await pipelineOf(source, target);
    const { generation } = await setUp(pipeline, specOf(['public.*']));
    const owner = await connect(source);
    const altering: Promise<unknown>[] = [];
    let left: number | null = null;
    const result = await replicate(pipeline, generation, {
      settings: { snapshotRows: 20 },
      onProgress(now) {
        if (altering.length === 0) altering.push(owner.query('BEGIN; LOCK TABLE b IN ACCESS EXCLUSIVE MODE'));
        const { 'public.b': altered, ...others } = statesOf(now);
        if (left !== null || Object.values(others).includes('snapshotting')) return;
        expect(altered).toBe('snapshotting');
        left = 300 - (now.progress[1]?.snapshotRows ?? 0);
        altering.push(Promise.all(altering).then(() => owner.query('COMMIT')));
      },
    });
    await Promise.all(altering);
    expect(left).toBeGreaterThan(100);
    expect(result).toMatchObject({ caughtUp: true, snapshotting: 0 });
    await expectSame(source, target);
  });

  test('wait for one that is altered where one is to be copied after the other', async () => {
    const source = await scratch(...['a', 'b'].flatMap((name) => tableOf(name, 300)));
    const target = await scratch();
    const pipeline = await pipelineOf(source, target);
    const { generation } = await setUp(pipeline, specOf(['public.*']));
    const owner = await connect(source);
    const altering: Promise<unknown>[] = [];
    const attempt = replicate(pipeline, generation, {
      settings: { snapshotRows: 20, snapshotTables: 1 },
      onProgress() {
        if (altering.length === 0) altering.push(owner.query('BEGIN; LOCK TABLE a IN ACCESS EXCLUSIVE MODE'));
      },
    });
    await rejection(attempt, 'DATABASE_LOCKED');
    expect(await target.dump('b')).toEqual([]);
    await Promise.all(altering);
    await owner.query('COMMIT');
    await replicate(pipeline, generation);
    await expectSame(source, target, ['a', 'b']);
  });

  test('that are dropped park alone', async () => {
    const source = await scratch(...NAMES.flatMap((name) => tableOf(name, 40)));
    const target = await scratch();
    const pipeline = await pipelineOf(source, target);
    const { generation } = await setUp(pipeline, specOf(['public.*']));
    await oneChunk(pipeline, generation, { snapshotRows: 20 });
    await source.execute('DROP TABLE b');
    await parkedBy(
      replicate(pipeline, generation, { settings: { snapshotRows: 20 } }),
      'public.b',
      'SOURCE_SCHEMA_CHANGED',
    );
    await expectSame(source, target, ['a', 'c', 'd']);
  });
});

describe('where foreign keys of the target hold, since the role may not let them rest', () => {
  test.each([
    ['one after the other', 25, 5],
    ['in one commit where they are small', 1_000, 1],
  ])('a table is copied after those that it references, %s', async (_how, snapshotRows, commits) => {
    const tables = [
      `CREATE TABLE z_parents (id integer PRIMARY KEY)`,
      `CREATE TABLE children (id integer PRIMARY KEY, parent integer REFERENCES z_parents)`,
    ];
    const source = await scratch(
      ...tables,
      `INSERT INTO z_parents SELECT generate_series(1, 60)`,
      `INSERT INTO children SELECT i, 61 - i FROM generate_series(1, 60) i`,
    );
    const { pipeline, target } = await intoHolding(source, tables);
    const { result } = await started(pipeline, specOf(['public.*'], { snapshotRows }));
    expect(result).toMatchObject({ snapshotRows: 120, commits });
    expect(statesOf(result)).toEqual({
      'public.z_parents': 'replicating',
      'public.children': 'replicating',
    });
    await expectSame(source, target, ['z_parents', 'children']);
  });

  test('a reference that comes after setup counts, too', async () => {
    const tables = [
      `CREATE TABLE children (id integer PRIMARY KEY, parent integer)`,
      `CREATE TABLE parents (id integer PRIMARY KEY)`,
    ];
    const source = await scratch(
      ...tables,
      `INSERT INTO parents SELECT generate_series(1, 60)`,
      `INSERT INTO children SELECT i, 61 - i FROM generate_series(1, 60) i`,
    );
    const { pipeline, target } = await intoHolding(source, tables);
    const { generation } = await setUp(pipeline, specOf(['public.*']));
    for (const database of [source, target]) {
      await database.execute('ALTER TABLE children ADD FOREIGN KEY (parent) REFERENCES parents');
    }
    const result = await replicate(pipeline, generation, { settings: { snapshotRows: 25 } });
    expect(statesOf(result)).toEqual({ 'public.parents': 'replicating', 'public.children': 'replicating' });
    await expectSame(source, target, ['parents', 'children']);
  });
});

/** A pipeline into tables of a role that can't let foreign keys rest. */
async function intoHolding(
  source: ScratchDatabase,
  tables: readonly string[],
): Promise<{ readonly pipeline: Pipeline; readonly target: ScratchDatabase }> {
  const target = await scratch();
  const name = new URL(target.url).pathname.slice(1);
  const role = `copier_${name.slice(-12)}`;
  await target.execute(
    `CREATE ROLE ${role} LOGIN PASSWORD 'p'`,
    `GRANT ALL ON DATABASE ${name} TO ${role}`,
    `GRANT ALL ON SCHEMA public TO ${role}`,
    `SET ROLE ${role}`,
    ...tables,
    'RESET ROLE',
  );
  clearing(() => onServer((client) => client.query(`DROP ROLE ${role}`)));
  clearing(() => target.execute(`DROP OWNED BY ${role} CASCADE`));
  const url = databaseUrl(name, { name: role, password: 'p' });
  return { pipeline: await pipelineOf(source, { url }), target };
}
