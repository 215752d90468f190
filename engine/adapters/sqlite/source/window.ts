/**
 * Reads a chunk by rows: the changes of a window with what must be read again, and snapshot ranges, all in one
 * read transaction, which is over before anybody works on the rows.
 */
import { CdcError } from '../../../errors';
import { allowanceOf, andFilter, shareOut } from '../../../model';
import type {
  Allowance,
  ChunkRequest,
  RangeRead,
  RangeToRead,
  RowChange,
  RowChunk,
  TableCounts,
  TableRoute,
  Tuple,
} from '../../../model';
import {
  markOf,
  nothingRead,
  positionAfter,
  reachOf,
  readChangeTables,
  readSchemaToken,
  toMilliseconds,
  type ReachedTable,
} from '../capture/captured';
import { readHead } from '../capture/counter';
import { selectExact, type ExactRow } from '../rows/exact-rows';
import { quote } from '../database/identifiers';
import { bindCursorValue } from '../rows/cursor';
import { keyIdentity } from '../rows/key-identity';
import { keyValues } from '../rows/key-values';
import { readingChosen } from '../rows/filter';
import { selectRange } from '../rows/key-range';
import { decodePosition, encodePosition } from '../capture/position';
import { comparableRow, cursorOf } from '../rows/scan';
import type { Session } from '../database/session';
import { readSource } from './transaction';
import { numberOf, textOf } from '../database/values';

/**
 * Text that is not valid in its encoding comes as `comparableText`, which only SQLite can store. Throws SCHEMA_MOVED,
 * SOURCE_WENT_BACK, CAPTURE_MISSING, POSITION_INVALID.
 */
export function readChunk(session: Session, request: ChunkRequest): RowChunk {
  return readSource(session, () => {
    if (readSchemaToken(session, 'main') !== request.schemaToken) {
      throw new CdcError('SCHEMA_MOVED', `The schema of ${session.file.name} has changed`);
    }
    const from = decodePosition(request.from);
    const head = readHead(session);
    const changeTables = readChangeTables(session, 'main');
    const reach = reachOf(session, changeTables, request, head.id);
    if (reach === null) return { ...nothingRead(request.from), tables: [], ranges: [] };
    const { tables, to, more } = reach;
    const allowance = allowanceOf(request.bytes);
    const read = tables.flatMap(
      (table) => readingChosen(table.route, () => readTable(session, table, allowance)) ?? [],
    );
    const ranges: RangeRead[] = [];
    const routes = tables.map(({ route }) => route);
    for (const { range, took } of shareOut(more ? null : request.snapshot, routes)) {
      const found = readRange(session, range, allowance);
      took(found.snapshot);
      ranges.push(found);
    }
    return {
      to: encodePosition(
        positionAfter(markOf(session, changeTables, to, [from, head]), from, more, request.schemaToken),
      ),
      more,
      changes: read.reduce((sum, table) => sum + table.logged, 0),
      counts: read.map((table) => table.counts),
      oldestChangedAt:
        read.length === 0 ? null : toMilliseconds(Math.min(...read.map((table) => table.oldest))),
      newestChangedAt:
        read.length === 0 ? null : toMilliseconds(Math.max(...read.map((table) => table.newest))),
      snapshot: ranges.map(({ snapshot }) => snapshot),
      tables: read.map((table) => ({ table: table.route.id, changes: table.changes })),
      ranges: ranges.map(({ range }) => range),
    };
  });
}

interface ReadTable {
  readonly route: TableRoute;
  readonly changes: readonly RowChange[];
  /** Captured changes, before what was read again made fewer of them. */
  readonly logged: number;
  readonly counts: TableCounts;
  readonly oldest: number;
  readonly newest: number;
}

/** One logged change, as far as applying needs it. */
interface LoggedChange {
  readonly op: string;
  readonly changedAt: number;
  readonly identity: string;
  readonly key: Tuple;
  /** Null unless the row is there after the change. */
  readonly row: Tuple | null;
}

const META = 3;

