/**
 * Staged chunks: TEMP tables of one connection. A TEMP table serves one layout of columns, is emptied after its chunk
 * and used again: making one costs more than a small chunk, and leaves dead rows in the catalogs.
 */
import type { RowSet, SetAside, TableRoute, Tuple } from '../../../model';
import type { Session } from '../database/session';
import type { TargetShape } from './shape';

/**
 * What a staged row wants; the column `kind`. `keep`: the row was set aside, and what the target holds under its key
 * stays; `lost`: its key can't be one of the target.
 */
export const KIND = { delete: 'd', upsert: 'u', keep: 'k', lost: 'x' } as const;

/** How a column of a route is staged. */
export interface StagedColumn {
  /** Type in the TEMP table, with the collation of the target's column. */
  readonly type: string;
  /** Makes the target's value of the staged one, named `s.cN`. Cuts and rounds nothing. */
  readonly value: string;
}

/** What is expected of the target where a row is to be written; the column `op` of rows whose past is known. */
export const EXPECTED = { present: 'u', absent: 'i' } as const;

/** How many of the staged rows find the target as it must be after all that was applied before. */
export interface Expectation {
  readonly present: number;
  readonly absent: number;
  /** Of these nothing is known. */
  readonly open: number;
}

/**
 * Net rows of one table, one a key. Columns: `ord`, the place in the order of the source, for each key at least, or
 * `lsn`, the same as it was captured; `kind`; of changes that came by COPY `op` (EXPECTED) and `touches`, how many
 * changes of the key told no more than it; `c0`…, the route's columns in order.
 */
export interface StagedRows {
  readonly table: string;
  readonly rows: number;
  /** True when each row has its `ord`; else `lsn` orders them. */
  readonly placed: boolean;
  /** Null where nothing is known. */
  readonly expected: Expectation | null;
  /** False where there is none for sure, so that no statement is spent on it. */
  readonly deletes: boolean;
  readonly upserts: boolean;
}

/** The rows of a range, which may still be in the source. */
export interface RangeRows {
  /** As they are staged; stages them first where they are not. */
  staged(): Promise<StagedRows>;
  /** What is staged by now. */
  readonly made: StagedRows | null;
  /** How they get into the target's table without being staged; null for rows that are. */
  readonly straight: StraightCopy | null;
}

export interface StraightCopy {
  /**
   * Whether what the target holds in the range may be deleted first. Else rows that are there already, as changes that
   * came ahead of their range, make the copy fail.
   */
  readonly clears: boolean;
  /** Copies them into the set's table. */
  readonly copy: () => Promise<void>;
}

export interface StagedRange {
  readonly rows: RangeRows;
  readonly bounds: Pick<Exclude<RowSet['range'], null>, 'after' | 'upTo' | 'only' | 'replace'>;
}

export function stagedFromStart(made: StagedRows): RangeRows {
  return { made, straight: null, staged: () => Promise.resolve(made) };
}

/** What is staged of one route. */
export interface StagedSet {
  readonly route: TableRoute;
  readonly shape: TargetShape;
  readonly columns: readonly StagedColumn[];
  readonly changes: StagedRows | null;
  readonly range: StagedRange | null;
  /** Rows that the staging columns could not take. */
  readonly unfit: readonly UnfitRow[];
  /** Keys of deletions that the staging columns could not take. */
  readonly gone: readonly Tuple[];
  /** A key as it was staged; null for one that no row of the target can have. Absent where rows did not come as values. */
  readonly keyTexts?: (key: Tuple) => readonly (string | null)[] | null;
}

/** A row that came as values, one of which its column can't hold. */
export type UnfitRow = Omit<SetAside, 'held'>;

/** The TEMP tables of one connection. */
export interface StagingArea {
  /** An empty TEMP table with these column types. */
  borrow(types: readonly string[]): Promise<string>;
  /** Empties a TEMP table and keeps it for the next chunk. */
  giveBack(table: string, rows: number): Promise<void>;
}

/** Beyond it, emptying by TRUNCATE is cheaper than deleting, whose dead rows nobody vacuums. */
const MOST_DELETED_ROWS = 200;
/** A TEMP table that was emptied by deleting this often is truncated once. */
const MOST_DELETES = 50;

export function createStagingArea(session: Session): StagingArea {
  const free = new Map<string, string[]>();
  const made = new Map<string, { readonly layout: string; deletes: number }>();
  return {
    async borrow(types) {
      const layout = types.join(', ');
      const table = free.get(layout)?.pop();
      if (table !== undefined) return table;
      const name = `pg_temp.cdc_stage_${made.size}`;
      const columns = types.map((type, index) => `c${index} ${type}`);
      await session.execute(
        `CREATE TEMP TABLE cdc_stage_${made.size} (ord bigint, lsn pg_lsn, kind "char", op "char", touches bigint, ${columns.join(', ')})`,
      );
      made.set(name, { layout, deletes: 0 });
      return name;
    },
    async giveBack(table, rows) {
      const entry = made.get(table);
      if (entry === undefined) return;
      if (rows > MOST_DELETED_ROWS || entry.deletes >= MOST_DELETES) {
        await session.execute(`TRUNCATE ${table}`);
        entry.deletes = 0;
      } else {
        await session.execute(`DELETE FROM ${table}`);
        entry.deletes += 1;
      }
      const kept = free.get(entry.layout);
      if (kept === undefined) free.set(entry.layout, [table]);
      else kept.push(table);
    },
  };
}

/** The staged columns of a set's key, in order. */
export function stagedKeyColumns({ route }: Pick<StagedSet, 'route'>): readonly string[] {
  return route.key.map((column) => `c${route.columns.indexOf(column)}`);
}

/** The staged values of a set's key as the target's, in order. */
export function stagedKey({ route, columns }: StagedSet): readonly string[] {
  return route.key.map((column) => columns[route.columns.indexOf(column)]?.value ?? 'NULL');
}
