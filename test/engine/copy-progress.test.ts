/** How far a copy has come, as reports tell it: rows, an estimate of all, a rate, and the time that is left. */
import { describe, expect, test } from '@jest/globals';
import { createCopies } from '../../engine/apply';
import type { Copies } from '../../engine/apply';
import { asCursor, type TableCheckpoint, type TableRoute } from '../../engine/model';

function routeOf(name: string): TableRoute {
  const table = { schema: null, name };
  return {
    id: name,
    source: {
      name: table,
      columns: [],
      key: { columns: ['id'], from: 'primary key' },
      refusal: null,
      uniqueIndexes: [],
      foreignKeys: [],
      reread: false,
      options: [],
    },
    target: table,
    columns: ['id'],
    key: ['id'],
    rename: null,
    where: null,
  };
}

function tableAt(name: string, snapshotRows: number, more: Partial<TableCheckpoint> = {}): TableCheckpoint {
  return {
    source: name,
    sourceTable: { schema: null, name },
    targetTable: { schema: null, name },
    columns: null,
    where: null,
    rename: null,
    state: 'snapshotting',
    position: null,
    cause: null,
    cursor: snapshotRows === 0 ? null : asCursor('somewhere'),
    replace: false,
    snapshotRows,
    inserted: 0,
    updated: 0,
    deleted: 0,
    ...more,
  };
}

/** Copies of tables, and how often the source was asked about each. */
interface Scene {
  readonly copies: Copies;
  readonly asked: string[];
  readonly begin: (tables: readonly TableCheckpoint[], now: number) => Promise<void>;
}

function scene(rows: Readonly<Record<string, number | null>>): Scene {
  const copies = createCopies();
  const asked: string[] = [];
  const estimateRows = (routes: readonly TableRoute[]): Promise<readonly (number | null)[]> => {
    asked.push(...routes.map(({ id }) => id));
    return Promise.resolve(routes.map(({ id }) => rows[id] ?? null));
  };
  return {
    copies,
    asked,
    begin: (tables, now) =>
      copies.begin(
        { estimateRows },
        tables,
        tables.map(({ source }) => routeOf(source)),
        now,
      ),
  };
}

describe('the progress of copies', () => {
  test('a table tells its rows, all of them as estimated, the rate of the last while and the time that is left', async () => {
    const { copies, begin } = scene({ orders: 1_000 });
    await begin([tableAt('orders', 0)], 10_000);
    expect(copies.of('orders')).toEqual({ rows: 0, of: 1_000, perSecond: null, leftMs: null });
    copies.note([tableAt('orders', 100)], 11_000);
    expect(copies.of('orders')).toEqual({ rows: 100, of: 1_000, perSecond: 100, leftMs: 9_000 });
    expect(copies.all()).toEqual({ rows: 100, of: 1_000, perSecond: 100, leftMs: 9_000 });
  });

  test('a rate forgets what was long ago', async () => {
    const { copies, begin } = scene({ orders: 100_000 });
    await begin([tableAt('orders', 0)], 0);
    for (let second = 1; second <= 60; second++)
      copies.note([tableAt('orders', 1_000 * second)], second * 1_000);
    for (let second = 61; second <= 120; second++)
      copies.note([tableAt('orders', 60_000 + second)], second * 1_000);
    expect(copies.of('orders')?.perSecond).toBeLessThanOrEqual(2);
  });

  test('an estimate that is too low is never exceeded, and says nothing of the time that is left', async () => {
    const { copies, begin } = scene({ orders: 50 });
    await begin([tableAt('orders', 0)], 0);
    copies.note([tableAt('orders', 200)], 1_000);
    expect(copies.of('orders')).toEqual({ rows: 200, of: 200, perSecond: 200, leftMs: null });
  });

  test('a source that can not tell is no obstacle: the rows are told alone', async () => {
    const copies = createCopies();
    const estimateRows = (): Promise<never> => Promise.reject(new Error('refused'));
    await copies.begin({ estimateRows }, [tableAt('orders', 0)], [routeOf('orders')], 0);
    copies.note([tableAt('orders', 10)], 1_000);
    expect(copies.all()).toEqual({ rows: 10, of: null, perSecond: 10, leftMs: null });
  });

  test('the source is asked once for each copy, whatever attempts and ranges it takes', async () => {
    const { copies, begin, asked } = scene({ orders: 100, items: 50 });
    const waiting = tableAt('items', 0);
    await begin([tableAt('orders', 0), waiting], 0);
    for (let rows = 10; rows < 100; rows += 10) {
      copies.note([tableAt('orders', rows), waiting], rows);
      await begin([tableAt('orders', rows), waiting], rows);
    }
    expect(asked).toEqual(['orders', 'items']);
  });

  test('over all, tables that are done count until the last one is', async () => {
    const { copies, begin } = scene({ orders: 100, items: 50 });
    const done = tableAt('orders', 120, { state: 'replicating', cursor: null });
    await begin([tableAt('orders', 0), tableAt('items', 0)], 0);
    copies.note([done, tableAt('items', 0)], 1_000);
    expect(copies.of('orders')).toBeNull();
    expect(copies.all()).toEqual({ rows: 120, of: 170, perSecond: 120, leftMs: 417 });
    copies.note([done, tableAt('items', 60, { state: 'replicating', cursor: null })], 2_000);
    expect(copies.all()).toBeNull();
  });

  test('a copy that is made again counts from nothing, and is asked about anew', async () => {
    const { copies, begin, asked } = scene({ orders: 100 });
    await begin([tableAt('orders', 0)], 0);
    copies.note([tableAt('orders', 100, { state: 'replicating', cursor: null })], 1_000);
    await begin([tableAt('orders', 100, { replace: true, cursor: null })], 2_000);
    copies.note([tableAt('orders', 130, { replace: true })], 3_000);
    expect(copies.of('orders')).toMatchObject({ rows: 30, of: 100 });
    expect(asked).toEqual(['orders', 'orders']);
  });

  test('a first copy that another process began goes on where it was; of a later one the beginning is not known', async () => {
    const { copies, begin } = scene({ orders: 100, items: 100 });
    await begin([tableAt('orders', 40), tableAt('items', 240, { replace: true })], 0);
    expect(copies.of('orders')).toMatchObject({ rows: 40, of: 100 });
    expect(copies.of('items')).toMatchObject({ rows: 0, of: null });
  });

  test('a table that is parked is not being copied', async () => {
    const { copies, begin } = scene({ orders: 100 });
    await begin([tableAt('orders', 0)], 0);
    copies.note([tableAt('orders', 50, { state: 'parked' })], 1_000);
    expect([copies.of('orders'), copies.all()]).toEqual([null, null]);
  });
});
