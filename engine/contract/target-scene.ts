/** What the cases about targets share: tables on the target, and rows merged into them. */
import assert from 'node:assert/strict';
import { routeTable } from '../capture';
import { asPosition } from '../model';
import type { Checkpoint, Cursor, RowSet, StagedChunk, TableRoute, Target, Tuple } from '../model';
import type { ScratchDatabase, TableDefinition } from './fixture';
import type { ContractOptions } from './options';
import type { Scene } from './scene';

export interface Prepared {
  readonly database: ScratchDatabase;
  readonly target: Target;
  /** In the order of the definitions. */
  readonly routes: readonly TableRoute[];
}

/** A target with these tables and the adapter's own objects. */
export async function prepareTarget(
  options: ContractOptions,
  scene: Scene,
  definitions: readonly TableDefinition[],
  rows: readonly string[] = [],
): Promise<Prepared> {
  const database = await scene.database();
  await database.execute(...definitions.flatMap((table) => options.fixture.createTable(table)), ...rows);
  const target = await scene.target(database);
  await target.installObjects();
  const tables = await target.tables();
  const routes = definitions.map(({ name }) => {
    const found = tables.find((table) => table.name.name === name);
    assert.ok(found, `tables() lists ${name}`);
    return routeTable(found, { to: null, columns: null }, true);
  });
  return { database, target, routes };
}

export function rowSet(
  route: TableRoute,
  change: Partial<Pick<RowSet, 'deletes' | 'upserts' | 'range'>>,
): RowSet {
  return { route, deletes: [], upserts: [], range: null, ...change };
}

/** A snapshot range as a source would hand it over. */
export function rangeOf(
  route: TableRoute,
  rows: readonly Tuple[],
  bounds: { readonly after: Cursor | null; readonly upTo: Cursor | null; readonly replace: boolean },
): NonNullable<RowSet['range']> {
  return { table: route.id, rows, ...bounds };
}

/** A staged chunk of rows; what it says about counts is of no concern to a target. */
export async function stage(target: Target, sets: readonly RowSet[]): Promise<StagedChunk> {
  return {
    token: await target.stageRows(sets),
    to: asPosition('anywhere'),
    more: false,
    changes: sets.length,
    counts: [],
    oldestChangedAt: null,
    newestChangedAt: null,
    snapshot: [],
  };
}

/** Stages and merges in a transaction of its own. */
export async function merge(target: Target, ...sets: readonly RowSet[]): Promise<void> {
  const chunk = await stage(target, sets);
  await target.transaction(chunk, (tx) => tx.merge(chunk));
}

/** All rows of a table in the order of its key. */
export async function rowsIn(target: Target, route: TableRoute): Promise<readonly Tuple[]> {
  const { columns, key } = route;
  const bounds = { after: null, upTo: null, limit: null };
  const { rows } = await target.scan({ table: route.target, columns, key, ...bounds });
  return rows.map(({ row }) => row);
}

/** The key of the `count`th row, as a bound of a range. */
export async function cursorAfter(target: Target, route: TableRoute, count: number): Promise<Cursor> {
  const { columns, key } = route;
  const bounds = { after: null, upTo: null, limit: count };
  const { cursor } = await target.scan({ table: route.target, columns, key, ...bounds });
  assert.ok(cursor !== null, 'the table has that many rows');
  return cursor;
}

/** A checkpoint with something in every field. */
export function checkpointOf(change: Partial<Checkpoint> = {}): Checkpoint {
  return {
    // As long as that of a pipeline that was resynced.
    uuid: '6f1e0c1e-1111-4222-8333-444455556666.1000000.7a2b3c4d-5555-4666-8777-888899990000',
    name: 'pipeline "α" / 1',
    sourceId: 'source-1',
    chain: "chain's 1",
    chainEnded: false,
    generation: 3,
    epoch: 1_099_511_627_775,
    seq: 9_007_199_254_740_991,
    ackedSeq: 41,
    holder: { host: 'host', pid: 4711, session: 'session 1' },
    position: asPosition('{"v":1,"id":"\u2713"}'),
    goal: asPosition('{"v":1,"id":7}'),
    lastAppliedAt: 1_767_225_600_123,
    ...change,
  };
}
