/**
 * Values as SQL literals, and which of them a column cannot hold unchanged.
 *
 * Also in strict mode the servers round decimals and fractions of seconds, drop the time of day where a date is wanted,
 * cut trailing blanks, fill up bytes and take numbers for members of an ENUM, all without an error. So every value is
 * looked at here first; what is left to the server fails there.
 */
import { floatOf, integerOf, type LogicalType, type Value } from '../../../model';
import { quoteText, type Features } from '../database';
import type { FoundColumn } from '../schema/catalog';
import { isReadAsHex, membersOf } from '../schema/types';
import { jsonLiteral } from './json-literal';
import { bytesLiteral, doubleLiteral, fractionDigits, isJsonText, plainDecimal } from './literals';

/** The literal; `NULL` for NULL where the column takes it; undefined where the column would change or refuse the value. */
export type Fit = (value: Value) => string | undefined;

type Fitting = (value: NonNullable<Value>) => string | undefined;

/** What fits a column of a target, as it comes from a column of this type. */
export function fitFor(
  from: LogicalType,
  column: FoundColumn,
  features: Pick<Features, 'keepsSignOfZero'>,
): Fit {
  const fit = fitColumn(from, column, features.keepsSignOfZero);
  // Where these take no NULL the servers put the time or the next number in its place; others refuse it themselves.
  const isFilled = column.native === 'timestamp' || column.autoIncrement;
  const none = column.nullable || !isFilled ? 'NULL' : undefined;
  return (value) => (value === null ? none : fit(value));
}

const INT_BITS: Readonly<Record<string, number>> = {
  tinyint: 8,
  smallint: 16,
  mediumint: 24,
  int: 32,
  bigint: 64,
};

function fitColumn(from: LogicalType, column: FoundColumn, signedZero: boolean): Fitting {
  const { native, declared } = column;
  const bits = INT_BITS[native];
  const unsigned = declared.includes('unsigned');
  if (bits !== undefined) return integers(from, fitInteger(bits, !unsigned));
  if (isReadAsHex(native)) return fitHex;
  if (column.isJson) return fitJson(from, native === 'json');
  switch (native) {
    case 'year':
      return integers(from, (value) => (isYear(value) ? String(value) : undefined));
    case 'bit':
      return integers(from, fitInteger(column.precision ?? 1, false));
    case 'decimal':
      return fitDecimal(column.precision ?? 10, column.scale ?? 0, unsigned);
    case 'float':
    case 'double':
      return fitFloat(from, {
        bits: native === 'float' ? 32 : 64,
        digits: digitsOf(declared),
        unsigned,
        signedZero,
      });
    case 'char':
    case 'varchar':
      return fitText(column, native === 'char');
    case 'tinytext':
    case 'text':
    case 'mediumtext':
    case 'longtext':
      return fitText(column, false);
    case 'enum': {
      const members = new Set(membersOf(declared));
      return fitString((text) => members.has(text));
    }
    case 'set': {
      const members = membersOf(declared);
      return fitString((text) => text === '' || isSubset(text.split(','), members));
    }
    case 'binary':
      return fitBytes((length) => length === (column.octets ?? length));
    case 'varbinary':
    case 'tinyblob':
    case 'blob':
    case 'mediumblob':
    case 'longblob':
      return fitBytes((length) => length <= (column.octets ?? Infinity));
    case 'date':
      return from.kind === 'timestamp'
        ? fitString(isMidnight, (text) => text.slice(0, DAY_LETTERS))
        : fitString(isDay);
    case 'time':
      return fitTime(/^(?!-0+:00:00(\.0+)?$)-?(\d\d|[1-9]\d\d):\d\d:\d\d(\.\d{1,6})?$/, declared);
    case 'datetime':
    case 'timestamp':
      if (from.kind === 'date') return fitString(isDay, (text) => `${text} 00:00:00`);
      return fitTime(/^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?(\+00(:?00)?|Z)?$/, declared);
    case 'uuid':
      return fitString((text) => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(text));
    default:
      return fitString(() => true);
  }
}

/** Of decimals the texts are numbers, and truth values are 0 and 1. */
function integers(from: LogicalType, fit: Fitting): Fitting {
  if (from.kind === 'bool') return (value) => fit(typeof value === 'boolean' ? BigInt(value) : value);
  if (from.kind !== 'decimal') return fit;
  return (value) => fit(typeof value === 'string' ? (integerOf(value) ?? value) : value);
}

function isYear(value: NonNullable<Value>): boolean {
  return typeof value === 'bigint' && (value === 0n || (value > 1900n && value < 2156n));
}

const DAY_LETTERS = 10;

function isMidnight(text: string): boolean {
  return isDay(text.slice(0, DAY_LETTERS)) && /^( 00:00:00(\.0+)?(\+00)?)?$/.test(text.slice(DAY_LETTERS));
}

function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text);
}

function fitInteger(bits: number, signed: boolean): Fitting {
  return (value) => {
    const number = typeof value === 'boolean' ? (value ? 1n : 0n) : value;
    if (typeof number !== 'bigint') return undefined;
    const kept = signed ? BigInt.asIntN(bits, number) : BigInt.asUintN(bits, number);
    return kept === number ? String(number) : undefined;
  };
}

