/** Whether tables have the columns that are read of them: SQLite calls all that is wrong with a statement by one code. */
import { CdcError } from '../../../errors';
import type { TableRoute } from '../../../model';
import type { Session } from '../database/session';
import { textOf } from '../database/values';
import { holdsFilter } from '../rows/filter';
import { declaredBy } from '../schema/columns';
import { readSource } from '../source/transaction';

/** Within the transaction that reads. Throws SCHEMA_MOVED where the table or one of the columns is gone. */
export function requireColumns(session: Session, { id, source }: TableRoute, names: readonly string[]): void {
  const there = new Set(columnsOf(session, source.name.name).map(([name]) => name));
  if (!names.every((name) => there.has(name))) throw moved(id);
}

/** The same where it has other columns than the route says. */
export function requireSameColumns(session: Session, { id, source }: TableRoute): void {
  const known = source.columns.map(({ name, declaredType }) => [name, declaredType]);
  if (JSON.stringify(columnsOf(session, source.name.name)) !== JSON.stringify(known)) throw moved(id);
}

/** Throws SCHEMA_MOVED, SOURCE_SCHEMA_CHANGED. */
export function checkRoutes(session: Session, routes: readonly TableRoute[]): void {
  readSource(session, () => {
    for (const route of routes) {
      requireSameColumns(session, route);
      if (holdsFilter(session, route)) continue;
      throw new CdcError(
        'SOURCE_SCHEMA_CHANGED',
        `Table ${route.id}: a column that its \`where\` names was dropped or renamed`,
        { table: route.id },
      );
    }
  });
}

function columnsOf(session: Session, table: string): readonly (readonly [name: string, declared: string])[] {
  return session
    .all(`SELECT name, type FROM pragma_table_xinfo(?, 'main') WHERE hidden <> 1 ORDER BY cid`, table)
    .map(([name, type]) => [textOf(name), declaredBy(textOf(type))] as const);
}

function moved(id: string): CdcError {
  return new CdcError('SCHEMA_MOVED', `Table ${id} has other columns than a moment ago`, { table: id });
}
