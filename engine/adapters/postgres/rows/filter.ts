/** Conditions that choose rows: whether the server takes one, and whether it still does. */
import { CdcError, isCdcError } from '../../../errors';
import { complaintOf, displayName, filterFails, filterRefused, filterSql, filterStops } from '../../../model';
import type { TableRoute, TableSchema } from '../../../model';
import { qualify, sqlStateOf, type Session } from '../database';
import { baseTypeOf } from './equality';

/** Rows over which a condition is evaluated once. */
const SAMPLE = 100;

/** No columns of these names, no such operators or functions, another type than boolean; class 42. */
const OF_NAMES = /^42/;

/** What is wrong with a condition before it meets a row: the same, literals that are none, what no index can do. */
const OF_THE_TEXT = /^(42|22|0A)/;

const NO_PRIVILEGE = '42501';

/**
 * The condition of a partial index is what is wanted: over the row alone, and the same at any time. So one is made, of a
 * temporary table of the same columns, and rolled back. Throws FILTER_INVALID.
 */
export async function checkFilter(session: Session, table: TableSchema, where: string): Promise<void> {
  const id = displayName(table.name);
  await refuseMalformed(session, table, where);
  const evaluate = `SELECT count(*) FILTER (WHERE ${filterSql(where)})
FROM (SELECT * FROM ${qualify(table.name)} LIMIT ${SAMPLE}) s`;
  try {
    await session.query(evaluate);
  } catch (error) {
    const state = sqlStateOf(error);
    if (state === null) throw error;
    // What is wrong with names is found before any row is looked at.
    if (state !== NO_PRIVILEGE && OF_NAMES.test(state)) throw filterRefused(id, complaintOf(error));
    if (state.startsWith('22')) throw filterFails(id, error);
    throw error;
  }
}

/** Thrown to roll back. */
class Done extends Error {}

async function refuseMalformed(session: Session, table: TableSchema, where: string): Promise<void> {
  const id = displayName(table.name);
  try {
    await session.transaction('read committed', async () => {
      try {
        await session.execute(`CREATE TEMP TABLE cdc_row (LIKE ${qualify(table.name)})`);
      } catch (error) {
        // Without the right to make one, the condition is looked at where it is evaluated.
        if (sqlStateOf(error) === NO_PRIVILEGE) throw new Done();
        throw error;
      }
      try {
        // With brackets and without them: what closes the one and opens another is no condition by itself.
        for (const condition of [where, filterSql(where)]) {
          await session.execute(`CREATE INDEX ON pg_temp.cdc_row ((1)) WHERE ${condition}`);
        }
      } catch (error) {
        throw OF_THE_TEXT.test(sqlStateOf(error) ?? '') ? filterRefused(id, complaintOf(error)) : error;
      }
      await refuseForeignTypes(session, id, where);
      throw new Done();
    });
  } catch (error) {
    if (!(error instanceof Done)) throw error;
  }
}

/**
 * Operators of an extension are not found by our sessions, and those of the system may mean something else: `=` of
 * citext would be that of text. So the type that is meant has to be written down.
 */
async function refuseForeignTypes(session: Session, id: string, where: string): Promise<void> {
  const rows = await session.query(
    `SELECT DISTINCT a.attname, format_type(a.atttypid, NULL)
FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
JOIN pg_type t ON t.oid = ${baseTypeOf('a.atttypid')} JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE d.refobjid = 'pg_temp.cdc_row'::regclass AND d.refobjsubid > 0 AND d.classid = 'pg_class'::regclass
  AND n.nspname <> 'pg_catalog' AND t.typtype = 'b'`,
  );
  for (const [column, type] of rows) {
    const name = column ?? '';
    if (isCast(where, name)) continue;
    throw new CdcError(
      'FILTER_INVALID',
      `Table ${id}: \`where\` compares column ${name} of the type ${type ?? ''}, whose own rules are not applied`,
      { hint: `Say which type's rules are meant: ${name}::text, for example.`, table: id, column: name },
    );
  }
}

/** True where each mention of the column goes on with a cast. */
function isCast(where: string, column: string): boolean {
  const name = column.replaceAll(/[\\^$.|?+*()[\]{}]/g, '\\$&');
  const mentions = [...where.matchAll(new RegExp(`"${name}"|(?<![\\w"])${name}(?![\\w"])`, 'gi'))];
  return mentions.every(({ index, 0: text }) => /^\s*::/.test(where.slice(index + text.length)));
}

/** Throws SOURCE_SCHEMA_CHANGED once the table has lost a column that the condition of its route names. */
export async function requireFilterHolds(session: Session, { id, source, where }: TableRoute): Promise<void> {
  if (where === null) return;
  try {
    await session.query(`SELECT FROM ${qualify(source.name)} s WHERE ${filterSql(where)} LIMIT 0`);
  } catch (error) {
    if (!OF_NAMES.test(sqlStateOf(error) ?? '') || sqlStateOf(error) === NO_PRIVILEGE) throw error;
    throw new CdcError(
      'SOURCE_SCHEMA_CHANGED',
      `Table ${id}: a column that its \`where\` names was dropped, renamed or declared anew`,
      { table: id, cause: error },
    );
  }
}

/** Runs `work`, which reads rows by the condition of a route. Throws TYPE_MISMATCH where it has no answer for one. */
export async function readingChosen<T>({ id, where }: TableRoute, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isOurs = where !== null && isCdcError(error, 'TYPE_MISMATCH') && error.table === id;
    throw isOurs ? filterStops(id, error) : error;
  }
}
