/**
 * What the suite needs of a kind of database besides its adapter: scratch databases, connections of an application,
 * and the dialect's DDL. Whoever tests an adapter writes one. Statements that the suite writes itself are plain SQL:
 * lower-case names without quotes, integers, and texts without quotes or backslashes.
 */
import type { ErrorCode } from '../errors';

export interface ColumnDefinition {
  readonly name: string;
  /** `integer`: at least 32 bits, signed. `text`: at least 100 characters, usable in a key. */
  readonly type: 'integer' | 'text';
  readonly nullable: boolean;
}

/** A table as the suite wants it; the fixture says it in the dialect. */
export interface TableDefinition {
  readonly name: string;
  readonly columns: readonly ColumnDefinition[];
  /** Primary key, in order. */
  readonly key: readonly string[];
  /** Columns with a unique index each. */
  readonly unique: readonly string[];
  /** An enforced foreign key with ON DELETE CASCADE. */
  readonly references: { readonly column: string; readonly table: string; readonly key: string } | null;
}

/** A column type and values of it, as the dialect writes them. */
export interface TypeSample {
  /** E.g. `NUMERIC(10,2)`; empty where the dialect allows none. */
  readonly declaration: string;
  /** Expressions that may stand in VALUES; without NULL, which the suite adds. */
  readonly literals: readonly string[];
}

/** A table that can't be captured. */
export interface RefusedTable {
  readonly name: string;
  readonly statements: readonly string[];
  readonly code: Extract<ErrorCode, 'KEY_MISSING' | 'TABLE_UNSUPPORTED'>;
}

export interface Fixture {
  /** A fresh, empty database that nobody else uses. */
  createDatabase(): Promise<ScratchDatabase>;
  /** A name of any kind as an identifier. */
  quoteName(name: string): string;
  createTable(definition: TableDefinition): readonly string[];
  /** A table with an integer key `id` and a nullable column `value` of this type. */
  createSampleTable(name: string, declaration: string): readonly string[];
  /**
   * An application's trigger on the table `stamped` that adds 1 to `revision` of the row whenever its `name` is
   * updated, from a BEFORE or an AFTER trigger; null where the database can't.
   */
  stampingTrigger(moment: 'before' | 'after'): readonly string[] | null;
  /** `REPLACE INTO` in the dialect: deletes rows with equal unique values; null where there is no such statement. */
  readonly replaceInto: string | null;
  /** `INSERT IGNORE INTO` in the dialect: leaves rows with equal unique values; null where there is none. */
  readonly insertIgnoreInto: string | null;
  readonly typeSamples: readonly TypeSample[];
  /** A type of times with microseconds, in the order of time: '2026-01-02 03:04:05.123456' is one in UTC. */
  readonly timeType: string;
  /** An index of the table, as DROP INDEX takes it. */
  indexOf(table: string, index: string): string;
  readonly refusedTables: readonly RefusedTable[];
}

export interface ScratchDatabase {
  readonly url: string;
  /** Runs statements as an application would, each committed by itself, foreign keys enforced. */
  execute(...statements: readonly string[]): Promise<void>;
  /** A connection of an application that keeps its transactions apart: BEGIN, COMMIT, ROLLBACK are sent as they are. */
  connect(): Promise<ScratchConnection>;
  /**
   * All rows, each as one text: equal texts exactly for equal values, in type and in content. In any order. Must not
   * come from the adapter's code, since it judges it.
   */
  dump(table: string): Promise<readonly string[]>;
  /** Names of everything in it (tables, indexes, triggers, sequences, functions), with their kinds. */
  objects(): Promise<readonly string[]>;
  /** Does what a person does who drops one of the adapter's triggers on this table. */
  damageCapture(table: string): Promise<void>;
  /** Removes the database. */
  dispose(): Promise<void>;
}

export interface ScratchConnection {
  execute(statement: string): Promise<void>;
  close(): Promise<void>;
}
