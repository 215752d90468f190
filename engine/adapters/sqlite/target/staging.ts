/**
 * Staged chunks inside a target's thread: TEMP tables of this connection, which no other connection sees and which
 * spill to disk instead of growing the process. A TEMP table serves one route, is emptied after its chunk and used
 * again, since making one would have every prepared statement prepared again.
 */
import type { CursorValue, Tuple, TableRoute, Value } from '../../../model';
import { quote } from '../database/identifiers';
import { sessionState, type Session } from '../database/session';
import { bindCursorValue } from '../rows/cursor';
import { keyValues } from '../rows/key-values';
import { keyCollation } from '../schema/collations';

/** What a staged row wants; the column `kind`. Of one that does not fit only the key is here, and nothing is written. */
export const KIND = { delete: 0, upsert: 1, reread: 2, unfit: 3 } as const;

/** Net changes of one table: columns `ord` (source order), `kind`, `c0`… (the route's columns in order). */
export interface StagedChanges {
  /** The TEMP table, quoted and qualified. */
  readonly table: string;
  /** False where there is none for sure, so that no statement is spent on it. */
  readonly deletes: boolean;
  readonly upserts: boolean;
}

/** A snapshot range: the source's rows in `c0`…, and the keys between which the target is made equal. */
export interface StagedRange {
  readonly table: string;
  readonly after: readonly CursorValue[] | null;
  readonly upTo: readonly CursorValue[] | null;
  /** The keys that are the range; the bounds are null. */
  readonly only: readonly (readonly CursorValue[])[] | null;
  readonly replace: boolean;
}

/** A row with a value that the target would change. */
export interface UnfitRow {
  readonly key: Tuple;
  readonly row: Tuple;
  /** In the target's words. */
  readonly column: string;
  readonly value: Value;
  /** True for a row of the snapshot range. */
  readonly copied: boolean;
}

/** What is staged of one route. */
export interface StagedRoute {
  readonly route: TableRoute;
  readonly changes: StagedChanges | null;
  readonly range: StagedRange | null;
  readonly unfit: readonly UnfitRow[];
  /** Keys that no row of the target can have, of rows that the source has no more. */
  readonly gone: readonly Tuple[];
}

interface StagingArea {
  readonly chunks: Map<number, readonly StagedRoute[]>;
  /** Empty TEMP tables by what they can hold. */
  readonly free: Map<string, string[]>;
  /** What a TEMP table can hold, by its name. */
  readonly shapes: Map<string, string>;
  made: number;
}

const areaOf = sessionState<StagingArea>((session) => {
  // Beyond this many KiB staged rows go to a temporary file.
  session.db.pragma('temp.cache_size = -8000');
  return { chunks: new Map(), free: new Map(), shapes: new Map(), made: 0 };
});

/** The staged column of a route's column. */
export function stagedColumn(route: TableRoute, column: string): string {
  return `c${route.columns.indexOf(column)}`;
}

export function stagedColumns(route: TableRoute): string {
  return route.columns.map((_, index) => `c${index}`).join(', ');
}

export function stagedKey(route: TableRoute): readonly string[] {
  return route.key.map((column) => stagedColumn(route, column));
}

/**
 * The same to be compared with the target's key, whose columns may hold them in another class: an integer of 64 bits
 * without a sign is a text there. A plain column has an affinity of its own, and nothing would be converted.
 */
export function comparedKey(route: TableRoute): readonly string[] {
  return route.key.map((column) => {
    const type = route.source.columns.find(({ name }) => name === column)?.type;
    return `${type?.kind === 'dynamic' ? '' : '+'}${stagedColumn(route, column)}`;
  });
}

/** `COLLATE …` of a key column where the source has given it one, else nothing. */
export function collateKey(route: TableRoute, column: string): string {
  if (!route.key.includes(column)) return '';
  const collation = keyCollation(route, column);
  return collation === 'BINARY' ? '' : ` COLLATE ${quote(collation)}`;
}

