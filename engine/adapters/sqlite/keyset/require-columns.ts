/** SQLite calls what is wrong with a statement by one code: that a name is gone is found out beforehand. */
import { CdcError } from '../../../errors';
import type { TableRoute } from '../../../model';
import type { Session } from '../database/session';

/** Within the transaction that reads. Throws SCHEMA_MOVED where the table or one of the columns is gone. */
export function requireColumns(session: Session, { id, source }: TableRoute, names: readonly string[]): void {
  const found = session.all(`SELECT name FROM pragma_table_xinfo(?, 'main')`, source.name.name);
  const there = new Set(found.map(([name]) => name));
  if (names.every((name) => there.has(name))) return;
  throw new CdcError('SCHEMA_MOVED', `Table ${id} has other columns than a moment ago`, { table: id });
}
