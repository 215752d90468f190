/** What a value is, whatever a database calls its type; and how a database shows it to the comparison. */

export type Kind =
  | 'bool'
  | 'integer'
  | 'decimal'
  | 'float32'
  | 'float64'
  | 'text'
  | 'bytes'
  | 'date'
  | 'time'
  | 'zoned time'
  | 'timestamp'
  | 'zoned timestamp'
  | 'interval'
  | 'uuid';

/** A field as a driver hands it over: floating point numbers, and texts for all else. */
export type Field = string | number;

/** How a column of some kind is read for the comparison. */
export interface Reading {
  /** The expression that shows the value: its bytes in hexadecimal digits wherever the database can tell them. */
  readonly sql: (column: string) => string;
  /** The one text that stands for the value in every database. What is no such value has a text that none has. */
  readonly canonical: (field: Field) => string;
}

export type Readings = Readonly<Record<Kind, Reading>>;
