/**
 * Values as PostgreSQL's text, and which of them a column cannot hold unchanged.
 *
 * PostgreSQL rounds decimals to a column's scale, drops the time of day where a date is wanted and the zone where
 * none is, and cuts trailing blanks, all without a word. So a value that comes from another kind of database, or
 * from a column of another type, is looked at here first; what is left to the database fails there.
 */
import {
  escapesZero,
  floatOf,
  integerOf,
  isSameDeclared,
  repeatsMembers,
  withoutLastZeros,
  type ColumnSchema,
  type LogicalType,
  type Value,
} from '../../../model';
import { isWrittenInterval } from './interval-text';

/** The text form; null for NULL; undefined where the column would change or refuse the value. */
export type Fit = (value: Value) => string | null | undefined;

/** What fits a column of a target, as it comes from a column of a source. */
export function fitFor(source: ColumnSchema, target: ColumnSchema): Fit {
  if (isSameType(source, target)) return plainText;
  return narrowed(fitType(target, source.type), target);
}

/** What a declaration takes away from its type: PostgreSQL rounds, pads and truncates to it without a word. */
function narrowed(fit: Fit, { type, declaredType, baseType }: ColumnSchema): Fit {
  const keeps = keeperOf(type, baseType ?? declaredType);
  return keeps === null
    ? fit
    : (value) => {
        const text = fit(value);
        return typeof text === 'string' && !keeps(text) ? undefined : text;
      };
}

function keeperOf(type: LogicalType, declared: string): ((text: string) => boolean) | null {
  switch (type.kind) {
    case 'time':
    case 'timestamp':
    case 'interval': {
      const holds = LEAST_FIELDS[/^interval .*\b(year|month|day|hour|minute)\b/.exec(declared)?.[1] ?? ''];
      if (holds !== undefined) return (text) => holds.test(text);
      const digits = /\((\d)\)/.exec(declared)?.[1];
      return digits === undefined ? null : (text) => fractionDigits(text) <= Number(digits);
    }
    case 'text': {
      // Blanks would be added.
      const length = /^character\((\d+)\)$/.exec(declared)?.[1];
      return length === undefined ? null : (text) => Array.from(text).length === Number(length);
    }
    case 'bool':
    case 'int':
    case 'decimal':
    case 'float':
    case 'bytes':
    case 'date':
    case 'json':
    case 'uuid':
    case 'enum':
    case 'array':
    case 'dynamic':
    case 'other':
      return null;
  }
}

/** What an interval holds by the smallest of its fields: `interval year to month` has no room for days. */
const LEAST_FIELDS: Readonly<Record<string, RegExp>> = {
  year: /^P(-?\d+Y|T0S)$/,
  month: /^P(-?\d+Y)?(-?\d+M)?(T0S)?$/,
  day: /^P(-?\d+Y)?(-?\d+M)?(-?\d+D)?(T0S)?$/,
  hour: /^P(-?\d+Y)?(-?\d+M)?(-?\d+D)?(T(-?\d+H|0S))?$/,
  minute: /^P(-?\d+Y)?(-?\d+M)?(-?\d+D)?(T((-?\d+H)?(-?\d+M)?|0S))?$/,
};

/** Of the seconds in a time or an interval. */
function fractionDigits(text: string): number {
  return withoutLastZeros(/\.(\d+)/.exec(text)?.[1] ?? '').length;
}

/** A column of SQLite can hold other values than its type says, whatever the type is called. */
function isSameType(source: ColumnSchema, target: ColumnSchema): boolean {
  return source.type.kind !== 'dynamic' && isSameDeclared(source, target);
}

/** The text form of any value, as PostgreSQL reads it. */
export function plainText(value: Value): string | null | undefined {
  return value === null ? null : writtenText(value);
}

