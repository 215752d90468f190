/**
 * Staged chunks. Rows wait in the worker's memory, as the literals that their statements will hold: a chunk is bounded,
 * and a temporary table would send each row twice. Staging asks the database for nothing but the shapes of its tables.
 */
import { CdcError } from '../../../errors';
import type { RowSet, SetAside, TableRoute, Tuple } from '../../../model';
import type { TargetShape } from './shape';

/** A key as it comes, and as SQL: a literal, or a row of them. */
export interface StagedKey {
  readonly key: Tuple;
  readonly keySql: string;
}

export interface StagedRow extends StagedKey {
  /** Values of the route's columns, as they are in the source. */
  readonly row: Tuple;
  /** Literals of the route's columns. */
  readonly values: readonly string[];
}

export interface StagedRange {
  /** In the order of the source. */
  readonly rows: readonly StagedRow[];
  /** Keys of all its rows, also of those that were refused when they were staged. */
  readonly keys: readonly StagedKey[];
  readonly bounds: Pick<Exclude<RowSet['range'], null>, 'after' | 'upTo' | 'only' | 'replace'>;
}

/** A row with a value that its column can't hold. */
export type UnfitRow = Omit<SetAside, 'held'>;

/** What is staged of one route. */
export interface StagedSet {
  readonly route: TableRoute;
  readonly shape: TargetShape;
  readonly deletes: readonly StagedKey[];
  readonly upserts: readonly StagedRow[];
  readonly range: StagedRange | null;
  readonly unfit: readonly UnfitRow[];
  /** Keys of deletions that no row of the target can have. */
  readonly gone: readonly Tuple[];
}

/** A chunk as it came, and as it was staged. Sets stand parents first. */
export interface StagedSets {
  readonly came: readonly RowSet[];
  readonly staged: readonly StagedSet[];
}

export interface Chunks {
  /** Keeps a chunk and returns its token. */
  keep(sets: StagedSets): number;
  /** Throws INTERNAL for a chunk that is not staged here. */
  get(token: number): StagedSets;
  /** Safe to repeat. */
  release(token: number): void;
}

export function createChunks(): Chunks {
  const held = new Map<number, StagedSets>();
  let lastToken = 0;
  return {
    keep(sets) {
      lastToken += 1;
      held.set(lastToken, sets);
      return lastToken;
    },
    get(token) {
      const sets = held.get(token);
      if (sets === undefined) {
        throw new CdcError('INTERNAL', 'A chunk is not staged here, or was spent already');
      }
      return sets;
    },
    release: (token) => void held.delete(token),
  };
}
