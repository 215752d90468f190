import type { MatrixSample } from '../../sample';

/** A type of PostgreSQL, and what more can be made of it. */
export interface NativeSample extends MatrixSample {
  /** Statements that make the type, on both sides of a pair of PostgreSQL. */
  readonly setup?: readonly string[];
  /** An extension of the server's, which has to be available. */
  readonly extension?: string;
  /** False where no unique index can be over it. */
  readonly key?: false;
  /** Values that are equal as keys and are not written alike. */
  readonly respelled?: readonly [string, string];
  /** The oldest server that knows it, or the values: 140000 is 14.0. */
  readonly since?: number;
  /** Where no array or domain can be made of it. */
  readonly plain?: true;
}
