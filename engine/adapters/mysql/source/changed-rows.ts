/** What was logged of one table, made into changes that can be applied. */
import type { Allowance, RowChange, TableCounts, TableRoute, Tuple } from '../../../model';
import type { Session } from '../database';
import { toMilliseconds, type LoggedChange } from './log';
import type { TableLog } from './window';
import { rereadRows } from './reread';

export interface TableChanges {
  readonly changes: readonly RowChange[];
  /** Captured changes, before what was read again made fewer of them. */
  readonly logged: number;
  readonly counts: TableCounts;
  /** Milliseconds since 1970, as `newest`. */
  readonly oldest: number;
  readonly newest: number;
}

/** Null when nothing was logged. `logged`: rows of the change table, of which each is one change. */
export async function resolveLog(
  session: Session,
  route: TableRoute,
  { changes: log, logged }: Omit<TableLog, 'route'>,
  allowance: Allowance | null,
): Promise<TableChanges | null> {
  const [first] = log;
  if (first === undefined) return null;
  // Which change of a key is the last one matters only where rows are read again; most logs are applied as they are.
  const last = log.some((change) => change.again)
    ? new Map(log.map((change) => [change.identity, change]))
    : null;
  const again = log.filter((change) => change.again && last?.get(change.identity) === change);
  const rows = await rereadRows(
    session,
    route,
    again.map(({ key }) => key),
    allowance,
  );
  const counts = { inserted: 0, updated: 0, deleted: 0 };
  let [oldest, newest] = [first.changedAt, first.changedAt];
  const changes: RowChange[] = [];
  for (const change of log) {
    if (change.changedAt < oldest) oldest = change.changedAt;
    if (change.changedAt > newest) newest = change.changedAt;
    const resolved = rowChange(change, change.again ? (rows.get(change.identity) ?? null) : change.row);
    // A touch counts as what came of its key.
    const op = change.op !== 'touch' ? change.op : resolved.kind === 'delete' ? 'delete' : 'update';
    counts[op === 'insert' ? 'inserted' : op === 'delete' ? 'deleted' : 'updated'] += 1;
    if (!change.again || last?.get(change.identity) === change) changes.push(resolved);
  }
  return {
    changes,
    logged,
    counts: { table: route.id, ...counts },
    oldest: toMilliseconds(oldest),
    newest: toMilliseconds(newest),
  };
}

function rowChange({ op, identity, key }: LoggedChange, row: Tuple | null): RowChange {
  if (row !== null) return { kind: 'upsert', identity, op: op === 'insert' ? 'insert' : 'update', row };
  return { kind: 'delete', identity, key };
}
