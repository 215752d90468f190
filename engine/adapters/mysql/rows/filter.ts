/** Conditions that choose rows: whether the server takes one, and whether it still does. */
import { CdcError, isCdcError, type ErrorCode } from '../../../errors';
import { complaintOf, filterFails, filterRefused, filterSql, filterStops, unquoted } from '../../../model';
import type { ColumnSchema, TableRoute, TableSchema } from '../../../model';
import { errorNumberOf, qualify, quote, type Session } from '../database';

/** Rows over which a condition is evaluated once. */
const SAMPLE = 100;

/**
 * The expression of a stored column is what is wanted: over the row alone, and the same at any time. So one is made, in
 * a temporary table of the same columns. Throws FILTER_INVALID.
 */
export async function checkFilter(session: Session, table: TableSchema, where: string): Promise<void> {
  const id = table.name.name;
  if (/^(?:[^'"`#]|'[^']*'|"[^"]*"|`[^`]*`)*#/.test(where)) throw filterRefused(id, 'it holds a comment');
  if (await makeScratch(session, table.columns)) {
    try {
      await refusing(id, () =>
        session.execute(`ALTER TABLE ${SCRATCH} ADD COLUMN _cdc_filter INT AS ${filterSql(where)} STORED`),
      );
    } finally {
      if (!session.isLost) await session.execute(`DROP TEMPORARY TABLE ${SCRATCH}`);
    }
  } else {
    const found = UNSTABLE.exec(unquoted(where))?.[0];
    if (found !== undefined) throw filterRefused(id, `${found} does not always answer the same`);
  }
  // Without brackets, too: what closes one and opens another is no condition by itself.
  const rows = (limit: number): string => `(SELECT * FROM ${qualify(table.name)} LIMIT ${limit}) AS s`;
  await refusing(id, () => session.query(`SELECT 1 FROM ${rows(0)} WHERE ${where}`));
  try {
    await session.query(`SELECT COUNT(CASE WHEN ${filterSql(where)} THEN 1 END) FROM ${rows(SAMPLE)}`);
  } catch (error) {
    throw isOfTheText(error) ? filterFails(id, error) : error;
  }
}

/** Functions of the time, of chance, of the session and of the server, and variables. */
const UNSTABLE =
  /@|\b(now|sysdate|cur(date|time)|current_\w+|(local|utc_)\w+|unix_timestamp|s?rand(om_bytes)?|uuid\w*|connection_id|(session_|system_)?user|database|schema|found_rows|row_count|last_insert_id|sleep|benchmark|\w+_lock|version|load_file)\b/i;

const SCRATCH = '_cdc_row';

/** False where it can't be made, mostly for want of a right: then the condition is looked at where it is evaluated. */
async function makeScratch(session: Session, columns: readonly ColumnSchema[]): Promise<boolean> {
  try {
    await session.execute(`CREATE TEMPORARY TABLE ${SCRATCH} (${columnList(columns)})`);
    return true;
  } catch (error) {
    if (errorNumberOf(error) === null || session.isLost) throw error;
    return false;
  }
}

async function refusing(id: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw isOfTheText(error) ? filterRefused(id, complaintOf(error)) : error;
  }
}

/** False for a server that could not answer at all. */
function isOfTheText(error: unknown): boolean {
  return isCdcError(error) && errorNumberOf(error) !== null && OF_THE_TEXT.includes(error.code);
}

/** As what statements fail that the server does not take, names that it does not know, and values. */
const OF_THE_TEXT: readonly ErrorCode[] = ['INTERNAL', 'SCHEMA_MOVED', 'TYPE_MISMATCH'];

function columnList(columns: readonly ColumnSchema[]): string {
  return columns
    .map(({ name, declaredType, collation, type }) => {
      // What a TIMESTAMP is compared to depends on the time zone, which is the same for all sessions of ours.
      const declared = declaredType.replace(/^timestamp/i, 'datetime');
      const compared = collation === null || type.kind === 'json' ? '' : ` COLLATE ${collation}`;
      return `${quote(name)} ${declared}${compared} NULL`;
    })
    .join(', ');
}

/** Throws SOURCE_SCHEMA_CHANGED once the table has lost a column that the condition of its route names. */
export async function requireFilterHolds(session: Session, { id, source, where }: TableRoute): Promise<void> {
  if (where === null) return;
  try {
    await session.query(`SELECT 1 FROM ${qualify(source.name)} AS s WHERE ${filterSql(where)} LIMIT 0`);
  } catch (error) {
    if (errorNumberOf(error) !== UNKNOWN_COLUMN) throw error;
    throw new CdcError(
      'SOURCE_SCHEMA_CHANGED',
      `Table ${id}: a column that its \`where\` names was dropped or renamed`,
      { table: id, cause: error },
    );
  }
}

const UNKNOWN_COLUMN = 1054;

/** Runs `work`, which reads rows by the condition of a route. Throws TYPE_MISMATCH where it has no answer for one. */
export async function readingChosen<T>({ id, where }: TableRoute, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isOurs = where !== null && isCdcError(error, 'TYPE_MISMATCH') && error.table === id;
    throw isOurs ? filterStops(id, error) : error;
  }
}
