/** What the engine knows of a table: columns, key, other unique indexes, references. */
import type { TypedColumn } from './types';

/** A table's name as its database spells it. `schema` is null where the database has none. */
export interface TableName {
  readonly schema: string | null;
  readonly name: string;
}

/** The name that people read and write in `cdc.yaml`: `schema.name`, or `name`. */
export function displayName(table: TableName): string {
  return table.schema === null ? table.name : `${table.schema}.${table.name}`;
}

/** Whether a column's value is computed by the database. */
export type Generated = 'no' | 'stored' | 'virtual';

export interface ColumnSchema extends TypedColumn {
  readonly name: string;
  readonly nullable: boolean;
  readonly generated: Generated;
  /** Collation's name, or null for the database's default. */
  readonly collation: string | null;
  /** True for a column that numbers rows by itself where its table has that and no sequence; absent for all others. */
  readonly counting?: true;
  /** True for a text whose values are equal only where their bytes are; absent where that is not known. */
  readonly comparesBytes?: boolean;
  /** The default's SQL text, or null. */
  readonly defaultSql: string | null;
}

/** The columns that tell rows apart, none of which may be NULL. */
export interface TableKey {
  readonly columns: readonly string[];
  readonly from: 'primary key' | 'unique index';
}

/** A unique index other than the key. */
export interface UniqueIndex {
  readonly name: string;
  /** Column names, or null at a place where the index holds an expression. */
  readonly columns: readonly (string | null)[];
  /** By which collation each column is compared; null for the database's default. */
  readonly collations: readonly (string | null)[];
  readonly partial: boolean;
  /**
   * Equal for indexes of one family that refuse the same rows, whatever their names and the order of their columns;
   * empty where it is not known.
   */
  readonly rule: string;
}

export interface ForeignKey {
  readonly columns: readonly string[];
  readonly references: TableName;
}

/** Why a table cannot be captured, and what would make it possible. */
export interface TableRefusal {
  readonly code: 'KEY_MISSING' | 'TABLE_UNSUPPORTED';
  readonly reason: string;
  readonly remedy: string;
}

export interface TableSchema {
  readonly name: TableName;
  readonly columns: readonly ColumnSchema[];
  /** Null exactly when `refusal` is not. */
  readonly key: TableKey | null;
  readonly refusal: TableRefusal | null;
  readonly uniqueIndexes: readonly UniqueIndex[];
  readonly foreignKeys: readonly ForeignKey[];
  /**
   * True when application triggers may write this table: the logged order inside a transaction may then differ
   * from the executed one, and rows are re-read by key instead of taken from the log.
   */
  readonly reread: boolean;
  /** Dialect's own table options to carry over within a family, e.g. `STRICT`, `WITHOUT ROWID`. */
  readonly options: readonly string[];
}
