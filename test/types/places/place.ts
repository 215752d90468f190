/** A database of its own on either side of the matrix: statements, and rows as the comparison reads them. */
import type { Family } from '../../support/pair-sides';
import type { Field, Kind, Readings } from '../kinds';
import type { MatrixSample } from '../sample';

export type Alterations = Readonly<Record<Kind, (column: string) => string>>;

export interface Place {
  readonly family: Family;
  readonly url: string;
  readonly readings: Readings;
  /** Expressions for a value just beside the one in a column: what the comparison must tell from it. */
  readonly alterations: Alterations;
  /** Name of a table as a pipeline calls it. */
  tableName(table: string): string;
  /** The fields of each row. Booleans and large integers never come as such: readings see to that. */
  rows(sql: string): Promise<readonly (readonly (Field | null)[])[]>;
  /** Runs statements in one transaction, but for what a database commits at once. */
  execute(...statements: readonly string[]): Promise<void>;
  dispose(): Promise<void>;
}

/** A place where the values are written. */
export interface SourcePlace<Sample extends MatrixSample = MatrixSample> extends Place {
  /** Of these samples those that this server knows; their types exist from then on. */
  prepare(samples: readonly Sample[]): Promise<readonly Sample[]>;
  /** The expression of a literal in a column of its type. */
  valueOf(sample: Sample, literal: string): string;
}
