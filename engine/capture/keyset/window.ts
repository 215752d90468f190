/**
 * Windows of capture by a column. A window begins with a look and reads each table once: on the whole, from where rows
 * may still turn up, or, between such passes, only what is newer than before. Each page is read in an MVCC snapshot of its
 * own; what is committed behind the place that a pass has come to belongs to a transaction that was open at the
 * window's look, or began later, so the next pass begins before it.
 */
import { CdcError } from '../../errors';
import { BYTES_IN_MEMORY, bytesOf } from '../../model';
import type { Fitting, KeysetColumn, KeysetPage, KeysetReader, TableRoute, Tuple } from '../../model';
import { markLook } from './horizon';
import type { Memory } from './memory';
import { firstMark, frontPass, markAfter, newestOf, shapeOf, wholePass } from './passes';
import type { KeysetPosition, PassMark, SetBack, TableMark, WindowMark } from './position';
import { findSetBacks, stillTold } from './set-back';
import { openPass } from './table-pass';
import type { TablePass } from './table-pass';

/** Rows read in one MVCC snapshot. */
const PAGE_ROWS = 10_000;

export interface WindowContext {
  readonly reader: KeysetReader;
  readonly memory: Memory;
  readonly columnOf: (route: TableRoute) => KeysetColumn;
  readonly lookbackMs: number | null;
  readonly now: () => number;
  /** Of the rows of pages, and of ranges of first copies. */
  readonly pages: Fitting;
  readonly ranges: Fitting;
}

export interface WindowRequest {
  readonly position: KeysetPosition;
  readonly routes: readonly TableRoute[];
  /** Most changes, about. */
  readonly limit: number;
  /** Read all that may have changed, due or not. */
  readonly whole: boolean;
  /** What is read is not applied. */
  readonly dry: boolean;
  /** Most changes of a table that a dry one answers with; the others are counted. */
  readonly keep: number;
}

/** What was read of a window. */
export interface WindowRead {
  readonly position: KeysetPosition;
  /** True when the window has come to its end. */
  readonly ended: boolean;
  /** When the database was looked at, milliseconds since 1970 on its clock; null unless all that may have changed was read. */
  readonly wholeAt: number | null;
  readonly passes: readonly TablePass[];
  /** About how much memory the changes take, bytes. */
  readonly held: number;
}

/** Reads until `limit` changes are found or the window is over. Throws the codes of `KeysetReader.read`. */
export async function readWindow(context: WindowContext, request: WindowRequest): Promise<WindowRead> {
  const { reader, memory, columnOf, now } = context;
  const began = now();
  const { limit, dry, keep } = request;
  const columns = request.routes.map(columnOf);
  const { position, window } = await openWindow(context, request, columns);
  const passes = columns.map((column) =>
    openPass({
      memory,
      column,
      begun: passIn(window, column),
      mark: markOf(position, column),
      dry,
      keep,
    }),
  );
  let found = 0;
  let held = 0;
  // What is read to its end, or only counted, is not limited by what it takes.
  const mostHeld = dry || request.whole ? Infinity : BYTES_IN_MEMORY;
  let open = passes.filter((pass) => pass.range() !== null);
  while (open.length > 0 && found < limit && held < mostHeld) {
    const ranges = open.flatMap((pass) => pass.range() ?? []);
    const pages = await context.pages.read(
      PAGE_ROWS,
      ({ rows, bytes }) => reader.read(ranges, rows, bytes),
      rowsOf,
    );
    for (const [index, page] of pages.entries()) {
      const pass = open[index];
      const changes = pass?.take(page) ?? [];
      if (!dry) for (const { row } of changes) held += bytesOf(row);
      // What only the end can tell is no reason to stop looking.
      if (!dry || pass?.isSure === true) found += changes.length;
    }
    open = open.filter((pass) => pass.range() !== null);
  }
  for (const pass of passes) pass.remember();
  const ended = open.length === 0;
  const isWhole = ended && passes.every((pass) => pass.pass().kind !== 'front');
  // What a look has found, the read that follows must find, too: it is its turn.
  const hasFound = passes.some((pass) => pass.changes().length > 0);
  if (isWhole && !(dry && hasFound)) memory.noteWhole(began);
  return {
    position: ended
      ? afterWindow(context, position, window, passes, isWhole)
      : within(position, window, passes),
    ended,
    wholeAt: isWhole ? window.look.at : null,
    passes,
    held,
  };
}

