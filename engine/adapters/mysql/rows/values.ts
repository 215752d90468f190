/** Fields as the driver reads them, as values: nothing is rounded on the way. */
import { isUtf8 } from 'node:buffer';
import type { ColumnSchema, LogicalType, TableSchema, Tuple, Value } from '../../../model';
import type { Field, Parameter } from '../database';
import { readColumn } from '../schema/reading';
import { noText } from './no-text';

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
  if (!(field instanceof Uint8Array)) return String(field);
  if (!isUtf8(field)) return noText(field);
  return Buffer.from(field.buffer, field.byteOffset, field.byteLength).toString('utf8');
}

function bytesOf(field: Exclude<Field, null>): Uint8Array {
  if (field instanceof Uint8Array) return new Uint8Array(field);
  return new Uint8Array(Buffer.from(String(field), 'utf8'));
}

/** The smallest FLOAT that has all its bits. */
const LEAST_NORMAL = 2 ** -126;

/**
 * The number with the fewest digits that is the same FLOAT: as people wrote it, and digit by digit as PostgreSQL shows
 * it, so that a comparison with it finds them alike.
 */
function shortest(double: number): number {
  // No digits tell its sign.
  if (double === 0) return double;
  // Six digits are kept by all but the smallest numbers, for which fewer do; nine tell any two of them apart.
  for (let digits = Math.abs(double) < LEAST_NORMAL ? 1 : 6; digits < 9; digits++) {
    const short = Number(double.toPrecision(digits));
    if (Math.fround(short) === double && !isHalfway(short, double)) return evenOf(double, digits) ?? short;
  }
  return evenOf(double, 9) ?? Number(double.toPrecision(9));
}

/** Whether a number is as far from a FLOAT as from the next one: not every server reads it as this one. */
function isHalfway(number: number, float: number): boolean {
  return number !== float && Math.fround(2 * number - float) === 2 * number - float;
}

/** The number of so many digits below one that lies halfway between two, if its last digit is even; else null. */
function evenOf(double: number, digits: number): number | null {
  const longer = double.toPrecision(digits + 1);
  if (!/[02468]\.?5(?:e.*)?$/.test(longer) || Number(longer) !== double) return null;
  return Number(longer.replace(/5(?=(?:e.*)?$)/, '0'));
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
    .map((column, index) => `${readColumn(alias, column)} AS f${index}`)
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
