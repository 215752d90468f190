/** Stages the net changes of one table, and the rows that have to be read again. */
import type { Allowance, TableRoute } from '../../../model';
import type { Session } from '../database';
import { readingChosen } from '../rows/filter';
import { keyIdentity } from '../rows/key-identity';
import { writeValue } from '../rows/values';
import { rereadRows } from '../source/reread';
import { copyLine } from '../target/copy-text';
import { copyInto } from '../target/stage-rows';
import { EXPECTED, KIND, stagedKeyColumns, type StagedRows } from '../target/staging';
import { chosenChangesSql, lookingUp } from './chosen-changes';
import type { CopiedColumns } from './copied-columns';
import { AGAIN, hasTouches, netChangesSql, type LoggedPart } from './net-changes';
import { pipeRows } from './pipe';

export interface CopyTask {
  readonly route: TableRoute;
  readonly copied: CopiedColumns;
  /** The TEMP table on the target. */
  readonly table: string;
}

/** What is staged of a table's changes. */
export interface StagedChanges {
  readonly rows: StagedRows;
  /** Keys whose rows have to be read again. */
  readonly again: number;
  /** Touches of keys that came to a deletion. */
  readonly gone: number;
}

/** Copies the net changes of the parts. */
export async function copyChanges(
  reader: Session,
  writer: Session,
  task: CopyTask,
  parts: readonly LoggedPart[],
): Promise<StagedChanges> {
  const { route, copied, table } = task;
  const touches = hasTouches(parts) ? 'touches, ' : '';
  const into = `${table} (lsn, kind, op, ${touches}${columnNames(route)})`;
  const { where } = route;
  const copy = (sql: string): Promise<number> => pipeRows(reader, sql, writer, into, copied.format, route.id);
  if (where === null) await copy(netChangesSql(route, parts));
  else {
    const sql = await chosenChangesSql(reader, route, where, parts);
    await readingChosen(route, () => lookingUp(reader, () => copy(sql)));
  }
  return countStaged(writer, task);
}

async function countStaged(writer: Session, { table }: CopyTask): Promise<StagedChanges> {
  const row = await writer.first(`SELECT count(*), count(*) FILTER (WHERE kind = '${AGAIN}'),
  count(*) FILTER (WHERE kind = '${KIND.delete}'), count(*) FILTER (WHERE kind = '${KIND.upsert}'),
  count(*) FILTER (WHERE kind = '${KIND.upsert}' AND op = '${EXPECTED.present}'),
  count(*) FILTER (WHERE kind = '${KIND.upsert}' AND op = '${EXPECTED.absent}'),
  coalesce(sum(touches) FILTER (WHERE kind = '${KIND.delete}'), 0) FROM ${table}`);
  const [rows = 0, again = 0, deletes = 0, upserts = 0, present = 0, absent = 0, gone = 0] = (row ?? []).map(
    Number,
  );
  const expected = { present, absent, open: upserts - present - absent };
  return {
    rows: { table, rows, placed: false, expected, deletes: deletes > 0, upserts: upserts > 0 },
    again,
    gone,
  };
}

/**
 * Stages the rows of those keys whose last change says no more than that. They have no LSN, which puts them after all
 * others.
 */
export async function stageAgain(
  reader: Session,
  writer: Session,
  task: CopyTask,
  allowance: Allowance | null,
): Promise<StagedChanges> {
  const { route, table } = task;
  const key = stagedKeyColumns({ route });
  const found = await writer.query(
    `DELETE FROM ${table} WHERE kind = '${AGAIN}' RETURNING ${key.join(', ')}, touches`,
  );
  const rows = await rereadRows(
    reader,
    route,
    found.map((row) => row.slice(0, key.length)),
    allowance,
  );
  const keyPlaces = route.columns.map((column) => route.key.indexOf(column));
  const lines = found.map((old, index) => {
    const row = rows.get(keyIdentity(old.slice(0, key.length)));
    const kind = row === undefined ? KIND.delete : KIND.upsert;
    const values =
      row === undefined
        ? keyPlaces.map((place) => (place < 0 ? null : (old[place] ?? null)))
        : row.map((value) => textOf(writeValue(value)));
    return copyLine([String(index), kind, old[key.length] ?? null, ...values]);
  });
  await copyInto(writer, `${table} (ord, kind, touches, ${columnNames(route)})`, lines);
  return countStaged(writer, task);
}

function columnNames(route: TableRoute): string {
  return route.columns.map((_, index) => `c${index}`).join(', ');
}

function textOf(value: ReturnType<typeof writeValue>): string | null {
  return value === null ? null : String(value);
}
