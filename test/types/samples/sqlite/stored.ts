/**
 * Values of SQLite, told by their storage classes. A column's type says little, so a replica in SQLite has to hold the
 * same class and content, and one elsewhere what the class means in the type that was made of the declared one.
 */
import * as canonical from '../../canonical';
import type { Field, Kind, Reading } from '../../kinds';

/** Kinds of the columns that other databases make of SQLite's. */
export type StoredKind = Extract<Kind, 'bool' | 'integer' | 'decimal' | 'float64' | 'text' | 'bytes'>;

interface Stored {
  readonly storage: 'integer' | 'real' | 'text' | 'blob';
  /** Digits of an integer, bytes of a text or a blob in hexadecimal digits. */
  readonly written: string;
  /** Of a real. */
  readonly number: number;
}

/** Floating point numbers come as they are, so that each bit can be looked at; all else by its class and content. */
function shown(column: string): string {
  return `CASE typeof(${column}) WHEN 'null' THEN NULL WHEN 'real' THEN ${column}
WHEN 'integer' THEN 'integer ' || CAST(${column} AS TEXT)
ELSE typeof(${column}) || ' ' || hex(CAST(${column} AS BLOB)) END`;
}

function storedOf(field: Field): Stored {
  if (typeof field === 'number') return { storage: 'real', written: '', number: field };
  const [storage = '', written = ''] = field.split(' ');
  if (storage === 'integer' || storage === 'text' || storage === 'blob')
    return { storage, written, number: 0 };
  throw new Error(`SQLite has no storage class ${storage}`);
}

/** Class and content; texts by their UTF-8, whatever encoding the database has. */
export function exactly(encoding: BufferEncoding = 'utf8'): Reading {
  return {
    sql: shown,
    canonical: (field) => {
      const { storage, written, number } = storedOf(field);
      if (storage === 'real') return `real ${canonical.float64(number)}`;
      const isOther = storage === 'text' && encoding !== 'utf8';
      return `${storage} ${isOther ? hexOf(textOf(written, encoding)) : written.toLowerCase()}`;
    },
  };
}

function textOf(hex: string, encoding: BufferEncoding): string {
  return Buffer.from(hex, 'hex').toString(encoding);
}

/** What a value is in a column of another database. */
export function meaning(kind: StoredKind, encoding: BufferEncoding = 'utf8'): Reading {
  return { sql: shown, canonical: (field) => meaningOf(kind, storedOf(field), encoding) };
}

function meaningOf(kind: StoredKind, stored: Stored, encoding: BufferEncoding): string {
  const { storage, written, number } = stored;
  const isOf = (...storages: readonly Stored['storage'][]): boolean => storages.includes(storage);
  switch (kind) {
    case 'bool':
      if (isOf('integer')) return canonical.bool(written);
      break;
    case 'integer':
      if (isOf('integer')) return canonical.integer(written);
      break;
    case 'decimal':
      if (isOf('integer')) return canonical.decimal(written);
      if (isOf('real')) return canonical.decimal(digitsOf(number));
      break;
    case 'float64':
      if (isOf('real')) return canonical.float64(number);
      break;
    case 'bytes':
      if (isOf('blob')) return canonical.bytes(written);
      break;
    case 'text':
      if (isOf('text')) return hexOf(textOf(written, encoding));
      if (isOf('integer')) return hexOf(written);
      if (isOf('real')) return hexOf(Object.is(number, -0) ? '-0' : String(number));
  }
  return `another class: ${storage}`;
}

function hexOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('hex');
}

/** The fewest digits that name a number, without an exponent. */
function digitsOf(number: number): string {
  const [mantissa = '', exponent = '0'] = String(number).split('e');
  if (exponent === '0') return mantissa;
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d)(?:\.(\d+))?$/.exec(mantissa) ?? [];
  const shift = Number(exponent);
  return shift < 0
    ? `${sign}0.${'0'.repeat(-shift - 1)}${whole}${fraction}`
    : `${sign}${whole}${fraction.padEnd(shift, '0').slice(0, shift)}.${fraction.slice(shift)}0`;
}
