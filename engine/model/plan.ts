/** What setup would do, as an adapter says it, and a table on its way from source to target. */
import type { TableName, TableSchema } from './schema';

/** One statement that setup would run. */
export interface PlanStep {
  readonly on: 'source' | 'target';
  /** Display name of the table that it serves; null for our own objects. */
  readonly table: string | null;
  readonly sql: string;
}

/** Something that a person should know before it starts; nothing that forbids it. */
export interface PlanNotice {
  readonly table: string | null;
  readonly message: string;
}

/** A table on its way from source to target, resolved against both schemas. */
export interface TableRoute {
  /** Display name of the source table: its identity in the pipeline. */
  readonly id: string;
  readonly source: TableSchema;
  readonly target: TableName;
  /** Replicated columns in order, no generated ones; the key is among them. */
  readonly columns: readonly string[];
  /** The key's columns in order, all of them in `columns`. */
  readonly key: readonly string[];
}
