/** What a comparison of source and target found. */
import type { Row } from './value';

/** A row that one side has and the other has not, or has otherwise. */
export interface RowDifference {
  /** Display name of the source table. */
  readonly table: string;
  /** `missing`: only the source has it. `extra`: only the target has it. */
  readonly kind: 'missing' | 'extra' | 'different';
  readonly key: Row;
  /** The columns whose values differ; none where a side has no row. */
  readonly columns: readonly string[];
  /** Values of the columns that differ, or of all where the target has no row; null where the source has none. */
  readonly source: Row | null;
  readonly target: Row | null;
}

/** The key of a row of a source table (display name). */
export interface RowKey {
  readonly table: string;
  readonly key: Row;
}

export interface TableComparison {
  readonly source: string;
  readonly target: string;
  readonly sourceRows: number;
  readonly targetRows: number;
  /** Rows that only the source has. */
  readonly missing: number;
  /** Rows that only the target has. */
  readonly extra: number;
  readonly different: number;
  /** Rows that changed again at each look, so that nobody knows. */
  readonly unsettled: number;
  /** Rows that only the target has, where the pipeline keeps what is deleted on the source: no differences. */
  readonly kept: number;
  /** False where the pipeline did not go on meanwhile: what differs may be about to be applied. */
  readonly settled: boolean;
  /** Keys that are set aside: as many differences may be theirs. */
  readonly deadLetters: number;
}

export interface Comparison {
  /** True when nothing differs and nothing is unsettled. */
  readonly equal: boolean;
  /** True when each difference was still there after the pipeline had passed what was read of the source. */
  readonly exact: boolean;
  /** Why it is not exact, made of names; null where it is. */
  readonly inexactBecause: string | null;
  readonly tables: readonly TableComparison[];
  /** As many as were asked for. */
  readonly differences: readonly RowDifference[];
  /** How many more there are. */
  readonly differencesOmitted: number;
}
