/** Rows that could not be written, for whoever keeps them. */
import type { Tuple } from '../../../model';

export interface SetAside {
  /** Display name of the source table. */
  readonly table: string;
  readonly key: Tuple;
  readonly row: Tuple | null;
  readonly op: 'upsert' | 'delete';
  readonly code: 'CONSTRAINT_FAILED' | 'TYPE_MISMATCH';
  /** The source's name of the column, where it can be told. */
  readonly column: string | null;
}
