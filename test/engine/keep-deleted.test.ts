/** `onDelete: keep`: what is deleted on the source stays on the target, through each way that rows travel. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Adapter, Pipeline, PipelineSettings, TransportKind } from '../../engine';
import { mysqlAdapter } from '../../engine/adapters/mysql';
import { postgresAdapter } from '../../engine/adapters/postgres';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { byRows } from '../support/by-rows';
import { pipelinesIn } from '../support/file-pipelines';
import { serverOf } from '../support/mysql';
import { openSide, type Family, type Side } from '../support/pair-sides';
import { CHAIN, engineOver, parkedBy, REF, replicate, specOf, started } from '../support/pipelines';
import { sharedServer } from '../support/postgres';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();
const { open } = pipelinesIn(folder);

const KEEP: Partial<PipelineSettings> = { onDelete: 'keep' };
const KEPT = { onDelete: 'keep' } as const;

const ADAPTERS = [sqliteAdapter, postgresAdapter, mysqlAdapter] as const;
const BY_ROWS = [byRows(sqliteAdapter), byRows(postgresAdapter), byRows(mysqlAdapter)] as const;

interface Way {
  readonly from: Family;
  readonly to: Family;
  readonly transport: TransportKind;
  readonly adapters: readonly [Adapter, ...Adapter[]];
}

const MARIADB = serverOf('mariadb').url;

const WAYS: readonly Way[] = [
  { from: 'sqlite', to: 'sqlite', transport: 'attach', adapters: ADAPTERS },
  { from: 'sqlite', to: 'sqlite', transport: 'rows', adapters: BY_ROWS },
  { from: 'postgres', to: 'postgres', transport: 'copy', adapters: ADAPTERS },
  { from: 'postgres', to: 'postgres', transport: 'rows', adapters: BY_ROWS },
  { from: 'sqlite', to: 'postgres', transport: 'rows', adapters: ADAPTERS },
  ...(MARIADB === undefined
    ? []
    : ([
        { from: 'postgres', to: 'mariadb', transport: 'rows', adapters: ADAPTERS },
        { from: 'mariadb', to: 'sqlite', transport: 'rows', adapters: ADAPTERS },
      ] as const)),
];

describe.each(WAYS)('rows that are kept, from $from to $to by $transport', (way) => {
  const steps: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const step of steps.splice(0).reverse()) await step();
  });

  async function openPair(): Promise<{ source: Side; target: Side; pipeline: Pipeline }> {
    const servers = { postgres: sharedServer(), ...(MARIADB === undefined ? {} : { mariadb: MARIADB }) };
    const source = await openSide(way.from, { folder, servers, name: 'source' });
    steps.push(() => source.dispose());
    const target = await openSide(way.to, { folder, servers, name: 'target' });
    steps.push(() => target.dispose());
    await source.createTables();
    await source.execute(
      `INSERT INTO accounts (id, n, note) VALUES (1, 1, 'one'), (2, 2, 'two'), (3, 3, 'three'), (4, 4, 'four')`,
      `INSERT INTO pairs (a, b, n) VALUES (1, 'x', 1), (1, 'y', 2), (2, 'x', 3)`,
    );
    const [adapter, ...others] = way.adapters;
    const engine = engineOver(source.url, target.url, { adapter, others });
    steps.push(() => engine.close());
    return { source, target, pipeline: await engine.pipeline(REF) };
  }

  test('they outlast deletions, key updates, a resync and a repair, and go once they need not be kept', async () => {
    const { source, target, pipeline } = await openPair();
    const spec = specOf(source.tables, { ...KEEP, snapshotRows: 2 });
    const plan = await pipeline.plan(spec);
    expect(plan.notices.map(({ message }) => message).join('\n')).toMatch(
      /stay on the target \(onDelete: keep\)/,
    );
    const { generation } = await started(pipeline, spec);
    expect((await pipeline.statistics()).transport).toBe(way.transport);
    const { settings } = spec;

    await source.execute(
      `DELETE FROM accounts WHERE id = 2`,
      `UPDATE accounts SET id = 30 WHERE id = 3`,
      `UPDATE accounts SET n = 10 WHERE id = 1`,
      `DELETE FROM pairs WHERE b = 'x'`,
    );
    const result = await replicate(pipeline, generation, { settings });
    const counted = result.tables.reduce((sum, { deleted }) => sum + deleted, 0);
    expect(counted).toBeGreaterThanOrEqual(3);
    const after = [
      'accounts ["1","10","one"]',
      'accounts ["2","2","two"]',
      'accounts ["3","3","three"]',
      'accounts ["30","3","three"]',
      'accounts ["4","4","four"]',
      'pairs ["1","x","1"]',
      'pairs ["1","y","2"]',
      'pairs ["2","x","3"]',
    ];
    expect(await target.rows()).toEqual(after);

    const kept = await pipeline.verify(KEPT);
    expect(kept).toMatchObject({ equal: true, exact: true, differences: [] });
    expect(kept.tables.map((table) => [table.extra, table.kept])).toEqual([
      [0, 2],
      [0, 2],
    ]);
    const extra = await pipeline.verify({});
    expect(extra).toMatchObject({
      equal: false,
      tables: [
        { extra: 2, kept: 0 },
        { extra: 2, kept: 0 },
      ],
    });

    // A repair that somebody asks for all the same deletes nothing, and what differs beside them is mended.
    await target.execute(`UPDATE accounts SET n = 77 WHERE id = 4`);
    await pipeline.repair([...extra.differences, { table: source.tables[0] ?? '', key: { id: 4n } }]);
    await replicate(pipeline, generation, { settings });
    expect(await pipeline.waitRepaired({ timeoutMs: 0 })).toEqual({ done: true, refused: [] });
    expect(await target.rows()).toEqual(after);

    await pipeline.resync({ chain: CHAIN, generation: generation + 1, table: null });
    await replicate(pipeline, generation + 1, { settings });
    expect(await target.rows()).toEqual(after);

    await source.execute(
      `INSERT INTO accounts (id, n, note) VALUES (2, 20, 'again')`,
      `UPDATE accounts SET id = 3 WHERE id = 30`,
    );
    await replicate(pipeline, generation + 1, { settings });
    expect((await target.rows()).slice(1, 4)).toEqual([
      'accounts ["2","20","again"]',
      'accounts ["3","3","three"]',
      'accounts ["30","3","three"]',
    ]);
    expect(await pipeline.verify(KEPT)).toMatchObject({ equal: true, tables: [{ kept: 1 }, { kept: 2 }] });

    await source.execute(`DELETE FROM accounts WHERE id = 4`);
    await replicate(pipeline, generation + 1);
    expect((await target.rows()).join()).not.toContain('four');
    expect((await target.rows()).join()).toContain('"30"');
    await pipeline.resync({ chain: CHAIN, generation: generation + 2, table: null });
    await replicate(pipeline, generation + 2);
    expect(await target.rows()).toEqual(await source.rows());
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
  });

  test('existing: replace makes rows equal and deletes none, and verify waits for none of them', async () => {
    const { source, target, pipeline } = await openPair();
    for (const { on, table, sql } of (await pipeline.plan(specOf(source.tables))).steps) {
      if (on === 'target' && table !== null) await target.execute(sql);
    }
    const strays = Array.from({ length: 1_200 }, (_, n) => `(${String(1_000 + n)}, 0, 'stray')`);
    await target.execute(
      `INSERT INTO accounts (id, n, note) VALUES (2, 0, 'old'), (9, 9, 'kept')`,
      `INSERT INTO accounts (id, n, note) VALUES ${strays.join(', ')}`,
      `INSERT INTO pairs (a, b, n) VALUES (7, 'w', 0), (7, 'z', 0)`,
    );
    const spec = specOf(source.tables, { ...KEEP, existing: 'replace', snapshotRows: 2 });
    await started(pipeline, spec);
    const rows = await target.rows();
    expect(rows.filter((row) => !row.includes('stray'))).toEqual([
      'accounts ["1","1","one"]',
      'accounts ["2","2","two"]',
      'accounts ["3","3","three"]',
      'accounts ["4","4","four"]',
      'accounts ["9","9","kept"]',
      'pairs ["1","x","1"]',
      'pairs ["1","y","2"]',
      'pairs ["2","x","3"]',
      'pairs ["7","w","0"]',
      'pairs ["7","z","0"]',
    ]);
    // A deletion that nobody has applied: its row is kept in any case, so that nothing has to be waited for.
    await source.execute(`DELETE FROM accounts WHERE id = 4`);
    let waits = 0;
    const comparison = await pipeline.verify({ ...KEPT, onWait: () => void (waits += 1) });
    expect(comparison).toMatchObject({ equal: true, exact: true });
    expect(comparison.tables.map((table) => table.kept)).toEqual([1_202, 2]);
    expect(waits).toBe(0);
    await target.execute(`UPDATE accounts SET n = 5 WHERE id = 1`);
    expect(await pipeline.verify(KEPT)).toMatchObject({
      equal: false,
      tables: [{ different: 1, extra: 0 }, {}],
    });
  });
});

describe('a row that is kept and stands in the way', () => {
  const UNIQUE =
    'CREATE TABLE t (id INTEGER PRIMARY KEY, email TEXT UNIQUE, other_id INTEGER REFERENCES p (id))';
  const SHOP = `CREATE TABLE p (id INTEGER PRIMARY KEY); ${UNIQUE}; INSERT INTO t VALUES (1, 'a', NULL), (2, 'b', NULL)`;

  async function begin(settings: Partial<PipelineSettings>) {
    const shop = folder.database('shop.db', SHOP);
    const warehouse = folder.database('warehouse.db', `CREATE TABLE p (id INTEGER PRIMARY KEY); ${UNIQUE}`);
    const pipeline = await open();
    const spec = specOf(['t'], { ...KEEP, ...settings });
    const { notices } = await pipeline.plan(spec);
    const { generation } = await started(pipeline, spec);
    shop.exec(`DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (3, 'a', NULL), (4, 'd', NULL)`);
    const rows = (): unknown => warehouse.prepare('SELECT id, email FROM t ORDER BY id').raw().all();
    const said = notices.filter(({ table }) => table === 't').map(({ message }) => message);
    const apply = () => replicate(pipeline, generation, { settings: spec.settings });
    return { shop, pipeline, generation, spec, said, rows, apply };
  }

  test('parks its table, as the plan says, which goes on once it does not any more', async () => {
    const { shop, pipeline, generation, said, rows, apply, spec } = await begin({});
    expect(said.slice(0, 2)).toEqual([
      expect.stringMatching(/keeps its unique values.* parks its table: /),
      expect.stringMatching(/go on referring to p\. .*parks its table$/),
    ]);
    await parkedBy(apply(), 't', 'CONSTRAINT_FAILED');
    expect(rows()).toEqual([
      [1n, 'a'],
      [2n, 'b'],
    ]);
    shop.exec(`UPDATE t SET email = 'c' WHERE id = 3`);
    await pipeline.resumeTable({ chain: CHAIN, generation: generation + 1, table: 't' });
    await replicate(pipeline, generation + 1, { settings: spec.settings });
    expect(rows()).toEqual([
      [1n, 'a'],
      [2n, 'b'],
      [3n, 'c'],
      [4n, 'd'],
    ]);
  });

  test('with onError: deadLetter makes a dead letter of the later one alone, as the plan says', async () => {
    const { shop, pipeline, said, rows, apply } = await begin({
      onError: { action: 'deadLetter', perHour: 10 },
    });
    expect(said[0]).toMatch(/is refused, and becomes a dead letter: /);
    expect(await apply()).toMatchObject({ progress: [{ state: 'replicating', deadLetters: 1 }] });
    expect(rows()).toEqual([
      [1n, 'a'],
      [2n, 'b'],
      [4n, 'd'],
    ]);
    expect(await pipeline.verify(KEPT)).toMatchObject({
      equal: false,
      tables: [{ missing: 1, extra: 0, kept: 1, deadLetters: 1 }],
    });
    // The key is deleted, and with it its letter; a row that is kept has none.
    shop.exec('DELETE FROM t WHERE id = 3');
    expect(await apply()).toMatchObject({ progress: [{ deadLetters: 0 }] });
    expect(await pipeline.verify(KEPT)).toMatchObject({ equal: true, tables: [{ kept: 1 }] });
  });

  test('a retry of a letter whose row is gone on the source deletes nothing', async () => {
    const { shop, pipeline, apply, rows } = await begin({ onError: { action: 'deadLetter', perHour: 10 } });
    await apply();
    shop.exec(`UPDATE t SET email = 'b2' WHERE id = 2; UPDATE t SET email = 'a', id = 5 WHERE id = 3`);
    await apply();
    await pipeline.retryDeadLetters({ table: null, ids: null });
    await apply();
    const letters = await pipeline.deadLetters({ table: null, ids: null, values: false });
    expect(letters.map(({ key, attempts }) => [key['id'], attempts])).toEqual([[5n, 2]]);
    shop.exec('DELETE FROM t WHERE id = 5');
    await pipeline.retryDeadLetters({ table: null, ids: null });
    await apply();
    expect(await pipeline.deadLetters({ table: null, ids: null, values: false })).toEqual([]);
    expect(rows()).toEqual([
      [1n, 'a'],
      [2n, 'b2'],
      [4n, 'd'],
    ]);
  });
});
