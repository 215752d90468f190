/** Which change tables have to be looked at for some routes. */
import { CdcError } from '../../../errors';
import type { TableRoute } from '../../../model';
import { own, type Session } from '../database';
import { readCaptures, type Capture, type CapturedColumn } from '../capture/registry';

export interface CapturedRoute {
  readonly route: TableRoute;
  readonly capture: Capture;
  /** The change table, qualified and quoted. */
  readonly changes: string;
}

export type Captures = ReadonlyMap<string, Capture>;

/** Throws CAPTURE_MISSING. */
export function requireCapture(session: Session, captures: Captures, route: TableRoute): CapturedRoute {
  const capture = captures.get(route.source.name.name);
  if (capture === undefined || capture.suspended) {
    throw new CdcError('CAPTURE_MISSING', `Changes of table ${route.id} are not captured`, {
      table: route.id,
    });
  }
  return { route, capture, changes: own(session, capture.changeTable) };
}

/** Those of these routes that are captured. */
export async function capturedRoutes(
  session: Session,
  routes: readonly TableRoute[],
): Promise<readonly CapturedRoute[]> {
  const captures = await readCaptures(session);
  return routes
    .filter((route) => captures.get(route.source.name.name)?.suspended === false)
    .map((route) => requireCapture(session, captures, route));
}

/** Columns of a change table by their names. Throws SCHEMA_MOVED when it lacks one, which `check` says better. */
export function capturedColumns(
  { capture, route }: CapturedRoute,
  names: readonly string[],
): readonly CapturedColumn[] {
  return names.map((name) => {
    const column = capture.columns.find((candidate) => candidate.name === name);
    if (column !== undefined) return column;
    throw new CdcError('SCHEMA_MOVED', `Table ${route.id}: column ${name} is not captured`, {
      table: route.id,
      column: name,
    });
  });
}

/**
 * Which changes there are to read: what a person has decided to be none is not one, and a want of a resync that has
 * been met is over.
 */
export function isChange({ resyncId }: Capture): string {
  return `(op NOT IN ('-', '!') OR (op = '!' AND id > ${resyncId}))`;
}
