/**
 * Column values as JSON and as text.
 *
 * JSON has no integers beyond 2^53 and no bytes. Integers up to 2^53 are numbers, larger ones texts of digits;
 * bytes are `{"base64": "…"}`; NaN and the infinities, which JSON lacks, are the texts `NaN`, `Infinity`, `-Infinity`.
 */
import type { Row, Value } from '../../../engine/model';

export type JsonValue = null | boolean | number | string | { readonly base64: string };

export function jsonValue(value: Value): JsonValue {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') };
  if (typeof value === 'bigint') {
    const safe = value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER;
    return safe ? Number(value) : value.toString();
  }
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value;
}

export function jsonRow(row: Row): Readonly<Record<string, JsonValue>> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, jsonValue(value)]));
}

const LONGEST = 60;

/** One line, shortened, control characters escaped: what a database holds must not steer the terminal. */
export function shownValue(value: Value): string {
  if (value === null) return 'NULL';
  if (value instanceof Uint8Array) {
    const hex = Buffer.from(value.subarray(0, LONGEST / 4)).toString('hex');
    const more = value.length > LONGEST / 4 ? `… (${value.length} bytes)` : '';
    return `x'${hex}'${more}`;
  }
  if (typeof value === 'string') {
    const whole = JSON.stringify(value).replace(
      /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
      escaped,
    );
    return whole.length <= LONGEST ? whole : `${whole.slice(0, LONGEST)}… (${value.length} characters)`;
  }
  return Object.is(value, -0) ? '-0.0' : shownNumber(value);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A floating point number keeps its point, so that 1.0 and the integer 1 look different. */
function shownNumber(value: boolean | bigint | number): string {
  const text = String(value);
  return typeof value === 'number' && Number.isInteger(value) && /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** Equal in kind and content. */
export function sameValue(a: Value | undefined, b: Value | undefined): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return Object.is(a, b);
}
