/** A source session in this thread, and rows kept in memory as a target would have them after each chunk. */
import { routeTable } from '../../engine/capture';
import { netChanges } from '../../engine/apply/net';
import type { Position, RowChunk, TableRoute, Tuple, Value } from '../../engine/model';
import { databaseFile } from '../../engine/adapters/sqlite/database/file';
import { install } from '../../engine/adapters/sqlite/capture/install';
import { keyIdentity } from '../../engine/adapters/sqlite/rows/key-identity';
import { readSchemaToken } from '../../engine/adapters/sqlite/capture/captured';
import { scanRows } from '../../engine/adapters/sqlite/rows/scan';
import { requireTable } from '../../engine/adapters/sqlite/schema/schema';
import { openSession, type Session } from '../../engine/adapters/sqlite/database/session';
import { readChunk } from '../../engine/adapters/sqlite/source/window';

/** Opens a database as a source's thread does. */
export function sourceSession(path: string, options: { readonly readOnly?: boolean } = {}): Session {
  return openSession({
    file: databaseFile(path),
    role: 'source',
    readOnly: options.readOnly ?? false,
    create: false,
    busyTimeoutMs: 1_000,
  });
}

/** Captures tables for a consumer called `uuid`, from now on. Returns its position. */
export function captureTables(session: Session, tables: readonly string[], uuid = 'consumer'): Position {
  return install(session, tables, { uuid, name: uuid, now: 0, reset: false }).position;
}

/** A route over all columns, against the schema of now. */
export function routeOf(session: Session, table: string): TableRoute {
  return routeTable(requireTable(session, table).schema, { to: null, columns: null }, true);
}

/** Reads the next chunk without looking whether capture is whole: tests of what then goes wrong need that. */
export function nextChunk(
  session: Session,
  routes: readonly TableRoute[],
  from: Position,
  limit = 1_000_000,
): RowChunk {
  const schemaToken = readSchemaToken(session, 'main');
  return readChunk(session, { from, routes, limit, schemaToken, snapshot: null });
}

export interface Replica {
  readonly position: Position;
  /** Reads up to the end of the window in chunks of `limit` and applies their net changes. */
  catchUp(routes: readonly TableRoute[], limit?: number): void;
  /** The rows of a table as texts, sorted. */
  rows(route: TableRoute): readonly string[];
}

/** A target in memory that holds what the source holds now and stands at `position`. */
export function replicaOf(session: Session, routes: readonly TableRoute[], position: Position): Replica {
  const tables = new Map<string, Map<string, Tuple>>();
  for (const route of routes) {
    const { rows } = scanAll(session, route);
    tables.set(route.id, new Map(rows.map(({ identity, row }) => [identity, row])));
  }
  let at = position;
  return {
    get position() {
      return at;
    },
    catchUp(current, limit) {
      for (;;) {
        const chunk = nextChunk(session, current, at, limit);
        for (const { table, changes } of chunk.tables) {
          const route = current.find((candidate) => candidate.id === table);
          const rows = tables.get(table);
          if (route === undefined || rows === undefined) throw new Error(`nobody asked for ${table}`);
          const { deletes, upserts } = netChanges(changes);
          for (const key of deletes) rows.delete(keyIdentity(key));
          for (const row of upserts) rows.set(keyIdentity(keyOf(route, row)), row);
        }
        at = chunk.to;
        if (!chunk.more) return;
      }
    },
    rows: (route) => [...(tables.get(route.id)?.values() ?? [])].map(describeRow).sort(),
  };
}

/** A table's rows as the source has them, in the form of `Replica.rows`. */
export function sourceRows(session: Session, route: TableRoute): readonly string[] {
  return scanAll(session, route)
    .rows.map(({ row }) => describeRow(row))
    .sort();
}

function scanAll(session: Session, route: TableRoute) {
  const { columns, key } = route;
  return scanRows(session, { table: route.source.name, columns, key, after: null, upTo: null, limit: null });
}

function keyOf(route: TableRoute, row: Tuple): Tuple {
  return route.key.map((name) => row[route.columns.indexOf(name)] ?? null);
}

/** Equal for rows of the same storage classes and contents only. */
function describeRow(row: Tuple): string {
  return row.map(describeValue).join(', ');
}

function describeValue(value: Value): string {
  if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString('hex')}'`;
  if (typeof value === 'number') return `real ${Object.is(value, -0) ? '-0' : value}`;
  return typeof value === 'bigint' ? `integer ${value}` : JSON.stringify(value);
}
