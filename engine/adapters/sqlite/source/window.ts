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
  /** Of a row that is not there after the change, its former key alone. */
  readonly row: Tuple;
}

/** Null when the table has no changes in the span. */
function readTable(
  session: Session,
  { route, changes: changeTable, span }: ReachedTable,
  allowance: Allowance | null,
): ReadTable | null {
  const columns = route.columns.map((name) => {
    const [before, after] = [quote(`old_${name}`), quote(`new_${name}`)];
    return route.key.includes(name)
      ? `CASE WHEN op IN ('delete', 'touch') THEN ${before} ELSE ${after} END`
      : after;
  });
  const found = selectExact(
    session,
    [...columns, 'op', 'changed_at'],
    `FROM ${changeTable} WHERE id > ? AND id <= ? ORDER BY id`,
    [BigInt(span.from), BigInt(span.to)],
    allowance,
  );
  if (found.length === 0) return null;
  const places = placesOf(route);
  const log = found.map((exact) => loggedChange(exact, places));
  const isAgain = ({ op }: LoggedChange): boolean => route.source.reread || op === 'touch';
  // Which change of a key is the last one matters only where rows are read again; most logs are applied as they are.
  const last = log.some(isAgain) ? new Map(log.map((change) => [change.identity, change])) : null;
  /** Keys of which nothing is left; touches are counted by it. */
  const gone = new Set<string>();
  const changes: RowChange[] = [];
  for (const change of log) {
    const isLast = last?.get(change.identity) === change;
    if (isAgain(change) && !isLast) continue;
    const resolved = isAgain(change)
      ? readAgain(session, route, change, allowance)
      : [takeLogged(change, places)];
    if (isLast && resolved.at(-1)?.kind === 'delete') gone.add(change.identity);
    changes.push(...resolved);
  }
  const times = log.map((change) => change.changedAt);
  return {
    route,
    changes,
    logged: log.length,
    counts: countChanges(route, log, gone),
    oldest: times.reduce((one, other) => Math.min(one, other)),
    newest: times.reduce((one, other) => Math.max(one, other)),
  };
}

function placesOf(route: TableRoute): readonly number[] {
  return route.key.map((name) => route.columns.indexOf(name));
}

function loggedChange(exact: ExactRow, places: readonly number[]): LoggedChange {
  const row = comparableRow(exact);
  return {
    op: textOf(row.at(-2)),
    changedAt: numberOf(row.at(-1)),
    identity: identityOf(row, places),
    row: row.slice(0, -2),
  };
}

function keyOf(row: Tuple, places: readonly number[]): Tuple {
  return places.map((place) => row[place] ?? null);
}

function identityOf(row: Tuple, places: readonly number[]): string {
  return keyIdentity(keyOf(row, places));
}

function takeLogged({ op, identity, row }: LoggedChange, places: readonly number[]): RowChange {
  if (op === 'delete') return { kind: 'delete', identity, key: keyOf(row, places) };
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
  const places = placesOf(route);
  const key = keyOf(change.row, places);
  const gone: RowChange = { kind: 'delete', identity: change.identity, key };
  const parts = keyValues(key).map(bindCursorValue);
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
  const identity = identityOf(row, places);
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
  gone: ReadonlySet<string>,
): TableCounts {
  const counts = { inserted: 0, updated: 0, deleted: 0 };
  for (const { op, identity } of log) {
    if (op === 'insert') counts.inserted += 1;
    else if (op === 'delete' || (op === 'touch' && gone.has(identity))) counts.deleted += 1;
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
  const cursor = finished ? null : cursorOf(found.at(-1), placesOf(route));
  return {
    snapshot: { table, rows: found.length, cursor, finished },
    range: { table, rows: found.map(comparableRow), after, upTo: cursor, replace, only },
  };
}
