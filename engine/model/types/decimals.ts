/** Decimals, which are texts with all their digits, as numbers of columns of another type. */
import { canonicalDecimal } from './canonical-number';
import { asNumber } from './meanings';

/** The integer that a decimal is; null where it has a fraction, or is none. */
export function integerOf(decimal: string): bigint | null {
  const digits = canonicalDecimal(decimal);
  return /^-?\d+$/.test(digits) ? BigInt(digits) : null;
}

/** With all digits, as columns of floating point numbers are compared with decimals. */
const meaning = asNumber({ signedZero: false, single: null, spelled: false });

/**
 * The floating point number that shows the digits of a decimal again; null where there is none: 0.1 is one of 64 bits,
 * and of 32 bits there is none.
 */
export function floatOf(decimal: string, bits: 32 | 64): number | null {
  const number = Number(decimal);
  if (/^(?:NaN|-?Infinity)$/.test(decimal)) return number;
  if (!Number.isFinite(number) || (bits === 32 && Math.fround(number) !== number)) return null;
  return meaning(number) === meaning(decimal) ? number : null;
}
