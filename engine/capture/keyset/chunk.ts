/** A chunk of capture by a column: rows that have changed, as they are now, and ranges of first copies. */
import { BYTES_IN_MEMORY, bytesOf, shareOut } from '../../model';
import type {
  ChunkRequest,
  RangeRead,
  RangeToRead,
  KeysetRow,
  Position,
  RowChange,
  RowChunk,
  TableCounts,
  TableRoute,
} from '../../model';
import { decodeKeyset, encodeKeyset } from './position';
import { shapeOf, UNREAD } from './passes';
import type { KeysetPosition, LookMark } from './position';
import { readWindow } from './window';
import type { WindowContext } from './window';

/**
 * Each range is read after the window, in an MVCC snapshot of its own: all are rows as they were at some time, and the
 * later one stands. `windowed`: the tables that are followed by the column. Throws POSITION_INVALID, and the codes of `KeysetReader`.
 */
export async function readChunk(
  context: WindowContext,
  request: ChunkRequest,
  windowed: readonly TableRoute[],
): Promise<RowChunk> {
  const { routes, limit, behind = [] } = request;
  const unread = routes.filter((route) => !windowed.includes(route));
  const position = joined(decodeKeyset(request.from), behind);
  const isUncut = behind.length > 0;
  const read = await readWindow(context, {
    position,
    routes: windowed,
    limit: isUncut ? limit + 1 : limit,
    whole: isUncut,
    dry: false,
    keep: limit,
  });
  const tables = read.passes.flatMap((pass) => {
    const rows = pass.changes();
    return rows.length === 0 ? [] : [{ route: pass.column.route, rows }];
  });
  const changes = tables.reduce((sum, { rows }) => sum + rows.length, 0);
  if (isUncut && (!read.ended || changes > limit)) return nothingOf(request.from);
  const copies: RangeRead[] = [];
  let { held } = read;
  for (const { range, took } of shareOut(read.ended ? request.snapshot : null, routes)) {
    // The others wait for another chunk.
    if (held > BYTES_IN_MEMORY) break;
    const copy = await copyFitting(context, range);
    took(copy.snapshot);
    for (const row of copy.range.rows) held += bytesOf(row);
    copies.push(copy);
  }
  const times = tables.flatMap(({ rows }) => rows.flatMap(({ changedAt }) => changedAt ?? []));
  return {
    to: encodeKeyset(marked(context, read.position, unread)),
    more: !read.ended,
    changes,
    counts: tables.map(({ route, rows }): TableCounts => {
      const deleted = rows.filter(({ gone }) => gone).length;
      return { table: route.id, inserted: 0, updated: rows.length - deleted, deleted };
    }),
    oldestChangedAt: least(times),
    newestChangedAt: times.reduce<number | null>((most, time) => Math.max(most ?? time, time), null),
    snapshot: copies.map(({ snapshot }) => snapshot),
    tables: tables.map(({ route, rows }) => ({ table: route.id, changes: rows.map(changeOf(route)) })),
    ranges: copies.map(({ range }) => range),
  };
}

/** Keys that are read together stand or fall together: who asked for them asks for each alone. */
async function copyFitting({ reader, ranges }: WindowContext, range: RangeToRead): Promise<RangeRead> {
  if ((range.request.only?.length ?? 0) > 1) return reader.copy(range, BYTES_IN_MEMORY);
  return ranges.read(
    range.limit,
    ({ rows, bytes }) => reader.copy({ ...range, limit: rows }, bytes),
    ({ range: { rows } }) => rows,
  );
}

/** With the columns that were read of tables that no window reads: others mean another past for them, too. */
function marked(
  { columnOf }: WindowContext,
  position: KeysetPosition,
  unread: readonly TableRoute[],
): KeysetPosition {
  const marks = unread.map((route) => [route.id, { ...UNREAD, shape: shapeOf(columnOf(route)) }] as const);
  return { ...position, tables: { ...position.tables, ...Object.fromEntries(marks) } };
}

function changeOf({ key, columns }: TableRoute): (row: KeysetRow) => RowChange {
  const places = key.map((name) => columns.indexOf(name));
  return ({ identity, row, gone }) =>
    gone
      ? { kind: 'delete', identity, key: places.map((place) => row[place] ?? null) }
      : { kind: 'upsert', identity, op: 'update', row };
}

function least(times: readonly number[]): number | null {
  return times.reduce<number | null>((one, other) => Math.min(one ?? other, other), null);
}

/** The tables that stand elsewhere with their own marks; windows begin anew. */
function joined(position: KeysetPosition, behind: NonNullable<ChunkRequest['behind']>): KeysetPosition {
  if (behind.length === 0) return position;
  let { look } = position;
  const tables = { ...position.tables };
  for (const { table, from } of behind) {
    const own = decodeKeyset(from);
    look = earlierOf(look, own.look);
    const mark = own.tables[table];
    if (mark !== undefined) tables[table] = mark;
  }
  return { ...position, look, tables, window: null };
}

/** What holds for both: the earlier time, and of each transaction the earlier beginning. */
function earlierOf(one: LookMark | null, other: LookMark | null): LookMark | null {
  if (one === null || other === null) return null;
  const open = { ...one.open };
  for (const [id, since] of Object.entries(other.open ?? {})) open[id] = Math.min(open[id] ?? since, since);
  return {
    at: Math.min(one.at, other.at),
    open: one.open === null && other.open === null ? null : open,
    blind: one.blind || other.blind,
  };
}

function nothingOf(from: Position): RowChunk {
  return {
    to: from,
    more: true,
    changes: 0,
    counts: [],
    oldestChangedAt: null,
    newestChangedAt: null,
    snapshot: [],
    tables: [],
    ranges: [],
  };
}
