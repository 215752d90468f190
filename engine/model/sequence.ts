/**
 * Sequences of a target: where its columns take new numbers from once an application writes into it. Replicated rows
 * bring their numbers along, so that a sequence which is kept apart from the rows stays behind them.
 */
import type { TableName } from './schema';

/** Whose sequences are meant. */
export interface SequenceRequest {
  readonly table: TableName;
  /** Columns that may draw from one; null for all. */
  readonly columns: readonly string[] | null;
}

/**
 * `enough`: the next number is beyond all that the columns hold. `behind`: it is not. `raised`: it was not, and is now.
 * `refused`: the role may not read or set it. `exhausted`: within its bounds there is no number beyond the columns'.
 */
export type SequenceStanding = 'enough' | 'behind' | 'raised' | 'refused' | 'exhausted';

/** A sequence and how it stands to the columns that draw from it. */
export interface SequenceState {
  /** Display name. */
  readonly sequence: string;
  readonly usedBy: readonly {
    /** Display name of the target table. */
    readonly table: string;
    readonly column: string;
  }[];
  readonly state: SequenceStanding;
  /** The number that it gives next; null where that can't be told, or where it gives none. */
  readonly next: bigint | null;
  /** What `next` was before it was raised; else the same. */
  readonly former: bigint | null;
  /** A statement that helps where it is `refused` or `exhausted`; else null. */
  readonly remedy: string | null;
}
