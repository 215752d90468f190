/** Types for the matrix: how each is declared, what it holds, and what becomes of it on the other databases. */
import type { Family } from '../support/pair-sides';
import type { Kind, Reading } from './kinds';

export interface MatrixSample {
  /** As it stands in a column. */
  readonly declaration: string;
  /** What the test calls it, where the declaration doesn't say it. */
  readonly called?: string;
  /** What its values are, and so how they are compared; texts if absent, as the source writes them. */
  readonly kind?: Kind;
  /** Expressions of this type. */
  readonly literals: readonly string[];
  /** More of them, which a key can't have beside those. */
  readonly further?: readonly string[];
  /** Statements that set what the session is while its rows are written. */
  readonly session?: readonly string[];
  /** How the value is read on the source or on a target, where its kind doesn't say it. */
  readonly readings?: Readonly<Partial<Record<Family, Reading>>>;
  /** How the source's value is read for a target, where it isn't the same for all of them. */
  readonly sourceReadings?: Readonly<Partial<Record<Family, Reading>>>;
  /** What stands behind the columns of the source's table. */
  readonly tableOptions?: string;
  /** What doesn't arrive. Every value arrives equal where nothing is said. */
  readonly to?: Readonly<Partial<Record<Family, Outcome>>>;
}

export type Outcome =
  /** The table can't be made: said before the pipeline starts, with the column's name. */
  | { readonly refused: true }
  /** Rows with these of the literals are set aside, by the column's name. */
  | { readonly letters: readonly string[] };

/** A value that is altered by hand, to see that the comparison tells it. */
export interface Control {
  readonly kind: Kind;
  /** The sample by its name. */
  readonly of: string;
  readonly literal: string;
}

/** The same letters on MariaDB and on MySQL. */
export function lettersOnMysql(...letters: readonly string[]): NonNullable<MatrixSample['to']> {
  return { mariadb: { letters }, mysql: { letters } };
}

/** The same letters on every family. */
export function lettersEverywhere(...letters: readonly string[]): NonNullable<MatrixSample['to']> {
  return { sqlite: { letters }, postgres: { letters }, ...lettersOnMysql(...letters) };
}

export function nameOf({ called, declaration }: MatrixSample): string {
  return called ?? (declaration === '' ? 'no type' : declaration);
}

export function valuesOf({ literals, further = [] }: MatrixSample): readonly string[] {
  return [...literals, ...further];
}

export function isRefused({ to }: MatrixSample, target: Family): boolean {
  const outcome = to?.[target];
  return outcome !== undefined && 'refused' in outcome;
}

export function lettersOf({ to }: MatrixSample, target: Family): readonly string[] {
  const outcome = to?.[target];
  return outcome !== undefined && 'letters' in outcome ? outcome.letters : [];
}

/** Longer ones are no keys anywhere. */
const LONG_LITERAL = /repeat\(/i;

/** The sample with its short values alone; null where none are left. */
export function withShort<Sample extends MatrixSample>(sample: Sample): Sample | null {
  const literals = sample.literals.filter((literal) => !LONG_LITERAL.test(literal) && literal.length < 200);
  return literals.length === 0 ? null : { ...sample, literals };
}
