/** What staged changes of one table come to: read once, in one pass by key. */
import type { TableCounts } from '../../../model';
import type { Session, TextRow } from '../database';
import { EXPECTED, stagedKeyColumns, type StagedRows } from '../target/staging';
import { sameStagedKey } from '../target/write-sql';
import { AGAIN, type CopyTask } from './stage-changes';

export interface LoggedChanges {
  readonly changes: number;
  readonly counts: TableCounts;
  readonly oldest: number;
  readonly newest: number;
  /** Keys that were logged by `touch`; they count as what comes of them. */
  readonly touches: number;
  /** True when rows have to be read again. */
  readonly again: boolean;
}

/** What is left of staged changes when each key keeps its last, by the places of rows in the TEMP table. */
interface NetPlan {
  /** Rows that were followed by others of their keys. */
  readonly outdated: string | null;
  /** Last rows of keys that were inserted in this chunk first. */
  readonly inserted: string | null;
  /** Last rows, inserted again after a deletion. */
  readonly kept: string | null;
  readonly deletes: number;
  readonly present: number;
  readonly absent: number;
  readonly upserts: number;
}

export interface StagedLog {
  readonly logged: LoggedChanges;
  readonly net: NetPlan;
}

/** Null when nothing was logged. */
export async function readLog(writer: Session, task: CopyTask): Promise<StagedLog | null> {
  const {
    route,
    copied: { shape },
    table,
  } = task;
  const sql = logSql(task);
  let row = await writer.first(sql);
  if (row?.[10] === 't') {
    // A row that one statement changed twice was changed from inside of functions: see the source's `markRepeated`.
    const key = stagedKeyColumns(task).join(', ');
    await writer.execute(`UPDATE ${table} AS s SET kind = '${AGAIN}'
FROM (SELECT ${key}, at FROM ${table} WHERE op <> 't' GROUP BY ${key}, at HAVING count(*) > 1) AS r
WHERE ${sameStagedKey({ route, shape }, 's', 'r')} AND s.at = r.at`);
    row = await writer.first(sql);
  }
  return row === undefined || Number(row[0]) === 0
    ? null
    : { logged: loggedOf(route.id, row), net: netOf(row) };
}

/** The order of the columns is that of `loggedOf` and `netOf`. */
function logSql({ route, table }: CopyTask): string {
  const key = stagedKeyColumns({ route }).join(', ');
  const written = `op IN ('${EXPECTED.present}', '${EXPECTED.absent}')`;
  const wasAbsent = `first_op = '${EXPECTED.absent}'`;
  return `SELECT count(*), count(*) FILTER (WHERE op = 'i'), count(*) FILTER (WHERE op = 'u'),
  count(*) FILTER (WHERE op = 'd'), count(*) FILTER (WHERE op = 'r'),
  floor(extract(epoch FROM min(at)) * 1000)::int8, floor(extract(epoch FROM max(at)) * 1000)::int8,
  array_agg(place) FILTER (WHERE later IS NOT NULL),
  array_agg(place) FILTER (WHERE later IS NULL AND op = '${EXPECTED.present}' AND ${wasAbsent}),
  array_agg(place) FILTER (WHERE later IS NULL AND op = '${EXPECTED.absent}' AND NOT ${wasAbsent}),
  coalesce(bool_or(op <> 't' AND later_at = at), false),
  count(*) FILTER (WHERE kind = '${AGAIN}'),
  count(*) FILTER (WHERE later IS NULL AND kind = 'd'),
  count(*) FILTER (WHERE later IS NULL AND kind = 'u' AND ${written} AND NOT ${wasAbsent}),
  count(*) FILTER (WHERE later IS NULL AND kind = 'u' AND ${written} AND ${wasAbsent}),
  count(*) FILTER (WHERE later IS NULL AND kind = 'u')
FROM (SELECT ctid AS place, kind, op, at, lead(ctid) OVER own AS later, lead(at) OVER own AS later_at,
    first_value(op) OVER own AS first_op
  FROM ${table} WINDOW own AS (PARTITION BY ${key} ORDER BY lsn)) AS log`;
}

function loggedOf(table: string, row: TextRow): LoggedChanges {
  const [changes, inserted, updated, deleted, touches, oldest, newest] = row.map(Number);
  return {
    changes: changes ?? 0,
    counts: { table, inserted: inserted ?? 0, updated: updated ?? 0, deleted: deleted ?? 0 },
    oldest: oldest ?? 0,
    newest: newest ?? 0,
    touches: touches ?? 0,
    again: Number(row[11]) > 0,
  };
}

function netOf(row: TextRow): NetPlan {
  return {
    outdated: row[7] ?? null,
    inserted: row[8] ?? null,
    kept: row[9] ?? null,
    deletes: Number(row[12]),
    present: Number(row[13]),
    absent: Number(row[14]),
    upserts: Number(row[15]),
  };
}

/**
 * Leaves the last row of each key, and notes in `op` what the target holds under it: that is known, since all that was
 * changed before has been applied.
 */
export async function netLog(
  writer: Session,
  { table }: CopyTask,
  { logged, net }: StagedLog,
): Promise<StagedRows> {
  const { outdated, inserted, kept, deletes, present, absent, upserts } = net;
  if (outdated !== null) await writer.query(`DELETE FROM ${table} WHERE ctid = ANY ($1::tid[])`, [outdated]);
  for (const [places, op] of [
    [inserted, EXPECTED.absent],
    [kept, EXPECTED.present],
  ] as const) {
    if (places === null) continue;
    await writer.query(`UPDATE ${table} SET op = '${op}' WHERE ctid = ANY ($1::tid[])`, [places]);
  }
  return {
    table,
    rows: logged.changes,
    placed: false,
    expected: { present, absent, open: upserts - present - absent },
    deletes: deletes > 0,
    upserts: upserts > 0,
  };
}
