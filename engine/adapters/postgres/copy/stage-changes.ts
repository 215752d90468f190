/** Stages the changes of one table as they were captured, and the rows that have to be read again. */
import type { TableRoute } from '../../../model';
import type { CapturedColumn } from '../capture/registry';
import type { Session } from '../database';
import { keyIdentity } from '../rows/key-identity';
import { writeValue } from '../rows/values';
import { capturedColumns } from '../source/branches';
import { rereadRows } from '../source/reread';
import { changesFrom, newColumn, oldColumn, type Branch, type Span } from '../source/spans';
import { copyLine } from '../target/copy-text';
import { copyInto } from '../target/stage-rows';
import { stagedKeyColumns } from '../target/staging';
import { sameStagedKey } from '../target/write-sql';
import { byKey } from './by-key';
import type { CopiedColumns } from './copied-columns';
import { pipeRows, writeParameters } from './pipe';

/** The kind of a change that says only that its row is to be read again. */
export const AGAIN = 'a';

export interface CopyTask {
  readonly route: TableRoute;
  readonly copied: CopiedColumns;
  /** The TEMP table on the target. */
  readonly table: string;
}

/**
 * Copies the changes of a branch. The place of a change is its LSN, which puts the changes of each key into their order
 * (whoever waits for a row's lock reads a later one), in whatever part they are found. They are sorted by key here, on
 * the server that has less to do, so that the target finds its rows page after page.
 */
export async function copyChanges(
  reader: Session,
  writer: Session,
  { route, copied, table }: CopyTask,
  { branch, span }: { readonly branch: Branch; readonly span: Span },
): Promise<number> {
  const names = route.columns.map((_, index) => `c${index}`).join(', ');
  const valueOf = (column: CapturedColumn): string =>
    column.key > 0 ? `coalesce(${newColumn(column)}, ${oldColumn(column)})` : newColumn(column);
  const values = capturedColumns(branch.generation, route, route.columns).map(valueOf);
  const { from, again, parameters } = changesFrom(branch, span);
  const order = byKey(capturedColumns(branch.generation, route, route.key), valueOf);
  const query = `SELECT lsn, CASE WHEN again OR op = 'r' THEN '${AGAIN}' WHEN op IN ('i', 'u') THEN 'u' ELSE op END, op, at, ${names}
FROM (${from.before}
  SELECT c.lsn, ${again}, CASE c.op WHEN 'update' THEN 'u' WHEN 'insert' THEN 'i' WHEN 'touch' THEN 'r'
    WHEN 'truncate' THEN 't' ELSE 'd' END::"char", c.changed_at, ${values.join(', ')}
  ${from.rows} ${order}) AS r(lsn, again, op, at, ${names})`;
  const into = `${table} (lsn, kind, op, at, ${names})`;
  return pipeRows(reader, writeParameters(query, parameters), writer, into, copied.format);
}

/**
 * Stages once more the rows whose last change says no more than their key. They have no LSN, which puts them after all
 * others.
 */
export async function stageAgain(reader: Session, writer: Session, task: CopyTask): Promise<void> {
  const { route, table } = task;
  const found = await writer.query(
    `SELECT ${stagedKeyColumns({ route }).join(', ')} FROM ${lastRowsOf(task, AGAIN)} AS s WHERE s.kind = '${AGAIN}'`,
  );
  if (found.length === 0) return;
  const rows = await rereadRows(reader, route, found);
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
      return copyLine([String(index), row === undefined ? 'd' : 'u', ...values]);
    }),
  );
}

/** How many of the touches came to a deletion. */
export async function countGone(
  writer: Session,
  { route, copied: { shape }, table }: CopyTask,
): Promise<number> {
  const row = await writer.first(`SELECT count(*) FROM ${table} AS t
JOIN ${lastRows(route, table)} AS n ON ${sameStagedKey({ route, shape }, 't', 'n')} WHERE t.op = 'r' AND n.kind = 'd'`);
  return Number(row?.[0] ?? 0);
}

/** The last staged row of each key; `condition` chooses among keys. */
function lastRows(route: TableRoute, table: string, condition = ''): string {
  const key = stagedKeyColumns({ route }).join(', ');
  return `(SELECT DISTINCT ON (${key}) * FROM ${table} ${condition} ORDER BY ${key}, lsn DESC NULLS FIRST)`;
}

/** The same of those keys only that have a row of a kind: where these are few, little is sorted. */
function lastRowsOf({ route, copied: { shape }, table }: CopyTask, kind: string): string {
  const wanted = `SELECT 1 FROM ${table} AS w WHERE w.kind = '${kind}' AND ${sameStagedKey({ route, shape }, 'w', 'o')}`;
  return lastRows(route, `${table} AS o`, `WHERE EXISTS (${wanted})`);
}

function textOf(value: ReturnType<typeof writeValue>): string | null {
  return value === null ? null : String(value);
}
