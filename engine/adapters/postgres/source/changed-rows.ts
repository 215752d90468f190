/** What was logged of one table, made into changes that can be applied. */
import { CdcError } from '../../../errors';
import type { Allowance, RowChange, TableCounts, TableRoute, Tuple } from '../../../model';
import type { Session, TextRow } from '../database';
import { keyIdentity } from '../rows/key-identity';
import { readersOf, readTuple, type ValueReader } from '../rows/values';
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

const GONE = new Set(['delete', 'truncated']);
const OPERATIONS = new Set(['insert', 'update', 'delete', 'truncate', 'truncated', 'touch']);

/** All changes that were logged of a branch in a span, in their order. */
export async function readLog(
  session: Session,
  route: TableRoute,
  {
    logged,
    span,
    allowance,
  }: { readonly logged: Logged; readonly span: Span; readonly allowance: Allowance | null },
): Promise<readonly LoggedChange[]> {
  const { generation } = logged.branch;
  const key = capturedColumns(generation, route, route.key);
  const columns = capturedColumns(generation, route, route.columns);
  const { from, again, parameters } = changesFrom(logged, span, route.where !== null);
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
  const rows = await session.query(sql, parameters, {
    prepared: span.upTo === null,
    table: route.id,
    allowance,
  });
  const readers = readersOf(route.source, route.columns);
  const start = META_COLUMNS + route.key.length;
  const log: LoggedChange[] = [];
  const last = new Map<string, MutableChange>();
  for (const row of rows) {
    const [xid, op, changedAt, mustLook] = row;
    if (op === null || op === undefined || !OPERATIONS.has(op)) {
      throw new CdcError('INTERNAL', 'A change table holds an operation that nobody logs', {
        table: route.id,
      });
    }
    const key = row.slice(META_COLUMNS, start);
    const isThere = op === 'insert' || op === 'update';
    const change: MutableChange = {
      op,
      xid: xid ?? '',
      changedAt: Number(changedAt),
      identity: keyIdentity(key),
      key,
      row: isThere ? readTuple(row, readers, start) : null,
      again: op === 'touch' || mustLook === 't',
      before: null,
    };
    log.push(change);
    if (op !== 'truncate') markRepeated(change, last);
  }
  return log;
}

interface MutableChange extends LoggedChange {
  again: boolean;
  /** Of the same key. */
  before: MutableChange | null;
}

/**
 * A row that one statement of a client changed twice was changed from inside of functions, and the inner change, made
 * later, can be logged first. A procedure that changes a row twice looks the same; reading its row again does no harm.
 * `last`: of each key so far. The changes that a transaction made to a key stand together.
 */
function markRepeated(change: MutableChange, last: Map<string, MutableChange>): void {
  change.before = last.get(change.identity) ?? null;
  last.set(change.identity, change);
  for (let other = change.before; other !== null && other.xid === change.xid; other = other.before) {
    if (other.changedAt !== change.changedAt) continue;
    change.again = true;
    other.again = true;
    // What stands before it was marked with it.
    return;
  }
}

/** Null when nothing was logged. */
export async function resolveLog(
  session: Session,
  route: TableRoute,
  log: readonly LoggedChange[],
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
    again.map((change) => change.key),
    allowance,
  );
  /** Keys of which nothing is left, where something is read again; touches are counted by it. */
  const gone = new Set<string>();
  const keyReaders = readersOf(route.source, route.key);
  const changes: RowChange[] = [];
  for (const change of log) {
    if (change.op === 'truncate') continue;
    const isLast = last?.get(change.identity) === change;
    if (change.again && !isLast) continue;
    const row = change.again ? (rows.get(change.identity) ?? null) : change.row;
    const resolved = rowChange(change, row, keyReaders);
    if (isLast && resolved.kind === 'delete') gone.add(change.identity);
    changes.push(resolved);
  }
  const counts = { inserted: 0, updated: 0, deleted: 0 };
  let [oldest, newest] = [first.changedAt, first.changedAt];
  for (const { op, identity, changedAt } of log) {
    oldest = Math.min(oldest, changedAt);
    newest = Math.max(newest, changedAt);
    if (op === 'truncate') continue;
    // A touch counts as what came of its key.
    const isGone = GONE.has(op) || (op === 'touch' && gone.has(identity));
    counts[op === 'insert' ? 'inserted' : isGone ? 'deleted' : 'updated'] += 1;
  }
  return { changes, logged: log.length, counts: { table: route.id, ...counts }, oldest, newest };
}

function rowChange(
  { op, identity, key }: LoggedChange,
  row: Tuple | null,
  keyReaders: readonly ValueReader[],
): RowChange {
  if (row !== null) return { kind: 'upsert', identity, op: op === 'insert' ? 'insert' : 'update', row };
  return { kind: 'delete', identity, key: readTuple(key, keyReaders) };
}
