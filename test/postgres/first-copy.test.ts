/** The first copy of a table from PostgreSQL to PostgreSQL: rows go straight from the one table into the other. */
import { describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { CopyProgress, Pipeline, PipelineSettings } from '../../engine';
import { openTarget } from '../../engine/adapters/postgres/target/target';
import type { ScratchDatabase } from '../../engine/contract';
import { spawnChild, type Child } from '../support/child';
import { CHAIN, parkedBy, rejection, replicate, setUp, specOf, started } from '../support/pipelines';
import { postgresPerTest } from '../support/postgres-scratch';
import { randomNumbers } from '../support/random-numbers';
import { checkpointOf } from '../support/target-cases';

const { clearing, pipelineOf, scratch } = postgresPerTest();

const NUMBERS = `CREATE TABLE t (id integer PRIMARY KEY, v text, u integer UNIQUE)`;
const WORDS = `CREATE TABLE t (id text PRIMARY KEY, v text, u integer UNIQUE)`;
const LETTERS: Partial<PipelineSettings> = { onError: { action: 'deadLetter', perHour: 10 } };

/** Rows 1 to `last`, every second id, so that others can come between. */
function rowsUpTo(last: number): string {
  return `INSERT INTO t SELECT i, 'v' || i, i FROM generate_series(2, ${last}, 2) i`;
}

async function expectSame(source: ScratchDatabase, target: ScratchDatabase): Promise<void> {
  expect([...(await target.dump('t'))].sort()).toEqual([...(await source.dump('t'))].sort());
}

async function connect({ url }: ScratchDatabase): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  clearing(() => client.end().catch(() => undefined));
  return client;
}

/** What has been committed of the copy, as the target's rows and as the checkpoint have it. */
async function committed(target: ScratchDatabase): Promise<readonly [string, string]> {
  const client = await connect(target);
  const { rows } = await client.query<{ rows: string; said: string }>(
    `SELECT (SELECT count(*) FROM t)::text AS rows, (SELECT snapshot_rows FROM cdc.pipeline_table)::text AS said`,
  );
  return [rows[0]?.rows ?? '', rows[0]?.said ?? ''];
}

/** One attempt that ends after so many commits. */
async function commits(
  pipeline: Pipeline,
  generation: number,
  count: number,
  settings: Partial<PipelineSettings>,
): Promise<void> {
  const stop = new AbortController();
  let left = count;
  await replicate(pipeline, generation, {
    settings,
    signal: stop.signal,
    onProgress() {
      left -= 1;
      if (left <= 0) stop.abort();
    },
  });
}

