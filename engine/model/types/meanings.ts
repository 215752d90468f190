/** What values mean, as texts: the same text for values that count as equal. */
import type { Value } from '../value';
import { canonicalJson } from './canonical-json';
import { canonicalDecimal, canonicalNumber } from './canonical-number';

/** Of a value of one column; null for NULL. Values that no column of its kind holds have a text, too. */
export type Meaning = (value: Value) => string | null;

/** No text that a database holds begins with it: half of a pair of characters. */
const MARK = '\ud800';

/** Same kind and same content: 1 and 1.0 differ, so do 0.0 and -0.0. */
export const exactly: Meaning = (value) => {
  if (value === null) return null;
  if (value instanceof Uint8Array) return bytesText(value);
  if (typeof value === 'bigint') return `i${String(value)}`;
  if (typeof value === 'boolean') return value ? 'o1' : 'o0';
  return typeof value === 'number' ? `r${plainNumber(value)}` : `t${value}`;
};

/** Letter by letter; of what is no text, the text that is written for it. */
export const asText: Meaning = (value) => {
  if (value === null || typeof value === 'string') return value;
  if (value instanceof Uint8Array) return bytesText(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  return typeof value === 'number' ? plainNumber(value) : String(value);
};

/** The same where a number and its text are two values. */
export const asStored: Meaning = (value) =>
  value === null || typeof value === 'string' || value instanceof Uint8Array
    ? asText(value)
    : `${MARK}n${asText(value) ?? ''}`;

/** The same where a floating point number was made a text by SQLite: 1.0, 1.5e-07. */
export const asWrittenNumber: Meaning = (value) =>
  typeof value === 'string' && /^-?\d+\.(?:0|\d*[1-9])(?:e[-+]\d\d+)?$/.test(value)
    ? plainNumber(Number(value))
    : asText(value);

export interface NumberRules {
  /** True where both sides tell -0 from 0. */
  readonly signedZero: boolean;
  /**
   * Where the target is of single precision, any decimal that names a number is that number: `all` of a column of the
   * same precision, else of the `exact` ones alone. Null where the target is of another type.
   */
  readonly single: 'all' | 'exact' | null;
  /** True where a floating point number counts as the decimal that is written for it, however large. */
  readonly spelled: boolean;
}

/** By value, with all digits. */
export function asNumber({ signedZero, single, spelled }: NumberRules): Meaning {
  const decimal = signedZero ? canonicalNumber : canonicalDecimal;
  const numberText = (value: number): string => {
    if (value === 0) return signedZero ? plainNumber(value) : '0';
    const number = single === null ? value : singleOf(value, single);
    // With the digits that an integer of 64 bits has.
    const isLong = !spelled && Number.isInteger(number) && Math.abs(number) >= 2 ** 53;
    if (isLong && Math.abs(number) <= 2 ** 64) return String(BigInt(number));
    const text = String(number);
    return text.includes('e') ? canonicalNumber(text) : text;
  };
  return (value) => {
    if (typeof value === 'number') return numberText(value);
    return typeof value === 'string' ? decimal(value) : asText(value);
  };
}

function singleOf(value: number, which: 'all' | 'exact'): number {
  const number = Math.fround(value);
  return which === 'all' || number === value ? number : value;
}

/** Of texts only: all else is none of their forms. */
export function asTextIn(canonical: (text: string) => string): Meaning {
  return (value) => (typeof value === 'string' ? canonical(value) : asText(value));
}

/** Letter by letter, but for numbers: `{1.10,NULL}` of a PostgreSQL array. */
export const asNumbers: Meaning = asTextIn((text) =>
  text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|[^{},"]+/gs, (part) => canonicalDecimal(part)),
);

export const asJson: Meaning = asTextIn((text) => canonicalJson(text) ?? text);

/** However it is written: with capitals, without dashes, in brackets. */
export const asUuid: Meaning = asTextIn((text) => text.toLowerCase().replace(/[{}-]/g, ''));

function plainNumber(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function bytesText(value: Uint8Array): string {
  return `${MARK}b${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}`;
}
