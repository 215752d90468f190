/** Conditions that choose rows: whether the server takes one, and whether it still does. */
import { CdcError, isCdcError } from '../../../errors';
import {
  complaintOf,
  displayName,
  filterFails,
  filterRefused,
  filterSql,
  filterStops,
  unquoted,
} from '../../../model';
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
  const rows = (limit: number): string => `(SELECT * FROM ${qualify(table.name)} LIMIT ${limit}) s`;
  if (!(await tryAsIndex(session, table, where))) {
    await refuseUnstable(session, id, where);
    await ofTheText(id, () => session.query(`SELECT FROM ${rows(0)} WHERE ${where}`));
  }
  const evaluate = `SELECT count(*) FILTER (WHERE ${filterSql(where)})
FROM ${rows(SAMPLE)}`;
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

/** False without the right to make a temporary table. */
async function tryAsIndex(session: Session, table: TableSchema, where: string): Promise<boolean> {
  const id = displayName(table.name);
  let isTried = false;
  try {
    await session.transaction('read committed', async () => {
      try {
        await session.execute(`CREATE TEMP TABLE cdc_row (LIKE ${qualify(table.name)})`);
      } catch (error) {
        if (sqlStateOf(error) === NO_PRIVILEGE) throw new Done();
        throw error;
      }
      isTried = true;
      // With brackets and without them: what closes the one and opens another is no condition by itself.
      for (const condition of [where, filterSql(where)]) {
        await ofTheText(id, () =>
          session.execute(`CREATE INDEX ON pg_temp.cdc_row ((1)) WHERE ${condition}`),
        );
      }
      await refuseForeignTypes(session, id, where);
      throw new Done();
    });
  } catch (error) {
    if (!(error instanceof Done)) throw error;
  }
  return isTried;
}

async function ofTheText(id: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw OF_THE_TEXT.test(sqlStateOf(error) ?? '') ? filterRefused(id, complaintOf(error)) : error;
  }
}

/** Words that stand for functions of the time or of the session. */
const SPECIAL = /\b(current_\w+|localtime(stamp)?|session_user|user)\b/i;

/** By their names: functions of the system that don't always answer the same of the same. */
async function refuseUnstable(session: Session, id: string, where: string): Promise<void> {
  const text = unquoted(where);
  const words = [...text.matchAll(/([\p{L}_][\p{L}\p{N}_]*)\s*\(/gu)].map(([, word = '']) =>
    word.toLowerCase(),
  );
  const row = await session.first(
    `SELECT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY ($1)
GROUP BY proname HAVING bool_and(provolatile <> 'i') ORDER BY proname LIMIT 1`,
    [words],
  );
  const found = row?.[0] ?? SPECIAL.exec(text)?.[0] ?? null;
  if (found !== null) throw filterRefused(id, `${found} does not always answer the same`);
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
