/** Plays what a source reads into rows kept in memory, as a target would, and compares them with its tables. */
import assert from 'node:assert/strict';
import type { Cursor, Position, RowChunk, SnapshotRequest, Source, TableRoute, Tuple, Value } from '../model';
import { assertEqual } from './equal';

/** Rows by their key, by the route's id. */
export type Replica = Map<string, Map<string, Tuple>>;

export interface ReplayResult {
  readonly to: Position;
  readonly chunks: readonly RowChunk[];
  readonly replica: Replica;
}

/** A value as text: equal for equal values of equal type only. */
export function describeValue(value: Value): string {
  if (value === null) return 'null';
  if (value instanceof Uint8Array) return `bytes:${Buffer.from(value).toString('hex')}`;
  if (typeof value === 'number') return `number:${Object.is(value, -0) ? '-0' : String(value)}`;
  return `${typeof value}:${String(value)}`;
}

export function describeTuple(tuple: Tuple): string {
  return JSON.stringify(tuple.map(describeValue));
}

/** Values of the key's columns of a row. */
export function keyOf(route: TableRoute, row: Tuple): Tuple {
  return route.key.map((column) => row[route.columns.indexOf(column)] ?? null);
}

export function emptyReplica(routes: readonly TableRoute[]): Replica {
  return new Map(routes.map((route) => [route.id, new Map<string, Tuple>()]));
}

/** Applies a chunk's changes one by one. */
export function applyChanges(replica: Replica, routes: readonly TableRoute[], chunk: RowChunk): void {
  for (const { table, changes } of chunk.tables) {
    const route = routes.find((entry) => entry.id === table);
    assert.ok(route, `a chunk holds asked tables only, not ${table}`);
    const rows = rowsOf(replica, table);
    for (const change of changes) {
      if (change.kind === 'delete') {
        assert.equal(change.key.length, route.key.length, 'a delete has the values of the key');
        rows.delete(describeTuple(change.key));
      } else {
        assert.equal(change.row.length, route.columns.length, 'an upsert has the values of the columns');
        rows.set(describeTuple(keyOf(route, change.row)), change.row);
      }
    }
  }
}

export function rowsOf(replica: Replica, table: string): Map<string, Tuple> {
  const rows = replica.get(table);
  assert.ok(rows, `rows of ${table}`);
  return rows;
}

/** Reads all changes after a position in chunks of `limit` and applies them to `replica`. */
export async function replay(
  source: Source,
  routes: readonly TableRoute[],
  from: Position,
  limit: number,
  replica: Replica = emptyReplica(routes),
): Promise<ReplayResult> {
  const chunks: RowChunk[] = [];
  for (let to = from; ;) {
    const chunk = await readChunk(source, routes, to, limit);
    assert.ok(chunk.changes <= limit, 'a chunk holds no more changes than asked');
    chunks.push(chunk);
    applyChanges(replica, routes, chunk);
    to = chunk.to;
    if (!chunk.more) return { to, chunks, replica };
    assert.ok(chunks.length < 10_000, 'reading comes to an end');
  }
}

/** One chunk, the schema checked just before. */
export async function readChunk(
  source: Source,
  routes: readonly TableRoute[],
  from: Position,
  limit: number,
  snapshot: SnapshotRequest | null = null,
): Promise<RowChunk> {
  const schemaToken = await source.check(from, routes);
  return source.read({ from, routes, limit, schemaToken, snapshot });
}

/** All rows of the source's tables now. */
export async function currentRows(source: Source, routes: readonly TableRoute[]): Promise<Replica> {
  const replica = emptyReplica(routes);
  for (const route of routes) {
    const { columns, key } = route;
    const everything = { after: null satisfies Cursor | null, upTo: null, limit: null };
    const { rows } = await source.scan({ table: route.source.name, columns, key, ...everything });
    for (const { row } of rows) rowsOf(replica, route.id).set(describeTuple(keyOf(route, row)), row);
  }
  return replica;
}

/** Asserts that the replica holds what the source's tables hold now. */
export async function assertSameRows(
  source: Source,
  routes: readonly TableRoute[],
  replica: Replica,
): Promise<void> {
  const wanted = await currentRows(source, routes);
  for (const route of routes) {
    assertEqual(described(rowsOf(replica, route.id)), described(rowsOf(wanted, route.id)), route.id);
  }
}

export function described(rows: Map<string, Tuple>): readonly string[] {
  return [...rows.values()].map(describeTuple).sort();
}
