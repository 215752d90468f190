/** How the simulated source reads a chunk: a window by visibility, cut by order, and snapshot ranges with its end. */
import { asCursor, displayName, shareOut } from '../../engine';
import type {
  ChunkRequest,
  ChunkSummary,
  Cursor,
  RangeRead,
  RangeToRead,
  RowChange,
  RowChunk,
  TableCounts,
  Tuple,
} from '../../engine';
import { covers, formatPosition, parsePosition, sameSnapshot, sees } from './positions';
import type { ParsedPosition, Snapshot } from './positions';
import { keyOf } from './schema';
import type { LoggedChange, SourceDatabase } from './source-database';

export interface ReadingRules {
  /** Tables whose rows are read again by key instead of taken from the log. */
  readonly reread: ReadonlySet<string>;
  /** Mutation: the range is read in another MVCC snapshot than the window; this one. Null: as it must be. */
  readonly rangeSnapshot: (() => Snapshot) | null;
}

/** Changes of the tables that a reader at `position` has not seen and `to` shows, in order. */
export function waiting(
  database: SourceDatabase,
  position: ParsedPosition,
  tables: ReadonlySet<string>,
  to: Snapshot,
): LoggedChange[] {
  return database.state.log
    .filter((change) => tables.has(change.table) && sees(to, change) && !covers(position, change))
    .sort((a, b) => a.order - b.order);
}

export function readChunk(database: SourceDatabase, request: ChunkRequest, rules: ReadingRules): RowChunk {
  const position = parsePosition(request.from);
  const now = database.snapshot();
  // A window that was begun is read to its own end: its transactions are known by its two snapshots.
  const to = position.to ?? now;
  const behind = new Map((request.behind ?? []).map(({ table, from }) => [table, parsePosition(from)]));
  const tables = new Set(request.routes.map((route) => route.id).filter((table) => !behind.has(table)));
  const window = waiting(database, position, tables, to);
  for (const [table, own] of behind) window.push(...waiting(database, own, new Set([table]), to));
  window.sort((a, b) => a.order - b.order);
  // Positions of their own come together only at the end of a window that all of them read to.
  const midway = position.to !== null || [...behind.values()].some((own) => own.to !== null);
  const whole = behind.size === 0 || (window.length <= request.limit && !midway);
  const chunk = whole ? window.slice(0, request.limit) : [];
  const cut = !whole || window.length > chunk.length;
  const last = chunk.at(-1);
  // Rows that are read again show more than the window: a source without that must not pass for the same.
  const beyond = position.to === null || chunk.some(({ table }) => rules.reread.has(table));
  const mark = beyond ? database.mark() : position.mark;
  const end: ParsedPosition =
    cut && last !== undefined
      ? { from: position.from, to, after: last.order, mark }
      : { from: to, to: null, after: 0, mark };
  // The rows of the end of a window that was begun earlier can't be read any more: the next window's can.
  const stale = position.to !== null && !sameSnapshot(to, now);
  const snapshot = rules.rangeSnapshot?.() ?? now;
  const ranges: RangeRead[] = [];
  for (const { range, took } of shareOut(cut || stale ? null : request.snapshot, request.routes)) {
    const read = readRange(database, range, snapshot);
    took(read.snapshot);
    ranges.push(read);
  }
  return {
    ...summarize(chunk, rules.reread),
    to: formatPosition(end),
    more: cut || (stale && request.snapshot !== null),
    snapshot: ranges.map((read) => read.snapshot),
    tables: resolve(database, chunk, rules.reread, now),
    ranges: ranges.map((read) => read.range),
  };
}

function readRange(database: SourceDatabase, { request, limit }: RangeToRead, snapshot: Snapshot): RangeRead {
  const after = request.after === null ? -Infinity : Number(request.after);
  const { table, replace, only = null } = request;
  const rest = database
    .rows(table, snapshot)
    .filter((row) => (only === null ? keyOf(row) > after : only.some((key) => keyOf(row) === Number(key))));
  const rows = rest.slice(0, limit);
  const finished = rows.length === rest.length;
  const last = rows.at(-1);
  const cursor: Cursor | null = finished || last === undefined ? null : asCursor(String(keyOf(last)));
  return {
    snapshot: { table, rows: rows.length, cursor, finished },
    range: { table, rows, after: request.after, upTo: cursor, replace, only },
  };
}

function summarize(
  chunk: readonly LoggedChange[],
  reread: ReadonlySet<string>,
): Pick<ChunkSummary, 'changes' | 'counts' | 'oldestChangedAt' | 'newestChangedAt'> {
  const counts = new Map<string, { table: string; inserted: number; updated: number; deleted: number }>();
  for (const { table, op } of chunk) {
    const count = counts.get(table) ?? { table, inserted: 0, updated: 0, deleted: 0 };
    if (op === 'insert') count.inserted += 1;
    else if (op === 'delete') count.deleted += 1;
    else count.updated += 1;
    counts.set(table, count);
  }
  const times = chunk.map(({ changedAt }) => changedAt);
  const listed: readonly TableCounts[] = [...counts.values()];
  if (chunk.some(({ table, op }) => op === 'touch' && !reread.has(table))) {
    throw new Error('Only tables that are read again are touched');
  }
  return {
    changes: chunk.length,
    counts: listed,
    oldestChangedAt: times.length === 0 ? null : Math.min(...times),
    newestChangedAt: times.length === 0 ? null : Math.max(...times),
  };
}

function resolve(
  database: SourceDatabase,
  chunk: readonly LoggedChange[],
  reread: ReadonlySet<string>,
  now: Snapshot,
): RowChunk['tables'] {
  const byTable = new Map<string, RowChange[]>();
  const rows = new Map<string, ReadonlyMap<number, Tuple>>();
  const again = (table: string, key: number): Tuple | null => {
    const known =
      rows.get(table) ?? new Map(database.rows(table, now).map((row) => [keyOf(row), row] as const));
    rows.set(table, known);
    return known.get(key) ?? null;
  };
  for (const change of chunk) {
    const { table, key, op } = change;
    const row = reread.has(table) ? again(table, key) : change.after;
    const identity = String(key);
    const list = byTable.get(table) ?? [];
    list.push(
      row === null
        ? { kind: 'delete', identity, key: [BigInt(key)] }
        : { kind: 'upsert', identity, op: op === 'insert' ? 'insert' : 'update', row },
    );
    byTable.set(table, list);
  }
  return [...byTable].map(([table, changes]) => ({ table, changes }));
}

/** Display names of the tables that a request speaks of. */
export function tableNames(
  schemas: readonly { readonly name: Parameters<typeof displayName>[0] }[],
): string[] {
  return schemas.map(({ name }) => displayName(name));
}
