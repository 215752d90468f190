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

/** What was last asked for of some captures: one reader asks for the same from chunk to chunk. */
const last = new WeakMap<
  Captures,
  { readonly routes: readonly TableRoute[]; readonly from: string; readonly branches: readonly Branch[] }
>();

/** Those of all routes; the same list where nothing is other than at the last time. Throws CAPTURE_MISSING. */
export function allBranches(
  routes: readonly TableRoute[],
  captures: Captures,
  from: string,
): readonly Branch[] {
  const before = last.get(captures);
  if (before?.routes === routes && before.from === from) return before.branches;
  const found = branchesOf(routes, captures, from);
  // A later position leaves out no more than generations that are read to their end.
  const isSame =
    before?.routes === routes &&
    found.length === before.branches.length &&
    found.every(({ generation }, index) => generation === before.branches[index]?.generation);
  const branches = isSame ? before.branches : found;
  last.set(captures, { routes, from, branches });
  return branches;
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

/** Names of the change tables, as one text. */
const names = new WeakMap<readonly Branch[], string>();

export function changeTablesOf(branches: readonly Branch[]): string {
  const known =
    names.get(branches) ?? JSON.stringify(branches.map(({ generation }) => generation.changeTable));
  names.set(branches, known);
  return known;
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
