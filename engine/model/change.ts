/** Changes: what capture records and what apply makes of it. */
import type { Row, Tuple } from './value';

/**
 * What happened to a key. A key update is captured as `delete` of the old and `insert` of the new key.
 * `touch`: the key may have changed, read it again.
 */
export type ChangeOp = 'insert' | 'update' | 'delete' | 'truncate' | 'touch';

/** One captured change, for people and for programs that read the change tables. */
export interface Change {
  /** Grows in the order of the source, within one table at least. */
  readonly id: string;
  /** Display name of the source table. */
  readonly table: string;
  readonly op: ChangeOp;
  readonly key: Row;
  readonly before: Row | null;
  readonly after: Row | null;
  /** The source transaction where the source can tell, else null. */
  readonly transaction: string | null;
  /** Time of the statement on the source's clock, milliseconds since 1970: triggers do not know commit times. */
  readonly changedAt: number;
  /** True when the pipeline that was asked has applied it. */
  readonly synced: boolean;
}

/** One change as it travels by rows: `touch` and rows to re-read are already resolved by the source. */
export type RowChange =
  | {
      readonly kind: 'upsert';
      /** Equal for equal keys under the source's own rules of equality. */
      readonly identity: string;
      readonly op: 'insert' | 'update';
      /** Values of the route's columns. */
      readonly row: Tuple;
    }
  | {
      readonly kind: 'delete';
      readonly identity: string;
      /** Values of the route's key columns. */
      readonly key: Tuple;
    };

/** How many changes were captured, by operation. */
export interface OperationCounts {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** OperationCounts of one table, by the display name of the source table. */
export interface TableCounts extends OperationCounts {
  readonly table: string;
}
