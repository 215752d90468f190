/** Keys whose rows on the target are to be made what they are on the source. They reach the worker by the target only. */
import type { RowFailureCode } from './dead-letter';

export interface RepairKey {
  /** Names it within its pipeline; never used again for another. */
  readonly id: string;
  /** Display name of the source table. */
  readonly table: string;
  /** The key's values by column, as text that `decodeRow` reads. */
  readonly key: string;
  /** Why the target would not take the row; null while nobody has tried. */
  readonly refused: { readonly code: RowFailureCode; readonly column: string | null } | null;
}

export interface RepairQuery {
  /** Only those of these source tables. */
  readonly tables: readonly string[];
  /** Those that the target refused, or those that wait. */
  readonly refused: boolean;
  readonly limit: number;
}

/** Those of these ids, or those of one source table, or all of the pipeline (null). */
export type RepairChoice = { readonly ids: readonly string[] } | { readonly table: string | null };
