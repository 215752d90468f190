/** Dead letters: keys whose rows the target refused, set aside with their values so that the rest goes on. */
import type { Row, Tuple } from './value';

/** Only what is the matter with a single row; what is a table's own trouble parks the table. */
export type RowFailureCode = 'CONSTRAINT_FAILED' | 'TYPE_MISMATCH';

/** A row that a merge did not write. The target keeps what it has under this key. */
export interface SetAside {
  /** Display name of the source table. */
  readonly table: string;
  /** Values of the route's key columns, as they are in the source. */
  readonly key: Tuple;
  readonly op: 'upsert' | 'delete';
  /** Values of the route's columns, as they are in the source; null for a delete. */
  readonly row: Tuple | null;
  readonly code: RowFailureCode;
  /** The source's name of the column, where it can be told. */
  readonly column: string | null;
  /** True when the row was one of the snapshot range, not of the changes. */
  readonly copied: boolean;
  /** True when the target holds a row under this key. */
  readonly held: boolean;
}

/** A dead letter without the values of its row: one per pipeline, table and key. */
export interface DeadLetterEntry {
  /** Names it within its pipeline; never used again for another. */
  readonly id: string;
  /** Display name of the source table. */
  readonly table: string;
  /** The key's values by column, as text that `decodeRow` reads. */
  readonly key: string;
  readonly op: SetAside['op'];
  readonly code: RowFailureCode;
  readonly column: string | null;
  /** Milliseconds since 1970 on the worker's clock. */
  readonly setAsideAt: number;
  /** How often the target refused it: 1 until it is retried. */
  readonly attempts: number;
  /** True when the next attempt shall read the source's row again. */
  readonly retry: boolean;
}

/** As a target stores it. */
export interface StoredDeadLetter extends DeadLetterEntry {
  /** The row's values by column, as text that `decodeRow` reads; null for a delete. */
  readonly row: string | null;
}

/** For people: the same with its values. */
export interface DeadLetter extends Omit<StoredDeadLetter, 'key' | 'row'> {
  readonly key: Row;
  readonly row: Row | null;
}