/** An empty TEMP table for this route's rows. */
export function borrowTable(session: Session, route: TableRoute): string {
  const area = areaOf(session);
  // Columns have no type, so that no value is converted; the key's have the collation of the source, so that
  // spellings which are equal there are equal here.
  const columns = route.columns.map((column, index) => `c${index}${collateKey(route, column)}`);
  const shape = `${route.id}\n${columns.join(', ')}`;
  const free = area.free.get(shape)?.pop();
  if (free !== undefined) return free;
  const table = `temp.${quote(`_cdc_stage_${area.made++}`)}`;
  session.db.exec(`CREATE TABLE ${table} (ord, kind, ${columns.join(', ')})`);
  area.shapes.set(table, shape);
  return table;
}

/** Empties a TEMP table and keeps it for the next chunk. */
export function returnTable(session: Session, table: string): void {
  const area = areaOf(session);
  session.run(`DELETE FROM ${table}`);
  const shape = area.shapes.get(table) ?? '';
  const free = area.free.get(shape);
  if (free === undefined) area.free.set(shape, [table]);
  else free.push(table);
}

/** Drops a TEMP table whose transaction was rolled back: it may have been made in it. */
export function dropTable(session: Session, table: string): void {
  areaOf(session).shapes.delete(table);
  session.db.exec(`DROP TABLE IF EXISTS ${table}`);
}

/** Keeps a staged chunk under its token. */
export function keepChunk(session: Session, token: number, routes: readonly StagedRoute[]): void {
  areaOf(session).chunks.set(token, routes);
}

export function stagedChunk(session: Session, token: number): readonly StagedRoute[] | undefined {
  return areaOf(session).chunks.get(token);
}

/** Forgets a chunk, merged or not. A token that is not known changes nothing. */
export function releaseChunk(session: Session, token: number): void {
  const area = areaOf(session);
  const routes = area.chunks.get(token) ?? [];
  area.chunks.delete(token);
  for (const { changes, range } of routes) {
    if (changes !== null) returnTable(session, changes.table);
    if (range !== null) returnTable(session, range.table);
  }
}

/** Inserts rows (values of the route's columns); `ord` counts up from the first one. */
export interface StagedInsert {
  add(kind: number, row: Tuple): void;
  /** Inserts those that still wait for others. */
  end(): void;
}

/** Rows in one statement: running one costs as much as the values of several rows. */
const ROWS_AT_ONCE = 8;

/** The most parameters of a statement, unless SQLite is built otherwise. */
const MOST_PARAMETERS = 32_766;

/** Into a TEMP table. */
export function insertStaged(session: Session, route: TableRoute, table: string): StagedInsert {
  const insert = `INSERT INTO ${table} (ord, kind, ${stagedColumns(route)}) VALUES `;
  const one = `(?, ?, ${route.columns.map(() => '?').join(', ')})`;
  const width = route.columns.length + 2;
  const most = ROWS_AT_ONCE * width > MOST_PARAMETERS ? 1 : ROWS_AT_ONCE;
  const [single, many] = [insert + one, insert + Array.from({ length: most }, () => one).join(', ')];
  let waiting: Value[] = [];
  let ord = 0n;
  const end = (): void => {
    for (let from = 0; from < waiting.length; from += width) {
      session.run(single, ...waiting.slice(from, from + width));
    }
    waiting = [];
  };
  return {
    add(kind, row) {
      if (row.every(isPlain)) {
        waiting.push(ord, BigInt(kind), ...row);
        if (waiting.length === most * width) {
          session.run(many, ...waiting);
          waiting = [];
        }
      } else {
        // Rows stand in the order in which they came.
        end();
        const parts = keyValues(row).map(bindCursorValue);
        const marks = parts.map(({ sql }) => sql).join(', ');
        session.run(`${insert}(?, ?, ${marks})`, ord, BigInt(kind), ...parts.map(({ bound }) => bound));
      }
      ord += 1n;
    },
    end,
  };
}

/** False for a stand-in of text that is not valid. */
function isPlain(value: Value): boolean {
  return typeof value !== 'string' || value.isWellFormed();
}