function fitDecimal(precision: number, scale: number, unsigned: boolean): Fitting {
  return (value) => {
    if (typeof value !== 'bigint' && typeof value !== 'number' && typeof value !== 'string') return undefined;
    if (Object.is(value, -0)) return undefined;
    const plain = plainDecimal(String(value));
    if (plain === null || (unsigned && plain.startsWith('-'))) return undefined;
    const [, whole = '', fraction = ''] = /^-?0*(\d*?)(?:\.(\d+))?$/.exec(plain) ?? [];
    return whole.length <= precision - scale && fraction.length <= scale ? plain : undefined;
  };
}

interface FloatColumn {
  readonly bits: 32 | 64;
  /** To which it rounds, which makes 0 of -0; null for none. */
  readonly digits: number | null;
  readonly unsigned: boolean;
  /** The server has a -0. */
  readonly signedZero: boolean;
}

function fitFloat(from: LogicalType, { bits, digits, unsigned, signedZero }: FloatColumn): Fitting {
  const fromSingle = bits === 32 && from.kind === 'float' && from.bits === 32;
  return (read) => {
    const value = from.kind === 'decimal' && typeof read === 'string' ? floatOf(read, bits) : read;
    if (typeof value === 'bigint') {
      const float = bits === 32 ? Math.fround(Number(value)) : Number(value);
      return BigInt(float) === value && !(unsigned && value < 0n) ? doubleLiteral(float) : undefined;
    }
    if (typeof value !== 'number' || !Number.isFinite(value) || (unsigned && value < 0)) return undefined;
    if (Object.is(value, -0) && (digits !== null || !signedZero)) return undefined;
    // With all its digits: the fewest that name the largest number of single precision are above it.
    const stored = bits === 64 ? value : Math.fround(value);
    if (stored !== value && !fromSingle) return undefined;
    if (digits !== null) {
      const kept = roundedTo(digits, stored);
      if ((bits === 64 ? kept : Math.fround(kept)) !== stored) return undefined;
    }
    return doubleLiteral(stored);
  };
}

/** As the servers do it: in `double(10,2)`, -0.3 becomes -0.30000000000000004. */
function roundedTo(digits: number, value: number): number {
  const unit = Number(`1e${digits}`);
  const whole = Math.floor(value);
  return whole + Math.round((value - whole) * unit) / unit;
}

/** `double(10,2)` rounds. */
function digitsOf(declared: string): number | null {
  const digits = /\(\d+,(\d+)\)/.exec(declared)?.[1];
  return digits === undefined ? null : Number(digits);
}

function fitText({ length, octets, charset }: FoundColumn, padded: boolean): Fitting {
  const most = length ?? Infinity;
  // Of texts without a length of their own the server counts the bytes.
  const mostBytes = padded || charset === null ? Infinity : (octets ?? Infinity);
  return (value) => {
    // Numbers are readable as text, whatever a column of SQLite is declared as.
    const isNumber = typeof value === 'bigint' || typeof value === 'number';
    const text = isNumber ? numberText(value) : value;
    if (typeof text !== 'string' || !isStorable(text)) return undefined;
    if (text.length > most && Array.from(text).length > most) return undefined;
    if (text.length > mostBytes / 4 && leastBytes(text, charset) > mostBytes) return undefined;
    // Blanks at the end are no part of what a CHAR holds.
    return padded && text.endsWith(' ') ? undefined : quoteText(text);
  };
}

/** Bytes that a text takes, or fewer where the character set has letters of several lengths: the server refuses the rest. */
function leastBytes(text: string, charset: string | null): number {
  return charset?.startsWith('utf8') === true ? Buffer.byteLength(text) : Array.from(text).length;
}

function numberText(value: bigint | number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** UTF-8 has no half of a surrogate pair. */
function isStorable(text: string): boolean {
  return text.isWellFormed();
}

function fitString(fits: (text: string) => boolean, write = (text: string): string => text): Fitting {
  return (value) =>
    typeof value === 'string' && isStorable(value) && fits(value) ? quoteText(write(value)) : undefined;
}

/** Members in the order of their declaration, each once: in this form a SET shows them. */
function isSubset(names: readonly string[], members: readonly string[]): boolean {
  const places = names.map((name) => members.indexOf(name));
  return places.every((place, index) => place >= 0 && place > (places[index - 1] ?? -1));
}

function fitBytes(fits: (length: number) => boolean): Fitting {
  return (value) => (value instanceof Uint8Array && fits(value.length) ? bytesLiteral(value) : undefined);
}

/** Hexadecimal digits, in which shapes and vectors travel. */
const fitHex: Fitting = (value) =>
  typeof value === 'string' && /^([\da-f]{2})+$/i.test(value) ? `X'${value}'` : undefined;

/** `parsed`: the server keeps JSON in a form of its own, of which the members' order and spaces are no part. */
function fitJson(from: LogicalType, parsed: boolean): Fitting {
  return (value) => {
    if (typeof value !== 'string' || !isStorable(value)) return undefined;
    if (from.kind !== 'json' && !isJsonText(value)) return undefined;
    return parsed ? (jsonLiteral(value) ?? undefined) : quoteText(value);
  };
}

function fitTime(pattern: RegExp, declared: string): Fitting {
  const kept = Number(/\((\d)\)/.exec(declared)?.[1] ?? 0);
  return (value) => {
    if (typeof value !== 'string' || !pattern.test(value) || fractionDigits(value) > kept) return undefined;
    // Sessions of ours have the time zone +00:00.
    return quoteText(value.replace(/(\+00(:?00)?|Z)$/, ''));
  };
}
