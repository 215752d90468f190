/**
 * Shapes of target tables as last looked at. Kept for a round: each claim and each failure looks again, so that a
 * table that its owner alters is noticed without asking for every chunk.
 */
import { CdcError } from '../../../errors';
import { displayName, type RowSet, type TableRoute, type TableSchema } from '../../../model';
import type { Session } from '../database/session';
import { readTables } from '../schema/tables';
import { refuseActions } from './foreign-actions';
import type { Powers } from './preparing';
import { readShape, type TargetShape } from './shape';
import { valueColumns } from './staged-columns';
import type { ShapedSet } from './stage-rows';

export interface Shapes {
  /** Throws TARGET_TABLE_MISMATCH. */
  of(session: Session, route: TableRoute, powers: Powers): Promise<TargetShape>;
  forSet(session: Session, set: RowSet, powers: Powers): Promise<ShapedSet>;
  /** Looks again at the next use. */
  forget(): void;
}

interface Known {
  readonly shape: TargetShape;
  readonly columns: ShapedSet['columns'];
}

export function createShapes(): Shapes {
  const known = new Map<string, Known>();
  const tables = new Map<string, TableSchema>();

  const tableOf = async (session: Session, route: TableRoute): Promise<TableSchema> => {
    const name = displayName(route.target);
    if (!tables.has(name)) {
      for (const [id, { schema }] of await readTables(session)) tables.set(id, schema);
    }
    const table = tables.get(name);
    if (table !== undefined) return table;
    throw new CdcError('TARGET_TABLE_MISMATCH', `Target table ${name} does not exist any more`, {
      table: route.id,
    });
  };
  const knownOf = async (session: Session, route: TableRoute, { replicaRole }: Powers): Promise<Known> => {
    const id = JSON.stringify([route.id, route.target, route.key, route.columns]);
    const before = known.get(id);
    if (before !== undefined) return before;
    if (!replicaRole) await refuseActions(session, route);
    const table = await tableOf(session, route);
    const shape = await readShape(session, route, table);
    const found = { shape, columns: valueColumns(route, shape, table) };
    known.set(id, found);
    return found;
  };
  return {
    of: async (session, route, powers) => (await knownOf(session, route, powers)).shape,
    forSet: async (session, set, powers) => ({ set, ...(await knownOf(session, set.route, powers)) }),
    forget() {
      known.clear();
      tables.clear();
    },
  };
}