function* rowsOf(pages: readonly KeysetPage[]): Iterable<Tuple> {
  for (const { rows } of pages) for (const { row } of rows) yield row;
}

interface OpenWindow {
  /** With a mark of each table. */
  readonly position: KeysetPosition;
  readonly window: WindowMark;
}

/** The window that the position stands in, as far as it is about these tables; else a new one. */
async function openWindow(
  context: WindowContext,
  { position, whole, dry }: WindowRequest,
  columns: readonly KeysetColumn[],
): Promise<OpenWindow> {
  const { window } = position;
  if (window !== null && columns.every(({ route }) => route.id in window.passes)) return { position, window };
  const { reader, memory, lookbackMs } = context;
  const seen = await reader.look(columns);
  const look = markLook(seen, position.look);
  const newest = newestOf(columns, seen);
  const isFront =
    !whole && memory.wholeDueIn() > 0 && columns.every((column) => isKnown(memory, position, column));
  const known = columns.map((column) => knownMark(position, column));
  const setBacks = dry
    ? new Map<string, SetBack>()
    : await findSetBacks(
        reader,
        { now: look, former: position.look },
        lookbackMs,
        columns.flatMap((column, index) => {
          const mark = known[index] ?? null;
          return mark === null ? [] : [{ column, mark, newest: newest.get(column.route.id) ?? null }];
        }),
      );
  const marks: [string, TableMark][] = [];
  const passes: [string, PassMark][] = [];
  for (const [index, column] of columns.entries()) {
    const { id } = column.route;
    const beginning = { reader, column, look, newest: newest.get(id) ?? null, lookbackMs };
    const mark = known[index] ?? (await firstMark(beginning));
    marks.push([id, { ...mark, setBack: setBacks.get(id) ?? stillTold(mark.setBack ?? null, look.at) }]);
    passes.push([id, isFront ? frontPass(beginning, mark) : await wholePass(beginning, mark)]);
  }
  const tables = { ...position.tables, ...Object.fromEntries(marks) };
  return { position: { ...position, tables }, window: { look, passes: Object.fromEntries(passes) } };
}

function isKnown(memory: Memory, position: KeysetPosition, column: KeysetColumn): boolean {
  const mark = knownMark(position, column);
  return mark !== null && memory.contents(column.route.id, mark) !== null;
}

/** Throws INTERNAL: a window is made for its tables. */
function passIn({ passes }: WindowMark, { route }: KeysetColumn): PassMark {
  const pass = passes[route.id];
  if (pass === undefined) throw new CdcError('INTERNAL', `A window does not know its table ${route.id}`);
  return pass;
}

/** Null for a table that was not read before, or with other columns. */
function knownMark({ tables }: KeysetPosition, column: KeysetColumn): TableMark | null {
  const mark = tables[column.route.id];
  return mark !== undefined && (mark.shape ?? shapeOf(column)) === shapeOf(column) ? mark : null;
}

/** Throws INTERNAL: a window that is open has marked its tables. */
function markOf({ tables }: KeysetPosition, { route }: KeysetColumn): TableMark {
  const mark = tables[route.id];
  if (mark === undefined) throw new CdcError('INTERNAL', `Table ${route.id} has no mark in its window`);
  return mark;
}

function within(
  position: KeysetPosition,
  { look }: WindowMark,
  passes: readonly TablePass[],
): KeysetPosition {
  const marks = passes.map(({ column, pass }) => [column.route.id, pass()] as const);
  return { ...position, window: { look, passes: Object.fromEntries(marks) } };
}

function afterWindow(
  { lookbackMs }: WindowContext,
  position: KeysetPosition,
  { look }: WindowMark,
  passes: readonly TablePass[],
  isWhole: boolean,
): KeysetPosition {
  const marks = passes.map(({ column, pass }) => {
    const mark = markAfter(column, pass(), markOf(position, column), look, lookbackMs);
    return [column.route.id, mark] as const;
  });
  return {
    look,
    wholeAt: isWhole ? look.at : position.wholeAt,
    tables: { ...position.tables, ...Object.fromEntries(marks) },
    window: null,
  };
}
