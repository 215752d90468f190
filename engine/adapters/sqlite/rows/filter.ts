/** Conditions that choose rows: whether SQLite takes one, and whether it still does. */
import Database from 'better-sqlite3';
import { complaintOf, filterFails, filterRefused, filterSql, filterStops } from '../../../model';
import type { TableRoute, TableSchema } from '../../../model';
import { quote } from '../database/identifiers';
import type { Session } from '../database/session';
import { isOwnCollation } from '../schema/collations';

/** Rows over which a condition is evaluated once. */
const SAMPLE = 100;

/**
 * The condition of a partial index is what is wanted: over the row alone, and the same at any time. So one is made, of
 * the same columns in a database of nobody's. Throws FILTER_INVALID.
 */
export function checkFilter(session: Session, table: TableSchema, where: string): void {
  const { name } = table.name;
  refuseMalformed(table, where);
  try {
    session.db
      .prepare(
        `SELECT count(CASE WHEN ${filterSql(where)} THEN 1 END) FROM (SELECT * FROM main.${quote(name)} LIMIT ${SAMPLE})`,
      )
      .get();
  } catch (error) {
    throw filterFails(name, error);
  }
}

function refuseMalformed(table: TableSchema, where: string): void {
  const scratch = new Database(':memory:');
  try {
    // No rowid, which is no column of a row that is replicated.
    scratch.exec(`CREATE TABLE _cdc_row (_cdc_key PRIMARY KEY, ${columnList(table)}) WITHOUT ROWID;
INSERT INTO _cdc_row (_cdc_key) VALUES (1)`);
    // With brackets and without them: what closes the one and opens another is no condition by itself.
    for (const condition of [where, filterSql(where)]) {
      scratch.exec(`CREATE INDEX _cdc_filter ON _cdc_row (_cdc_key) WHERE ${condition}`);
      scratch.exec('DROP INDEX _cdc_filter');
    }
  } catch (error) {
    throw filterRefused(table.name.name, complaintOf(error));
  } finally {
    scratch.close();
  }
}

function columnList({ columns }: TableSchema): string {
  return columns
    .map(({ name, declaredType, collation }) =>
      [
        quote(name),
        declaredType,
        collation !== null && isOwnCollation(collation) ? `COLLATE ${quote(collation)}` : '',
      ]
        .filter((part) => part !== '')
        .join(' '),
    )
    .join(', ');
}

/** False once the table has lost a column that the condition of its route names. */
export function holdsFilter(session: Session, { source, where }: TableRoute): boolean {
  if (where === null) return true;
  try {
    session.db.prepare(`SELECT 1 FROM main.${quote(source.name.name)} WHERE ${filterSql(where)}`);
    return true;
  } catch {
    return false;
  }
}

/** Runs `work`, which reads rows by the condition of a route. Throws TYPE_MISMATCH where it has no answer for one. */
export function readingChosen<T>({ id, where }: TableRoute, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const isOurs = where !== null && error instanceof Database.SqliteError && error.code === 'SQLITE_ERROR';
    throw isOurs ? filterStops(id, error) : error;
  }
}
