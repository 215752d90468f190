/** Names that a target table can't have: reserved ones, and those that something else has already. */
import { CdcError } from '../../../errors';
import type { TableRoute } from '../../../model';
import { foldName } from '../database/identifiers';
import { isOwnName } from '../database/objects';
import type { Session } from '../database/session';
import { textOf } from '../database/values';

/** Throws NAME_COLLISION for names that are SQLite's or ours. */
export function refuseReservedName(route: TableRoute): void {
  const { name } = route.target;
  const owner = isOwnName(name) ? 'temporal-cdc' : foldName(name).startsWith('sqlite_') ? 'SQLite' : null;
  if (owner === null) return;
  throw new CdcError(
    'NAME_COLLISION',
    `Table ${route.id} cannot go to ${name}: names of this kind are ${owner}'s own`,
    { hint: 'Map the table to another name with `to`.', table: route.id },
  );
}

/**
 * What has this name in the one space that tables, views and indexes share; null where nothing has. Triggers have a
 * space of their own.
 */
export function ownerOfName(session: Session, name: string): string | null {
  const row = session.get(
    `SELECT type FROM main.sqlite_schema WHERE name = ? COLLATE NOCASE AND type <> 'trigger'`,
    name,
  );
  return row === undefined ? null : textOf(row[0]);
}

/** For a table of this name that can't be made. */
export function nameTaken(name: string, owner: string): CdcError {
  const what = owner === 'index' ? 'an index' : `a ${owner}`;
  return new CdcError(
    'TARGET_TABLE_MISMATCH',
    `Target table ${name} cannot be made: ${what} has this name already`,
    { hint: 'Map the table to another name with `to`, or rename what stands there.', table: name },
  );
}