/** Null when the table has no changes in the span. */
function readTable(
  session: Session,
  { route, changes: changeTable, span }: ReachedTable,
  allowance: Allowance | null,
): ReadTable | null {
  const columns = [
    'id',
    'op',
    'changed_at',
    ...route.key.map((name) => quote(`old_${name}`)),
    ...route.columns.map((name) => quote(`new_${name}`)),
  ];
  const found = selectExact(
    session,
    columns,
    `FROM ${changeTable} WHERE id > ? AND id <= ? ORDER BY id`,
    [BigInt(span.from), BigInt(span.to)],
    allowance,
  );
  if (found.length === 0) return null;
  const places = route.key.map((name) => META + route.key.length + route.columns.indexOf(name));
  const log = found.map((exact) => loggedChange(route, exact, places));
  const last = new Map(log.map((change, index) => [change.identity, index]));
  const outcome = new Map<string, 'upsert' | 'delete'>();
  const changes = log.flatMap((change, index): readonly RowChange[] => {
    const isLast = last.get(change.identity) === index;
    const again = route.source.reread || change.op === 'touch';
    if (again && !isLast) return [];
    const resolved = again ? readAgain(session, route, change, allowance) : [takeLogged(change)];
    if (isLast) outcome.set(change.identity, resolved.at(-1)?.kind ?? 'delete');
    return resolved;
  });
  const times = log.map((change) => change.changedAt);
  return {
    route,
    changes,
    logged: log.length,
    counts: countChanges(route, log, outcome),
    oldest: times.reduce((one, other) => Math.min(one, other)),
    newest: times.reduce((one, other) => Math.max(one, other)),
  };
}

function loggedChange(route: TableRoute, exact: ExactRow, places: readonly number[]): LoggedChange {
  const row = comparableRow(exact);
  const op = textOf(row[1]);
  const isGone = op === 'delete' || op === 'touch';
  const key = isGone ? row.slice(META, META + route.key.length) : places.map((place) => row[place] ?? null);
  return {
    op,
    changedAt: numberOf(row[2]),
    identity: keyIdentity(key),
    key,
    row: isGone ? null : row.slice(META + route.key.length),
  };
}

function takeLogged({ op, identity, key, row }: LoggedChange): RowChange {
  if (row === null) return { kind: 'delete', identity, key };
  return { kind: 'upsert', identity, op: op === 'insert' ? 'insert' : 'update', row };
}

/**
 * The row as it is now in place of what was logged. A row that is found under another spelling of its key is no
 * longer there under this one.
 */
function readAgain(
  session: Session,
  route: TableRoute,
  change: LoggedChange,
  allowance: Allowance | null,
): readonly RowChange[] {
  const gone: RowChange = { kind: 'delete', identity: change.identity, key: change.key };
  const parts = keyValues(change.key).map(bindCursorValue);
  const sameKey = route.key.map((name, index) => `${quote(name)} = ${parts[index]?.sql ?? 'NULL'}`);
  const [found] = selectExact(
    session,
    route.columns.map(quote),
    `FROM main.${quote(route.source.name.name)}
WHERE ${sameKey.join(' AND ')}${andFilter(route.where)}`,
    parts.map(({ bound }) => bound),
    allowance,
  );
  if (found === undefined) return [gone];
  const row = comparableRow(found);
  const identity = keyIdentity(route.key.map((name) => row[route.columns.indexOf(name)] ?? null));
  const there: RowChange = {
    kind: 'upsert',
    identity,
    op: change.op === 'insert' ? 'insert' : 'update',
    row,
  };
  return identity === change.identity ? [there] : [gone, there];
}

/** A touch counts as what came of its key. */
function countChanges(
  route: TableRoute,
  log: readonly LoggedChange[],
  outcome: ReadonlyMap<string, 'upsert' | 'delete'>,
): TableCounts {
  const counts = { inserted: 0, updated: 0, deleted: 0 };
  for (const { op, identity } of log) {
    if (op === 'insert') counts.inserted += 1;
    else if (op === 'delete' || (op === 'touch' && outcome.get(identity) === 'delete')) counts.deleted += 1;
    else counts.updated += 1;
  }
  return { table: route.id, ...counts };
}

/** The next rows of a table in the order of its key. */
export function readRange(
  session: Session,
  { route, request, limit }: RangeToRead,
  allowance: Allowance | null,
): RangeRead {
  const { table, after, replace, only = null } = request;
  const range = selectRange(route.source.name.name, route.key, {
    after,
    upTo: null,
    keys: only,
    limit,
    where: route.where,
  });
  const found = readingChosen(route, () =>
    selectExact(session, route.columns.map(quote), range.sql, range.parameters, allowance),
  );
  const finished = only !== null || found.length < limit;
  const places = route.key.map((name) => route.columns.indexOf(name));
  const cursor = finished ? null : cursorOf(found.at(-1), places);
  return {
    snapshot: { table, rows: found.length, cursor, finished },
    range: { table, rows: found.map(comparableRow), after, upTo: cursor, replace, only },
  };
}
