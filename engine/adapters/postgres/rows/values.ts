/** The text that a server writes, as values: nothing is rounded on the way. */
import type { ColumnSchema, LogicalType, TableSchema, Tuple, Value } from '../../../model';
import type { Parameter } from '../database';

/** Makes a value of the text of one column. */
export type ValueReader = (text: string) => Value;

export function valueReader(type: LogicalType): ValueReader {
  switch (type.kind) {
    case 'bool':
      return (text) => text === 't';
    case 'int':
      return BigInt;
    case 'float':
      return readFloat;
    case 'bytes':
      return (text) => new Uint8Array(Buffer.from(text.slice(2), 'hex'));
    case 'decimal':
    case 'text':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'interval':
    case 'json':
    case 'uuid':
    case 'enum':
    case 'array':
    case 'dynamic':
    case 'other':
      return (text) => text;
  }
}

/** Infinity, -Infinity and NaN are spelt as in JavaScript. */
function readFloat(text: string): number {
  return Number(text);
}

/** Readers for some columns of a table, in their order. A column that it lacks is read as text. */
export function readersOf(table: TableSchema, columns: readonly string[]): readonly ValueReader[] {
  const byName = new Map(table.columns.map((column): [string, ColumnSchema] => [column.name, column]));
  return columns.map((name) => {
    const column = byName.get(name);
    return column === undefined ? (text: string) => text : valueReader(column.type);
  });
}

/** Columns of a row from `offset` on, as values. */
export function readTuple(
  row: readonly (string | null)[],
  readers: readonly ValueReader[],
  offset = 0,
): Tuple {
  return readers.map((read, index) => {
    const text = row[offset + index] ?? null;
    return text === null ? null : read(text);
  });
}

/** A value as the server reads it, bound to a parameter that is cast from text. */
export function writeValue(value: Value): Parameter {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`;
}
