/** What each dialect says of its types, for code and for the page about types alike. */
import type { ColumnBounds, TypedColumn } from './bounds';
import type { LogicalType } from './logical';

/** A type of a database by the declaration of a column. */
export interface NativeTypeEntry {
  /** A column declared so stands for all of this type. */
  readonly declared: string;
  /** How its values are read so that nothing of them is lost. */
  readonly read: string;
  /** True where the table has to be STRICT. */
  readonly strict?: true;
}

/** The types of a database. */
export interface TypeTable {
  /** One for each type that is told apart from others. */
  readonly entries: readonly NativeTypeEntry[];
  describe(entry: Pick<NativeTypeEntry, 'declared' | 'strict'>): {
    readonly type: LogicalType;
    readonly bounds?: ColumnBounds;
  };
  /** The type of a column that is made here for one of another family, which is in no key; null where there is none. */
  made(column: TypedColumn): string | null;
  /** How a value is handed to a column here, by words: literals, parameters, COPY. */
  readonly written: string;
}
