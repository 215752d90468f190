/** Which change tables have to be looked at for some routes, and at which columns of them. */
import { CdcError } from '../../../errors';
import type { TableRoute } from '../../../model';
import type { Session } from '../database';
import { columnNamed, requireCapture, unreadGenerations } from '../capture/check';
import { readCaptures, type Capture, type CapturedColumn, type Generation } from '../capture/registry';
import type { Branch } from './spans';

export type Captures = ReadonlyMap<string, Capture>;

export async function capturesOf(session: Session, routes: readonly TableRoute[]): Promise<Captures> {
  return readCaptures(
    session,
    routes.map((route) => route.source.name),
  );
}

/** Oldest generation first; `concerned`: of these routes only. Throws CAPTURE_MISSING. */
export function branchesOf(
  routes: readonly TableRoute[],
  captures: Captures,
  from: string,
  concerned: (route: TableRoute) => boolean = () => true,
): readonly Branch[] {
  return routes.flatMap((route, index) => {
    if (!concerned(route)) return [];
    return unreadGenerations(requireCapture(captures, route), from).map((generation): Branch => ({
      route: index,
      generation,
    }));
  });
}

/** Columns of a generation by their names. Throws SCHEMA_MOVED when it lacks one, which `check` says better. */
export function capturedColumns(
  generation: Generation,
  route: TableRoute,
  names: readonly string[],
): readonly CapturedColumn[] {
  return names.map((name) => {
    const column = columnNamed(generation, name);
    if (column !== undefined) return column;
    throw new CdcError('SCHEMA_MOVED', `Table ${route.id}: column ${name} is not captured`, {
      table: route.id,
      column: name,
    });
  });
}
