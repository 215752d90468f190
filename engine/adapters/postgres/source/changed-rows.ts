/** What was logged of one table, made into changes that can be applied. */
import { CdcError } from '../../../errors';
import type { RowChange, TableCounts, TableRoute, Tuple } from '../../../model';
import type { Session, TextRow } from '../database';
import { keyIdentity } from '../rows/key-identity';
import { readersOf, readTuple } from '../rows/values';
import { rereadRows } from './reread';
import { changesFrom, milliseconds, newColumn, oldColumn, type Logged, type Span } from './spans';
import { capturedColumns } from './branches';

/** One logged change, as far as applying needs it. */
export interface LoggedChange {
  readonly op: string;
  readonly xid: string;
  readonly changedAt: number;
  readonly identity: string;
  /** As the server writes it. */
  readonly key: TextRow;
  /** Values of the route's columns; null unless the row is there after the change. */
  readonly row: Tuple | null;
  /** True when the row itself must be looked at. */
  readonly again: boolean;
}

export interface TableChanges {
  readonly changes: readonly RowChange[];
  /** Captured changes, before what was read again made fewer of them. */
  readonly logged: number;
  readonly counts: TableCounts;
  readonly oldest: number;
  readonly newest: number;
}

/** How many columns come before those of the table: transaction, operation, time, whether to look at the row. */
const META_COLUMNS = 4;

const GONE = ['delete', 'truncated'];
const OPERATIONS = ['insert', 'update', 'delete', 'truncate', 'truncated', 'touch'];

/** All changes that were logged of a branch in a span, in their order. */
export async function readLog(
  session: Session,
  route: TableRoute,
  logged: Logged,
  span: Span,
): Promise<readonly LoggedChange[]> {
  const { generation } = logged.branch;
  const key = capturedColumns(generation, route, route.key);
  const columns = capturedColumns(generation, route, route.columns);
  const { from, again, parameters } = changesFrom(logged, span);
  const values = [
    // A row that was touched may have been logged by its old key or by its new one.
    ...key.map(
      (column) =>
        `CASE WHEN c.op IN ('delete', 'truncated', 'touch') THEN coalesce(${oldColumn(column)}, ${newColumn(column)}) ELSE ${newColumn(column)} END`,
    ),
    ...columns.map(newColumn),
  ];
  const sql = `${from.before}
SELECT c.xid, c.op, ${milliseconds('c.changed_at')}, ${again}, ${values.join(', ')}
${from.rows} ORDER BY c.lsn, c.xid`;
  const rows = await session.query(sql, parameters, { prepared: span.upTo === null, table: route.id });
  const readers = readersOf(route.source, route.columns);
  const start = META_COLUMNS + route.key.length;
  const log = rows.map((row): LoggedChange => {
    const [xid, op, changedAt, mustLook] = row;
    if (op === null || op === undefined || !OPERATIONS.includes(op)) {
      throw new CdcError('INTERNAL', 'A change table holds an operation that nobody logs', {
        table: route.id,
      });
    }
    const key = row.slice(META_COLUMNS, start);
    const isThere = op === 'insert' || op === 'update';
    return {
      op,
      xid: xid ?? '',
      changedAt: Number(changedAt),
      identity: keyIdentity(key),
      key,
      row: isThere ? readTuple(row, readers, start) : null,
      again: op === 'touch' || mustLook === 't',
    };
  });
  return markRepeated(log);
}

/**
 * A row that one statement of a client changed twice was changed from inside of functions, and the inner change, made
 * later, can be logged first. A procedure that changes a row twice looks the same; reading its row again does no harm.
 */
function markRepeated(log: readonly LoggedChange[]): readonly LoggedChange[] {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  const nameOf = ({ xid, changedAt, identity }: LoggedChange): string => `${xid} ${changedAt} ${identity}`;
  for (const change of log) {
    if (change.op === 'truncate') continue;
    const name = nameOf(change);
    if (seen.has(name)) repeated.add(name);
    seen.add(name);
  }
  if (repeated.size === 0) return log;
  return log.map((change) => (repeated.has(nameOf(change)) ? { ...change, again: true } : change));
}

/** Null when nothing was logged. */
export async function resolveLog(
  session: Session,
  route: TableRoute,
  log: readonly LoggedChange[],
): Promise<TableChanges | null> {
  const [first] = log;
  if (first === undefined) return null;
  const last = new Map(log.map((change, index) => [change.identity, index]));
  const again = log.filter((change, index) => change.again && last.get(change.identity) === index);
  const rows = await rereadRows(
    session,
    route,
    again.map((change) => change.key),
  );
  const outcome = new Map<string, 'upsert' | 'delete'>();
  const changes = log.flatMap((change, index): readonly RowChange[] => {
    if (change.op === 'truncate') return [];
    const isLast = last.get(change.identity) === index;
    if (change.again && !isLast) return [];
    const row = change.again ? (rows.get(change.identity) ?? null) : change.row;
    const resolved = rowChange(route, change, row);
    if (isLast) outcome.set(change.identity, resolved.kind);
    return [resolved];
  });
  const counts = { inserted: 0, updated: 0, deleted: 0 };
  let [oldest, newest] = [first.changedAt, first.changedAt];
  for (const { op, identity, changedAt } of log) {
    oldest = Math.min(oldest, changedAt);
    newest = Math.max(newest, changedAt);
    if (op === 'truncate') continue;
    // A touch counts as what came of its key.
    const isGone = GONE.includes(op) || (op === 'touch' && outcome.get(identity) === 'delete');
    counts[op === 'insert' ? 'inserted' : isGone ? 'deleted' : 'updated'] += 1;
  }
  return { changes, logged: log.length, counts: { table: route.id, ...counts }, oldest, newest };
}

function rowChange(route: TableRoute, { op, identity, key }: LoggedChange, row: Tuple | null): RowChange {
  if (row !== null) return { kind: 'upsert', identity, op: op === 'insert' ? 'insert' : 'update', row };
  return { kind: 'delete', identity, key: readTuple(key, readersOf(route.source, route.key)) };
}
