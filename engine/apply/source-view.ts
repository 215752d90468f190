/** What may be read of the source: the tables as they are now, and its word that nothing is missing in them. */
import { CdcError, isCdcError } from '../errors';
import type { Position, Source, TableCheckpoint, TableRoute } from '../model';
import { isTableFailure, movingTables } from './isolation';
import type { TableFailure } from './isolation';
import { SCHEMA_LOOKS } from './limits';

/** The tables that may be read from a position, against the source's schema of now. */
export interface SourceView {
  /** Parents first. */
  readonly routes: readonly TableRoute[];
  readonly schemaToken: string;
}

/** Routes of tables against the source's schema of now, parents first. Throws SOURCE_SCHEMA_CHANGED. */
export type RoutesOf = (tables: readonly TableCheckpoint[]) => Promise<readonly TableRoute[]>;

/**
 * Routes against the source's schema of now, and its word that reading may go on with them.
 * Throws what `routesOf` and `Source.check` throw; SCHEMA_MOVED only when the schema does not come to rest.
 */
export async function viewSource(
  source: Source,
  position: Position,
  tables: readonly TableCheckpoint[],
  routesOf: RoutesOf,
): Promise<SourceView> {
  for (let look = 1; ; look++) {
    const routes = await routesOf(tables);
    try {
      return { routes, schemaToken: await source.check(position, routesToCheck(routes, tables)) };
    } catch (error) {
      if (!isCdcError(error, 'SCHEMA_MOVED') || look === SCHEMA_LOOKS) throw error;
    }
  }
}

/** The same for as many of the tables as it holds for; the others with what is the matter with each. */
export async function viewSound(
  source: Source,
  position: Position,
  tables: readonly TableCheckpoint[],
  routesOf: RoutesOf,
): Promise<{ readonly view: SourceView; readonly failures: readonly TableFailure[] }> {
  const failures: TableFailure[] = [];
  for (let left = tables; ;) {
    try {
      return { view: await viewSource(source, position, left, routesOf), failures };
    } catch (error) {
      const before = left.length;
      if (!isTableFailure(error)) throw error;
      left = left.filter((table) => table.source !== error.table);
      if (left.length === before) throw error;
      failures.push(error);
    }
  }
}

/** A table that is parked with another one was sound, and is not read all the same. */
export function withoutParked(view: SourceView, tables: readonly TableCheckpoint[]): SourceView {
  const moving = new Set(movingTables(tables).map((table) => table.source));
  return { ...view, routes: view.routes.filter((route) => moving.has(route.id)) };
}

/**
 * The routes whose changes since the position must all be there. A table that a snapshot is about to replace may have
 * been purged, or not captured, before: each of its ranges will be read together with a later window. A snapshot that
 * only adds makes nothing good: rows that came as changes, ahead of its ranges, would miss their deletion.
 */
export function routesToCheck(
  routes: readonly TableRoute[],
  tables: readonly TableCheckpoint[],
): readonly TableRoute[] {
  const untouched = new Set(tables.filter(isUntouched).map((table) => table.source));
  return routes.filter((route) => !untouched.has(route.id));
}

function isUntouched({ state, cursor, replace }: TableCheckpoint): boolean {
  return state === 'snapshotting' && cursor === null && replace;
}

/**
 * What a schema that does not come to rest comes to. Tables that a copy is about to replace are not checked, so that
 * reading them is the first to notice that a condition names a column which is gone: that is the table's own matter.
 */
export function ofRestlessSchema(error: CdcError, routes: readonly TableRoute[]): CdcError {
  const chosen = routes.find(({ id, where }) => id === error.table && where !== null);
  if (chosen === undefined) return error;
  return new CdcError(
    'SOURCE_SCHEMA_CHANGED',
    `Table ${chosen.id}: a column that it is read by, or that its \`where\` names, is gone`,
    { table: chosen.id, cause: error },
  );
}
