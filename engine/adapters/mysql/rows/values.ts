/** Fields as the driver reads them, as values: nothing is rounded on the way. */
import type { ColumnSchema, LogicalType, TableSchema, Tuple, Value } from '../../../model';
import type { Field, Parameter } from '../database';
import { readColumn } from '../schema/types';

/** Makes a value of a field that is not NULL, as `readExpression` selects it. */
export type ValueReader = (field: Exclude<Field, null>) => Value;

export function valueReader(type: LogicalType): ValueReader {
  switch (type.kind) {
    case 'bool':
      return (field) => Number(field) === 1;
    case 'int':
      return (field) =>
        BigInt(typeof field === 'number' || typeof field === 'string' ? field : textOf(field));
    case 'float':
      return type.bits === 32 ? (field) => shortest(Number(field)) : Number;
    case 'bytes':
      return bytesOf;
    case 'timestamp':
      return type.zone ? (field) => `${textOf(field)}+00` : textOf;
    case 'decimal':
    case 'text':
    case 'date':
    case 'time':
    case 'interval':
    case 'json':
    case 'uuid':
    case 'enum':
    case 'array':
    case 'dynamic':
    case 'other':
      return textOf;
  }
}

function textOf(field: Exclude<Field, null>): string {
  return field instanceof Uint8Array
    ? Buffer.from(field.buffer, field.byteOffset, field.byteLength).toString('utf8')
    : String(field);
}

function bytesOf(field: Exclude<Field, null>): Uint8Array {
  if (field instanceof Uint8Array) return new Uint8Array(field);
  return new Uint8Array(Buffer.from(String(field), 'utf8'));
}

/** The number with the fewest digits that is the same FLOAT: as people wrote it, and as other databases show it. */
function shortest(double: number): number {
  // Text of a number has no sign of zero.
  if (double === 0) return double;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(double.toPrecision(digits));
    if (Math.fround(short) === double) return short;
  }
  return double;
}

/** Readers for some columns of a table, in their order. */
export function readersOf(table: TableSchema, columns: readonly string[]): readonly ValueReader[] {
  return columnsOf(table, columns).map(({ type }) => valueReader(type));
}

/** Fields of a row from `offset` on, as values. */
export function readTuple(row: readonly Field[], readers: readonly ValueReader[], offset = 0): Tuple {
  return readers.map((read, index) => {
    const field = row[offset + index] ?? null;
    return field === null ? null : read(field);
  });
}

/**
 * The select list that reads columns of a table without loss. `alias`: of the table in the statement. Columns get names
 * of ours: the driver refuses some that a table may have.
 */
export function selectList(table: TableSchema, columns: readonly string[], alias: string): string {
  return columnsOf(table, columns)
    .map(({ name, declaredType }, index) => `${readColumn(alias, name, declaredType)} AS f${index}`)
    .join(', ');
}

/** Columns by their names; what the table lacks is taken for text, and the statement will say so. */
export function columnsOf(table: TableSchema, columns: readonly string[]): readonly ColumnSchema[] {
  const byName = new Map(table.columns.map((column) => [column.name, column]));
  return columns.map(
    (name) =>
      byName.get(name) ?? {
        name,
        declaredType: 'text',
        type: { kind: 'text', length: null },
        nullable: true,
        generated: 'no',
        collation: null,
        defaultSql: null,
      },
  );
}

/** A value of a column as it is bound to a parameter. */
export function writeValue(value: Value, type: LogicalType): Parameter {
  if (typeof value === 'string' && type.kind === 'timestamp' && type.zone) return value.replace(/\+00$/, '');
  return value;
}