function writtenText(value: NonNullable<Value>): string | undefined {
  if (typeof value === 'string') return isStorable(value) ? value : undefined;
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return floatText(value);
  if (typeof value === 'boolean') return value ? 't' : 'f';
  return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`;
}

/** No text of PostgreSQL holds U+0000, and UTF-8 has no half of a surrogate pair. */
function isStorable(text: string): boolean {
  return !/[\0\ud800-\udfff]/u.test(text);
}

function floatText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function fitType({ type, bounds }: ColumnSchema, from: LogicalType): Fit {
  switch (type.kind) {
    case 'bool':
      return nullable((value) => {
        if (typeof value === 'boolean') return value ? 't' : 'f';
        return value === 0n ? 'f' : value === 1n ? 't' : undefined;
      });
    case 'int':
      return nullable((value) => {
        const number = integerIn(value, from);
        if (typeof number !== 'bigint') return undefined;
        const fits = type.signed
          ? BigInt.asIntN(type.bits, number) === number
          : BigInt.asUintN(type.bits, number) === number;
        return fits ? String(number) : undefined;
      });
    case 'float':
      return fitFloat(type.bits, from);
    case 'decimal':
      return fitDecimal(type.scale, from.kind === 'dynamic');
    case 'text':
      return fitText(type.length);
    case 'bytes':
      return nullable((value) => (value instanceof Uint8Array ? writtenText(value) : undefined));
    case 'date':
      return from.kind === 'timestamp'
        ? (value) => fitDay(typeof value === 'string' ? value.replace(MIDNIGHT, '') : value)
        : fitDay;
    case 'time':
      return type.zone ? fitZonedTime : fitTime;
    case 'timestamp': {
      if (type.zone) return fitPattern(ZONED);
      const isZoned = from.kind === 'timestamp' && from.zone;
      return isZoned ? (value) => fitUnzoned(typeof value === 'string' ? inUtc(value) : value) : fitUnzoned;
    }
    case 'json':
      return type.parsed === true ? fitDocument : fitRead;
    // Of another type's text the server makes what it likes: it rounds numbers in arrays, and cuts names.
    case 'array':
      return fitNothing;
    case 'other':
      if (type.native === 'xml') return fitXml;
      return bounds?.keepsTexts === true ? fitRead : fitNothing;
    case 'interval':
      return fitInterval;
    // The database itself knows what these can hold, and refuses the rest.
    case 'uuid':
    case 'enum':
    case 'dynamic':
      return fitRead;
  }
}

const fitDay: Fit = fitPattern(/^\d{4,}-\d\d-\d\d( BC)?$/);

const MIDNIGHT = / 00:00:00(\.0+)?(\+00)?(?=( BC)?$)/;

/** What comes with a zone comes in UTC. */
function inUtc(timestamp: string): string {
  return timestamp.replace(/\+00(?=( BC)?$)/, '');
}

/** Of a second 60, and of a day 24:00, the server makes the next minute and the next day, but for a time alone. */
const CLOCK = String.raw`([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?`;
const DAY_END = String.raw`24:00(:00(\.0+)?)?`;

const fitTime: Fit = fitPattern(new RegExp(`^(${CLOCK}|${DAY_END})$`));

const fitZonedTime: Fit = fitPattern(new RegExp(String.raw`^(${CLOCK}|${DAY_END})(Z|[-+][\d:]+)$`));

const ZONED = new RegExp(String.raw`^\d{4,}-\d\d-\d\d[ T]${CLOCK}( ?(Z|[-+]\d\d(:?\d\d){0,2}))?( BC)?$`);

const fitUnzoned: Fit = fitPattern(new RegExp(String.raw`^\d{4,}-\d\d-\d\d([ T]${CLOCK})?( BC)?$`));

const fitInterval: Fit = nullable((value) =>
  typeof value === 'string' && isWrittenInterval(value) ? value : undefined,
);

function nullable(fit: (value: NonNullable<Value>) => string | undefined): Fit {
  return (value) => (value === null ? null : fit(value));
}

const fitRead: Fit = nullable((value) => (typeof value === 'string' ? writtenText(value) : undefined));

/** The server drops the declaration. */
const fitXml: Fit = (value) =>
  typeof value === 'string' && /^\s*<\?xml\b/.test(value) ? undefined : fitRead(value);

const fitNothing: Fit = nullable(() => undefined);

/** Of members of one name `jsonb` keeps the last, without a word. */
const fitDocument: Fit = nullable((value) =>
  typeof value === 'string' && !repeatsMembers(value) && !escapesZero(value) ? writtenText(value) : undefined,
);

/** Of decimals the texts are numbers. */
function integerIn(value: NonNullable<Value>, from: LogicalType): NonNullable<Value> {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  return from.kind === 'decimal' && typeof value === 'string' ? (integerOf(value) ?? value) : value;
}

function fitFloat(bits: 32 | 64, from: LogicalType): Fit {
  const fromSingle = from.kind === 'float' && from.bits === 32;
  return nullable((read) => {
    const value = from.kind === 'decimal' && typeof read === 'string' ? floatOf(read, bits) : read;
    if (typeof value === 'bigint') {
      const float = bits === 32 ? Math.fround(Number(value)) : Number(value);
      return BigInt(float) === value ? String(value) : undefined;
    }
    if (typeof value !== 'number') return undefined;
    const exact = bits === 64 || fromSingle || Number.isNaN(value) || Math.fround(value) === value;
    return exact ? floatText(value) : undefined;
  });
}

/** A decimal keeps its value; zeros at its end are no part of it. `typeless`: a text of SQLite names no NaN. */
function fitDecimal(scale: number | null, typeless: boolean): Fit {
  return nullable((value) => {
    if (typeof value !== 'bigint' && typeof value !== 'number' && typeof value !== 'string') return undefined;
    // No decimal number has a sign at zero.
    if (Object.is(value, -0)) return undefined;
    const text = typeof value === 'number' ? floatText(value) : String(value);
    const match = /^[-+]?(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:e([-+]?\d+))?$/i.exec(text);
    if (match === null) {
      const isWord = typeless && typeof value === 'string';
      return scale === null && !isWord && /^(NaN|-?Infinity)$/.test(text) ? text : undefined;
    }
    if (scale === null) return text;
    const [, whole = '', fraction = match[3] ?? '', , exponent = '0'] = match;
    const kept = withoutLastZeros(fraction);
    // A scale below 0 rounds before the point.
    const digits = kept === '' ? withoutLastZeros(whole).length - whole.length : kept.length;
    return digits - Number(exponent) <= scale || /^[-+]?[0.]+$/.test(text) ? text : undefined;
  });
}

/** Numbers are readable as text, whatever a column of SQLite is declared as; bytes are not. */
function fitText(length: number | null): Fit {
  return nullable((value) => {
    if (typeof value !== 'string' && typeof value !== 'bigint' && typeof value !== 'number') return undefined;
    const text = writtenText(value);
    return text !== undefined && length !== null && isLonger(text, length) ? undefined : text;
  });
}

function isLonger(text: string, letters: number): boolean {
  return text.length > letters && Array.from(text).length > letters;
}

function fitPattern(pattern: RegExp): Fit {
  return nullable((value) =>
    typeof value === 'string' && (pattern.test(value) || /^-?infinity$/.test(value)) ? value : undefined,
  );
}
