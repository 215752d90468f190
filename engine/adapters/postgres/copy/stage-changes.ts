/** Stages the changes of one table as they were captured, and finds out what they come to. */
import type { TableCounts, TableRoute } from '../../../model';
import type { Session } from '../database';
import { keyIdentity } from '../rows/key-identity';
import { writeValue } from '../rows/values';
import { capturedColumns } from '../source/branches';
import { rereadRows } from '../source/reread';
import { changesSql, newColumn, oldColumn, type Branch, type Span } from '../source/spans';
import { copyLine } from '../target/copy-text';
import { copyInto } from '../target/stage-rows';
import { stagedKeyColumns, type StagedRows } from '../target/staging';
import { lastRows, lastRowsOf, sameStagedKey } from '../target/write-sql';
import type { CopiedColumns } from './copied-columns';
import { pipeRows, writeParameters } from './pipe';

/** A change that says only that its row is to be read again. */
const AGAIN = 'a';

export interface CopyTask {
  readonly route: TableRoute;
  readonly copied: CopiedColumns;
  /** The TEMP table on the target. */
  readonly table: string;
}

/**
 * Copies the changes of a branch. Nobody sorts them here: the place of a change is its LSN, which puts the changes of
 * each key into their order (whoever waits for a row's lock reads a later one), in whatever part they are found.
 */
export async function copyChanges(
  reader: Session,
  writer: Session,
  { route, copied, table }: CopyTask,
  { branch, span }: { readonly branch: Branch; readonly span: Span },
): Promise<number> {
  const names = route.columns.map((_, index) => `c${index}`).join(', ');
  const values = capturedColumns(branch.generation, route, route.columns).map((column) =>
    column.key > 0 ? `coalesce(${newColumn(column)}, ${oldColumn(column)})` : newColumn(column),
  );
  const { sql, parameters } = changesSql(branch, span, ['c.changed_at', ...values], '');
  const query = `SELECT (r.lsn - '0/0')::int8,
  (CASE WHEN r.again OR r.op = 'touch' THEN '${AGAIN}' WHEN r.op IN ('insert', 'update') THEN 'u'
    WHEN r.op IN ('delete', 'truncated') THEN 'd' ELSE 't' END)::"char",
  (CASE r.op WHEN 'insert' THEN 'i' WHEN 'update' THEN 'u' WHEN 'truncate' THEN 't' WHEN 'touch' THEN 'r'
    ELSE 'd' END)::"char",
  r.at, ${names}
FROM (${writeParameters(sql, parameters)}) AS r(lsn, xid, op, ms, again, at, ${names})`;
  return pipeRows(reader, query, writer, `${table} (ord, kind, op, at, ${names})`, copied.format);
}

export interface LoggedChanges {
  readonly changes: number;
  readonly counts: TableCounts;
  readonly oldest: number;
  readonly newest: number;
  /** Keys that were logged by `touch`; they count as what comes of them. */
  readonly touches: number;
  readonly deletes: boolean;
  readonly upserts: boolean;
  /** True when rows have to be read again. */
  readonly again: boolean;
}

/** What was logged; null when nothing was. */
export async function summarizeLog(
  writer: Session,
  { route, copied: { shape }, table }: CopyTask,
): Promise<LoggedChanges | null> {
  const key = stagedKeyColumns({ route }).join(', ');
  // A row that one statement changed twice was changed from inside of functions: see the source's `markRepeated`.
  const repeated = `SELECT ${key}, at FROM ${table} WHERE op <> 't' GROUP BY ${key}, at HAVING count(*) > 1`;
  const summary = `SELECT count(*), count(*) FILTER (WHERE op = 'i'), count(*) FILTER (WHERE op = 'u'),
  count(*) FILTER (WHERE op = 'd'), count(*) FILTER (WHERE op = 'r'),
  floor(extract(epoch FROM min(at)) * 1000)::int8, floor(extract(epoch FROM max(at)) * 1000)::int8,
  count(*) FILTER (WHERE kind = 'd'), count(*) FILTER (WHERE kind = 'u'),
  count(*) FILTER (WHERE kind = '${AGAIN}'), EXISTS (${repeated})
FROM ${table}`;
  let row = await writer.first(summary);
  if (row?.at(-1) === 't') {
    await writer.execute(`UPDATE ${table} AS s SET kind = '${AGAIN}' FROM (${repeated}) AS r
WHERE ${sameStagedKey({ route, shape }, 's', 'r')} AND s.at = r.at`);
    row = await writer.first(summary);
  }
  const [changes, inserted, updated, deleted, touches, oldest, newest, deletes, upserts, again] = (
    row ?? []
  ).map(Number);
  if (changes === undefined || changes === 0) return null;
  return {
    changes,
    counts: {
      table: route.id,
      inserted: inserted ?? 0,
      updated: updated ?? 0,
      deleted: deleted ?? 0,
    },
    oldest: oldest ?? 0,
    newest: newest ?? 0,
    touches: touches ?? 0,
    deletes: deletes !== 0,
    upserts: upserts !== 0,
    again: again !== 0,
  };
}

/** Stages once more, after all others, the rows whose last change says no more than their key. */
export async function stageAgain(reader: Session, writer: Session, task: CopyTask): Promise<void> {
  const { route, copied, table } = task;
  const { shape } = copied;
  const found = await writer.query(
    `SELECT ${stagedKeyColumns({ route }).join(', ')} FROM ${lastRowsOf({ route, shape }, table, AGAIN)} AS s
WHERE s.kind = '${AGAIN}'`,
  );
  if (found.length === 0) return;
  const rows = await rereadRows(reader, route, found);
  const last = await writer.first(`SELECT max(ord) FROM ${table}`);
  const first = Number(last?.[0] ?? 0) + 1;
  const keyPlaces = route.columns.map((column) => route.key.indexOf(column));
  await copyInto(
    writer,
    `${table} (ord, kind, ${route.columns.map((_, index) => `c${index}`).join(', ')})`,
    found.map((key, index) => {
      const row = rows.get(keyIdentity(key));
      const values =
        row === undefined
          ? keyPlaces.map((place) => (place < 0 ? null : (key[place] ?? null)))
          : row.map((value) => textOf(writeValue(value)));
      return copyLine([String(first + index), row === undefined ? 'd' : 'u', ...values]);
    }),
  );
}

/** How many of the touches came to a deletion. */
export async function countGone(
  writer: Session,
  { route, copied: { shape }, table }: CopyTask,
): Promise<number> {
  const row = await writer.first(`SELECT count(*) FROM ${table} AS t
JOIN ${lastRows({ route }, table)} AS n ON ${sameStagedKey({ route, shape }, 't', 'n')} WHERE t.op = 'r' AND n.kind = 'd'`);
  return Number(row?.[0] ?? 0);
}

export function stagedRowsOf(table: string, logged: LoggedChanges): StagedRows {
  const { changes, deletes, upserts, again } = logged;
  return { table, rows: changes, repeats: changes > 1, deletes: deletes || again, upserts: upserts || again };
}

function textOf(value: ReturnType<typeof writeValue>): string | null {
  return value === null ? null : String(value);
}
