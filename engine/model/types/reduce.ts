/**
 * Values altered so that a column takes them: only of columns that are `lossy` by name. What has no nearest value
 * (a number beyond all of a column's, a text that is no date) stays as it is, and is refused.
 */
import type { Value } from '../value';
import type { ColumnBounds, TypedColumn } from './bounds';
import type { LogicalType } from './logical';

export type Reduce = (value: Value) => Value;

/** What a column makes of values that it would not take as they are; of NaN and infinities NULL, where it may. */
export function reduceFor({ type, bounds, nullable }: TypedColumn & { readonly nullable: boolean }): Reduce {
  const cut = cutFor(type, bounds);
  const holds = (special: ColumnBounds['specials'][number]): boolean =>
    bounds?.specials.includes(special) ?? true;
  return (value) => {
    if (value === null) return null;
    if (knowsNone(type) && isNone(value, holds)) return nullable ? null : value;
    const kept = cut(value);
    return isNumber(type) && !holds('negative zero') ? withoutSignOfZero(kept) : kept;
  };
}

/** Whether an altered value may come of it: only then a column is lossy. */
export function isReducible({ type }: Pick<TypedColumn, 'type'>): boolean {
  if (type.kind === 'dynamic') return isNumeric(type);
  return knowsNone(type) || type.kind === 'text' || type.kind === 'bytes';
}

/** Numbers and dates. In a text, NaN is a text like any other. */
function knowsNone(type: LogicalType): boolean {
  if (type.kind === 'dynamic') return isNumeric(type);
  return ['int', 'decimal', 'float', 'date', 'time', 'timestamp'].includes(type.kind);
}

function isNumber(type: LogicalType): boolean {
  if (type.kind === 'dynamic') return isNumeric(type);
  return type.kind === 'int' || type.kind === 'decimal' || type.kind === 'float';
}

function withoutSignOfZero(value: Value): Value {
  if (typeof value === 'number') return Object.is(value, -0) ? 0 : value;
  return typeof value === 'string' && /^-0*\.?0*(?:e[-+]?\d+)?$/i.test(value) ? value.slice(1) : value;
}

function isNumeric({ affinity }: Extract<LogicalType, { kind: 'dynamic' }>): boolean {
  return affinity === 'integer' || affinity === 'real' || affinity === 'numeric';
}

/** What stands for no number or no date where a column knows no such thing. */
function isNone(
  value: NonNullable<Value>,
  holds: (special: ColumnBounds['specials'][number]) => boolean,
): boolean {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '';
  if (text === 'NaN') return !holds('NaN');
  return /^-?infinity$/i.test(text) && !holds('infinity');
}

function cutFor(type: LogicalType, bounds: ColumnBounds | undefined): Reduce {
  switch (type.kind) {
    case 'int':
      return (value) => {
        const rounded = roundedText(value, 0);
        return rounded === null ? value : BigInt(rounded);
      };
    case 'decimal': {
      const { scale, precision } = type;
      return precision === null ? same : (value) => roundedText(value, scale ?? 0) ?? value;
    }
    case 'float':
      return (value) => nearestFloat(value, type.bits);
    case 'text':
      return textCut(type.length, bounds);
    case 'bytes': {
      const most = type.length ?? bounds?.bytes ?? Infinity;
      return (value) => (value instanceof Uint8Array && value.length > most ? value.slice(0, most) : value);
    }
    case 'date':
      return (value) => (typeof value === 'string' ? value.replace(MOMENT, '$1$2') : value);
    case 'time':
    case 'timestamp': {
      const digits = bounds?.fraction;
      return digits === undefined
        ? same
        : (value) => (typeof value === 'string' ? cutFraction(value, digits) : value);
    }
    case 'bool':
    case 'interval':
    case 'json':
    case 'uuid':
    case 'enum':
    case 'array':
    case 'other':
      return same;
    case 'dynamic':
      return storedCut(type);
  }
}

const same: Reduce = (value) => value;

/** A date with a time of day, perhaps with a zone, perhaps before Christ. */
const MOMENT =
  /^(\d{4,}-\d\d-\d\d)[ T](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:Z|[-+]\d\d(?::?\d\d){0,2})?( BC)?$/;

const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;

/** The nearest number, unless that is an infinite one. */
function nearestFloat(value: Value, bits: 32 | 64): Value {
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  if (!isNumber && !(typeof value === 'string' && NUMBER.test(value))) return value;
  const double = Number(value);
  const number = bits === 32 ? Math.fround(double) : double;
  return Number.isFinite(number) ? number : value;
}

/** What SQLite would store of a number. */
function storedCut({ affinity }: Extract<LogicalType, { kind: 'dynamic' }>): Reduce {
  if (affinity === 'real') return (value) => nearestFloat(value, 64);
  const whole: Reduce = (value) => {
    const rounded = roundedText(value, 0);
    const number = rounded === null ? null : BigInt(rounded);
    return number === null || BigInt.asIntN(64, number) !== number ? value : number;
  };
  if (affinity === 'integer') return whole;
  if (affinity !== 'numeric') return same;
  return (value) => {
    if (typeof value !== 'string') return value;
    return /^-?\d+$/.test(value) ? whole(value) : nearestFloat(value, 64);
  };
}

function textCut(length: number | null, bounds: ColumnBounds | undefined): Reduce {
  const bytes = bounds?.bytes ?? Infinity;
  const holdsNul = bounds?.specials.includes('U+0000') ?? true;
  return (value) => {
    // One that is not well-formed stands for bytes that are no text.
    if (typeof value !== 'string' || !value.isWellFormed()) return value;
    const kept = holdsNul ? value : value.replaceAll('\0', '');
    const short = length === null ? kept : Array.from(kept).slice(0, length).join('');
    return Buffer.byteLength(short) <= bytes ? short : firstBytes(short, bytes);
  };
}

/** As many whole letters as fit. */
function firstBytes(text: string, most: number): string {
  const bytes = Buffer.from(text);
  let end = most;
  // The bytes of a letter after its first begin with 10.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

function cutFraction(text: string, digits: number): string {
  return text.replace(/\.(\d+)/, (whole, fraction: string) => {
    if (fraction.length <= digits) return whole;
    return digits === 0 ? '' : `.${fraction.slice(0, digits)}`;
  });
}

/** A number with so many digits after its point, halves away from zero; null for what is no finite number. */
function roundedText(value: Value, scale: number): string | null {
  if (value === null || value instanceof Uint8Array || typeof value === 'boolean') return null;
  const match = /^(-?)(\d+)(?:\.(\d*))?(?:e([-+]?\d{1,4}))?$/i.exec(String(value));
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = BigInt(whole + fraction);
  // The number is digits * 10^-after.
  const after = fraction.length - Number(exponent);
  const unit = after > scale ? 10n ** BigInt(after - scale) : 1n;
  const scaled = after > scale ? (digits + unit / 2n) / unit : digits * 10n ** BigInt(scale - after);
  const text = scaled.toString().padStart(Math.max(scale, 0) + 1, '0');
  const isZero = scaled === 0n;
  const shown =
    scale > 0 ? `${text.slice(0, -scale)}.${text.slice(-scale)}` : text + (isZero ? '' : '0'.repeat(-scale));
  return `${isZero ? '' : sign}${shown}`;
}