describe('a first copy from PostgreSQL to PostgreSQL', () => {
  test.each([
    ['numbers, whose order both sides share', NUMBERS],
    ['texts, whose order they may not', WORDS],
  ])(
    'under writes ahead of its ranges and behind them ends equal, with keys that are %s',
    async (_what, table) => {
      const source = await scratch(table, rowsUpTo(400));
      const target = await scratch();
      const pipeline = await pipelineOf(source, target);
      const { generation } = await setUp(pipeline, specOf(['public.t']));
      for (let turn = 0; turn < 12; turn++) {
        await source.execute(
          `UPDATE t SET v = v || '+' WHERE u % 12 = ${turn}`,
          `INSERT INTO t SELECT i, 'new ${turn}', -i FROM generate_series(${30 * turn + 1}, ${30 * turn + 29}, 6) i
           ON CONFLICT DO NOTHING`,
          `DELETE FROM t WHERE u % 17 = ${turn}`,
          `UPDATE t SET u = u + 10000 WHERE u BETWEEN ${350 - 20 * turn} AND ${352 - 20 * turn}`,
          `UPDATE t SET id = (id::integer + 1000)::text::${table === WORDS ? 'text' : 'integer'} WHERE u = ${380 - 10 * turn}`,
        );
        await commits(pipeline, generation, 2, { snapshotRows: 7, batchRows: 40 });
      }
      await replicate(pipeline, generation, { settings: { snapshotRows: 30 } });
      await expectSame(source, target);
      expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
    },
  );

  test('values that pass from row to row between ranges end where the source has them', async () => {
    const source = await scratch(NUMBERS, rowsUpTo(200));
    const target = await scratch();
    const pipeline = await pipelineOf(source, target);
    const { generation } = await setUp(pipeline, specOf(['public.t']));
    await commits(pipeline, generation, 3, { snapshotRows: 20 });
    // What the copied rows held is now held by rows that are still to be copied, and the other way round.
    await source.execute(
      `UPDATE t SET u = -u`,
      `UPDATE t SET u = 202 + u WHERE id <= 100`,
      `UPDATE t SET u = 202 + u WHERE id > 100`,
    );
    await replicate(pipeline, generation, { settings: { snapshotRows: 20 } });
    await expectSame(source, target);
  });

  test('a row that the target refuses is set aside, its range is copied without it, and it is retried', async () => {
    const source = await scratch(NUMBERS, rowsUpTo(200));
    const target = await scratch(NUMBERS, `ALTER TABLE t ADD CHECK (u <> 100)`);
    const pipeline = await pipelineOf(source, target);
    const settings = { ...LETTERS, snapshotRows: 15 };
    const { generation, result } = await started(pipeline, specOf(['public.t'], settings));
    expect(result.progress).toMatchObject([{ snapshotRows: 99, deadLetters: 1, state: 'replicating' }]);
    await target.execute(`ALTER TABLE t DROP CONSTRAINT t_u_check`);
    await pipeline.retryDeadLetters({ table: null, ids: null });
    await replicate(pipeline, generation, { settings });
    await expectSame(source, target);
  });

  test('a letter of a change that came ahead is gone once its range has brought the row', async () => {
    const source = await scratch(NUMBERS, rowsUpTo(200));
    const target = await scratch(NUMBERS, `ALTER TABLE t ADD CHECK (v <> 'bad')`);
    const pipeline = await pipelineOf(source, target);
    const settings = { ...LETTERS, snapshotRows: 15 };
    const { generation } = await setUp(pipeline, specOf(['public.t'], settings));
    await source.execute(`UPDATE t SET v = 'bad' WHERE id = 150`);
    await commits(pipeline, generation, 1, settings);
    expect(await pipeline.deadLetters({ table: null, ids: null, values: false })).toHaveLength(1);
    await target.execute(`ALTER TABLE t DROP CONSTRAINT t_v_check`);
    await replicate(pipeline, generation, { settings });
    expect(await pipeline.deadLetters({ table: null, ids: null, values: false })).toEqual([]);
    await expectSame(source, target);
  });

  test('a row that the target refuses parks the table where rows are not set aside, and nothing is half done', async () => {
    const source = await scratch(NUMBERS, rowsUpTo(200));
    const target = await scratch(NUMBERS, `ALTER TABLE t ADD CHECK (u <> 100)`);
    const pipeline = await pipelineOf(source, target);
    const { generation } = await setUp(pipeline, specOf(['public.t']));
    const attempt = replicate(pipeline, generation, { settings: { snapshotRows: 15 } });
    await parkedBy(attempt, 'public.t', 'CONSTRAINT_FAILED');
    const [rows, said] = await committed(target);
    expect([rows, said]).toEqual(['45', '45']);
    await target.execute(`ALTER TABLE t DROP CONSTRAINT t_u_check`);
    await pipeline.resumeTable({ chain: CHAIN, generation: generation + 1, table: 'public.t' });
    await replicate(pipeline, generation + 1);
    await expectSame(source, target);
  });

  test('what is replaced loses strays in every range, and keeps columns that the source does not have', async () => {
    const source = await scratch(NUMBERS, rowsUpTo(100));
    const stale = `INSERT INTO t (id, v, u) SELECT i, 'stray', 500 - i FROM generate_series(-20, 150) i`;
    const [plain, wider] = [await scratch(NUMBERS, stale), await scratch(NUMBERS, stale)];
    await wider.execute(`ALTER TABLE t ADD kept text DEFAULT 'default'`, `UPDATE t SET kept = 'kept ' || id`);
    const spec = specOf(['public.t'], { existing: 'replace', snapshotRows: 8 });
    await started(await pipelineOf(source, plain), spec);
    await expectSame(source, plain);
    await (await pipelineOf(source, plain)).teardown();
    await started(await pipelineOf(source, wider), spec);
    const client = await connect(wider);
    const { rows } = await client.query<{ count: string }>(
      `SELECT count(*) FROM t WHERE kept = 'kept ' || id`,
    );
    expect(rows).toEqual([{ count: '50' }]);
  });

  test('of chosen rows under other names, ends with those rows, whatever enters and leaves ahead of it', async () => {
    const source = await scratch(NUMBERS, rowsUpTo(400));
    const target = await scratch();
    const pipeline = await pipelineOf(source, target);
    const mapping = { from: 'public.t', where: `u % 3 = 0 AND v <> '$1'`, rename: { id: 'no', u: 'id' } };
    const { generation } = await setUp(pipeline, specOf([mapping]));
    for (let turn = 0; turn < 8; turn++) {
      await source.execute(
        `UPDATE t SET u = u + 1001 WHERE id % 50 = ${4 * turn}`,
        `UPDATE t SET v = '$1' WHERE id % 70 = ${2 * turn}`,
        `INSERT INTO t SELECT i, 'new', -i FROM generate_series(${40 * turn + 1}, ${40 * turn + 39}, 6) i`,
        `DELETE FROM t WHERE id % 90 = ${6 * turn}`,
      );
      await commits(pipeline, generation, 2, { snapshotRows: 7, batchRows: 40 });
    }
    await replicate(pipeline, generation, { settings: { snapshotRows: 30 } });
    const [wanted, found] = await Promise.all([
      (await connect(source)).query(
        `SELECT id AS no, v, u AS id FROM t WHERE u % 3 = 0 AND v <> '$1' ORDER BY 1`,
      ),
      (await connect(target)).query(`SELECT no, v, id FROM t ORDER BY 1`),
    ]);
    expect(found.rows).toEqual(wanted.rows);
    expect(found.rows.length).toBeGreaterThan(30);
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
  });

  test('where deleted rows are kept deletes nothing: no stray, and no row that came ahead and is gone', async () => {
    const source = await scratch(NUMBERS, rowsUpTo(100));
    const target = await scratch(NUMBERS, `INSERT INTO t VALUES (-5, 'stray', -5), (51, 'stray', -51)`);
    const pipeline = await pipelineOf(source, target);
    const settings = { onDelete: 'keep', existing: 'replace', snapshotRows: 10 } as const;
    const { generation } = await setUp(pipeline, specOf(['public.t'], settings));
    await source.execute(`INSERT INTO t VALUES (61, 'ahead', -61)`);
    await commits(pipeline, generation, 2, settings);
    await source.execute(`DELETE FROM t WHERE id IN (61, 90)`);
    await replicate(pipeline, generation, { settings });
    const { rows } = await (await connect(target)).query(`SELECT id, v FROM t WHERE u < 0 ORDER BY id`);
    expect(rows).toEqual([
      { id: -5, v: 'stray' },
      { id: 51, v: 'stray' },
      { id: 61, v: 'ahead' },
    ]);
    expect(await pipeline.verify({ onDelete: 'keep' })).toMatchObject({ equal: true, tables: [{ kept: 3 }] });
  });

  test('a connection that is lost in the middle of a range costs that range alone', async () => {
    const source = await scratch(NUMBERS, rowsUpTo(60_000));
    const target = await scratch();
    const pipeline = await pipelineOf(source, target);
    const { generation } = await setUp(pipeline, specOf(['public.t']));
    for (const [database, role] of [
      [source, 'source copy'],
      [target, 'target lane'],
    ] as const) {
      const admin = await connect(database);
      const settings = { snapshotRows: 2_000 };
      const ended = rejection(
        replicate(pipeline, generation, {
          settings,
          onProgress() {
            void admin.query(
              `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name LIKE '%: ${role}'`,
            );
          },
        }),
        'CONNECTION_LOST',
      );
      await ended;
      const [rows, said] = await committed(target);
      expect(rows).toBe(said);
    }
    await replicate(pipeline, generation);
    await expectSame(source, target);
  });

  test('processes that are killed or stopped in the middle, under writes, cost the range that they were at', async () => {
    const source = await scratch(NUMBERS, rowsUpTo(30_000));
    const target = await scratch();
    const pipeline = await pipelineOf(source, target);
    const { generation } = await setUp(pipeline, specOf(['public.t']));
    const random = randomNumbers(5);
    const applier = (): Child => {
      const child = spawnChild('applier', [source.url, target.url, String(generation)]);
      clearing(() => child.close());
      return child;
    };
    for (let turn = 0; turn < 4; turn++) {
      const child = applier();
      await child.said('commit');
      await source.execute(
        `UPDATE t SET v = v || '+' WHERE id % 100 = ${20 * turn}`,
        `DELETE FROM t WHERE id % 1000 = ${10 * turn + 2}`,
        `INSERT INTO t SELECT i, 'new', -i FROM generate_series(${turn + 1}, 30000, 500) i ON CONFLICT DO NOTHING`,
      );
      await new Promise((done) => setTimeout(done, random.below(150)));
      // One that is stopped keeps its connections: the next one has to get past it.
      if (turn === 2) child.signal('SIGSTOP');
      else await child.kill();
    }
    await replicate(pipeline, generation);
    await expectSame(source, target);
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
  });

  test('a fence in the middle lets no range through after it', async () => {
    const source = await scratch(NUMBERS, rowsUpTo(20_000));
    const target = await scratch();
    const pipeline = await pipelineOf(source, target);
    const { generation } = await setUp(pipeline, specOf(['public.t']));
    const fences: Promise<void>[] = [];
    await rejection(
      replicate(pipeline, generation, {
        settings: { snapshotRows: 100 },
        onProgress() {
          if (fences.length === 0) fences.push(pipeline.fence({ chain: CHAIN, generation: generation + 1 }));
        },
      }),
      'EPOCH_LOST',
    );
    await Promise.all(fences);
    const before = await committed(target);
    expect(before[0]).toBe(before[1]);
    await replicate(pipeline, generation + 1);
    await expectSame(source, target);
  });

  test('tells how far it is, of about how many rows, also of a table that was never analysed', async () => {
    const source = await scratch(NUMBERS, rowsUpTo(80_000));
    const target = await scratch();
    const pipeline = await pipelineOf(source, target);
    const { generation } = await setUp(pipeline, specOf(['public.t']));
    const seen: (CopyProgress | null)[] = [];
    const { copy, progress } = await replicate(pipeline, generation, {
      settings: { snapshotRows: 10_000 },
      onProgress: (soFar) => seen.push(soFar.copy),
    });
    expect([copy, progress[0]?.copy]).toEqual([null, null]);
    const first = seen[0];
    expect(first).toMatchObject({ rows: 10_000 });
    expect(first?.of).toBeGreaterThan(20_000);
    expect(first?.of).toBeLessThan(80_000);
  });

  test('an attempt that ends leaves no transaction open on the source, whatever it had read ahead', async () => {
    const source = await scratch(NUMBERS, rowsUpTo(2_000));
    const target = await scratch();
    const pipeline = await pipelineOf(source, target);
    const { generation } = await setUp(pipeline, specOf(['public.t']));
    await commits(pipeline, generation, 2, { snapshotRows: 50 });
    const admin = await connect(source);
    const open = async (): Promise<number> => {
      const { rowCount } = await admin.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`,
      );
      return rowCount ?? 0;
    };
    for (let looks = 0; looks < 50 && (await open()) > 0; looks++)
      await new Promise((done) => setTimeout(done, 20));
    expect(await open()).toBe(0);
    // Staged and never spent: closing must not wait for it.
    await pipeline.close();
  });
});

test('a worker that was stopped in the middle of a range is ended by whoever claims the pipeline', async () => {
  const database = await scratch('CREATE TABLE t (id integer PRIMARY KEY)');
  const target = await openTarget({ url: database.url, readOnly: false, create: false });
  clearing(() => target.close());
  await target.installObjects();
  await target.transaction(null, (tx) => tx.saveCheckpoint(checkpointOf()));
  const stopped = new Client({
    connectionString: database.url,
    application_name: 'temporal-cdc: target lane',
  });
  stopped.on('error', () => undefined);
  await stopped.connect();
  clearing(() => stopped.end().catch(() => undefined));
  await stopped.query('BEGIN');
  await stopped.query('SELECT FROM cdc.pipeline FOR UPDATE');
  const sink = stopped.query(copyFrom('COPY t FROM STDIN'));
  sink.on('error', () => undefined);
  sink.write('1\n');
  const began = Date.now();
  await target.transaction(null, (tx) => tx.lockCheckpoint(checkpointOf().name));
  expect(Date.now() - began).toBeLessThan(12_000);
  expect(await database.dump('t')).toEqual([]);
});
